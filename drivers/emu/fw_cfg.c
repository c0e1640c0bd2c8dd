/* SPDX-License-Identifier: MIT */
#include "drivers/emu/fw_cfg.h"

#include "lib/fmt.h"
#include "lib/string.h"

enum { SELECTOR, DATA };

enum key {
    KEY_SIGNATURE = 0x00,
    KEY_ID = 0x01,
    KEY_RAM_SIZE = 0x03,
    KEY_CPUS = 0x05,
    KEY_MAX_CPUS = 0x0f,
    KEY_DIRECTORY = 0x19,
};

#define KEY_MASK       0xbfff /* bit 14 asks to write, which no longer exists */
#define ID_TRADITIONAL 0x01   /* selector and data port; bit 1 would be DMA */

static const u8 signature[4] = {'Q', 'E', 'M', 'U'};

static struct fw_cfg *fw_cfg_of(struct device *dev)
{
    return container_of(dev, struct fw_cfg, dev);
}

static void put_le(u8 *to, u64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (u8)(value >> (8 * i));
}

static void put_be(u8 *to, u64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (u8)(value >> (8 * (bytes - 1 - i)));
}

static struct fw_cfg_item item_of(const struct fw_cfg *fw, u16 key)
{
    switch (key) {
    case KEY_SIGNATURE:
        return (struct fw_cfg_item){signature, sizeof signature};
    case KEY_ID:
        return (struct fw_cfg_item){fw->id, sizeof fw->id};
    case KEY_RAM_SIZE:
        return (struct fw_cfg_item){fw->ram, sizeof fw->ram};
    case KEY_CPUS:
        return (struct fw_cfg_item){fw->cpus, sizeof fw->cpus};
    case KEY_MAX_CPUS:
        return (struct fw_cfg_item){fw->max_cpus, sizeof fw->max_cpus};
    case KEY_DIRECTORY:
        return (struct fw_cfg_item){
            fw->directory.count,
            (u32)(sizeof fw->directory.count + fw->files * sizeof fw->directory.entry[0])};
    default:
        break;
    }
    if (key >= FW_CFG_FILE_FIRST && key < FW_CFG_FILE_FIRST + fw->files)
        return fw->file[key - FW_CFG_FILE_FIRST];
    return (struct fw_cfg_item){0};
}

/* The selector cannot be read; behind an item's end there are zeros. */
static u64 fw_cfg_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct fw_cfg *fw = fw_cfg_of(dev);
    struct fw_cfg_item item = item_of(fw, fw->key);

    if (offset != DATA)
        return ~0ull >> (64 - 8 * bytes);
    return fw->at < item.size ? item.data[fw->at++] : 0;
}

static void fw_cfg_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct fw_cfg *fw = fw_cfg_of(dev);

    if (offset != SELECTOR || bytes != 2)
        return;
    fw->key = value & KEY_MASK;
    fw->at = 0;
}

static void fw_cfg_reset(struct device *dev)
{
    fw_cfg_of(dev)->key = 0;
    fw_cfg_of(dev)->at = 0;
}

static size_t fw_cfg_dump(const struct device *dev, char *to, size_t size)
{
    const struct fw_cfg *fw = container_of(dev, const struct fw_cfg, dev);
    return fmt_text(to, size, "%s: key %04x, at %u, %u files", dev->name, fw->key, fw->at,
                    fw->files);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1) | DEV_WIDTH(2),
    .read = fw_cfg_read,
    .write = fw_cfg_write,
    .reset = fw_cfg_reset,
    .dump = fw_cfg_dump,
};

void fw_cfg_init(struct fw_cfg *fw, const struct dev_host *host, u64 ram, u16 cpus, u16 max_cpus)
{
    memset(fw, 0, sizeof *fw);
    fw->dev = (struct device){&ops, host, "fw_cfg", DEV_NEVER};
    put_le(fw->id, ID_TRADITIONAL, sizeof fw->id);
    put_le(fw->ram, ram, sizeof fw->ram);
    put_le(fw->cpus, cpus, sizeof fw->cpus);
    put_le(fw->max_cpus, max_cpus, sizeof fw->max_cpus);
}

bool fw_cfg_add(struct fw_cfg *fw, const char *name, const void *data, u32 size)
{
    struct fw_cfg_entry *entry = &fw->directory.entry[fw->files];

    if (fw->files == FW_CFG_FILES_MAX || !str_copy(entry->name, name, sizeof entry->name))
        return false;
    put_be(entry->size, size, sizeof entry->size);
    put_be(entry->key, FW_CFG_FILE_FIRST + fw->files, sizeof entry->key);
    fw->file[fw->files++] = (struct fw_cfg_item){data, size};
    put_be(fw->directory.count, fw->files, sizeof fw->directory.count);
    return true;
}
