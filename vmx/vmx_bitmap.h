/* SPDX-License-Identifier: MIT */
/*
 * The I/O and MSR bitmaps (SDM 3, 25.6.4 and 25.6.9): a 1 causes an exit. All machines share one
 * set: the ports and registers that a guest may touch by itself are the same for all.
 */
#ifndef VMX_VMX_BITMAP_H
#define VMX_VMX_BITMAP_H

#include "mm/addr.h"

/* Pure: the layout. `ports` are two pages (A and B), `msrs` one. */
void vmx_bitmap_port(u8 *ports, u16 port, bool exits);
bool vmx_bitmap_port_exits(const u8 *ports, u16 port);
/* False: the number is in neither range, so it always exits. */
bool vmx_bitmap_msr(u8 *msrs, u32 msr, bool read_exits, bool write_exits);

/* The shared pages, made on the first call; NULL, or no memory. */
const char *vmx_bitmaps_make(void);
hpa_t vmx_bitmap_ports(void); /* A; B is the next page */
hpa_t vmx_bitmap_msrs(void);

#endif
