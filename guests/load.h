/* SPDX-License-Identifier: MIT */
/*
 * Loaders: a kernel's file in, a guest's memory filled and the first vCPU's registers out. The kind
 * is read from the content. Pure and bounded: a truncated or lying header gives a sentence that
 * names the field, and nothing is written outside the RAM of the guest's memory map.
 *
 *   kind         entered                              it finds
 *   bzImage      64-bit, load address + 0x200         RSI = boot_params (Linux's boot protocol)
 *   multiboot 1  32-bit, no paging                    EAX = 0x2badb002, EBX = its information
 *   ELF, PVH     32-bit, no paging                    EBX = hvm_start_info
 *   ELF32        32-bit, no paging                    EBX = hvm_start_info
 *   ELF64        64-bit                               RDI = RBX = hvm_start_info
 *   flat, long   64-bit                               RDI = RBX = hvm_start_info
 *   flat, real   16-bit                               nothing: no command line
 *
 * A flat file is entered in real mode at 0x7c00 if bytes 510 and 511 are 0x55 0xaa (a boot sector),
 * else in 64-bit mode at 1M; the manifest's `load` and `mode` say otherwise. 64-bit guests start
 * with the first 4G mapped to themselves by 2M pages. Interrupts are off, segments are flat, and
 * RSP is a stack of some 20K (real mode: below the image, or below 0x7c00).
 *
 * What Trivet makes for the guest stands in low memory, where an image may not lie (a flat image in
 * real mode may: it gets none of it). The guest may use that memory when it no longer needs it.
 */
#ifndef GUESTS_LOAD_H
#define GUESTS_LOAD_H

#include "arch/x86/guest_start.h"
#include "guests/load_e820.h"
#include "mm/addr.h"

#define GUEST_BOOT_BASE    0x90000ull
#define GUEST_BOOT_INFO    0x90000ull /* boot_params, multiboot_info or hvm_start_info */
#define GUEST_BOOT_LISTS   0x91000ull /* what that points to: modules, memory map, strings */
#define GUEST_BOOT_CMDLINE 0x92000ull
#define GUEST_BOOT_GDT     0x93000ull
#define GUEST_BOOT_TABLES  0x94000ull /* PML4, PDPT, four page directories */
#define GUEST_BOOT_STACK   0x9f000ull /* grows down towards the tables' end at 0x9a000 */
#define GUEST_BOOT_END     0x9f000ull

#define GUEST_CMDLINE_MAX 4095
#define GUEST_STRING_MAX  2047

struct guest_image {
    const u8 *data;
    u64 size;
};

/*
 * How to write the guest's memory, which need not be in one piece on the host. Both are false, and
 * nothing is written, if a byte of the range is no memory of the guest.
 */
struct guest_ram {
    void *ctx;
    bool (*copy)(void *ctx, gpa_t to, const void *from, u64 size);
    bool (*zero)(void *ctx, gpa_t to, u64 size);
};

enum guest_flat_mode { GUEST_FLAT_BY_CONTENT, GUEST_FLAT_REAL, GUEST_FLAT_LONG };

/* The order: everything a loader is given. */
struct guest_load {
    struct guest_image kernel;
    struct guest_image initrd;  /* size 0: none */
    const char *cmdline;        /* never NULL */
    const char *initrd_string;  /* a module's string (multiboot, PVH); never NULL */
    const struct e820_map *map; /* the loaders write to its RAM only */
    struct guest_ram ram;
    u64 rsdp; /* where the ACPI RSDP is or will be; 0: none */
    bool has_load;
    u64 load; /* flat: the address, if has_load */
    enum guest_flat_mode mode;
};

struct load_error {
    char text[320]; /* one sentence */
};

enum guest_kind guest_kind_of(struct guest_image image);
const char *guest_kind_name(enum guest_kind kind);

/*
 * Loads order->kernel (and the initrd) and says how to start it. False: *error says why; the
 * guest's memory may be partly filled, *start is to be thrown away.
 */
bool guest_load(const struct guest_load *order, struct guest_start *start,
                struct load_error *error) must_check;

#endif
