/* SPDX-License-Identifier: MIT */
/* vmx_check: guests that may be entered, and each rule about controls and the host broken once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/recorded_cpus.h"
#include "test/unit/vmx_broken.h"

/* The controls of the images, without repeating them: bits on top of, or out of, what is there. */
#define PIN_BASE   (0x16 | BIT(0) | BIT(3) | BIT(5) | BIT(6))
#define PROC_BASE  (0x04006172 | BIT(3) | BIT(7) | BIT(21) | BIT(25) | BIT(28) | BIT(31))
#define PROC2_BASE (BIT(1) | BIT(3) | BIT(5) | BIT(7))
#define EXIT_BASE  (0x36dfb | BIT(2) | BIT(9) | BIT(15) | BIT(18) | BIT(19) | BIT(20) | BIT(21))
#define ENTRY_BASE (0x11fb | BIT(2) | BIT(14) | BIT(15))

#define TOO_HIGH (1ull << 46)          /* the ideal machine has 46 physical-address bits */
#define HOLE     0x0000800000000000ull /* not canonical */

static void test_good_images(void **state)
{
    (void)state;
    static void (*const makers[])(void) = {paged32, pae32, long64, real16, v8086, user64};
    for (unsigned i = 0; i < array_size(makers); i++) {
        struct vmx_msrs msrs = ideal();
        char name[16];
        snprintf(name, sizeof name, "image %u", i);
        makers[i]();
        assert_holds(&msrs, name);
    }
}

/* What the negotiation chooses on recorded processors, these rules accept: two readers agree. */
static void test_negotiated_controls(void **state)
{
    (void)state;
    unsigned ready = 0;
    for (unsigned i = 0; i < array_size(recorded_cpus); i++) {
        const struct vmx_msrs *msrs = &recorded_cpus[i].vmx;
        if (!negotiate(msrs))
            continue;
        real16();
        fields[VMCS_PIN_CONTROLS] = caps.controls.pin;
        fields[VMCS_PROC_CONTROLS] = caps.controls.proc;
        fields[VMCS_PROC2_CONTROLS] = caps.controls.proc2;
        fields[VMCS_EXIT_CONTROLS] = caps.controls.exit;
        fields[VMCS_ENTRY_CONTROLS] = caps.controls.entry;
        fields[VMCS_EPT_POINTER] = 0x600000 | vmx_eptp_bits(&caps);
        assert_holds(msrs, recorded_cpus[i].name);
        ready++;
    }
    assert_true(ready >= 5);
}

static void without_vpid(void)
{
    long64();
    fields[VMCS_VPID] = 0;
    fields[VMCS_PROC2_CONTROLS] = PROC2_BASE & ~BIT(5);
}

/* clang-format off */
static const struct broken execution_rules[] = {
    {long64, "27.2.1.1", VMCS_PIN_CONTROLS, "must be 1", {VMCS_PIN_CONTROLS, PIN_BASE & ~BIT(1)}, {{0}}},
    {long64, "27.2.1.1", VMCS_PIN_CONTROLS, "does not allow", {MSR_SIDE | 0x48d, 0x0000002900000016 | (u64)0x16 << 32}, {{VMCS_PIN_CONTROLS, PIN_BASE}}},
    {long64, "27.2.1.1", VMCS_PROC_CONTROLS, "must be 1", {VMCS_PROC_CONTROLS, PROC_BASE & ~BIT(8)}, {{0}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "does not allow", {MSR_SIDE | 0x48b, (u64)(PROC2_BASE & ~BIT(3)) << 32}, {{0}}},
    {long64, "27.2.1.1", VMCS_PROC3, "does not allow", {VMCS_PROC3, 2}, {{VMCS_PROC_CONTROLS, PROC_BASE | BIT(17)}, {MSR_SIDE | 0x492, 1}, {VMCS_PROC3, 1}}},
    {long64, "27.2.1.1", VMCS_CR3_TARGETS, "CR3 targets", {VMCS_CR3_TARGETS, 5}, {{VMCS_CR3_TARGETS, 4}}},
    {long64, "27.2.1.1", VMCS_IO_BITMAP_A, "multiple of 4096", {VMCS_IO_BITMAP_A, 0x2800}, {{0}}},
    {long64, "27.2.1.1", VMCS_IO_BITMAP_B, "physical-address", {VMCS_IO_BITMAP_B, TOO_HIGH}, {{0}}},
    {long64, "27.2.1.1", VMCS_MSR_BITMAP, "multiple of 4096", {VMCS_MSR_BITMAP, 1}, {{0}}},
    {long64, "27.2.1.1", VMCS_MSR_BITMAP, "physical-address", {VMCS_MSR_BITMAP, TOO_HIGH}, {{VMCS_MSR_BITMAP, TOO_HIGH - 4096}}},
    {long64, "27.2.1.1", VMCS_VIRTUAL_APIC, "multiple of 4096", {VMCS_VIRTUAL_APIC, 0x5010}, {{0}}},
    {long64, "27.2.1.1", VMCS_VIRTUAL_APIC, "physical-address", {VMCS_VIRTUAL_APIC, ~0xfffull}, {{0}}},
    {long64, "27.2.1.1", VMCS_TPR_THRESHOLD, "bits 31:4", {VMCS_TPR_THRESHOLD, 0x10}, {{0}}},
    {long64, "27.2.1.1", VMCS_TPR_THRESHOLD, "not above", {VMCS_TPR_THRESHOLD, 1}, {{0}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'virtualize x2APIC mode' needs", {VMCS_PROC_CONTROLS, PROC_BASE & ~BIT(21)}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(4)}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'APIC-register virtualization' needs", {VMCS_PROC_CONTROLS, PROC_BASE & ~BIT(21)}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(8)}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'virtual-interrupt delivery' needs 'use", {VMCS_PROC_CONTROLS, PROC_BASE & ~BIT(21)}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}}},
    {long64, "27.2.1.1", VMCS_PIN_CONTROLS, "'virtual NMIs' needs", {VMCS_PIN_CONTROLS, PIN_BASE & ~BIT(3)}, {{0}}},
    {long64, "27.2.1.1", VMCS_PROC_CONTROLS, "'NMI-window exiting' needs", {VMCS_PIN_CONTROLS, PIN_BASE & ~BIT(5)}, {{VMCS_PROC_CONTROLS, PROC_BASE | BIT(22)}}},
    {long64, "27.2.1.1", VMCS_APIC_ACCESS, "multiple of 4096", {VMCS_APIC_ACCESS, 0xfee00020}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(0)}, {VMCS_APIC_ACCESS, 0xfee00000}, {VMCS_TPR_THRESHOLD, 15}}},
    {long64, "27.2.1.1", VMCS_APIC_ACCESS, "physical-address", {VMCS_APIC_ACCESS, TOO_HIGH}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(0)}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "exclude each other", {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(0) | BIT(4)}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(4)}}},
    {long64, "27.2.1.1", VMCS_PIN_CONTROLS, "needs 'external-interrupt exiting'", {VMCS_PIN_CONTROLS, PIN_BASE & ~BIT(0)}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}, {VMCS_TPR_THRESHOLD, 0xff}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'process posted interrupts' needs 'virtual", {VMCS_PIN_CONTROLS, PIN_BASE | BIT(7)}, {{0}}},
    {long64, "27.2.1.1", VMCS_EXIT_CONTROLS, "'process posted interrupts' needs 'ack", {VMCS_EXIT_CONTROLS, EXIT_BASE & ~BIT(15)}, {{VMCS_PIN_CONTROLS, PIN_BASE | BIT(7)}, {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}, {VMCS_POSTED_VECTOR, 255}}},
    {long64, "27.2.1.1", VMCS_POSTED_VECTOR, "at most 255", {VMCS_POSTED_VECTOR, 256}, {{VMCS_PIN_CONTROLS, PIN_BASE | BIT(7)}, {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}}},
    {long64, "27.2.1.1", VMCS_POSTED_DESCRIPTOR, "64 bytes", {VMCS_POSTED_DESCRIPTOR, 0x9020}, {{VMCS_PIN_CONTROLS, PIN_BASE | BIT(7)}, {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}, {VMCS_POSTED_DESCRIPTOR, 0x9040}}},
    {long64, "27.2.1.1", VMCS_POSTED_DESCRIPTOR, "physical-address", {VMCS_POSTED_DESCRIPTOR, TOO_HIGH}, {{VMCS_PIN_CONTROLS, PIN_BASE | BIT(7)}, {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(9)}}},
    {without_vpid, "27.2.1.1", VMCS_VPID, "VPID is not 0", {VMCS_PROC2_CONTROLS, PROC2_BASE}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "memory type", {VMCS_EPT_POINTER, 0x60005c}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "memory type", {MSR_SIDE | 0x48c, ~BIT(14)}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "walk length", {VMCS_EPT_POINTER, 0x600056}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "walk length", {MSR_SIDE | 0x48c, ~BIT(7)}, {{VMCS_EPT_POINTER, 0x600066}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "accessed and dirty", {MSR_SIDE | 0x48c, ~BIT(21)}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "shadow-stack", {MSR_SIDE | 0x48c, ~BIT(23)}, {{VMCS_EPT_POINTER, 0x6000de}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "reserved bits", {VMCS_EPT_POINTER, 0x60015e}, {{0}}},
    {long64, "27.2.1.1", VMCS_EPT_POINTER, "reserved bits", {VMCS_EPT_POINTER, TOO_HIGH | 0x5e}, {{0}}},
    {user64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'enable PML' needs", {VMCS_PROC2_CONTROLS, BIT(5) | BIT(17)}, {{VMCS_PROC2_CONTROLS, BIT(1) | BIT(5) | BIT(17)}}},
    {long64, "27.2.1.1", VMCS_PML_ADDRESS, "multiple of 4096", {VMCS_PML_ADDRESS, 8}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(17)}}},
    {long64, "27.2.1.1", VMCS_PML_ADDRESS, "physical-address", {VMCS_PML_ADDRESS, TOO_HIGH}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(17)}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'unrestricted guest' needs", {VMCS_PROC2_CONTROLS, PROC2_BASE & ~BIT(1)}, {{0}}},
    {user64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'mode-based", {VMCS_PROC2_CONTROLS, BIT(5) | BIT(22)}, {{VMCS_PROC2_CONTROLS, BIT(1) | BIT(5) | BIT(22)}}},
    {user64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'sub-page", {VMCS_PROC2_CONTROLS, BIT(5) | BIT(23)}, {{VMCS_PROC2_CONTROLS, BIT(1) | BIT(5) | BIT(23)}}},
    {long64, "27.2.1.1", VMCS_SPP_TABLE, "multiple of 4096", {VMCS_SPP_TABLE, 0xff}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(23)}}},
    {long64, "27.2.1.1", VMCS_PROC2_CONTROLS, "'Intel PT", {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(24)}, {{0}}},
    {long64, "27.2.1.1", VMCS_VM_FUNCTIONS, "no VM function", {VMCS_VM_FUNCTIONS, 2}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(13)}}},
    {user64, "27.2.1.1", VMCS_VM_FUNCTIONS, "'EPTP switching'", {VMCS_PROC2_CONTROLS, BIT(5) | BIT(13)}, {{MSR_SIDE | 0x491, 1}, {VMCS_PROC2_CONTROLS, BIT(1) | BIT(5) | BIT(13)}, {VMCS_VM_FUNCTIONS, 1}}},
    {long64, "27.2.1.1", VMCS_EPTP_LIST, "multiple of 4096", {VMCS_EPTP_LIST, 1}, {{MSR_SIDE | 0x491, 1}, {VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(13)}, {VMCS_VM_FUNCTIONS, 1}}},
    {long64, "27.2.1.1", VMCS_VMREAD_BITMAP, "multiple of 4096", {VMCS_VMREAD_BITMAP, 1}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(14)}}},
    {long64, "27.2.1.1", VMCS_VMWRITE_BITMAP, "physical-address", {VMCS_VMWRITE_BITMAP, TOO_HIGH}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(14)}}},
    {long64, "27.2.1.1", VMCS_VE_INFORMATION, "multiple of 4096", {VMCS_VE_INFORMATION, 0x40}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(18)}}},
    {long64, "27.2.1.1", VMCS_TSC_MULTIPLIER, "TSC multiplier", {VMCS_TSC_MULTIPLIER, 0}, {{VMCS_PROC2_CONTROLS, PROC2_BASE | BIT(25)}, {VMCS_TSC_MULTIPLIER, 1}}},
};

static const struct broken exit_entry_rules[] = {
    {long64, "27.2.1.2", VMCS_EXIT_CONTROLS, "must be 1", {VMCS_EXIT_CONTROLS, EXIT_BASE & ~BIT(0)}, {{0}}},
    {long64, "27.2.1.2", VMCS_EXIT_CONTROLS, "does not allow", {MSR_SIDE | 0x48f, ~BIT(32 + 19) & 0xffffffff00036dfb}, {{0}}},
    {long64, "27.2.1.2", VMCS_EXIT2, "does not allow", {VMCS_EXIT2, 8}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(31)}, {MSR_SIDE | 0x493, 7}, {VMCS_EXIT2, 7}}},
    {long64, "27.2.1.2", VMCS_EXIT_CONTROLS, "'save VMX-preemption", {VMCS_PIN_CONTROLS, PIN_BASE & ~BIT(6)}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(22)}}},
    {long64, "27.2.1.2", VMCS_EXIT_MSR_STORE, "multiple of 16", {VMCS_EXIT_MSR_STORE, 0x8008}, {{VMCS_EXIT_MSR_STORE_COUNT, 1}}},
    {long64, "27.2.1.2", VMCS_EXIT_MSR_LOAD, "multiple of 16", {VMCS_EXIT_MSR_LOAD_COUNT, 1}, {{VMCS_EXIT_MSR_LOAD, 0x8004}}},
    {long64, "27.2.1.2", VMCS_EXIT_MSR_LOAD, "lies within", {VMCS_EXIT_MSR_LOAD_COUNT, 3}, {{VMCS_EXIT_MSR_LOAD_COUNT, 2}, {VMCS_EXIT_MSR_LOAD, TOO_HIGH - 32}}},
    {long64, "27.2.1.3", VMCS_ENTRY_CONTROLS, "must be 1", {VMCS_ENTRY_CONTROLS, (ENTRY_BASE | BIT(9)) & ~BIT(12)}, {{0}}},
    {long64, "27.2.1.3", VMCS_ENTRY_CONTROLS, "does not allow", {MSR_SIDE | 0x490, ~BIT(32 + 14) & 0xffffffff000011fb}, {{0}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "reserved 1", {VMCS_ENTRY_EVENT, 0x80000100}, {{VMCS_ENTRY_EVENT, 0x800000ff}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "monitor trap flag", {MSR_SIDE | 0x48e, ~BIT(32 + 27) & 0xffffffff04006172}, {{VMCS_ENTRY_EVENT, 0x80000700}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "an NMI has vector 2", {VMCS_ENTRY_EVENT, 0x80000203}, {{VMCS_ENTRY_EVENT, 0x80000202}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "vector up to 31", {VMCS_ENTRY_EVENT, 0x80000320}, {{VMCS_ENTRY_EVENT, 0x8000031f}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "type 7 has vector 0", {VMCS_ENTRY_EVENT, 0x80000701}, {{0}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "injected with one in protected", {VMCS_ENTRY_EVENT, 0x8000030d}, {{VMCS_ENTRY_EVENT, 0x80000b0d}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "injected with one in protected", {MSR_SIDE | 0x480, 0x0098100000000004}, {{MSR_SIDE | 0x480, 0x0198100000000004}, {VMCS_ENTRY_EVENT, 0x8000030e}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "only a hardware exception", {VMCS_ENTRY_EVENT, 0x80000c80}, {{VMCS_ENTRY_LENGTH, 2}, {VMCS_ENTRY_EVENT, 0x80000480}}},
    {real16, "27.2.1.3", VMCS_ENTRY_EVENT, "where CR0.PE is 0", {VMCS_ENTRY_EVENT, 0x80000b0d}, {{VMCS_ENTRY_EVENT, 0x8000030d}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "injected without one", {VMCS_ENTRY_EVENT, 0x80000b06}, {{VMCS_ENTRY_EVENT, 0x80000306}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "injected without one", {MSR_SIDE | 0x480, 0x0098100000000004}, {{MSR_SIDE | 0x480, 0x0198100000000004}, {VMCS_ENTRY_EVENT, 0x80000b15}}},
    {long64, "27.2.1.3", VMCS_ENTRY_ERROR_CODE, "bits 31:16", {VMCS_ENTRY_ERROR_CODE, 0x10000}, {{VMCS_ENTRY_EVENT, 0x80000b0e}, {VMCS_ENTRY_ERROR_CODE, 0xffff}}},
    {long64, "27.2.1.3", VMCS_ENTRY_EVENT, "bits 30:12", {VMCS_ENTRY_EVENT, 0x80001306}, {{0}}},
    {long64, "27.2.1.3", VMCS_ENTRY_LENGTH, "instruction length", {VMCS_ENTRY_LENGTH, 16}, {{VMCS_ENTRY_EVENT, 0x80000603}, {VMCS_ENTRY_LENGTH, 15}}},
    {long64, "27.2.1.3", VMCS_ENTRY_LENGTH, "instruction length", {MSR_SIDE | 0x485, 0x000481e5}, {{VMCS_ENTRY_EVENT, 0x80000501}, {MSR_SIDE | 0x485, 0x400481e5}}},
    {long64, "27.2.1.3", VMCS_ENTRY_MSR_LOAD, "multiple of 16", {VMCS_ENTRY_MSR_LOAD, 0x8001}, {{VMCS_ENTRY_MSR_LOAD_COUNT, 1}}},
    {long64, "27.2.1.3", VMCS_ENTRY_CONTROLS, "outside SMM", {VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(10)}, {{0}}},
    {long64, "27.2.1.3", VMCS_ENTRY_CONTROLS, "outside SMM", {VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(11)}, {{0}}},
};

static const struct broken host_rules[] = {
    {long64, "27.2.2", VMCS_HOST_CR0, "fixes to 1", {VMCS_HOST_CR0, 0x80010011}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_CR0, "fixes to 0", {VMCS_HOST_CR0, 0x180010031}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_CR4, "fixes to 1", {VMCS_HOST_CR4, 0x0220}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_CR4, "fixes to 0", {VMCS_HOST_CR4, 0xa220}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_CR4, "CR4.CET", {VMCS_HOST_CR0, 0x80000031}, {{MSR_SIDE | 0x489, 0xb727ff}, {VMCS_HOST_CR4, 0x802220}}},
    {long64, "27.2.2", VMCS_HOST_CR3, "physical-address", {VMCS_HOST_CR3, TOO_HIGH}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_SYSENTER_ESP, "canonical", {VMCS_HOST_SYSENTER_ESP, HOLE}, {{VMCS_HOST_SYSENTER_ESP, HOLE - 1}}},
    {long64, "27.2.2", VMCS_HOST_SYSENTER_EIP, "canonical", {VMCS_HOST_SYSENTER_EIP, 0xffff7fffffffffff}, {{VMCS_HOST_SYSENTER_EIP, 0xffff800000000000}}},
    {long64, "27.2.2", VMCS_HOST_PAT, "memory type", {VMCS_HOST_PAT, 0x0007040600070402}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_EFER, "reserved bits", {VMCS_HOST_EFER, 0xd03}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_EFER, "address-space size", {VMCS_HOST_EFER, 0x901}, {{0}}},
    {long64, "27.2.2", VMCS_HOST_S_CET, "reserved bits", {VMCS_HOST_S_CET, 0x40}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(28)}}},
    {long64, "27.2.2", VMCS_HOST_SSP_TABLE, "canonical", {VMCS_HOST_SSP_TABLE, HOLE}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(28)}}},
    {long64, "27.2.2", VMCS_HOST_SSP, "multiple of 4", {VMCS_HOST_SSP, 2}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(28)}, {VMCS_HOST_SSP, 4}}},
    {long64, "27.2.2", VMCS_HOST_PKRS, "63:32", {VMCS_HOST_PKRS, 1ull << 32}, {{VMCS_EXIT_CONTROLS, EXIT_BASE | BIT(29)}}},
    {long64, "27.2.3", VMCS_HOST_ES, "RPL and TI", {VMCS_HOST_ES, 0x14}, {{VMCS_HOST_ES, 0}}},
    {long64, "27.2.3", VMCS_HOST_GS, "RPL and TI", {VMCS_HOST_GS, 3}, {{VMCS_HOST_SS, 0}}},
    {long64, "27.2.3", VMCS_HOST_TR, "RPL and TI", {VMCS_HOST_TR, 0x19}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_CS, "CS is not null", {VMCS_HOST_CS, 0}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_TR, "TR is not null", {VMCS_HOST_TR, 0}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_FS_BASE, "canonical", {VMCS_HOST_FS_BASE, HOLE}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_GS_BASE, "canonical", {VMCS_HOST_GS_BASE, HOLE}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_TR_BASE, "canonical", {VMCS_HOST_TR_BASE, HOLE}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_GDTR_BASE, "canonical", {VMCS_HOST_GDTR_BASE, HOLE}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_IDTR_BASE, "canonical", {VMCS_HOST_IDTR_BASE, HOLE}, {{0}}},
    {long64, "27.2.3", VMCS_HOST_FS_BASE, "canonical", {MSR_SIDE | 0x489, 0x3727ff}, {{MSR_SIDE | 0x489, 0x3737ff}, {VMCS_HOST_FS_BASE, HOLE}}},
    {long64, "27.2.4", VMCS_HOST_CR4, "CR4.PAE", {VMCS_HOST_CR4, 0x2200}, {{0}}},
    {long64, "27.2.4", VMCS_HOST_RIP, "RIP is canonical", {VMCS_HOST_RIP, HOLE}, {{0}}},
};
/* clang-format on */

static void test_execution(void **state)
{
    (void)state;
    break_each(execution_rules, array_size(execution_rules));
}

static void test_exit_and_entry(void **state)
{
    (void)state;
    break_each(exit_entry_rules, array_size(exit_entry_rules));
}

static void test_host(void **state)
{
    (void)state;
    break_each(host_rules, array_size(host_rules));
}

/* A host outside 64-bit mode is what Trivet never is: the rules about it come all at once. */
static void test_host_32(void **state)
{
    (void)state;
    static const struct {
        u32 field;
        const char *section, *words;
    } expected[] = {
        {VMCS_HOST_EFER,      "27.2.2", "address-space size"},
        {VMCS_HOST_SS,        "27.2.3", "SS is not null"    },
        {VMCS_EXIT_CONTROLS,  "27.2.4", "host is 64-bit"    },
        {VMCS_ENTRY_CONTROLS, "27.2.4", "IA-32e mode guest" },
        {VMCS_HOST_CR4,       "27.2.4", "no CR4.PCIDE"      },
        {VMCS_HOST_RIP,       "27.2.4", "within 32 bits"    },
    };
    struct vmx_msrs msrs = ideal();
    struct vmx_findings findings;
    long64();
    fields[VMCS_EXIT_CONTROLS] &= ~BIT(9);
    fields[VMCS_HOST_SS] = 0;
    fields[VMCS_HOST_CR4] |= BIT(17);
    assert_false(vmx_check(&image, &msrs, &findings));
    assert_int_equal(findings.count, array_size(expected));
    for (unsigned i = 0; i < array_size(expected); i++) {
        assert_int_equal(findings.list[i].field, expected[i].field);
        assert_string_equal(findings.list[i].section, expected[i].section);
        assert_non_null(strstr(findings.list[i].rule, expected[i].words));
    }
}

/* Everything wrong at once is counted, and no more is kept than there is room for. */
static void test_bounded(void **state)
{
    (void)state;
    struct vmx_msrs msrs = ideal();
    struct vmx_findings findings;
    char text[VMX_FINDING_TEXT_MAX], small[20];
    memset(fields, 0xff, sizeof fields);
    assert_false(vmx_check(&image, &msrs, &findings));
    assert_true(findings.count > 3 * VMX_FINDINGS_MAX);
    assert_int_equal(vmx_findings_kept(&findings), VMX_FINDINGS_MAX);
    for (unsigned i = 0; i < VMX_FINDINGS_MAX; i++) {
        vmx_finding_text(&findings.list[i], text, sizeof text);
        assert_true(strlen(text) < sizeof text - 1);
    }
    vmx_finding_text(&findings.list[0], small, sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
    memset(fields, 0, sizeof fields);
    assert_false(vmx_check(&image, &msrs, &findings));
}

static void test_text(void **state)
{
    (void)state;
    char text[VMX_FINDING_TEXT_MAX];
    static const struct vmx_finding finding = {"27.3.1.2", "SS.DPL is SS.RPL", VMCS_GUEST_SS_ACCESS,
                                               0xc0f3};
    assert_string_equal(vmx_finding_text(&finding, text, sizeof text),
                        "27.3.1.2 SS.DPL is SS.RPL (GUEST_SS_ACCESS is 0xc0f3)");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_images), cmocka_unit_test(test_negotiated_controls),
        cmocka_unit_test(test_execution),   cmocka_unit_test(test_exit_and_entry),
        cmocka_unit_test(test_host),        cmocka_unit_test(test_host_32),
        cmocka_unit_test(test_bounded),     cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
