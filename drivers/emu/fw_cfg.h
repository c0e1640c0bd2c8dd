/* SPDX-License-Identifier: MIT */
/*
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg): items of bytes behind a selector
 * of two bytes and a data port, for guests that ask there how large they are. Without DMA, which
 * the feature bits say; nothing can be written.
 */
#ifndef DRIVERS_EMU_FW_CFG_H
#define DRIVERS_EMU_FW_CFG_H

#include "drivers/emu/dev.h"

#define FW_CFG_PORTS      2 /* the selector, whose second port is the data's */
#define FW_CFG_FILES_MAX  8
#define FW_CFG_NAME_MAX   55
#define FW_CFG_FILE_FIRST 0x20 /* the first file's key */

/* An entry of the directory: numbers are big-endian. */
struct fw_cfg_entry {
    u8 size[4], key[2], reserved[2];
    char name[FW_CFG_NAME_MAX + 1];
};
_Static_assert(sizeof(struct fw_cfg_entry) == 64, "what guests read");

struct fw_cfg_item {
    const u8 *data;
    u32 size;
};

struct fw_cfg {
    struct device dev;
    u16 key;
    u32 at; /* the next byte of the item */
    u8 id[4], ram[8], cpus[2], max_cpus[2];
    struct {
        u8 count[4];
        struct fw_cfg_entry entry[FW_CFG_FILES_MAX];
    } directory;
    struct fw_cfg_item file[FW_CFG_FILES_MAX];
    unsigned files;
};

void fw_cfg_init(struct fw_cfg *fw, const struct dev_host *host, u64 ram, u16 cpus, u16 max_cpus);

/* A file by its name ("etc/e820"); `data` must last. False: too long a name, or no room. */
bool fw_cfg_add(struct fw_cfg *fw, const char *name, const void *data, u32 size) must_check;

#endif
