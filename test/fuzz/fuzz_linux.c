/* SPDX-License-Identifier: MIT */
/* bzImages: nothing outside RAM, boot_params whole, the kernel clear of the initrd. */
#include "test/fuzz/guest_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static u8 image[LINUX_BYTES], initrd[FUZZ_INITRD];
    struct window w;
    struct guest_start s;

    memset(initrd, 0x3c, sizeof initrd);
    linux_image(image);
    put(image, 0x258, 0x200000, 8); /* fits the small guest */
    if (fuzz_load(data, size, image, sizeof image, &w, &s, initrd)) {
        if (s.kind == GUEST_BZIMAGE) {
            require(s.mode == GUEST_LONG64 && s.rip >= 0x100200);
            require(window_get(&w, s.rsi + 0x1e8, 1) == w.map.count);
            require(window_get(&w, s.rsi + 0x1ef, 1) == 0);
            check_cmdline(&w, window_get(&w, s.rsi + 0x228, 4));
            u64 ramdisk = window_get(&w, s.rsi + 0x218, 4), load = s.rip - 0x200;
            check_initrd(&w, ramdisk, initrd);
            require(ramdisk + FUZZ_INITRD <= load ||
                    ramdisk >= load + window_get(&w, s.rsi + 0x260, 4));
            require(window_is_ram(&w, load, window_get(&w, s.rsi + 0x260, 4)));
        }
    }
    window_close(&w);
    return 0;
}
