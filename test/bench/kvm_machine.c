/* SPDX-License-Identifier: MIT */
#include "test/bench/kvm_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_MAX     200
#define PV_LEAF       0x40000000u
#define PV_LEAF_CLOCK 0x40000010u
#define SMALL         (64 * MiB) /* guests/tiny/bench/devices.c measures in these three */
#define UNTOUCHED     (80 * MiB)
#define UNTOUCHED_END (96 * MiB)

int kvm_call(int fd, const char *what, unsigned long request, void *argument)
{
    int value = ioctl(fd, request, argument);
    if (value < 0)
        fail("%s: error %d", what, errno);
    return value;
}

/* As large pages from the kernel; in the list's machine but for the range that is to be small and
 * the one not there. */
static void take_memory(struct kvm_machine *m)
{
    u8 *at =
        mmap(NULL, m->size + PAGE_2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        fail("no memory for the guest");
    at = (u8 *)align_up((u64)at, PAGE_2M);
    u64 hole = m->ranges ? UNTOUCHED : m->size, after = m->ranges ? UNTOUCHED_END : m->size;
    if (madvise(at, m->size, MADV_HUGEPAGE) ||
        (m->ranges && madvise(at + SMALL, UNTOUCHED_END - SMALL, MADV_NOHUGEPAGE)))
        fail("no large pages: madvise says %d", errno);
    memset(at, 0, hole);
    memset(at + after, 0, m->size - after);
    m->memory = at;
}

/* The first 4G but for what lies above the memory is nobody's: accesses there leave the kernel. */
static void give_memory(struct kvm_machine *m)
{
    struct kvm_userspace_memory_region region = {
        .memory_size = m->size,
        .userspace_addr = (u64)m->memory,
    };
    KVM_CALL(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void add_leaf(struct kvm_cpuid2 *list, u32 leaf, u32 eax)
{
    if (list->nent < CPUID_MAX)
        list->entries[list->nent++] = (struct kvm_cpuid_entry2){.function = leaf, .eax = eax};
}

/* What depends on the processor: its number, and where there is more than one, how many. */
static void set_leaf_1(struct kvm_cpuid_entry2 *e, const struct kvm_machine *m, unsigned index)
{
    e->ebx = (e->ebx & 0xffff) | m->cpus << 16 | index << 24;
    e->ecx |= 1u << 21 | 1u << 24 | 1u << 31; /* x2APIC, TSC deadline, hypervisor */
    e->edx |= 1u << 9;                        /* APIC */
    if (m->cpus > 1)
        e->edx |= 1u << 28;
}

/* All that KVM can do, as VMMs have it: what an APIC in the kernel adds is theirs to say. */
static void set_cpuid(struct kvm_machine *m, unsigned index)
{
    struct kvm_cpuid2 *list = calloc(1, sizeof *list + CPUID_MAX * sizeof list->entries[0]);

    if (!list)
        fail("no memory for CPUID");
    list->nent = CPUID_MAX;
    KVM_CALL(m->kvm, KVM_GET_SUPPORTED_CPUID, list);
    for (u32 i = 0; i < list->nent; i++) {
        struct kvm_cpuid_entry2 *e = &list->entries[i];
        if (e->function == 1)
            set_leaf_1(e, m, index);
        else if (e->function == 0xb)
            e->edx = index;
        else if (e->function == PV_LEAF)
            e->eax = PV_LEAF_CLOCK;
    }
    add_leaf(list, PV_LEAF_CLOCK, (u32)m->khz);
    KVM_CALL(m->cpu[index].fd, KVM_SET_CPUID2, list);
    free(list);
}

static void make_cpu(struct kvm_machine *m, unsigned index)
{
    struct kvm_cpu *cpu = &m->cpu[index];
    int size = KVM_CALL(m->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);

    cpu->index = index;
    cpu->fd = KVM_CALL(m->vm, KVM_CREATE_VCPU, (void *)(u64)index);
    m->khz = (unsigned long)KVM_CALL(cpu->fd, KVM_GET_TSC_KHZ, NULL);
    set_cpuid(m, index);
    cpu->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
    if (cpu->run == MAP_FAILED)
        fail("no kvm_run");
}

void kvm_make(struct kvm_machine *m)
{
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    u64 identity = 0xfffbc000;

    m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (m->kvm < 0)
        fail("/dev/kvm cannot be opened: error %d", errno);
    m->vm = KVM_CALL(m->kvm, KVM_CREATE_VM, NULL);
    KVM_CALL(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    KVM_CALL(m->vm, KVM_SET_TSS_ADDR, (void *)(identity + PAGE_4K));
    KVM_CALL(m->vm, KVM_CREATE_IRQCHIP, NULL);
    KVM_CALL(m->vm, KVM_CREATE_PIT2, &pit);
    take_memory(m);
    give_memory(m);
    for (unsigned i = 0; i < m->cpus; i++)
        make_cpu(m, i);
}

/* --- running --- */

static bool serve(const struct kvm_machine *m, struct kvm_run *run)
{
    if (run->exit_reason == KVM_EXIT_IO) {
        u8 *data = (u8 *)run + run->io.data_offset;
        bool out = run->io.direction == KVM_EXIT_IO_OUT;
        return m->devices->port(out, run->io.port, data, run->io.size, run->io.count);
    }
    if (run->exit_reason == KVM_EXIT_MMIO)
        return m->devices->memory(run->mmio.is_write, run->mmio.phys_addr, run->mmio.data,
                                  run->mmio.len);
    fail("the guest has ended by exit reason %u", run->exit_reason);
}

/* Until it has something for us; a processor that has just been started says EAGAIN first. */
static void enter(const struct kvm_cpu *cpu)
{
    while (ioctl(cpu->fd, KVM_RUN, NULL) < 0)
        if (errno != EINTR && errno != EAGAIN)
            fail("KVM_RUN: error %d", errno);
}

static unsigned processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set))
        fail("no processors");
    return (unsigned)CPU_COUNT(&set);
}

static void pin(const struct kvm_cpu *cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu->processor, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fail("processor %u is not to be had: error %d", cpu->processor, errno);
}

/* The others leave the devices alone, so that these need no lock. */
static void *run_other(void *argument)
{
    const struct kvm_cpu *cpu = argument;

    pin(cpu);
    enter(cpu);
    fail("processor %u has left by exit reason %u", cpu->index, cpu->run->exit_reason);
}

void kvm_run(struct kvm_machine *m)
{
    unsigned count = processors();
    pthread_t thread;

    for (unsigned i = 0; i < m->cpus; i++)
        m->cpu[i].processor = i % count;
    pin(&m->cpu[0]);
    for (unsigned i = 1; i < m->cpus; i++)
        if (pthread_create(&thread, NULL, run_other, &m->cpu[i]))
            fail("no thread");
    do
        enter(&m->cpu[0]);
    while (serve(m, m->cpu[0].run));
}
