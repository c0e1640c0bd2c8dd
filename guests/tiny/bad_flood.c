/* SPDX-License-Identifier: MIT */
/* Lines without end, as fast as they go: those of others must not wait behind all of them. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_flood)
{
    for (unsigned n = 0;; n++)
        print("%08u a line of the flood that nobody wants to read\n", n);
}
