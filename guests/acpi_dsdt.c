/* SPDX-License-Identifier: MIT */
/*
 * DSDT: what no other table says, in byte code. How to switch off, and which ports, addresses and
 * interrupts belong to whom, so that a system gives none of them away.
 *
 *     _S5                      SLP_TYP of soft-off
 *     \_SB
 *         PCI0    PNP0A08      root bus: its windows are what devices may be given
 *             COM1    PNP0501
 *             RTC     PNP0B00
 *         HPET    PNP0103
 *         ECAM    PNP0C02      PCI configuration: Linux believes the MCFG table only with this
 */
#include "guests/acpi_aml.h"
#include "guests/pc_map.h"
#include "lib/bits.h"

#define ID_PCI_EXPRESS AML_PNP(0x0a08u)
#define ID_PCI         AML_PNP(0x0a03u)
#define ID_SERIAL      AML_PNP(0x0501u)
#define ID_RTC         AML_PNP(0x0b00u)
#define ID_HPET        AML_PNP(0x0103u)
#define ID_BOARD       AML_PNP(0x0c02u)

#define HPET_SIZE 0x400u

static void name_integer(struct firmware *fw, const char *name, u32 value)
{
    aml_name(fw, name);
    aml_integer(fw, value);
}

static void put_com1(struct firmware *fw)
{
    struct aml_resources r = {.used = 0};
    u32 device = aml_begin_device(fw, "COM1", ID_SERIAL);

    name_integer(fw, "_UID", 1);
    aml_io(&r, PC_PORT_COM1, 8);
    aml_irq(&r, PC_IRQ_COM1);
    aml_resources(fw, &r);
    aml_end(fw, device);
}

static void put_rtc(struct firmware *fw)
{
    struct aml_resources r = {.used = 0};
    u32 device = aml_begin_device(fw, "RTC_", ID_RTC);

    aml_io(&r, PC_PORT_CMOS, 2);
    aml_irq(&r, PC_IRQ_RTC);
    aml_resources(fw, &r);
    aml_end(fw, device);
}

/* All ports but the two through which configuration goes; below 4G what is neither RAM nor ours. */
static void add_windows(struct firmware *fw, struct aml_resources *r)
{
    u32 memory = (u32)GUEST_MMIO_BASE;

    aml_window_buses(r, 0, PC_LAST_BUS);
    aml_io(r, PC_PORT_PCI_ADDRESS, 8);
    aml_window_io(r, 0, PC_PORT_PCI_ADDRESS - 1);
    aml_window_io(r, PC_PORT_PCI_ADDRESS + 8, 0xffff);
    if (fw->config->ecam) {
        aml_window_memory(r, memory, PC_ECAM_BASE - 1);
        memory = PC_ECAM_BASE + PC_ECAM_SIZE;
    }
    aml_window_memory(r, memory, PC_IOAPIC_BASE - 1);
}

/* Firmware has no use for any feature of the bus: the system may control all that it asks for. */
static void put_osc(struct firmware *fw)
{
    u32 method = aml_begin_method(fw, "_OSC", 4);
    aml_return_argument(fw, 3);
    aml_end(fw, method);
}

static void put_pci(struct firmware *fw)
{
    struct aml_resources r = {.used = 0};
    u32 device = aml_begin_device(fw, "PCI0", ID_PCI_EXPRESS);

    name_integer(fw, "_CID", ID_PCI);
    name_integer(fw, "_UID", 0);
    add_windows(fw, &r);
    aml_resources(fw, &r);
    put_osc(fw);
    put_com1(fw);
    put_rtc(fw);
    aml_end(fw, device);
}

static void put_memory_device(struct firmware *fw, const char *name, u32 id, u32 base, u32 size)
{
    struct aml_resources r = {.used = 0};
    u32 device = aml_begin_device(fw, name, id);

    aml_memory(&r, base, size);
    aml_resources(fw, &r);
    aml_end(fw, device);
}

u32 acpi_put_dsdt(struct firmware *fw)
{
    static const u8 s5[] = {PC_S5_TYPE, PC_S5_TYPE, 0, 0};
    u32 table = acpi_begin(fw, "DSDT", 2);

    aml_name_bytes(fw, "_S5_", s5, sizeof s5);
    u32 scope = aml_begin_scope(fw, "_SB_");
    put_pci(fw);
    if (fw->config->hpet)
        put_memory_device(fw, "HPET", ID_HPET, PC_HPET_BASE, HPET_SIZE);
    if (fw->config->ecam)
        put_memory_device(fw, "ECAM", ID_BOARD, PC_ECAM_BASE, PC_ECAM_SIZE);
    aml_end(fw, scope);
    acpi_end(fw, table);
    return table;
}
