#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make run`: boots an image in a lane and joins its serial line to this terminal.

Ctrl-] leaves. The terminal is put back in every case: at the machine's end, on Ctrl-], on a signal,
on a mistake of ours. Without a terminal it only prints what the machine says.
"""
import argparse
import os
import select
import signal
import sys
import termios
import threading

import lane

LEAVE = b"\x1d"  # Ctrl-]


class Terminal:
    """The person's terminal: every key goes to the machine, lines still end in a line feed here."""

    def __enter__(self):
        self.fd = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None
        if self.fd is not None:
            self.saved = termios.tcgetattr(self.fd)
            raw = termios.tcgetattr(self.fd)
            raw[0] &= ~(termios.ICRNL | termios.IXON | termios.ISTRIP | termios.INLCR)
            raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self.fd, termios.TCSADRAIN, raw)
        return self

    def __exit__(self, *unused):
        if self.fd is not None:
            # The machine may have left colours, a hidden cursor or another screen behind.
            os.write(1, b"\x1b[0m\x1b[?25h\x1b[?7h")
            termios.tcsetattr(self.fd, termios.TCSAFLUSH, self.saved)


def pump(run, terminal):
    """Until the machine ends or the person leaves; says which. A thread brings the keys."""
    left = threading.Event()

    def keys():
        while not left.is_set():
            if not select.select([terminal.fd], [], [], 0.2)[0]:
                continue
            typed = os.read(terminal.fd, 1024)
            if not typed or LEAVE in typed:
                left.set()
            else:
                run.write(typed)

    if terminal.fd is not None:
        threading.Thread(target=keys, daemon=True).start()
    while not left.is_set():
        data = run.read(0.1)
        if data is None:
            left.set()
            return run.end()
        os.write(1, data)
    return "left"


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("--lane", choices=["", "vmx", "svm", "kvm"], default="")
    for field in ("machine", "firmware", "media", "model", "qemu"):
        parser.add_argument(f"--{field}", default=getattr(lane.Machine, field))
    for field, default in (("cores", 4), ("memory", 512), ("ips", 50_000_000)):
        parser.add_argument(f"--{field}", type=int, default=default)
    options = vars(parser.parse_args())
    image, name = options.pop("image"), options.pop("lane") or lane.best_lane()
    if name == "kvm" and lane.kvm_reason():
        sys.exit(f"Trivet: no nested KVM here: {lane.kvm_reason()}. LANE=svm and LANE=vmx work anywhere.")

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    machine = lane.Machine(lane=name, **options)
    what = {"vmx": "Bochs, Intel VMX", "svm": "QEMU TCG, AMD SVM", "kvm": "QEMU, nested KVM"}[name]
    say(f"Trivet: {what}; {machine.cores} cores, {machine.memory} MiB. Ctrl-] leaves.\n")
    try:
        with Terminal() as terminal, lane.Run(machine, image, tested=False) as run:
            end = pump(run, terminal)
    except KeyboardInterrupt:
        end = "left"
    texts = {"off": "the machine has switched itself off", "left": "left; the machine is gone"}
    say(f"\nTrivet: {texts.get(end, 'the machine ended: ' + end)}.")
    sys.exit(0 if end in texts else 1)


if __name__ == "__main__":
    main()
