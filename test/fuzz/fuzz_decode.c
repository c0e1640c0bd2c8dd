/* SPDX-License-Identifier: MIT */
/* Any bytes, in any mode: the decoder must agree with Zydis or have a reason, and read no further
 * than it was told. First byte of the input: the mode. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/decoded.h"
#include "test/fuzz/decode_explained.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    oracle_init();
    return 0;
}

/* The sanitizer watches the end of the copy. */
static void decode_exactly(const u8 *code, size_t size, struct decode_mode mode)
{
    struct insn insn;
    struct mmio_op op;
    u8 *copy = malloc(size ? size : 1);
    memcpy(copy, code, size);
    if (decode(copy, (unsigned)size, mode, &insn) == DECODE_OK) {
        if (insn.length == 0 || insn.length > size)
            abort();
        (void)!mmio_op_of(&insn, &op);
    }
    free(copy);
}

/* What is remembered of it; its guess looks at the bytes behind. */
static void keep(const u8 *code, size_t size, struct decode_mode mode)
{
    struct insn_bytes bytes = {0};
    struct decoded kept;
    memcpy(&bytes, code, size);
    if (decode_and_keep(&kept, &bytes, (unsigned)size, mode) == DECODE_OK &&
        (!decoded_is(&kept, &bytes, (unsigned)size, mode) ||
         (kept.for_mmio == FOR_MMIO_TWICE && kept.insn.length >= size)))
        abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static const u8 bits[4] = {16, 32, 64, 64};
    struct opinion o = {0};
    if (size < 1)
        return 0;
    o.mode = (struct decode_mode){bits[data[0] & 3], data[0] & 4};
    size_t length = size - 1 < INSN_MAX ? size - 1 : INSN_MAX;
    decode_exactly(data + 1, length, o.mode);
    keep(data + 1, length, o.mode);
    memcpy(o.code, data + 1, length);
    if (compare(&o) != SAME && !explain(&o)) {
        fprintf(stderr, "unexplained: %s, %u-bit, map %u opcode %02x\n", what_names[o.what],
                o.mode.bits, o.ours.map, o.ours.opcode);
        abort();
    }
    return 0;
}
