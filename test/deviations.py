# SPDX-License-Identifier: MIT
"""What QEMU's TCG (7.2, -cpu EPYC) does otherwise than a processor, even without a hypervisor.

guest -> part -> what is wrong there. A tiny guest is told to skip these parts (its command line, guests/tiny/rt/part.c),
bare and on Trivet, and prints the reason. `test/tiny_bare.py --deviations` proves each line on bare TCG: with all
parts skipped the guest says ok, with one of them not it fails. Only what holds of the emulated processor belongs here;
a device that Trivet emulates, or a register that it checks itself, is never skipped. No ; # ' or " in a reason.
"""

NO_LIMITS = "TCG checks no segment limits"

TCG = {
    "cpu_cr0": {
        "pg-without-pe": "TCG takes any CR0",
        "nw-without-cd": "TCG takes any CR0",
        "bit-32": "TCG takes any CR0",
        "bit-63": "TCG takes any CR0",
        "paging-off": "TCG switches paging off in 64-bit code",
        "reserved-low": "TCG keeps reserved bits of CR0",
    },
    "cpu_cr3": {
        "above-width": "TCG takes any CR3",
        "bit-63": "TCG takes any CR3",
    },
    "cpu_cr8": {"reserved-bits": "TCG takes any CR8"},
    "cpu_descriptor_tables": {
        "lgdt-not-canonical": "TCG loads any base",
        "lidt-not-canonical": "TCG loads any base",
        "ltr-null": "TCG takes LTR of 0",
    },
    "cpu_dr": {"general-detect": "TCG has no general detect (DR7.GD)"},
    "cpu_msr": {"not-canonical": "TCG takes any address in these MSRs"},
    "cpu_mwait": {"tpause": "TCG runs TPAUSE as something else"},
    "cpu_rdrand": {"rdseed": "TCG runs RDSEED as RDPID"},
    "cpu_syscall": {"sysenter-null": "TCG decodes SYSENTER by vendor and does not check its CS"},
    "ev_modes": {"real-limit": NO_LIMITS},
    "ev_mov_ss": {
        "data-breakpoint": "MOV SS does not hold back a data breakpoint on TCG",
        "general-detect": "TCG has no general detect (DR7.GD)",
    },
    "ev_single_step": {"pause": "TCG loses the trap after PAUSE"},
    "exc_ac": {"ac": "TCG has no alignment checks"},
    "exc_faults": {"xm": "TCG has no unmasked SSE exceptions"},
    "exc_int_n": {"error-code": "TCG says n * 16 + 2 for the IDT in 64-bit mode"},
    "exc_pf": {"reserved-is-present": "TCG leaves P out of the error code beside RSVD"},
    "exc_segments": {
        "limits": NO_LIMITS,
        "null-segment": NO_LIMITS,
        "write-to-code": "TCG checks no segment types",
        "stack-not-canonical": "TCG raises GP, not SS",
    },
    "exc_traps": {"int1": "TCG takes INT1 for an undefined opcode"},
    "mode_efer": {"without-pae": "TCG switches to long mode without PAE"},
}


# What the manual leaves undefined, and a processor that virtualizes the APIC does as it likes.
VMX = {"apic_mmio": {"narrow": "the processor takes narrow writes to the APIC as it likes"}}

# Without virtual NMIs no processor tells when an NMI's handler is over (SDM 3, 26.3): docs/vmx.md says what is done.
VMX_WITHOUT = {
    "-vnmi": {"ev_nmi": {"interrupts-off": "without virtual NMIs a second one waits until interrupts are taken"}},
}


def skip_words(parts):
    """What a guest's command line says."""
    return "".join(f"skip:{part}:{reason};" for part, reason in parts.items())


def known(machine, cmdline=""):
    """guest -> parts, for a machine of test/lane.py and what Trivet is told to leave out."""
    if machine.lane == "svm":
        return TCG
    parts = {} if "-apic" in cmdline else dict(VMX)
    for word, more in VMX_WITHOUT.items():
        parts.update(more if word in cmdline else {})
    return parts
