/* SPDX-License-Identifier: MIT */
#include "guests/firmware.h"

#include "guests/firmware_parts.h"
#include "lib/string.h"

bool firmware_put(struct firmware *fw, const void *data, u32 size)
{
    if (fw->full || size > FIRMWARE_SIZE - fw->used) {
        fw->full = true;
        return false;
    }
    memcpy(fw->bytes + fw->used, data, size);
    fw->used += size;
    return true;
}

void firmware_align(struct firmware *fw, u32 to)
{
    static const u8 zeros[64];
    firmware_put(fw, zeros, -fw->used & (to - 1));
}

u8 firmware_checksum(const u8 *bytes, u32 size)
{
    u8 sum = 0;
    for (u32 i = 0; i < size; i++)
        sum = (u8)(sum + bytes[i]);
    return (u8)-sum;
}

u64 firmware_build(u8 *area, const struct firmware_config *config)
{
    struct firmware fw = {.config = config, .bytes = area};
    u64 rsdp;

    memset(area, 0, FIRMWARE_SIZE);
    if (!config->cpus || config->cpus > FIRMWARE_CPUS_MAX)
        return 0;
    rsdp = acpi_put(&fw);
    mptable_put(&fw);
    smbios_put(&fw);
    return fw.full ? 0 : rsdp;
}
