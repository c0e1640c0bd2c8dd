/* SPDX-License-Identifier: MIT */
/*
 * The VMCS: its fields (vmcs_fields.h), and accessors whose C type follows from bits 14:13 of the
 * encoding. A wrong width does not compile, and a field chosen at run time goes through
 * vmcs_read_any, which is seen to be different.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "lib/types.h"
#include "vmx/vmcs_fields.h"
#include "vmx/vmx_count.h"

#define VMCS_ENUM(name, encoding) name = encoding,
enum vmcs_field { VMCS_FIELDS(VMCS_ENUM) };
#undef VMCS_ENUM

/* Bits 14:13 of an encoding (SDM 3, 25.11.2). */
enum vmcs_width { VMCS_16, VMCS_64, VMCS_32, VMCS_NATURAL };
#define VMCS_WIDTH(field) (((unsigned)(field) >> 13) & 3)

#define VMCS_TYPE(field)                                                                           \
    __typeof__(__builtin_choose_expr(                                                              \
        VMCS_WIDTH(field) == VMCS_16, (u16)0,                                                      \
        __builtin_choose_expr(VMCS_WIDTH(field) == VMCS_32, (u32)0, (u64)0)))

/*
 * The current VMCS of this core. A field that is known to exist cannot fail; what may not exist is
 * asked of the capabilities first, or read with vmcs_try_read.
 */
static inline u64 vmcs_read_any(u32 field)
{
    u64 value;
    if (COUNT_VMCS)
        vmx_counts.reads++;
    __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((u64)field) : "cc");
    return value;
}

static inline void vmcs_write_any(u32 field, u64 value)
{
    if (COUNT_VMCS)
        vmx_counts.writes++;
    __asm__ volatile("vmwrite %1, %0" : : "r"((u64)field), "r"(value) : "cc", "memory");
}

/* False, and *value is 0: this processor lacks the field, or there is no current VMCS (31.2). */
static inline bool vmcs_try_read(u32 field, u64 *value)
{
    bool failed;
    *value = 0;
    __asm__ volatile("vmread %2, %0" : "+r"(*value), "=@ccbe"(failed) : "r"((u64)field));
    return !failed;
}

#define vmcs_read(field)                                                                           \
    ({                                                                                             \
        _Static_assert(__builtin_constant_p(field), "a run-time field: vmcs_read_any");            \
        (VMCS_TYPE(field)) vmcs_read_any(field);                                                   \
    })
#define vmcs_write(field, value)                                                                   \
    ({                                                                                             \
        _Static_assert(__builtin_constant_p(field), "a run-time field: vmcs_write_any");           \
        VMCS_TYPE(field) vmcs_value_ = (value);                                                    \
        vmcs_write_any(field, vmcs_value_);                                                        \
    })

/*
 * A VMCS to look at, for the checks and the dump: the core's own, or a test's array. `read` gives 0
 * for a field that is not there. `peek` reads 32 bits of physical memory, for the few rules about
 * what an address points to; NULL, or false where there is no RAM: those rules are not checked.
 */
struct vmcs_image {
    u64 (*read)(const void *context, u32 field);
    bool (*peek)(const void *context, u64 physical, u32 *value);
    const void *context;
};

/* The `read` of the current VMCS. */
static inline u64 vmcs_read_current(const void *context, u32 field)
{
    u64 value;
    (void)context;
    vmcs_try_read(field, &value);
    return value;
}

#endif
