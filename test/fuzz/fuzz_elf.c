/* SPDX-License-Identifier: MIT */
/* ELF kernels, by class and with the PVH note: nothing outside RAM, what was handed over whole. */
#include "test/fuzz/guest_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static u8 image[ELF_BYTES], initrd[FUZZ_INITRD];
    struct window w;
    struct guest_start s;

    memset(initrd, 0x3c, sizeof initrd);
    if (size && data[0] & 4)
        elf32_image(image);
    else
        elf64_image(image);
    if (size && data[0] & 8)
        elf_add_pvh(image, 0x100020, 4);
    if (fuzz_load(data, size, image, sizeof image, &w, &s, initrd)) {
        if (s.kind == GUEST_ELF || (s.kind == GUEST_FLAT && s.mode == GUEST_LONG64))
            check_start_info(&w, s.rbx, initrd);
    }
    window_close(&w);
    return 0;
}
