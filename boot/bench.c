/* SPDX-License-Identifier: MIT */
#include "boot/bench.h"

#include "arch/x86/cpu.h"
#include "boot/main.h"
#include "boot/over.h"
#include "lib/log.h"
#include "mm/frame.h"

/* linker.ld */
extern const char image_start[], image_end[];
extern const char image_text_start[], image_text_end[], image_rodata_start[], image_rodata_end[];
extern const char image_data_start[], image_bss_start[], image_data_end[];

static void size(const char *what, const char *from, const char *to)
{
    log_event("bench", "name=size-%s bytes=%lu", what, (u64)(to - from));
}

void bench_boot(void)
{
    log_event("bench", "name=boot ticks=%lu", tsc_read() - boot_handed_over);
    size("boot", image_start, image_text_start);
    size("text", image_text_start, image_text_end);
    size("rodata", image_rodata_start, image_rodata_end);
    size("data", image_data_start, image_bss_start);
    size("bss", image_bss_start, image_data_end);
    size("image", image_start, image_end);
}

/* What is there of the image, the frame allocator's tables, and every block that is handed out. */
void bench_memory(unsigned machines, u64 of_guests)
{
    struct frame_stats stats = frame_stats();
    u64 resident = (u64)(image_end - image_start) - boot_given() + stats.tables - of_guests;

    for (unsigned i = 0; i < FRAME_ORDERS; i++)
        resident += stats.taken[i] * (PAGE_4K << i);
    log_event("bench", "name=resident-%u bytes=%lu", machines, resident);
}
