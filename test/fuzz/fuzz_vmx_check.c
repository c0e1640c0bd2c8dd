/* SPDX-License-Identifier: MIT */
/*
 * Any VMCS on any processor: the entry checks and the dump end, keep within their bounds, look only
 * into memory that the processor has, and find the same twice. The input is the capability MSRs,
 * then {field index, value} pairs.
 */
#include <stdlib.h>
#include <string.h>

#include "test/unit/log_capture.h"
#include "vmx/vmx_check.h"
#include "vmx/vmx_dump.h"
#include "vmx/vmx_names.h"

struct fuzzed {
    u64 field[0x4000];
    u64 limit; /* of physical addresses */
    unsigned reads;
};

static u64 read_field(const void *context, u32 field)
{
    struct fuzzed *vmcs = (struct fuzzed *)(uintptr_t)context;
    if (field > 0x6fff || (field & 1) || ++vmcs->reads > 100000)
        abort();
    return vmcs->field[field >> 1];
}

static bool peek_memory(const void *context, u64 physical, u32 *value)
{
    const struct fuzzed *vmcs = context;
    if (physical > vmcs->limit || (physical & 0xfff & ~0x80ull))
        abort();
    *value = (u32)(physical >> 12);
    return physical & 0x1000;
}

static void check_findings(const struct vmx_findings *findings)
{
    char text[VMX_FINDING_TEXT_MAX];
    for (unsigned i = 0; i < vmx_findings_kept(findings); i++) {
        const struct vmx_finding *f = &findings->list[i];
        if (strncmp(f->section, "27.", 3) || strcmp(vmcs_field_name(f->field), "unknown") == 0 ||
            strlen(vmx_finding_text(f, text, sizeof text)) >= sizeof text - 1)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct fuzzed vmcs;
    struct vmx_findings first, second;
    struct vmx_msrs msrs = {0};
    struct vmcs_image image = {read_field, peek_memory, &vmcs};
    if (size < sizeof msrs.cap + 1)
        return 0;
    memset(&vmcs, 0, sizeof vmcs);
    memcpy(msrs.cap, data, sizeof msrs.cap);
    msrs.present = (1u << 20) - 1;
    msrs.phys_bits = data[sizeof msrs.cap];
    vmcs.limit = msrs.phys_bits >= 64 ? ~0ull : (1ull << msrs.phys_bits) - 1;
    for (size_t at = sizeof msrs.cap + 1; at + 9 <= size; at += 9)
        memcpy(&vmcs.field[vmcs_field_rows[data[at] % vmcs_field_count].field >> 1], data + at + 1,
               8);
    bool good = vmx_check(&image, &msrs, &first);
    if (good != (first.count == 0) || vmx_check(&image, &msrs, &second) != good ||
        second.count != first.count)
        abort();
    check_findings(&first);
    logged[0] = '\0';
    vmx_dump(&image);
    vmx_dump_findings(&first);
    return 0;
}
