/* SPDX-License-Identifier: MIT */
/*
 * FADT and FACS: the power-management registers and where they are (ACPI 6.1, 5.2.9 and 5.2.10).
 * ACPI is always on: there is no SMI command port, and SCI_EN reads 1.
 */
#include "guests/acpi.h"
#include "guests/pc_map.h"
#include "lib/bits.h"
#include "lib/string.h"

/* 5.2.3.2: access is 1 for bytes, 2 for words, 3 for double words. */
struct acpi_gas {
    u8 space, width, offset, access;
    u64 address;
} packed;
_Static_assert(sizeof(struct acpi_gas) == 12, "5.2.3.2");

struct acpi_fadt {
    struct acpi_header header;
    u32 facs, dsdt;
    u8 reserved0, profile;
    u16 sci;
    u32 smi_command;
    u8 acpi_enable, acpi_disable, s4bios_request, pstate_control;
    u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
    u8 pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
    u8 gpe0_length, gpe1_length, gpe1_base, cstate_control;
    u16 c2_latency, c3_latency, flush_size, flush_stride;
    u8 duty_offset, duty_width, day_alarm, month_alarm, century;
    u16 boot_arch;
    u8 reserved1;
    u32 flags;
    struct acpi_gas reset;
    u8 reset_value;
    u16 arm_boot_arch;
    u8 minor;
    u64 x_facs, x_dsdt;
    struct acpi_gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control,
        x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
    char hypervisor[8];
} packed;
_Static_assert(sizeof(struct acpi_fadt) == 276, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, boot_arch) == 109, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, reset) == 116, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, x_pm_timer) == 208, "5.2.9");

struct acpi_facs {
    char signature[4];
    u32 length, hardware, waking, lock, flags;
    u64 x_waking;
    u8 version, reserved0[3];
    u32 ospm_flags;
    u8 reserved1[24];
} packed;
_Static_assert(sizeof(struct acpi_facs) == 64, "5.2.10");

#define SPACE_IO 1

/* 5.2.9.3: nothing says that there is a keyboard controller, so nobody waits for its answers; the
 * reset line behind its port works for who tries. */
#define BOOT_LEGACY_DEVICES BIT(0)
#define BOOT_NO_VGA         BIT(2)

/* Bits 4 and 6 are clear: the power key and the RTC's alarm are in PM1. */
#define FLAG_WBINVD       BIT(0)
#define FLAG_C1           BIT(2)
#define FLAG_NO_SLEEP_KEY BIT(5)
#define FLAG_TIMER_32     BIT(8)
#define FLAG_RESET        BIT(10)

/* Beyond these there is no C2 and no C3. */
#define C2_NONE 101
#define C3_NONE 1001

/* 5.2.10: on a 64-byte boundary, for the guest locks a word in it. */
static u32 put_facs(struct firmware *fw)
{
    struct acpi_facs facs = {.signature = "FACS", .length = sizeof facs, .version = 2};
    u32 at;

    firmware_align(fw, 64);
    at = firmware_here(fw);
    firmware_put(fw, &facs, sizeof facs);
    return at;
}

static void set_registers(struct acpi_fadt *fadt)
{
    fadt->pm1a_event = PC_PORT_PM_EVENT;
    fadt->pm1a_control = PC_PORT_PM_CONTROL;
    fadt->pm_timer = PC_PORT_PM_TIMER;
    fadt->pm1_event_length = 4;
    fadt->pm1_control_length = 2;
    fadt->pm_timer_length = 4;
    fadt->x_pm1a_event = (struct acpi_gas){SPACE_IO, 32, 0, 2, PC_PORT_PM_EVENT};
    fadt->x_pm1a_control = (struct acpi_gas){SPACE_IO, 16, 0, 2, PC_PORT_PM_CONTROL};
    fadt->x_pm_timer = (struct acpi_gas){SPACE_IO, 32, 0, 3, PC_PORT_PM_TIMER};
    fadt->reset = (struct acpi_gas){SPACE_IO, 8, 0, 1, PC_PORT_RESET};
    fadt->reset_value = PC_RESET_VALUE;
}

u32 acpi_put_fadt(struct firmware *fw, u32 dsdt)
{
    struct acpi_fadt fadt = {
        .facs = put_facs(fw),
        .dsdt = dsdt,
        .x_dsdt = dsdt, /* not x_facs: 5.2.9 wants one of the two to be 0 */
        .sci = PC_IRQ_SCI,
        .c2_latency = C2_NONE,
        .c3_latency = C3_NONE,
        .century = PC_CMOS_CENTURY,
        .boot_arch = BOOT_LEGACY_DEVICES | BOOT_NO_VGA,
        .flags = FLAG_WBINVD | FLAG_C1 | FLAG_NO_SLEEP_KEY | FLAG_TIMER_32 | FLAG_RESET,
        .minor = 1,
        .hypervisor = "TRIVET",
    };
    u32 table = acpi_begin(fw, "FACP", 6);

    set_registers(&fadt);
    firmware_put(fw, &fadt.header + 1, sizeof fadt - sizeof fadt.header);
    acpi_end(fw, table);
    return table;
}
