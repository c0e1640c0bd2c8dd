/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as its processor reaches it: by linear address through its own page tables.
 * For emulation, on the vCPU's own core.
 */
#ifndef ARCH_X86_GUEST_SPACE_H
#define ARCH_X86_GUEST_SPACE_H

#include "arch/x86/flags.h"
#include "arch/x86/guest.h"

/* The registers as they stand: good until one of them is set. */
static always_inline void guest_look(struct guest *guest, struct guest_view *view)
{
    view->paging.phys_bits = 52;
    view->paging.page_1g = true;
    view->paging.pkru = 0;
    view->paging.pdptes = NULL;
    guest->ops->view(guest, view);
}

/* The registers as emulation wants them; RSP's slot is filled too. */
static always_inline void guest_cpu_fill(struct guest *guest, const struct guest_view *view,
                                         struct guest_cpu *cpu)
{
    guest->gpr[GPR_RSP] = view->rsp;
    *cpu = (struct guest_cpu){
        .gpr = guest->gpr,
        .rip = view->rip,
        .rflags = view->rflags,
        .linear_bits = 48,
        .real_mode = !(view->paging.cr0 & CR0_PE),
        .ctx = guest,
        .segment = guest->ops->segment,
    };
}

void guest_raise_fault(struct guest *guest, const struct guest_fault *fault);

/*
 * False: a fault is queued or the machine stops, and nothing has been changed. Reach looks that all
 * pages are there; an address beyond RAM reads as ones and swallows writes.
 */
must_check bool guest_reach(struct guest *guest, u64 linear, u64 size, bool write);
must_check bool guest_read_linear(struct guest *guest, u64 linear, void *to, u64 size);
must_check bool guest_write_linear(struct guest *guest, u64 linear, const void *from, u64 size);

/* The same as the processor itself reaches its tables: as a supervisor at any CPL, and with SMAP
 * whatever AC says (SDM 3, 4.6.1). */
must_check bool guest_system_reach(struct guest *guest, u64 linear, u64 size, bool write);
must_check bool guest_system_read(struct guest *guest, u64 linear, void *to, u64 size);
must_check bool guest_system_write(struct guest *guest, u64 linear, const void *from, u64 size);

/* enum guest_access of the guest's own code. */
unsigned guest_access(const struct guest_view *view, bool write);

/* One page's translation; the fault is the caller's to raise. */
enum walk_verdict guest_translate(struct guest *guest, const struct guest_view *view, u64 linear,
                                  unsigned access, gpa_t *at, struct guest_fault *fault);

/* Where `size` bytes of one page stand; *at is NULL where no RAM is. False as above. */
must_check bool guest_window(struct guest *guest, const struct guest_view *view, u64 linear,
                             u64 size, bool write, void **at);

/* The instruction at RIP; NULL: a fault is queued or the machine stops. Good until the next one is
 * asked for. */
must_check const struct decoded *guest_instruction(struct guest *guest,
                                                   const struct guest_view *view);
must_check const struct insn *guest_insn(struct guest *guest); /* where no more is asked */

#endif
