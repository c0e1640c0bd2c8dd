/* SPDX-License-Identifier: MIT */
/*
 * The instructions of VMX and SVM in a guest that has neither: #UD, from ring 0 and ring 3. VMCALL
 * and VMMCALL are hypercalls, and cpu_hypercall's.
 */
#include "guests/tiny/rt/tiny.h"

static u64 scratch[2];

#define UD_CASE(text, ...)                                                                         \
    do {                                                                                           \
        unsigned vector_ = TRY(text, : __VA_ARGS__ : "memory", "cc");                              \
        check(vector_ == UD, "%s: vector %u", text, vector_);                                      \
    } while (0)

static void user_vmread(void)
{
    __asm__ volatile("vmread %%rax, %%rcx" ::: "rcx", "memory");
    user_end();
}

TINY(cpu_vmx_ud)
{
    UD_CASE("vmxon %0", "m"(scratch[0]));
    UD_CASE("vmclear %0", "m"(scratch[0]));
    UD_CASE("vmptrld %0", "m"(scratch[0]));
    UD_CASE("vmptrst %0", "m"(scratch[0]));
    UD_CASE("vmlaunch", );
    UD_CASE("vmresume", );
    UD_CASE("vmread %0, %%rcx", "a"(0ull));
    UD_CASE("vmread %0, %1", "a"(0ull), "m"(scratch[0]));
    UD_CASE("vmwrite %%rcx, %0", "a"(0ull));
    UD_CASE("vmwrite %1, %0", "a"(0ull), "m"(scratch[0]));
    UD_CASE("vmxoff", );
    UD_CASE("invept %0, %1", "m"(scratch[0]), "a"(1ull));
    UD_CASE("invvpid %0, %1", "m"(scratch[0]), "a"(1ull));
    UD_CASE("vmfunc", "a"(0), "c"(0));
    UD_CASE("vmrun %%rax", "a"(scratch));
    UD_CASE("vmload %%rax", "a"(scratch));
    UD_CASE("vmsave %%rax", "a"(scratch));
    UD_CASE("clgi", );
    UD_CASE("invlpga %%rax, %%ecx", "a"(scratch), "c"(0));
    check(user_run(user_vmread, 0) == UD, "VMREAD in ring 3");
}
