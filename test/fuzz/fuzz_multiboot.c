/* SPDX-License-Identifier: MIT */
/* Multiboot kernels in both forms: nothing outside RAM, the information whole. */
#include "test/fuzz/guest_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static u8 image[MB_BYTES], initrd[FUZZ_INITRD];
    struct window w;
    struct guest_start s;

    memset(initrd, 0x3c, sizeof initrd);
    multiboot_image(image);
    if (size && data[0] & 4) { /* the ELF form */
        elf32_image(image);
        memcpy(image + ELF_TEXT, "\x02\xb0\xad\x1b\x03\x00\x00\x00\xfb\x4f\x52\xe4", 12);
    }
    if (fuzz_load(data, size, image, sizeof image, &w, &s, initrd)) {
        if (s.kind == GUEST_MULTIBOOT) {
            require(s.rax == 0x2badb002 && window_get(&w, s.rbx, 4) == 0x24d);
            check_cmdline(&w, window_get(&w, s.rbx + 16, 4));
            check_initrd(&w, window_get(&w, window_get(&w, s.rbx + 24, 4), 4), initrd);
            require(window_get(&w, window_get(&w, s.rbx + 48, 4), 4) == 20);
        }
    }
    window_close(&w);
    return 0;
}
