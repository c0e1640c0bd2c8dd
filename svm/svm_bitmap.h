/* SPDX-License-Identifier: MIT */
/*
 * The I/O and MSR permission maps (APM 2, 15.10.1 and 15.11): a 1 causes an exit. All machines
 * share one set: the ports and registers that a guest may touch by itself are the same for all.
 */
#ifndef SVM_SVM_BITMAP_H
#define SVM_SVM_BITMAP_H

#include "mm/addr.h"

#define SVM_PORTS_SIZE                                                                             \
    (3 * PAGE_4K) /* the bits past port FFFFh stay 1: an access may go beyond                      \
                   */
#define SVM_MSRS_SIZE (2 * PAGE_4K)

/* Pure: the layout. */
void svm_bitmap_port(u8 *ports, u16 port, bool exits);
/* False: the number is in none of the three ranges, so it always exits. */
bool svm_bitmap_msr(u8 *msrs, u32 msr, bool read_exits, bool write_exits);

/* The policy into maps of their sizes. */
void svm_bitmaps_fill(u8 *ports, u8 *msrs);

#endif
