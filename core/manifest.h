/* SPDX-License-Identifier: MIT */
/*
 * The manifest: the text file (module trivet.conf) that says which machines to run. Parsing is pure
 * and bounded; it finds all errors in one go, and each is a sentence with the line, what was read
 * and what would be right. docs/manifest.md has the format; in the parts that it leaves open:
 *
 *   - '#' starts a comment at the start of a line or of a value, or after a blank; elsewhere
 *     (cmdline = a#b) it is part of the value.
 *   - A value may stand in "..." or '...', taken as it is, without escapes: for values that hold a
 *     " #" or begin with a quote themselves.
 *   - Lines end with LF or CR LF, the last one may lack it; a UTF-8 byte-order mark is skipped.
 *   - A name is 1 to 32 letters, digits, '-', '_' or '.'.
 *   - Keys beside those of docs/manifest.md:
 *       pv   = kvm | none      the paravirtual clock and EOI under KVM's signature; default kvm
 *       hpet = on | off        default on
 *       load = ADDRESS         of a flat kernel: where it is loaded and entered
 *       mode = real | long     of a flat kernel: how it is entered
 */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include "lib/types.h"

#define MANIFEST_NAME       "trivet.conf"
#define MANIFEST_VMS_MAX    32
#define MANIFEST_ERRORS_MAX 32
#define MANIFEST_LINE_MAX   4096 /* characters, without the line's end */

#define VM_NAME_MAX       32
#define VM_MODULE_MAX     127
#define VM_CMDLINE_MAX    2047 /* what Linux takes on x86 */
#define VM_CPUS_MAX       64
#define VM_MEMORY_MIN     (64 * KiB)
#define VM_MEMORY_MAX     (1024 * GiB)
#define VM_MEMORY_DEFAULT (128 * MiB)
#define CORE_SET_MAX      512

/* Physical cores by their number in Trivet (not the APIC id). */
struct core_set {
    u64 word[CORE_SET_MAX / 64];
};

static inline bool core_set_has(const struct core_set *set, unsigned core)
{
    return core < CORE_SET_MAX && (set->word[core / 64] >> (core % 64) & 1);
}

static inline void core_set_add(struct core_set *set, unsigned core)
{
    set->word[core / 64] |= 1ull << (core % 64);
}

enum vm_on_exit { VM_EXIT_STOP, VM_EXIT_RESTART };
enum vm_pv { VM_PV_KVM, VM_PV_NONE };
enum vm_flat_mode { VM_FLAT_BY_CONTENT, VM_FLAT_REAL, VM_FLAT_LONG };

/* What one machine is to be. The strings are copies; "" where the key was left out. */
struct vm_config {
    char name[VM_NAME_MAX + 1];
    char kernel[VM_MODULE_MAX + 1];
    char initrd[VM_MODULE_MAX + 1];
    char cmdline[VM_CMDLINE_MAX + 1];
    u64 memory;
    unsigned cpus;
    bool any_core;         /* `cores` was left out: every core */
    struct core_set cores; /* else never empty */
    enum vm_on_exit on_exit;
    enum vm_pv pv;
    bool hpet;
    bool has_load;
    u64 load; /* flat kernels, if has_load */
    enum vm_flat_mode mode;
    unsigned line, kernel_line, initrd_line, cores_line; /* in the manifest; 0: not in it */
};

/* Some 80K: not for a stack. */
struct manifest {
    struct vm_config vm[MANIFEST_VMS_MAX];
    unsigned count;
    struct vm_config spare; /* the parser's: takes the keys of a section that it refused */
};

struct manifest_error {
    unsigned line;
    char text[448]; /* the whole sentence, printable ASCII */
};

/* Kept in the order of lines. `total` may exceed `count`: the rest was not kept. */
struct manifest_errors {
    unsigned count, total;
    struct manifest_error error[MANIFEST_ERRORS_MAX];
};

/*
 * Reads `size` bytes of text (not terminated, any bytes). True: *manifest holds 1 to
 * MANIFEST_VMS_MAX machines with all defaults filled in, and *errors is empty. False: *errors says
 * why, and no machine of *manifest may be started.
 */
bool manifest_parse(const char *text, size_t size, struct manifest *manifest,
                    struct manifest_errors *errors) must_check;

/*
 * Checks each kernel and initrd against the modules' names, each `cores` against the cores that
 * run; also after a parse that has failed, so that all errors come in one go. They add to *errors
 * (which manifest_parse has initialized) and are false if they added one.
 */
bool manifest_check_modules(const struct manifest *manifest, const char *const *names,
                            unsigned count, struct manifest_errors *errors) must_check;
bool manifest_check_cores(const struct manifest *manifest, const struct core_set *running,
                          struct manifest_errors *errors) must_check;

/*
 * The single machine that runs without a manifest: `kernel` is the first module's name, `cmdline`
 * the rest of its string, `initrd` the second module's name or NULL. Its name is the kernel's
 * without directories and without an extension (a last dot, a letter, at most three more letters or
 * digits), cut to 32 legal characters; "vm0" if none is left.
 */
bool manifest_single(const char *kernel, const char *cmdline, const char *initrd,
                     struct manifest *manifest, struct manifest_errors *errors) must_check;

#endif
