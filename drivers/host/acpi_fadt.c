/* SPDX-License-Identifier: MIT */
/*
 * FADT (5.2.9): power. It has grown with every revision, so a field is there only if the table's
 * length covers it. The 64-bit (X_) fields win over the old ones wherever they say something.
 */
#include "drivers/host/acpi_table.h"

#include "lib/bits.h"
#include "lib/bytes.h"
#include "lib/string.h"

/* Offsets, table 5.33. */
enum {
    DSDT = 40,
    SMI_CMD = 48,
    ACPI_ENABLE = 52,
    PM1A_CNT_BLK = 64,
    PM1B_CNT_BLK = 68,
    PM_TMR_BLK = 76,
    PM1_CNT_LEN = 89,
    PM_TMR_LEN = 91,
    FLAGS = 112,
    RESET_REG = 116,
    RESET_VALUE = 128,
    X_DSDT = 140,
    X_PM1A_CNT_BLK = 172,
    X_PM1B_CNT_BLK = 184,
    X_PM_TMR_BLK = 208,
    SLEEP_CONTROL_REG = 244,
    SLEEP_STATUS_REG = 256,
};

#define FLAG_TMR_VAL_EXT     BIT(8)
#define FLAG_RESET_REG_SUP   BIT(10)
#define FLAG_HW_REDUCED_ACPI BIT(20)

static struct acpi_reg reg_at(const struct acpi_table *table, u32 offset)
{
    if (table->length < offset + 12)
        return (struct acpi_reg){.space = ACPI_NOWHERE};
    return acpi_gas(table->bytes + offset);
}

/* A block by its X_ field, else by its old one, which is a port. */
static struct acpi_reg block_at(const struct acpi_table *table, u32 x_offset, u32 old_offset,
                                u8 old_bytes)
{
    struct acpi_reg reg = reg_at(table, x_offset);
    u32 port = bytes_u32(table->bytes + old_offset);

    if (reg.space == ACPI_PORT || reg.space == ACPI_MEMORY)
        return reg;
    reg = (struct acpi_reg){.space = ACPI_NOWHERE};
    if (port != 0 && port <= 0xffff)
        reg = (struct acpi_reg){.space = ACPI_PORT, .bits = (u8)(old_bytes * 8), .address = port};
    return reg;
}

static void read_power(struct acpi_power *power, const struct acpi_table *table, u32 flags)
{
    const u8 *fadt = table->bytes;
    u32 smi = bytes_u32(fadt + SMI_CMD);

    power->present = true;
    power->hw_reduced = flags & FLAG_HW_REDUCED_ACPI;
    power->smi_command = smi <= 0xffff ? smi : 0;
    power->acpi_enable = fadt[ACPI_ENABLE];
    if (power->hw_reduced) { /* 4.1: the fixed registers are not there */
        power->sleep_control = reg_at(table, SLEEP_CONTROL_REG);
        power->sleep_status = reg_at(table, SLEEP_STATUS_REG);
    } else {
        power->pm1a_control = block_at(table, X_PM1A_CNT_BLK, PM1A_CNT_BLK, fadt[PM1_CNT_LEN]);
        power->pm1b_control = block_at(table, X_PM1B_CNT_BLK, PM1B_CNT_BLK, fadt[PM1_CNT_LEN]);
    }
    if ((flags & FLAG_RESET_REG_SUP) && table->length > RESET_VALUE) {
        power->reset = reg_at(table, RESET_REG);
        power->reset_value = fadt[RESET_VALUE];
    }
}

/* Keeps the table's \_S5 if it has one. */
static void find_s5(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_power *power = &reader->info->power;
    u8 a, b;

    if (acpi_find_s5(table->bytes + ACPI_HEADER, table->length - ACPI_HEADER, &a, &b)) {
        power->s5_found = true;
        power->s5_type_a = a;
        power->s5_type_b = b;
    }
}

/* True if a DSDT stands at `base`. */
static bool read_dsdt(struct acpi_reader *reader, u64 base)
{
    struct acpi_table dsdt;

    if (!acpi_load(reader, base, &dsdt))
        return false;
    if (strcmp(dsdt.name, "DSDT") != 0) {
        acpi_warn(reader, "the table at 0x%lx is %s, not DSDT", base, dsdt.name);
        reader->info->broken++;
        return false;
    }
    find_s5(reader, &dsdt);
    return true;
}

void acpi_fadt(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_info *info = reader->info;
    const u8 *fadt = table->bytes;
    u32 flags = bytes_u32(fadt + FLAGS);
    u64 dsdt = bytes_u32(fadt + DSDT), x_dsdt = 0;

    read_power(&info->power, table, flags);
    if (!info->power.hw_reduced) {
        info->pm_timer = block_at(table, X_PM_TMR_BLK, PM_TMR_BLK, fadt[PM_TMR_LEN]);
        info->pm_timer_32 = flags & FLAG_TMR_VAL_EXT;
    }
    if (table->length >= X_DSDT + 8)
        x_dsdt = bytes_u64(fadt + X_DSDT);
    if (x_dsdt && read_dsdt(reader, x_dsdt))
        return;
    if (dsdt != x_dsdt && dsdt && read_dsdt(reader, dsdt))
        return;
    acpi_warn(reader, "the FADT leads to no DSDT");
}

/* An SSDT may define \_S5 too: it counts if the DSDT, listed before or after it, has none. */
void acpi_ssdt(struct acpi_reader *reader, const struct acpi_table *table)
{
    if (!reader->info->power.s5_found)
        find_s5(reader, table);
}
