/* SPDX-License-Identifier: MIT */
#include "test/bench/kvm_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "test/bench/kvm_ports.h"

#define CPUID_MAX     200
#define PV_LEAF       0x40000000u
#define PV_LEAF_CLOCK 0x40000010u
#define SMALL         (64 * MiB) /* guests/tiny/bench/devices.c measures in these three */
#define UNTOUCHED     (80 * MiB)
#define UNTOUCHED_END (96 * MiB)

static int call(int fd, const char *what, unsigned long request, void *argument)
{
    int value = ioctl(fd, request, argument);
    if (value < 0)
        fail("%s: error %d", what, errno);
    return value;
}
#define CALL(fd, request, argument) call(fd, #request, request, argument)

/* As large pages from the kernel, but for the range that is to be small and the one not there. */
static void take_memory(struct kvm_machine *m)
{
    u8 *at = mmap(NULL, KVM_MEMORY + PAGE_2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                  -1, 0);
    if (at == MAP_FAILED)
        fail("no memory for the guest");
    at = (u8 *)align_up((u64)at, PAGE_2M);
    if (madvise(at, KVM_MEMORY, MADV_HUGEPAGE) ||
        madvise(at + SMALL, UNTOUCHED_END - SMALL, MADV_NOHUGEPAGE))
        fail("no large pages: madvise says %d", errno);
    memset(at, 0, UNTOUCHED);
    memset(at + UNTOUCHED_END, 0, KVM_MEMORY - UNTOUCHED_END);
    m->memory = at;
}

/* The first 4G but for what lies above the memory is nobody's: accesses there leave the kernel. */
static void give_memory(struct kvm_machine *m)
{
    struct kvm_userspace_memory_region region = {
        .memory_size = KVM_MEMORY,
        .userspace_addr = (u64)m->memory,
    };
    CALL(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void add_leaf(struct kvm_cpuid2 *list, u32 leaf, u32 eax)
{
    if (list->nent < CPUID_MAX)
        list->entries[list->nent++] = (struct kvm_cpuid_entry2){.function = leaf, .eax = eax};
}

/* All that KVM can do, as VMMs have it: what an APIC in the kernel adds is theirs to say. */
static void set_cpuid(struct kvm_machine *m)
{
    struct kvm_cpuid2 *list = calloc(1, sizeof *list + CPUID_MAX * sizeof list->entries[0]);

    if (!list)
        fail("no memory for CPUID");
    list->nent = CPUID_MAX;
    CALL(m->kvm, KVM_GET_SUPPORTED_CPUID, list);
    for (u32 i = 0; i < list->nent; i++) {
        struct kvm_cpuid_entry2 *e = &list->entries[i];
        if (e->function == 1) {
            e->ebx = (e->ebx & 0xffff) | 1u << 16;
            e->ecx |= 1u << 21 | 1u << 24 | 1u << 31; /* x2APIC, TSC deadline, hypervisor */
            e->edx |= 1u << 9;                        /* APIC */
        } else if (e->function == PV_LEAF) {
            e->eax = PV_LEAF_CLOCK;
        }
    }
    add_leaf(list, PV_LEAF_CLOCK, (u32)m->khz);
    CALL(m->vcpu, KVM_SET_CPUID2, list);
    free(list);
}

void kvm_make(struct kvm_machine *m)
{
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    u64 identity = 0xfffbc000;

    m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (m->kvm < 0)
        fail("/dev/kvm cannot be opened: error %d", errno);
    m->vm = CALL(m->kvm, KVM_CREATE_VM, NULL);
    CALL(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    CALL(m->vm, KVM_SET_TSS_ADDR, (void *)(identity + PAGE_4K));
    CALL(m->vm, KVM_CREATE_IRQCHIP, NULL);
    CALL(m->vm, KVM_CREATE_PIT2, &pit);
    take_memory(m);
    give_memory(m);
    m->vcpu = CALL(m->vm, KVM_CREATE_VCPU, NULL);
    m->khz = (unsigned long)CALL(m->vcpu, KVM_GET_TSC_KHZ, NULL);
    set_cpuid(m);
    int size = CALL(m->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
    m->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
    if (m->run == MAP_FAILED)
        fail("no kvm_run");
}

/* --- loading --- */

static bool copy(void *ctx, gpa_t to, const void *from, u64 size)
{
    struct kvm_machine *m = ctx;
    if (to.v > KVM_MEMORY || size > KVM_MEMORY - to.v)
        return false;
    memcpy(m->memory + to.v, from, size);
    return true;
}

static bool zero(void *ctx, gpa_t to, u64 size)
{
    struct kvm_machine *m = ctx;
    if (to.v > KVM_MEMORY || size > KVM_MEMORY - to.v)
        return false;
    memset(m->memory + to.v, 0, size);
    return true;
}

static struct kvm_segment segment(struct start_segment s)
{
    return (struct kvm_segment){
        .base = s.base,
        .limit = s.limit,
        .selector = s.selector,
        .type = s.access & 0xf,
        .s = s.access >> 4 & 1,
        .dpl = s.access >> 5 & 3,
        .present = s.access >> 7 & 1,
        .avl = s.access >> 12 & 1,
        .l = s.access >> 13 & 1,
        .db = s.access >> 14 & 1,
        .g = s.access >> 15 & 1,
    };
}

static void set_registers(struct kvm_machine *m, const struct guest_start *start)
{
    struct kvm_regs regs = {
        .rip = start->rip,
        .rsp = start->rsp,
        .rax = start->rax,
        .rbx = start->rbx,
        .rsi = start->rsi,
        .rdi = start->rdi,
        .rflags = 2,
    };
    struct kvm_sregs s;

    CALL(m->vcpu, KVM_GET_SREGS, &s);
    s.cs = segment(start->cs);
    s.ds = s.es = s.fs = s.gs = s.ss = segment(start->data);
    s.tr = segment(start->tr);
    s.ldt = (struct kvm_segment){.unusable = 1};
    s.gdt = (struct kvm_dtable){.base = start->gdt_base, .limit = start->gdt_limit};
    s.idt = (struct kvm_dtable){.limit = start->idt_limit};
    s.cr0 = start->cr0;
    s.cr3 = start->cr3;
    s.cr4 = start->cr4;
    s.efer = start->efer;
    CALL(m->vcpu, KVM_SET_SREGS, &s);
    CALL(m->vcpu, KVM_SET_REGS, &regs);
}

void kvm_load(struct kvm_machine *m, struct guest_image kernel)
{
    struct e820_map map;
    struct guest_load order = {
        .kernel = kernel,
        .cmdline = "",
        .initrd_string = "",
        .map = &map,
        .ram = {m, copy, zero},
    };
    struct guest_start start;
    struct load_error error;

    e820_make(&map, KVM_MEMORY);
    if (!guest_load(&order, &start, &error))
        fail("%s", error.text);
    set_registers(m, &start);
}

/* --- running --- */

static bool serve(struct kvm_run *run)
{
    if (run->exit_reason == KVM_EXIT_IO) {
        u8 *data = (u8 *)run + run->io.data_offset;
        bool out = run->io.direction == KVM_EXIT_IO_OUT;
        return ports_access(out, run->io.port, data, run->io.size, run->io.count);
    }
    if (run->exit_reason == KVM_EXIT_MMIO) {
        if (!run->mmio.is_write)
            memset(run->mmio.data, 0xff, sizeof run->mmio.data);
        return true;
    }
    fail("the guest has ended by exit reason %u", run->exit_reason);
}

unsigned kvm_run(struct kvm_machine *m)
{
    do {
        if (ioctl(m->vcpu, KVM_RUN, NULL) < 0 && errno != EINTR)
            fail("KVM_RUN: error %d", errno);
    } while (serve(m->run));
    return ports_status();
}
