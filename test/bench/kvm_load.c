/* SPDX-License-Identifier: MIT */
#include "test/bench/kvm_machine.h"

#include <string.h>

#include "guests/firmware.h"

static bool copy(void *ctx, gpa_t to, const void *from, u64 size)
{
    struct kvm_machine *m = ctx;
    if (to.v > m->size || size > m->size - to.v)
        return false;
    memcpy(m->memory + to.v, from, size);
    return true;
}

static bool zero(void *ctx, gpa_t to, u64 size)
{
    struct kvm_machine *m = ctx;
    if (to.v > m->size || size > m->size - to.v)
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

    KVM_CALL(m->cpu[0].fd, KVM_GET_SREGS, &s);
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
    KVM_CALL(m->cpu[0].fd, KVM_SET_SREGS, &s);
    KVM_CALL(m->cpu[0].fd, KVM_SET_REGS, &regs);
}

/* The tables that Trivet gives: fewer devices, if any, is the guest's to find out. */
static void load_firmware(struct kvm_machine *m, struct guest_load *order)
{
    static u8 area[FIRMWARE_SIZE];
    struct firmware_config config = {.cpus = m->cpus, .memory = m->size};

    order->rsdp = firmware_build(area, &config);
    if (!order->rsdp || !copy(m, gpa(FIRMWARE_BASE), area, sizeof area))
        fail("the firmware's tables do not fit");
}

void kvm_load(struct kvm_machine *m, struct guest_image kernel, struct guest_image initrd,
              const char *cmdline)
{
    struct e820_map map;
    struct guest_load order = {
        .kernel = kernel,
        .initrd = initrd,
        .cmdline = cmdline,
        .initrd_string = "",
        .map = &map,
        .ram = {m, copy, zero},
    };
    struct guest_start start;
    struct load_error error;

    e820_make(&map, m->size);
    load_firmware(m, &order);
    if (!guest_load(&order, &start, &error))
        fail("%s", error.text);
    set_registers(m, &start);
}
