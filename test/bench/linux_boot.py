#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench`: what the boot of a stock Linux and ordinary work in it cost, in Bochs, where one instruction is one tick.

The same kernel, initrd and command line, once started by GRUB on bare Bochs and once as Trivet's only guest. Bochs's
own debugger notes the tick at the kernel's first instruction and at init's, which is guests/linux/bench.c: it measures and
switches off. A third boot, whose init does nothing, has Trivet's exits by reason. --check fails above the LIMIT.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import lane

B = os.environ.get("B") or "build"
VMLINUZ, INITRD = f"{B}/linux/cloud/vmlinuz", f"{B}/linux/bench.img"
INIT = f"{B}/linux/bench"
# Without ERMS: to Bochs a byte that REP STOSB writes is an instruction, and whether a kernel clears its pages so depends
# on a bit of MISC_ENABLE that bare Bochs and KVM leave clear.
WORDS = "console=ttyS0,115200 quiet mem=256M cryptomgr.notests clearcpuid=erms rdinit=/bin/bench"
LIMIT = 110  # percent of the bare boot
WORKS = 8  # lines of guests/linux/bench.c
START = 1_700_000_000  # what the clock says: a booting Linux waits for it to change
ENTRIES = (0x1000000, 0x1000200)  # of this kernel at its preferred address: 32 bits, 64 bits (boot protocol)


def init_entry():
    """The linear address at which init begins: it is linked to a fixed one."""
    with open(INIT, "rb") as file:
        return struct.unpack_from("<Q", file.read(64), 24)[0]


class Debugged(lane.Run):
    """Bochs stops at the addresses of `first`, one after the other, at the kernel's entry and at init's, and goes on."""

    first = ()

    def debugger(self):
        entries = [f"lb {entry:#x}" for entry in ENTRIES]
        stops = [line for at in self.first for line in (f"lb {at:#x}", "c")]
        stops += [f"d {n + 1}" for n in range(len(self.first))] + entries + ["c"]
        stops += [f"d {len(self.first) + n + 1}" for n in range(len(ENTRIES))] + [f"lb {init_entry():#x}", "c"]
        return "\n".join(stops + [f"d {len(self.first) + len(ENTRIES) + 1}", "c"]) + "\n"


def boot(image, memory=512, first=(), seconds=600):
    """The ticks from entry to init, and what the machine said."""
    text, end = "", time.monotonic() + seconds
    machine = lane.Machine(lane="vmx", cores=1, memory=memory, ips=200_000_000, time0=START)
    run = Debugged(machine, image)
    run.first = first
    with run:
        data = b""
        while data is not None and time.monotonic() < end and "@trivet1 done" not in text:
            data = run.read(0.5)
            text += (data or b"").decode("utf-8", "replace")
        said = run.log("debugger")
    with open(f"{image}.log", "w", encoding="utf-8") as file:
        file.write(text + "\n--- the debugger ---\n" + said)
    stops = [int(tick) for tick in re.findall(r"Next at t=(\d+)", said)][len(first):]
    if len(stops) < 3:  # the first is the reset vector, or the last one of `first`
        sys.exit(f"bench: Linux did not reach init: {image}.log")
    return stops[2] - stops[1], text


def work(text, suffix=""):
    """Event lines of what init has measured."""
    rows = re.findall(r"bench: ([a-z0-9-]+) (\d+)", text)
    if len(rows) != WORKS:
        sys.exit(f"bench: init has not said {WORKS} figures but {len(rows)}:\n{text[-1000:]}")
    return [f"@trivet1 bench name=linux-{name}{suffix} ticks={ticks}" for name, ticks in rows]


def bare_image(path):
    tree = f"{path[:-4]}"
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(f"{tree}/boot/grub")
    shutil.copy(VMLINUZ, f"{tree}/boot/vmlinuz")
    shutil.copy(INITRD, f"{tree}/boot/initrd.img")
    with open(f"{tree}/boot/grub/grub.cfg", "w", encoding="utf-8") as file:
        file.write(f"linux /boot/vmlinuz {WORDS}\ninitrd /boot/initrd.img\nboot\n")
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", path, tree], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return path


def trivet_image(path, words):
    """Without an HPET, as the VMM's machine is; without care for a fault of Bochs's (docs/vmx.md), as real processors run."""
    with open(f"{B}/linux/bench.conf", "w", encoding="utf-8") as file:
        file.write(f"[vm linux]\nkernel = vmlinuz\ninitrd = bench.img\nmemory = 256M\nhpet = off\ncmdline = {words}\n")
    os.makedirs(path[:-4], exist_ok=True)
    shutil.move(f"{B}/linux/bench.conf", f"{path[:-4]}/trivet.conf")
    subprocess.run(["sh", "test/iso.sh", "--bios", "--cmdline", "stats vmx=-care", path, f"{B}/trivet.elf", VMLINUZ, INITRD,
                    f"{path[:-4]}/trivet.conf"], check=True)  # fmt: skip
    return path


def measure():
    """Event lines: the boot and the work on each, and the exits of a boot, of all kinds, with their ticks."""
    bare, bare_text = boot(bare_image(f"{B}/bench-bare.iso"))
    ticks, text = boot(trivet_image(f"{B}/bench-linux.iso", WORDS))
    _, off = boot(trivet_image(f"{B}/bench-linux-off.iso", f"{WORDS} -- off"))
    rows = re.findall(r"^([a-z][a-z0-9-]+) +(\d+) +(\d+) +\d+ +\d+ +\d+\r?$", off, re.MULTILINE)
    exits = sum(int(count) for _, count, _ in rows)
    yield f"@trivet1 bench name=linux-boot-bare ticks={bare}"
    yield f"@trivet1 bench name=linux-boot ticks={ticks}"
    yield f"@trivet1 bench name=linux-boot-ratio percent={100 * ticks / bare:.2f}"
    yield from work(bare_text, "-bare")
    yield from work(text)
    yield f"@trivet1 bench name=linux-boot-exits count={exits}"
    for name, count, spent in rows:
        yield f"@trivet1 bench name=linux-boot-{name} count={count} ticks={spent}"


def main():
    if "--words" in sys.argv:
        print(WORDS)
        return
    ratio = 0.0
    for line in measure():
        print(line, flush=True)
        ratio = float(re.sub(r".*percent=", "", line)) if "percent=" in line else ratio
    if "--check" in sys.argv and ratio > LIMIT:
        sys.exit(f"bench: the boot takes {ratio} % of its ticks on bare Bochs; at most {LIMIT}")


if __name__ == "__main__":
    main()
