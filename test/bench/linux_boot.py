#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench`: what the boot of a stock Linux costs under Trivet, in Bochs, where one instruction is one tick.

The same kernel, initrd and command line, once started by GRUB on bare Bochs and once as Trivet's only guest. Bochs's
own debugger notes the tick at the kernel's first instruction and at the first of /bin/busybox, which is init
here and does nothing but switch off. Trivet then prints its exits by reason. --check fails above the LIMIT.
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
VMLINUZ, INITRD = f"{B}/linux/cloud/vmlinuz", f"{B}/linux/initrd.img"
WORDS = "console=ttyS0 quiet mem=256M cryptomgr.notests rdinit=/bin/busybox -- poweroff -f"
LIMIT = 110  # percent of the bare boot
ENTRIES = (0x1000000, 0x1000200)  # of this kernel at its preferred address: 32 bits, 64 bits (boot protocol)


def busybox_entry():
    """The linear address at which init begins: it is linked to a fixed one."""
    files = subprocess.run(["gzip", "-dc", INITRD], check=True, stdout=subprocess.PIPE).stdout
    at = files.index(b"\x7fELF")
    kind, entry = struct.unpack_from("<H", files, at + 16)[0], struct.unpack_from("<Q", files, at + 24)[0]
    if kind != 2:
        sys.exit("bench: busybox has no fixed address")
    return entry


class Debugged(lane.Run):
    """Bochs stops twice and goes on."""

    def debugger(self):
        stops = [f"lb {entry:#x}" for entry in ENTRIES] + ["c", "d 1", "d 2", f"lb {busybox_entry():#x}", "c", "d 3", "c"]
        return "\n".join(stops) + "\n"


def boot(image, seconds=300):
    """The ticks from entry to init, and what the machine said."""
    text, end = "", time.monotonic() + seconds
    machine = lane.Machine(lane="vmx", cores=1, memory=512, ips=200_000_000)
    with Debugged(machine, image) as run:
        data = b""
        while data is not None and time.monotonic() < end:
            data = run.read(0.5)
            text += (data or b"").decode("utf-8", "replace")
        said = run.log("debugger")
    with open(f"{image}.log", "w", encoding="utf-8") as file:
        file.write(text + "\n--- the debugger ---\n" + said)
    stops = [int(tick) for tick in re.findall(r"Next at t=(\d+)", said)]
    if len(stops) < 3:  # the first is the reset vector
        sys.exit(f"bench: Linux did not reach init: {image}.log")
    return stops[2] - stops[1], text


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


def trivet_image(path):
    with open(f"{B}/linux/bench.conf", "w", encoding="utf-8") as file:
        file.write(f"[vm linux]\nkernel = vmlinuz\ninitrd = initrd.img\nmemory = 256M\ncmdline = {WORDS}\n")
    os.makedirs(path[:-4], exist_ok=True)
    shutil.move(f"{B}/linux/bench.conf", f"{path[:-4]}/trivet.conf")
    subprocess.run(["sh", "test/iso.sh", "--bios", "--cmdline", "stats", path, f"{B}/trivet.elf", VMLINUZ, INITRD,
                    f"{path[:-4]}/trivet.conf"], check=True)  # fmt: skip
    return path


def measure():
    """Event lines: the boot on each, and the exits of all kinds with their ticks."""
    bare, _ = boot(bare_image(f"{B}/bench-bare.iso"))
    ticks, text = boot(trivet_image(f"{B}/bench-linux.iso"))
    rows = re.findall(r"^([a-z][a-z0-9-]+) +(\d+) +(\d+) +\d+ +\d+ +\d+\r?$", text, re.MULTILINE)
    exits = sum(int(count) for _, count, _ in rows)
    yield f"@trivet1 bench name=linux-boot-bare ticks={bare}"
    yield f"@trivet1 bench name=linux-boot ticks={ticks}"
    yield f"@trivet1 bench name=linux-boot-ratio percent={100 * ticks / bare:.2f}"
    yield f"@trivet1 bench name=linux-boot-exits count={exits}"
    for name, count, spent in rows:
        yield f"@trivet1 bench name=linux-boot-{name} count={count} ticks={spent}"


def main():
    ratio = 0.0
    for line in measure():
        print(line, flush=True)
        ratio = float(re.sub(r".*percent=", "", line)) if "percent=" in line else ratio
    if "--check" in sys.argv and ratio > LIMIT:
        sys.exit(f"bench: the boot takes {ratio} % of its ticks on bare Bochs; at most {LIMIT}")


if __name__ == "__main__":
    main()
