#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the Linux guest (guests/linux/), has it check itself, types at its shell, and judges the log.

    python3 test/linux.py bare          on QEMU's own machine: what it should look like
    python3 test/linux.py svm|vmx|kvm   on Trivet, in that lane

With --type a person is attached to the machine's console from the start (docs/console.md).
"""
import argparse
import os
import re
import subprocess
import sys
import threading
import time

import cases
import lane

TESTED = ("bare",)  # of `make test`
INITRD = "build/linux/initrd.img"
KERNEL = "build/trivet.elf"
PROMPT = r"linux# $"

# The kernel's warnings that are as they should be: where, what, why. Any other is a failure.
ALLOWED = [
    ("any", r"Speculative Return Stack Overflow: ", "the processor model has the flaw and no microcode for it"),
    ("bare", r"mtrr: your CPUs had inconsistent ", "SeaBIOS sets no MTRRs on the second processor"),
    ("bare", r"\] (tsc|clocksource|sched_clock): ", "TCG keeps no time of its own: a busy host stretches it"),
    ("bare", r"APIC calibration not consistent with PM-Timer", "the same"),
    ("bare", r"Unstable clock detected, switching default tracing clock", "TCG's TSC is not called invariant"),
    ("bare", r"If you want to keep using the local clock|trace_clock=local|on the kernel command line", "the same"),
    ("bare", r"RETBleed: WARNING: Spectre v2 mitigation", "the processor model has the flaw"),
]  # fmt: skip
BROKEN = re.compile(r"Kernel panic|\bBUG:|\bOops:|Call Trace:|rcu: INFO|soft lockup|check FAIL|^@trivet1 panic")

# At the shell: once the pattern is seen in what has come since the last step, the text is typed. Ctrl-C
# works only if the shell has a terminal of its own, and then `sleep` ends by signal 2.
STEPS = [
    (PROMPT, "echo answer-$((6 * 7))\r"),
    (r"^answer-42$", ""),
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
]


def tidy(text):
    return re.sub(r"^\[linux\] ", "", cases.plain(text), flags=re.MULTILINE)


class Watch:
    """The log, and at the shell the next step."""

    def __init__(self, write, steps, cpus):
        self.write, self.cpus, self.steps = write, cpus, list(steps)
        self.text, self.fresh = "", 0  # fresh: where what has come since the last step begins

    def feed(self, data):
        self.text += data
        while self.steps:
            pattern = self.steps[0][0].format(cpus=self.cpus)
            fresh = tidy(self.text[self.fresh :])
            if not re.search(pattern, fresh, re.MULTILINE):
                break
            self.step(self.steps.pop(0)[1])

    def step(self, keys):
        if keys == "\x03":
            time.sleep(0.5)  # the shell has said that it goes on to sleep; let it
        if keys:
            self.fresh = len(self.text)
            self.write(keys.encode())

    def lines(self):
        return tidy(self.text).splitlines()


def allowed(where, line):
    return any(place in (where, "any") and re.search(pattern, line) for place, pattern, _ in ALLOWED)


def judge(where, watch, end):
    """What is wrong, or nothing."""
    lines = watch.lines()
    broken = [line for line in lines if BROKEN.search(line)]
    warned = [line for line in lines if line.startswith("kernel: ") and line != "kernel: end"]
    warned = [line for line in warned if not allowed(where, line)]
    needed = [r"^linux: \S+ has reached init", r"^kernel: end", r"^checks: ok"]
    missing = [p for p in needed if not any(re.search(p, line) for line in lines)]
    if broken:
        return broken[0]
    if missing:
        return f"not seen: {missing[0]}   (the machine's end: {end})"
    if warned:
        return f"the kernel warns, and no list says why: {warned[0]}"
    if watch.steps:
        return f"not seen at the shell: {watch.steps[0][0]}"
    return "" if end == "off" else f"the machine's end: {end}, not: off"


def needs(where, kernel="cloud"):
    """What `make` must have built, or fetched."""
    return [f"build/linux/{kernel}/vmlinuz", INITRD] + ([] if where == "bare" else [KERNEL])


def image_with(manifest, path, vmlinuz, words):
    directory = path[:-4]
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/trivet.conf", "w", encoding="utf-8") as file:
        file.write(manifest)
    command = ["sh", "test/iso.sh", "--bios", "--cmdline", words, path, KERNEL]
    subprocess.run(command + [vmlinuz, INITRD, f"{directory}/trivet.conf"], check=True)


def machine_for(options):
    """The machine to start, and its image. Without Trivet the image is anything: QEMU loads Linux."""
    vmlinuz = needs(options.where, options.kernel)[0]
    now = int(time.time())
    words = f"console=ttyS0 {options.words} checks date={now - 600}-{now + 3600}"
    if options.where == "bare":
        load = f"-kernel {vmlinuz} -initrd {INITRD} -append '{words}'"
        load = re.sub("build/", os.path.abspath("build") + "/", load)
        return lane.Machine("svm", cores=options.cpus, memory=256, qemu=load), INITRD
    words += " kib=256" if options.where == "vmx" else ""
    words += "" if options.type else " poweroff"
    path = f"build/test/images/linux-{options.where}-{options.cpus}{'-typed' * options.type}.iso"
    image_with(f"[vm linux]\nkernel = vmlinuz\ninitrd = initrd.img\nmemory = 192M\n"
               f"cpus = {options.cpus}\ncmdline = {words}\n", path, vmlinuz,
               "attach=linux" if options.type else "")  # fmt: skip
    return lane.Machine(options.where, cores=options.cores, memory=512, ips=50_000_000), path


def run(options, log, stopping):
    """Boots it; "" or what is wrong. `log` is a binary file, which gets all that the machine says."""
    machine, image = machine_for(options)
    steps = STEPS if options.where == "bare" or options.type else []
    deadline, end = time.monotonic() + options.timeout, None
    with lane.Run(machine, image) as running:
        watch = Watch(running.write, steps, options.cpus)
        while end is None:
            data = running.read(0.2)
            log.write(data or b"")
            log.flush()
            watch.feed((data or b"").decode("utf-8", "replace"))
            if data is None:
                watch.feed("\n")
                end = running.end()
            elif time.monotonic() > deadline or stopping.is_set():
                end = "none in the time limit"
    return judge(options.where, watch, end)


def parse(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("where", choices=["bare", "svm", "vmx", "kvm"])
    parser.add_argument("--cpus", type=int, default=2, help="the guest's processors")
    parser.add_argument("--cores", type=int, default=2, help="Trivet's")
    parser.add_argument("--type", action="store_true", help="type at its shell")
    parser.add_argument("--kernel", choices=["cloud", "generic"], default="cloud")
    parser.add_argument("--words", default="quiet", help="more for the kernel's command line")
    parser.add_argument("--timeout", type=float, default=120)
    return parser.parse_args(words)


if __name__ == "__main__":
    wrong = run(parse(), sys.stdout.buffer, threading.Event())
    print(f"\nlinux: {wrong or 'all is well'}")
    sys.exit(1 if wrong else 0)
