#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench-kvm`: the same guest under Linux's KVM in the same emulator.

Boots build/bench/kvm-*.iso (test/bench/kvm_image.sh), prints what the guest has measured beside the last run's
figures, and keeps them in build/bench/kvm.txt for `make bench-compare`.
"""
import os
import re
import subprocess
import sys

import bench
import linux_boot

MEMORY = 1024  # MiB: below 512 for itself, Linux has no large pages for anyone
KEPT = f"{bench.B}/bench/kvm.txt"


def guest(word, cores=1):
    image = f"{bench.B}/bench/kvm-{word}.iso"
    lines = bench.lines_of(image, "@trivet1 done ", 900, MEMORY, cores)
    if "@trivet1 done status=0" not in lines:
        sys.exit(f"bench: the guest failed: {image}.log")
    return [line for line in lines if line.startswith("@trivet1 bench")]


def symbol(name):
    said = subprocess.run(["nm", f"{bench.B}/bench/vmm"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(rf"^(\w+) T {name}$", said, re.MULTILINE)[1], 16)


def linux():
    """From the VMM's last step on, so that the host's own boot is not taken for the guest's."""
    ticks, text = linux_boot.boot(f"{bench.B}/bench/kvm-linux.iso", MEMORY, [symbol("kvm_run")])
    return [f"@trivet1 bench name=linux-boot ticks={ticks}"] + linux_boot.work(text)


def main():
    lines = guest("list") + guest("two", cores=2) + guest("shared")
    if "--no-linux" not in sys.argv:
        lines += linux()
    last = bench.figures(bench.kept(KEPT)) if os.path.exists(KEPT) else {}
    bench.keep(KEPT, lines)
    if "--lines" in sys.argv:
        print("\n".join(lines), end="\n\n")
    now = bench.figures(lines)
    for name, (value, _) in now.items():
        print(f"{name:28} {value:>10} {last[name][0] if name in last else '-':>10}")
    bench.agree(now, last)


if __name__ == "__main__":
    main()
