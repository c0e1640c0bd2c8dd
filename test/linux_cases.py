# SPDX-License-Identifier: MIT
"""What the Linux guest is booted with, what it must say then, and which of its warnings are as they should be.

test/linux.py boots these; `make test` names them linux/NAME.
"""
import dataclasses


@dataclasses.dataclass
class Case:
    """One boot. What `init` does are the words checks, show, poweroff and reboot of the kernel's command line."""

    name: str
    lane: str = "svm"  # bare: QEMU's own machine, no Trivet
    cpus: int = 1  # the guest's processors
    cores: int = 1  # Trivet's
    kernel: str = "cloud"
    words: str = "quiet show poweroff"
    keys: str = ""  # further lines of the manifest
    steps: tuple = ()  # typed at the attached console: (pattern, keys)
    expect: tuple = ()  # each to be seen
    forbid: tuple = ()  # none to be seen
    stopped: str = "power-off"  # the machine's end, by Trivet's event
    end: str = "off"  # the emulator's; "seen": it is stopped when all steps are done
    timeout: float = 120
    drift: float = 0  # by how much its clocks may be off the host's: a second a second
    long: bool = False


PROMPT = r"linux# $"

# Once the pattern is seen in what has come since the last step, the keys are typed. Ctrl-C works only if
# the shell has a terminal of its own, and then `sleep` ends by signal 2.
ANSWER = ((PROMPT, "echo answer-$((6 * 7))\r"), (r"^answer-42$", ""))
SHELL = ANSWER + (
    (PROMPT, "grep -c ^processor /proc/cpuinfo\r"),
    (r"^{cpus}$", ""),
    (PROMPT, "tty\r"),
    (r"^/dev/ttyS0$", ""),
    (PROMPT, "echo going; sleep 1000\r"),
    (r"^going$", "\x03"),
    (PROMPT, "echo status-$?\r"),
    (r"^status-130$", ""),
    (PROMPT, "poweroff -f\r"),
    (r"reboot: Power down", ""),
)
# Twice: the second machine is a new one, and ends in another way. There it would begin a third time.
REBOOT = (
    (PROMPT, "reboot -f\r"),
    (r"^@trivet1 vm name=linux state=stopped reason=reset ", ""),
    (r"^@trivet1 vm name=linux state=running ", ""),
    (r"has reached init after \d\d?\.", ""),
    *ANSWER,
    (PROMPT, "poweroff -f\r"),
    (r"^@trivet1 vm name=linux state=stopped reason=power-off status=0", ""),
    (r"^@trivet1 vm name=linux state=running ", ""),
)

# The guest tells its time since its start and its time of day, twenty times; a minute later again.
TELL = "for i in $(seq 20); do grep 'now at' /proc/timer_list; adjtimex | grep tv_; done; echo told\r"
MINUTE = (
    (PROMPT, TELL),
    (r"^told$", ""),
    (PROMPT, "sleep 60\r"),
    (PROMPT, TELL),
    (r"^told$", ""),
    (PROMPT, "poweroff -f\r"),
    (r"reboot: Power down", ""),
)

PIC_TIMER = r"^interrupts: +0: +[1-9]\d+ .*XT-PIC +timer"
LOCAL_TIMER = r"^interrupts: LOC: +[1-9]\d+ "


def clock(name, words="", **more):
    return Case(f"clocksource-{name}", words=f"quiet clocksource={name} {words} show poweroff",
                expect=(rf"^clocksource: {name}$",), **more)  # fmt: skip


CASES = [
    Case("bare", lane="bare", cpus=2, words="quiet checks", steps=SHELL),
    Case("shell-1", words="quiet show", steps=SHELL),
    Case("shell-2", cpus=2, cores=2, words="quiet checks", steps=SHELL),
    Case("shell-4", cpus=4, cores=2, words="quiet show", steps=SHELL),
    Case("reboot", words="quiet show", keys="on-exit = restart", steps=REBOOT, stopped="reset", end="seen"),
    Case("nolapic", cpus=2, words="quiet nolapic show poweroff", forbid=(LOCAL_TIMER,),
         expect=(PIC_TIMER, r"has reached init .*; 1 processors")),
    Case("noapic", cpus=2, words="quiet noapic show poweroff",
         expect=(r"^interrupts: +4: .*XT-PIC .*ttyS0", LOCAL_TIMER, r"has reached init .*; 2 processors")),
    Case("nosmp", cpus=2, words="quiet nosmp show poweroff", expect=(r"has reached init .*; 1 processors",)),
    # Without ACPI there is no soft-off, so this one leaves by the keyboard controller.
    Case("acpi-off", cpus=2, words="quiet acpi=off show reboot", stopped="reset", expect=(PIC_TIMER,)),
    Case("nox2apic", cpus=2, words="quiet nox2apic show poweroff", forbid=(r"^log: .*to physical x2apic",),
         expect=(LOCAL_TIMER, r"has reached init .*; 2 processors")),
    # On 64 bits Linux has no clock of the PIT's, and says nothing. So this is the PIT as the only timer.
    Case("clocksource-pit", words="quiet clocksource=pit nolapic show poweroff", keys="hpet = off\npv = none",
         expect=(PIC_TIMER, r"^clocksource: acpi_pm$"), forbid=(r"hpet\d", r"kvm-clock")),
    clock("hpet"),
    clock("acpi_pm"),
    clock("tsc"),
    Case("no-pv", cpus=2, keys="pv = none", forbid=(r"kvm-clock",), expect=(r"has reached init .*; 2 processors",)),
    Case("generic", cpus=2, kernel="generic", words="quiet show", steps=SHELL, long=True),
    Case("minute", cpus=2, cores=2, words="quiet show", steps=MINUTE, timeout=200, long=True, drift=0.001),
    Case("checks-4", cpus=4, cores=2, words="quiet checks poweroff", timeout=300, long=True),
    # In Bochs nothing stalls, so the clock and the timers are held to be exact.
    Case("vmx-1", lane="vmx", words="quiet checks kib=256 exact", steps=SHELL, timeout=600, long=True),
    # Two that share a core: the first spins until the second has started.
    Case("vmx-shared", lane="vmx", cpus=2, keys="pv = none", expect=(r"has reached init .*; 2 processors",), timeout=300, long=True),
    Case("vmx-2", lane="vmx", cpus=2, cores=2, words="quiet checks kib=256 exact", steps=SHELL, timeout=900, long=True),
]  # fmt: skip
BY_NAME = {case.name: case for case in CASES}

NO_APIC, NO_PV = "nolapic acpi-off clocksource-pit", "no-pv clocksource-pit"
LOCAL_CLOCK = r"If you want to keep using the local clock|trace_clock=local|on the kernel command line"
# The kernel's warnings that are as they should be: lanes or cases, what, why. Any other is a failure.
ALLOWED = [
    ("any", r"Speculative Return Stack Overflow: ", "the processor model has the flaw and no microcode for it"),
    ("svm", r"hrtimer: interrupt took ", "a busy host stops TCG for as long"),
    ("acpi-off", r"MPS support code is not built-in", "Debian leaves it out"),
    ("nosmp", r"2 Processors exceeds max_cpus limit of 0", "which nosmp asks for"),
    (NO_APIC, r"weird, boot CPU \(#0\) not listed by the BIOS", "for want of an APIC Linux reads no list"),
    (NO_APIC, r"PMU not available due to virtualization", "and there are no counters"),
    ("nolapic", r"CE: hpet increased min_delta_ns", "TCG takes longer for an access to the HPET than its least delay"),
    (NO_PV, r"tsc: Unable to calibrate against PIT", "TCG is too slow for that loop"),
    (NO_PV, r"tsc: HPET/PMTIMER calibration failed", "and for three accesses to either within 20 us"),
    (NO_PV, r"Unstable clock detected, switching default tracing clock", "TCG's TSC is not called invariant"),
    (NO_PV, LOCAL_CLOCK, "the same"),
    ("bare", r"mtrr: your CPUs had inconsistent ", "SeaBIOS sets no MTRRs on the second processor"),
    ("bare", r"\] (tsc|clocksource|sched_clock): ", "TCG keeps no time of its own: a busy host stretches it"),
    ("bare", r"APIC calibration not consistent with PM-Timer", "the same"),
    ("bare", r"Unstable clock detected, switching default tracing clock", "TCG's TSC is not called invariant"),
    ("bare", LOCAL_CLOCK, "the same"),
    ("bare", r"RETBleed: WARNING: Spectre v2 mitigation", "the processor model has the flaw"),
]  # fmt: skip
BROKEN = r"Kernel panic|\bBUG:|\bOops:|Call Trace:|rcu: INFO|soft lockup|check FAIL|^@trivet1 panic"


def allowed(case, line, found):
    """found(pattern, line): re.search, given by who judges."""
    here = {case.lane, case.name, "any"}
    return any(here & set(places.split()) and found(pattern, line) for places, pattern, _ in ALLOWED)
