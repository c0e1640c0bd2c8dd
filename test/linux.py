#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the Linux guest (guests/linux/), types at its shell, and judges the log.

    python3 test/linux.py bare               QEMU's own machine: what it should look like
    python3 test/linux.py shell-2            a case of test/linux_cases.py, as `make test` runs it
    python3 test/linux.py shell-2 --lane vmx --words "checks"

Where keys are typed a person is attached to the machine's console from the start (docs/console.md).
"""
import argparse
import dataclasses
import os
import re
import subprocess
import sys
import threading
import time

import cases
import lane
from linux_cases import BROKEN, BY_NAME, Case, allowed

INITRD = "build/linux/initrd.img"
KERNEL = "build/trivet.elf"


def tidy(text):
    return re.sub(r"^\[linux\] ", "", cases.plain(text), flags=re.MULTILINE)


class Clocks:
    """What the guest tells of its time, against ours. A line may come late, never early: of each half minute
    the one that came soonest counts."""

    def __init__(self):
        self.told, self.seconds = {"clock": [], "date": []}, 0  # (ours, the guest's)

    def hear(self, line, now):
        for name, number in re.findall(r"(now at|tv_sec:|tv_usec:) +(\d+)", line):
            if name == "tv_sec:":
                self.seconds = int(number)
            elif name == "now at":
                self.told["clock"].append((now, int(number) / 1e9))
            else:
                self.told["date"].append((now, self.seconds + int(number) / 1e6))

    def went(self, name):
        told = self.told[name]
        parts = [[t for t in told if (t[0] < told[0][0] + 30) == first] for first in (True, False)]
        if min(map(len, parts)) < 15:
            return 0, 0
        first, last = (min(part, key=lambda t: t[0] - t[1]) for part in parts)
        return last[0] - first[0], last[1] - first[1]

    def wrong(self, drift):
        for name in self.told:
            ours, guests = self.went(name) if self.told[name] else (0, 0)
            if ours < 55 or abs(guests / ours - 1) > drift:
                return f"the guest's {name} went {guests:.4f} s in {ours:.4f} s of ours"
        return ""


class Watch:
    """The log, and at the shell the next step."""

    def __init__(self, write, case):
        self.write, self.case, self.steps = write, case, list(case.steps)
        self.clocks, self.rest = Clocks(), ""  # rest: of a line
        self.text, self.fresh = "", 0  # fresh: where what has come since the last step begins

    def feed(self, data):
        self.text += data
        *whole, self.rest = (self.rest + data).split("\n")
        for line in whole:
            self.clocks.hear(line, time.monotonic())
        while self.steps:
            pattern = self.steps[0][0].format(cpus=self.case.cpus)
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


def needed(case):
    """What each log must have in it."""
    yield r"^linux: \S+ has reached init"
    yield r"^kernel: end"
    if "checks" in case.words.split():
        yield r"^checks: ok"
    if case.lane != "bare":
        yield rf"^@trivet1 vm name=linux state=stopped reason={case.stopped} status=0"
    yield from case.expect


def judge(case, watch, end):
    """What is wrong, or nothing."""
    lines = watch.lines()

    def seen(pattern):
        return [line for line in lines if re.search(pattern, line)]

    warned = [line for line in seen("^kernel: ") if line != "kernel: end" and not allowed(case, line, re.search)]
    forbidden = [line for pattern in (BROKEN, *case.forbid) for line in seen(pattern)]
    missing = [pattern for pattern in needed(case) if not seen(pattern)]
    if forbidden:
        return forbidden[0]
    if watch.steps:
        return f"not seen at the shell: {watch.steps[0][0]}   (the machine's end: {end})"
    if missing:
        return f"not seen: {missing[0]}   (the machine's end: {end})"
    if warned:
        return f"the kernel warns, and no list says why: {warned[0]}"
    if case.drift and watch.clocks.wrong(case.drift):
        return watch.clocks.wrong(case.drift)
    return "" if end == case.end else f"the machine's end: {end}, not: {case.end}"


def needs(case):
    """What `make` must have built, or fetched."""
    return [f"build/linux/{case.kernel}/vmlinuz", INITRD] + ([] if case.lane == "bare" else [KERNEL])


def image_of(case, words):
    """Trivet with this machine alone."""
    directory = f"build/test/images/linux-{case.name}"
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/trivet.conf", "w", encoding="utf-8") as file:
        file.write(f"[vm linux]\nkernel = vmlinuz\ninitrd = initrd.img\nmemory = 192M\n"
                   f"cpus = {case.cpus}\n{case.keys}\ncmdline = {words}\n")  # fmt: skip
    attach = "attach=linux" if case.steps else ""
    command = ["sh", "test/iso.sh", "--bios", "--cmdline", attach, f"{directory}.iso", KERNEL, needs(case)[0]]
    subprocess.run(command + [INITRD, f"{directory}/trivet.conf"], check=True, stdin=subprocess.DEVNULL)
    return f"{directory}.iso"


def machine_for(case):
    """The machine to start, and its image. Without Trivet the image is anything: QEMU loads Linux."""
    now = int(time.time())
    words = f"console=ttyS0 {case.words} date={now - 600}-{now + 3600}"
    if case.lane == "bare":
        vmlinuz, initrd = (os.path.abspath(path) for path in needs(case))
        load = f"-kernel {vmlinuz} -initrd {initrd} -append '{words}'"
        return lane.Machine("svm", cores=case.cpus, memory=256, qemu=load), INITRD
    machine = lane.Machine(case.lane, cores=case.cores, memory=512, ips=50_000_000)
    return machine, image_of(case, words)


def run(case, log, stopping):
    """Boots it; "" or what is wrong. `log` is a binary file, which gets all that the machine says."""
    machine, image = machine_for(case)
    deadline, end = time.monotonic() + case.timeout, None
    with lane.Run(machine, image) as running:
        watch = Watch(running.write, case)
        while end is None:
            data = running.read(0.2)
            log.write(data or b"")
            log.flush()
            watch.feed((data or b"").decode("utf-8", "replace"))
            if data is None:
                watch.feed("\n")
                end = running.end()
            elif case.end == "seen" and not watch.steps:
                end = "seen"
            elif time.monotonic() > deadline or stopping.is_set():
                end = "none in the time limit"
    return judge(case, watch, end)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("case", choices=BY_NAME, metavar="case", help=", ".join(BY_NAME))
    for field in dataclasses.fields(Case):
        if field.name in ("lane", "cpus", "cores", "kernel", "words", "keys", "timeout"):
            parser.add_argument(f"--{field.name}", type=field.type)
    chosen = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    return dataclasses.replace(BY_NAME[chosen.pop("case")], **chosen)


if __name__ == "__main__":
    wrong = run(parse(), sys.stdout.buffer, threading.Event())
    print(f"\nlinux: {wrong or 'all is well'}")
    sys.exit(1 if wrong else 0)
