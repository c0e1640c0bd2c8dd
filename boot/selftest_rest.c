/* SPDX-License-Identifier: MIT */
/*
 * What is to be checked when boot is over: that its memory has gone, on every core, and can be had.
 */
#include "boot/selftest.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/smp.h"
#include "boot/over.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

extern char image_start[], image_text_start[];
extern const u64 image_data_start[], image_data_end[];

void (*selftest_gone)(void *);

static unsigned good, failed;

void selftest_note(const char *name, const char *error)
{
    log_info("selftest: %s %s%s", name, error ? "FAILED: " : "good", error ? error : "");
    good += !error;
    failed += error != NULL;
}

/* One that is remembered is one too many. */
static void count_pages(void *count)
{
    for (const char *page = image_start; page < image_text_start; page += PAGE_4K)
        *(unsigned *)count += probe_read((const u32 *)page);
}

static const char *check_gone(void)
{
    unsigned seen = 0;

    for (u32 core = 0; core < arch_core_count(); core++)
        smp_call(core, count_pages, &seen);
    return seen ? "a core can read what was boot's" : hostmap_check();
}

/* What the link cannot see: a pointer that boot has left in a variable, its own included. */
static const char *check_left(void)
{
    static char text[80];

    for (const u64 *word = image_data_start; word < image_data_end; word++) {
        if (*word < (u64)image_start || *word >= (u64)image_text_start ||
            word == (const u64 *)&selftest_gone)
            continue;
        fmt_text(text, sizeof text, "the variable at 0x%lx leads to what was boot's, 0x%lx",
                 (u64)word, *word);
        return text;
    }
    return NULL;
}

/* Each page can be had, reads as zero, and can be written. */
static const char *check_given(void)
{
    hpa_t base = hostmap_image_hpa(image_start);

    for (u64 at = 0; at < boot_given(); at += PAGE_4K) {
        hpa_t page = hpa_add(base, at);
        const char *error = frame_claim(page, PAGE_4K);
        if (error)
            return error;
        for (u64 i = 0; i < PAGE_4K; i += 8)
            if (*(u64 *)hpa_ptr(hpa_add(page, i)))
                return "boot's memory is not wiped";
        memset(hpa_ptr(page), 0xa5, PAGE_4K);
        error = frame_free(page, PAGE_4K);
        if (error)
            return error;
    }
    return boot_given() ? NULL : "boot's memory has not been given back";
}

u64 selftest_rest(void)
{
    selftest_note("boot-gone", check_gone());
    selftest_note("boot-left", check_left());
    selftest_note("boot-given", check_given());
    log_info("selftest: %u good, %u failed", good, failed);
    if (selftest_gone)
        smp_call(arch_core_count() - 1, selftest_gone, NULL);
    return failed != 0;
}
