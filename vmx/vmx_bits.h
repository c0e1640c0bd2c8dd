/* SPDX-License-Identifier: MIT */
/*
 * The bits inside VMCS fields, in the manual's order: controls (SDM 3, 25.6 to 25.8), access rights
 * (25.4.1), activity, blocking and pending debug exceptions (25.4.2), events (25.8.3, 25.9.2).
 */
#ifndef VMX_VMX_BITS_H
#define VMX_VMX_BITS_H

#include "lib/bits.h"

/* clang-format off */

/* --- VMCS_PIN_CONTROLS: table 25-5 --- */
#define PIN_EXTERNAL_INTERRUPT  BIT(0)
#define PIN_NMI                 BIT(3)
#define PIN_VIRTUAL_NMIS        BIT(5)
#define PIN_PREEMPTION_TIMER    BIT(6)
#define PIN_POSTED_INTERRUPTS   BIT(7)

/* --- VMCS_PROC_CONTROLS: table 25-6 --- */
#define PROC_INTERRUPT_WINDOW   BIT(2)
#define PROC_TSC_OFFSET         BIT(3)
#define PROC_HLT                BIT(7)
#define PROC_INVLPG             BIT(9)
#define PROC_MWAIT              BIT(10)
#define PROC_RDPMC              BIT(11)
#define PROC_RDTSC              BIT(12)
#define PROC_CR3_LOAD           BIT(15)
#define PROC_CR3_STORE          BIT(16)
#define PROC_TERTIARY           BIT(17)
#define PROC_CR8_LOAD           BIT(19)
#define PROC_CR8_STORE          BIT(20)
#define PROC_TPR_SHADOW         BIT(21)
#define PROC_NMI_WINDOW         BIT(22)
#define PROC_MOV_DR             BIT(23)
#define PROC_ALL_IO             BIT(24)
#define PROC_IO_BITMAPS         BIT(25)
#define PROC_MONITOR_TRAP       BIT(27)
#define PROC_MSR_BITMAPS        BIT(28)
#define PROC_MONITOR            BIT(29)
#define PROC_PAUSE              BIT(30)
#define PROC_SECONDARY          BIT(31)

/* --- VMCS_PROC2_CONTROLS: table 25-7 --- */
#define PROC2_APIC_ACCESSES     BIT(0)
#define PROC2_EPT               BIT(1)
#define PROC2_DESCRIPTOR_TABLES BIT(2)
#define PROC2_RDTSCP            BIT(3)
#define PROC2_X2APIC_MODE       BIT(4)
#define PROC2_VPID              BIT(5)
#define PROC2_WBINVD            BIT(6)
#define PROC2_UNRESTRICTED      BIT(7)
#define PROC2_APIC_REGISTERS    BIT(8)
#define PROC2_VIRTUAL_DELIVERY  BIT(9)
#define PROC2_PAUSE_LOOP        BIT(10)
#define PROC2_RDRAND            BIT(11)
#define PROC2_INVPCID           BIT(12)
#define PROC2_VM_FUNCTIONS      BIT(13)
#define PROC2_VMCS_SHADOWING    BIT(14)
#define PROC2_ENCLS             BIT(15)
#define PROC2_RDSEED            BIT(16)
#define PROC2_PML               BIT(17)
#define PROC2_EPT_VE            BIT(18)
#define PROC2_XSAVES            BIT(20)
#define PROC2_EPT_EXECUTE_MODES BIT(22)
#define PROC2_EPT_SUB_PAGE      BIT(23)
#define PROC2_PT_GUEST_PHYSICAL BIT(24)
#define PROC2_TSC_SCALING       BIT(25)
#define PROC2_USER_WAIT         BIT(26)

#define VM_FUNCTION_EPTP_SWITCH BIT(0)

/* --- VMCS_EXIT_CONTROLS: table 25-13 --- */
#define EXIT_SAVE_DEBUG         BIT(2)
#define EXIT_HOST_64            BIT(9)
#define EXIT_LOAD_PERF_GLOBAL   BIT(12)
#define EXIT_ACKNOWLEDGE        BIT(15)
#define EXIT_SAVE_PAT           BIT(18)
#define EXIT_LOAD_PAT           BIT(19)
#define EXIT_SAVE_EFER          BIT(20)
#define EXIT_LOAD_EFER          BIT(21)
#define EXIT_SAVE_TIMER         BIT(22)
#define EXIT_CLEAR_BNDCFGS      BIT(23)
#define EXIT_CLEAR_RTIT_CTL     BIT(25)
#define EXIT_LOAD_CET           BIT(28)
#define EXIT_LOAD_PKRS          BIT(29)
#define EXIT_SECONDARY          BIT(31)

/* --- VMCS_ENTRY_CONTROLS: table 25-15 --- */
#define ENTRY_LOAD_DEBUG        BIT(2)
#define ENTRY_IA32E_GUEST       BIT(9)
#define ENTRY_TO_SMM            BIT(10)
#define ENTRY_END_DUAL_MONITOR  BIT(11)
#define ENTRY_LOAD_PERF_GLOBAL  BIT(13)
#define ENTRY_LOAD_PAT          BIT(14)
#define ENTRY_LOAD_EFER         BIT(15)
#define ENTRY_LOAD_BNDCFGS      BIT(16)
#define ENTRY_LOAD_RTIT_CTL     BIT(18)
#define ENTRY_LOAD_UINV         BIT(19)
#define ENTRY_LOAD_CET          BIT(20)
#define ENTRY_LOAD_PKRS         BIT(22)

/* --- a segment's access rights: table 25-2 --- */
#define ACCESS_TYPE             MASK(3, 0)
#define ACCESS_S                BIT(4)      /* code or data, not a system segment */
#define ACCESS_DPL              MASK(6, 5)
#define ACCESS_P                BIT(7)
#define ACCESS_AVL              BIT(12)
#define ACCESS_L                BIT(13)
#define ACCESS_DB               BIT(14)
#define ACCESS_G                BIT(15)
#define ACCESS_UNUSABLE         BIT(16)
#define ACCESS_RESERVED_LOW     MASK(11, 8)
#define ACCESS_RESERVED_HIGH    MASK(31, 17)

/* --- VMCS_GUEST_ACTIVITY --- */
#define ACTIVITY_ACTIVE         0
#define ACTIVITY_HLT            1
#define ACTIVITY_SHUTDOWN       2
#define ACTIVITY_WAIT_SIPI      3

/* --- VMCS_GUEST_BLOCKING: table 25-3 --- */
#define BLOCKING_STI            BIT(0)
#define BLOCKING_MOV_SS         BIT(1)
#define BLOCKING_SMI            BIT(2)
#define BLOCKING_NMI            BIT(3)
#define BLOCKING_ENCLAVE        BIT(4)      /* the exit came from inside an enclave */

/* --- VMCS_GUEST_PENDING_DEBUG: table 25-4 --- */
#define PENDING_B0_B3           MASK(3, 0)
#define PENDING_ENABLED         BIT(12)     /* at least one breakpoint was enabled */
#define PENDING_BS              BIT(14)
#define PENDING_RTM             BIT(16)

/* --- VMCS_ENTRY_EVENT, VMCS_EXIT_EVENT, VMCS_IDT_EVENT: tables 25-17, 25-19, 25-20 --- */
#define EVENT_VECTOR            MASK(7, 0)
#define EVENT_TYPE              MASK(10, 8)
#define EVENT_HAS_ERROR_CODE    BIT(11)
#define EVENT_NMI_UNBLOCKING    BIT(12)     /* exit only: an IRET had already ended NMI blocking */
#define EVENT_VALID             BIT(31)

enum event_type {
    EVENT_EXTERNAL_INTERRUPT   = 0,
    EVENT_NMI                  = 2,
    EVENT_HARDWARE_EXCEPTION   = 3,
    EVENT_SOFTWARE_INTERRUPT   = 4,         /* INT n */
    EVENT_PRIVILEGED_EXCEPTION = 5,         /* INT1 */
    EVENT_SOFTWARE_EXCEPTION   = 6,         /* INT3, INTO */
    EVENT_OTHER                = 7,         /* entry only: a pending monitor trap */
};

/* clang-format on */

#endif
