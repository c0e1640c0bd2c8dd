/* SPDX-License-Identifier: MIT */
/* Sequences of accesses against PCI's configuration space, the reset register behind it and
 * fw_cfg. Input: {operation, offset, value} triples. */
#include "drivers/emu/fw_cfg.h"
#include "drivers/emu/pci.h"
#include "drivers/emu/reset.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct pci pci;
static struct reset reset;
static struct fw_cfg fw;

static u64 offset_of(u8 op, u8 byte, unsigned bytes)
{
    u64 offset = op & 4 ? byte % 8u : PCI_ECAM + (u64)byte * 0xf33;
    return offset / bytes * bytes;
}

static void check(void)
{
    const u8 *c = pci.bridge.config;

    CHECK(c[0] == 0x36 && c[1] == 0x1b && c[2] == 0x08 && c[3] == 0x00 && c[0x0b] == 0x06);
    CHECK(!(pci.address & ~0x80fffffcu));
    CHECK(!fake.stops || fake.reason == DEV_STOP_RESET);
}

static void step(const u8 *data)
{
    unsigned bytes = 1u << (data[0] >> 3) % 3;
    u64 offset = offset_of(data[0], data[1], bytes), mask = ~0ull >> (64 - 8 * bytes);

    switch (data[0] % 4) {
    case 0:
        CHECK(!(pci.dev.ops->read(&pci.dev, offset, bytes) & ~mask));
        break;
    case 1:
        pci.dev.ops->write(&pci.dev, offset, bytes, data[2] * 0x80010101ull & mask);
        break;
    case 2:
        fw.dev.ops->write(&fw.dev, 0, 2, data[1] | (u64)(data[2] & 0xc0) << 8);
        break;
    case 3:
        CHECK(fw.dev.ops->read(&fw.dev, data[1] & 1, 1) <= 0xff);
        break;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];
    u8 contents[3] = {1, 2, 3};

    fake_init(&fake);
    reset_init(&reset, &fake.host);
    pci_init(&pci, &fake.host, &reset.dev);
    fw_cfg_init(&fw, &fake.host, size, 1, 1);
    if (!fw_cfg_add(&fw, "etc/e820", contents, sizeof contents))
        return 0;
    for (; size >= 3; data += 3, size -= 3) {
        step(data);
        check();
    }
    pci.dev.ops->dump(&pci.dev, text, sizeof text);
    fw.dev.ops->dump(&fw.dev, text, sizeof text);
    return 0;
}
