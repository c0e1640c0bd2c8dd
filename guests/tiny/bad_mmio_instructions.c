/* SPDX-License-Identifier: MIT */
/*
 * Random instructions whose memory operands lie in an address hole, for the host's decoder. Those
 * that it cannot carry out may stop the machine, with the instruction's bytes in the report;
 * otherwise it ends with ok.
 */
#include "guests/tiny/rt/tiny.h"
#include "guests/tiny/rt/fuzz.h"

TINY(bad_mmio_instructions)
{
    unsigned count = 5000, ran = fuzz_instructions(0x6d6d696f, count, 0xfd000000);
    print("%u of %u ran\n", ran, count);
    check(ran > count / 50 && ran < count, "%u of %u ran", ran, count);
}
