#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench`: what each exit costs, in Bochs, where one instruction is one tick.

Boots guests/tiny/bench.c alone on one core, then eight machines for what they keep resident, then two
vCPUs on two cores and on one, and a reset; and holds the figures against test/bench/prices. --check says only what has become dearer, and fails.
"""
import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import lane
import linux_boot

B = os.environ.get("B") or "build"
KEPT = f"{B}/bench/trivet.txt"  # what was measured last, for test/bench/compare.py
PRICES = os.path.join(os.path.dirname(__file__), "prices")
TOLERANCE = 1.03
# From a timer's deadline on, a price holds up to the whole of the OUT that armed it: where in that
# OUT the host reads its clock shifts with every build and image. These are guarded loosely.
PHASED = ("pit-deadline", "hlt-wake", "irq-window", "irq-pit")
EXTREMES = ("-least", "-worst")
NEW = "is new"
START = 1_700_000_000  # what the clock says: a booting Linux waits for it to change
PHASED_TOLERANCE = 1.5
ROUNDING = 0.5  # figures are rounded to whole ticks: that much is no rise
BOCHS = {"lane": "vmx", "ips": 200_000_000, "time0": START}
# Elsewhere: the emulator's or the processor's own ticks, to be looked at and held against nothing that is recorded.
LANES = {
    "svm": ("svm-icount", {"lane": "svm", "qemu": "-icount shift=0"},
            "QEMU TCG by -icount shift=0: a tick is an instruction, or what TCG takes for one; SVM without NRIP, ASIDs kept or AVIC; "
            "what waits in HLT (hlt-wake, -halted) waits by the host's clock"),
    "kvm": ("kvm", {"lane": "kvm"}, "nested KVM: ticks of this machine's TSC, with two hypervisors and their noise in them"),
}  # fmt: skip
EIGHT = "".join(f"[vm m{i}]\nkernel = hello.elf\nmemory = 16M\n" for i in range(8))
BENCH = "[vm bench]\nkernel = bench.elf\n"
# Interrupts delivered by the processor, which Bochs has wrong where a kick finds one that waits: here none does.
HASTE = " vmx=-care"


def lines_of(image, until, seconds=100, memory=512, cores=1, where=None):
    """The event lines of a boot, up to the first that `until` matches."""
    text, end = "", time.monotonic() + seconds
    machine = lane.Machine(**(where or BOCHS), cores=cores, memory=memory)
    with lane.Run(machine, image) as run:
        while time.monotonic() < end and not re.search(f"^{until}.*\n", text, re.MULTILINE):
            data = run.read(0.2)
            if data is None:
                break
            text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", data.decode("utf-8", "replace"))
    with open(f"{image}.log", "w", encoding="utf-8") as file:
        file.write(text)
    if not re.search(f"^{until}.*\n", text, re.MULTILINE):
        sys.exit(f"bench: no line {until!r} in {image}.log:\n{text[-2000:]}")
    return re.findall(r"^@trivet1 (?:bench|vm|done) .*", text, re.MULTILINE)


def boot(name, until, *modules, words=HASTE, **others):
    image = f"{B}/bench-{name}.iso"
    subprocess.run(["sh", "test/iso.sh", "--bios", "--cmdline", f"bench on-idle=poweroff{words}", image, f"{B}/trivet.elf",
                    *modules], check=True)  # fmt: skip
    return lines_of(image, until, **others)


def boot_manifest(name, until, text, guest, **others):
    os.makedirs(f"{B}/bench-{name}", exist_ok=True)
    with open(f"{B}/bench-{name}/trivet.conf", "w", encoding="utf-8") as file:
        file.write(text)
    return boot(name, until, f"{B}/bench-{name}/trivet.conf", f"{B}/guests/tiny/{guest}.elf", **others)


def ended_well(name, lines):
    if "@trivet1 done status=0" not in lines:
        sys.exit(f"bench: the guest failed: {B}/bench-{name}.iso.log")
    return [line for line in lines if line.startswith("@trivet1 bench")]


def keep(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def kept(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def agree(now, last):
    """Says by how much two runs differ, if there were two; a tick, which may be rounding, is no word."""
    both = [(name, value, last[name][0]) for name, (value, _) in now.items() if name in last]
    off = sorted(((abs(a - b) / max(a, b), name) for name, a, b in both if abs(a - b) > 1), reverse=True)
    off = [(f"{name} {100 * part:.1f} %", name.endswith(EXTREMES)) for part, name in off if part > 0.02]
    if both:
        print(f"{len(both)} figures are the last run's too. These differ by more than 2 %:",
              ", ".join(text for text, extreme in off if not extreme) or "none")  # fmt: skip
        print("Of those that are one sample of many:", ", ".join(text for text, extreme in off if extreme) or "none")


def figures(lines):
    """name -> (value, unit)"""
    found = re.findall(r"^@trivet1 bench name=(\S+) (ticks|bytes)=(\d+)", "\n".join(lines), re.MULTILINE)
    return {name: (int(value), unit) for name, unit, value in found}


def reset_price():
    """From the end that the guest announces to the beginning of its second run."""
    lines = boot_manifest("reset", r"(@trivet1 bench name=reset-at (.*\n)*){2}", f"{BENCH}cmdline = reset\non-exit = restart\n", "bench")
    told = [int(ticks) for ticks in re.findall(r"name=reset-\w+ ticks=(\d+)", "\n".join(lines))]
    if len(told) != 4 or told[2] <= told[1]:
        sys.exit(f"bench: no reset: {B}/bench-reset.iso.log")
    return f"@trivet1 bench name=reset ticks={told[2] - told[1]}"


# The guest's own lines; those of the boot and of sizes are the first image's.
GUESTS = ("two-empty", "ipi", "x2apic-ipi", "vcpu-switch")


def measure():
    lines = ended_well("one", boot("one", "@trivet1 done ", f"{B}/guests/tiny/bench.elf"))
    eight = boot_manifest("eight", "@trivet1 bench name=resident-8 ", EIGHT, "hello")
    lines += [line for line in eight if "name=resident-8 " in line]
    two = boot_manifest("two", "@trivet1 done ", f"{BENCH}cpus = 2\ncmdline = two\n", "bench", cores=2)
    shared = boot_manifest("shared", "@trivet1 done ", f"{BENCH}cpus = 2\ncmdline = shared\n", "bench")
    both = ended_well("two", two) + ended_well("shared", shared)
    lines += [line for line in both if line.split("name=")[1].startswith(GUESTS)]
    return lines + [reset_price()]


def other_lane(name):
    """What another lane's machine says, each line with the lane's name, which keeps it from being compared."""
    label, where, headline = LANES[name]
    if name == "kvm" and lane.kvm_reason():
        sys.exit(f"bench: no nested KVM here: {lane.kvm_reason()}")
    print(f"# {headline}.\n# Not to be compared with test/bench/prices, which are Bochs's.")
    for guest, cpus, cores in (("list", 1, 1), ("shared", 2, 1), ("two", 2, 2)):
        if guest == "two" and name == "svm":
            print("# Two cores are left out: by -icount they did not end in four minutes.")
            continue
        text = f"{BENCH}cpus = {cpus}\ncmdline = {guest}\n"
        lines = boot_manifest(f"{name}-{guest}", "@trivet1 done ", text, "bench", words="", cores=cores, seconds=300, where=where)
        lines = [line for line in lines if guest == "list" or line.split("name=")[-1].startswith(GUESTS)]
        print(*(line.replace("bench ", f"bench lane={label} ") for line in lines if "bench name=" in line), sep="\n", flush=True)
        if "@trivet1 done status=0" not in lines_all(f"{name}-{guest}"):
            print(f"# The guest `{guest}` failed: {B}/bench-{name}-{guest}.iso.log")


def lines_all(name):
    return kept(f"{B}/bench-{name}.iso.log")


def recorded():
    """name -> (value, note), in the file's order; and the comment at its head."""
    prices, head = {}, ""
    with open(PRICES, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                head += line
            elif line.strip():
                name, value, *note = line.split(None, 2)
                prices[name] = (int(value), note[0].strip() if note else "")
    return prices, head


def tolerance(name):
    return PHASED_TOLERANCE if name.startswith(PHASED) else TOLERANCE


def judge(measured, prices):
    """A row for each figure: name, recorded, measured, what is wrong."""
    rows = []
    for name in list(prices) + [name for name in measured if name not in prices]:
        was, now = prices.get(name, (None,))[0], measured.get(name, (None,))[0]
        wrong = ""
        if was is None:
            wrong = NEW
        elif now is None:
            wrong = "is not measured any more"
        elif now > was * tolerance(name) + ROUNDING:
            wrong = f"has risen by {100 * (now - was) / was if was else 100:.1f} %"
        rows.append((name, was, now, wrong))
    return rows


def accesses(lines):
    """The counts of a COUNT_VMCS build; its ticks are not to be compared."""
    found = re.findall(r"name=vmcs-(\S+) exits=(\d+) reads=(\d+) writes=(\d+)", "\n".join(lines))
    for name, exits, reads, writes in found:
        print(f"{name:24} {int(reads) / int(exits):8.2f} reads {int(writes) / int(exits):8.2f} writes an exit")
    return bool(found)


def record(measured, prices, head):
    with open(PRICES, "w", encoding="utf-8") as file:
        file.write(head)
        for name, (value, _) in measured.items():
            file.write(f"{name:26} {value:>9}  {prices.get(name, (0, ''))[1]}".rstrip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", action="store_true", help="print the event lines too")
    parser.add_argument("--check", action="store_true", help="say only what is wrong, and fail if anything is")
    parser.add_argument("--linux", action=argparse.BooleanOptionalAction, help="the boot of a Linux and work in it, too")
    parser.add_argument("--record", action="store_true", help="write what is measured into the list")
    parser.add_argument("--lane", choices=["vmx", *LANES], default="vmx", help="another than Bochs: its figures are only printed")
    options = parser.parse_args()
    if options.lane != "vmx":
        return other_lane(options.lane)
    lines, linux = measure(), []
    measured, (prices, head) = figures(lines), recorded()
    if options.lines:
        print("\n".join(lines), end="\n\n", flush=True)
    if accesses(lines):
        return 0
    if options.record:
        record(measured, prices, head)
    elif options.linux and os.path.exists(linux_boot.VMLINUZ) and os.path.exists(linux_boot.INITRD):
        linux = list(linux_boot.measure())
        print("\n".join(linux), end="\n\n", flush=True)
    last = figures(kept(KEPT)) if os.path.exists(KEPT) else {}
    keep(KEPT, lines + linux)
    if options.record:
        return 0
    rows = judge(measured, prices)
    for name, was, now, wrong in rows:
        if options.check and wrong == NEW:
            print(f"{name}: {now}: it {wrong}; --record writes it down")
        elif options.check and wrong:
            print(f"{name}: recorded {was}, now {now}: it {wrong}")
        elif not options.check:
            print(f"{name:28} {'-' if now is None else now:>10} {'-' if was is None else was:>10}  {wrong}")
    if not options.check:
        agree(measured | figures(linux), last)
    return int(options.check and any(row[3] not in ("", NEW) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
