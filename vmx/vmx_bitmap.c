/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_bitmap.h"

#include "arch/x86/guest.h"
#include "arch/x86/msr.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "vmx/vmx_cpu.h"

/* Four parts of 1 KiB: reads of the low and of the high range, then writes. */
#define MSR_LOW_LAST   0x1fffu
#define MSR_HIGH_FIRST 0xc0000000u
#define MSR_HIGH_LAST  0xc0001fffu

/* Ports that guests use directly: only the POST code port, which old software writes to pass time.
 */
static const u16 open_ports[] = {0x80};

static hpa_t ports = {~0ull}, msrs = {~0ull};

static void put_bit(u8 *map, u32 bit, bool on)
{
    u8 mask = (u8)(1u << (bit % 8));
    map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

void vmx_bitmap_port(u8 *map, u16 port, bool exits)
{
    put_bit(map, port, exits);
}

bool vmx_bitmap_port_exits(const u8 *map, u16 port)
{
    return map[port / 8] >> (port % 8) & 1;
}

bool vmx_bitmap_msr(u8 *map, u32 msr, bool read_exits, bool write_exits)
{
    u32 bit;

    if (msr <= MSR_LOW_LAST)
        bit = msr;
    else if (msr >= MSR_HIGH_FIRST && msr <= MSR_HIGH_LAST)
        bit = (u32)KiB * 8 + (msr - MSR_HIGH_FIRST);
    else
        return false;
    put_bit(map, bit, read_exits);
    put_bit(map, bit + 2 * (u32)KiB * 8, write_exits);
    return true;
}

/* PAT is the guest's own only if entries load it and exits save it and load the host's. */
static void pass(void *map, u32 msr, bool read, bool write)
{
    const bool *has = vmx_caps.has;

    if (msr == MSR_PAT && !(has[VMX_LOAD_PAT] && has[VMX_SAVE_PAT] && has[VMX_LOAD_HOST_PAT]))
        return;
    vmx_bitmap_msr(map, msr, !read, !write);
}

const char *vmx_bitmaps_make(void)
{
    if (!hpa_is_none(msrs))
        return NULL;
    ports = frame_alloc(2 * PAGE_4K);
    msrs = frame_alloc(PAGE_4K);
    if (hpa_is_none(ports) || hpa_is_none(msrs))
        return "no memory for the bitmaps";
    memset(hpa_ptr(ports), 0xff, 2 * PAGE_4K);
    memset(hpa_ptr(msrs), 0xff, PAGE_4K);
    for (unsigned i = 0; i < array_size(open_ports); i++)
        vmx_bitmap_port(hpa_ptr(ports), open_ports[i], false);
    guest_msr_passed(pass, hpa_ptr(msrs));
    return NULL;
}

hpa_t vmx_bitmap_ports(void)
{
    return ports;
}

hpa_t vmx_bitmap_msrs(void)
{
    return msrs;
}
