/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_maps.h"

#include "arch/x86/guest.h"
#include "lib/string.h"

/* Ports that guests use directly: only the POST code port, which old software writes to pass time.
 */
static const u16 open_ports[] = {0x80};

static void put(u8 *map, u32 bit, bool on)
{
    u8 mask = (u8)(1u << (bit % 8));
    map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

bool guest_map_msr(const struct guest_msr_layout *layout, u8 *msrs, u32 msr, bool read_exits,
                   bool write_exits)
{
    for (u32 i = 0; i < layout->ranges; i++) {
        u32 nth = msr - layout->first[i], bit = (i * GUEST_MSR_RANGE + nth) * layout->step;

        if (nth >= GUEST_MSR_RANGE)
            continue;
        put(msrs, bit, read_exits);
        put(msrs, bit + layout->write, write_exits);
        return true;
    }
    return false;
}

struct filling {
    const struct guest_msr_layout *layout;
    bool (*switched)(u32 msr);
    u8 *msrs;
};

static void pass(void *with, u32 msr, bool read, bool write)
{
    const struct filling *f = with;

    if (f->switched(msr))
        (void)guest_map_msr(f->layout, f->msrs, msr, !read, !write);
}

void guest_maps_fill(const struct guest_msr_layout *layout, bool (*switched)(u32 msr), u8 *ports,
                     u8 *msrs)
{
    struct filling filling = {layout, switched, msrs};

    memset(ports, 0xff, GUEST_PORTS_SIZE);
    memset(msrs, 0xff, GUEST_MSRS_SIZE);
    for (unsigned i = 0; i < array_size(open_ports); i++)
        put(ports, open_ports[i], false);
    guest_msr_passed(pass, &filling);
}
