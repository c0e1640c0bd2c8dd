#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A lane is an emulator that offers virtualization: vmx (Bochs), svm (QEMU's TCG), kvm (nested).

Run holds one machine that is up: its serial line as two descriptors, its end in words, its screen.
test/console.py gives it to a person, test/run.py to the boot cases.
"""
import dataclasses
import json
import os
import pty
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import tty

OVMF = "/usr/share/OVMF/OVMF_"


@dataclasses.dataclass
class Machine:
    """What a boot case may choose; the names are those of the keys in test/boot/*.conf."""

    lane: str = "svm"
    machine: str = "pc"  # QEMU: pc | q35
    firmware: str = "bios"  # bios | ovmf
    media: str = "cd"  # cd | disk | usb
    cores: int = 1
    memory: int = 256  # MiB
    model: str = ""  # processor; empty: the lane's usual one
    ips: int = 20_000_000  # Bochs: instructions to a second of the machine's time
    time0: int = 0  # Bochs: what its clock says at first, in seconds since 1970; 0: what the host's says
    serial: str = "com1"  # com1 | pci | none
    screen: str = "std"  # QEMU's -vga
    qemu: str = ""  # further options


def kvm_reason():
    """Why nested KVM is not to be had, or "". /dev/kvm alone says nothing."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
    vendor = {"vmx": "intel", "svm": "amd"}.get(next((f for f in flags if f in ("vmx", "svm")), ""))
    if not vendor:
        return "this processor offers neither VMX nor SVM"
    try:
        with open(f"/sys/module/kvm_{vendor}/parameters/nested", encoding="ascii") as file:
            if file.read().strip() not in ("1", "Y"):
                return f"kvm_{vendor} is loaded with nested=0"
    except OSError:
        return f"kvm_{vendor} is not loaded"
    return "" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "/dev/kvm may not be opened"


def best_lane():
    if shutil.which("qemu-system-x86_64"):
        return "svm" if kvm_reason() else "kvm"
    return "vmx"


def bochs_config(machine, image, tmp, com1):
    """Bochs's configuration file. 128 KiB cylinders: less than the padding at an image's end."""
    cylinders = max(1, os.path.getsize(image) // (8 * 32 * 512))
    media = {
        "cd": f"ata0-master: type=cdrom, path={image}, status=inserted\nboot: cdrom",
        "disk": f"ata0-master: type=disk, path={image}, mode=volatile, journal={tmp}/redolog, "
        f"cylinders={cylinders}, heads=8, spt=32\nboot: disk",
    }[machine.media]
    serial = f"com1: enabled=1, mode=term, dev={com1}" if machine.serial == "com1" else ""
    return f"""
cpu: model={machine.model or 'corei7_haswell_4770'}, count={machine.cores}, ips={machine.ips}, \
reset_on_triple_fault=0
memory: guest={machine.memory}, host={machine.memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: term
{media}
{serial}
clock: sync=none, time0={machine.time0 or 'local'}
speaker: enabled=0
log: {tmp}/bochs.log
panic: action=fatal
error: action=report
"""


def qemu_command(machine, image, tmp, tested):
    """QEMU's command line; its COM1 is the process's standard input and output."""
    command = ["qemu-system-x86_64", "-machine", machine.machine, "-m", str(machine.memory)]
    if machine.lane == "kvm":
        command += ["-accel", "kvm", "-cpu", machine.model or "host"]
    else:
        command += ["-accel", "tcg", "-cpu", machine.model or "EPYC,+svm,+npt"]
    command += ["-smp", str(machine.cores), "-display", "none", "-vga", machine.screen]
    command += ["-nodefaults", "-chardev", "stdio,id=line,signal=off"]
    command += {
        "com1": ["-serial", "chardev:line"],
        "pci": ["-serial", "none", "-device", "pci-serial,chardev=line"],
        "none": ["-serial", "none"],
    }[machine.serial]
    if machine.firmware == "ovmf":
        size = "_4M" if os.path.exists(OVMF + "CODE_4M.fd") else ""
        shutil.copy(f"{OVMF}VARS{size}.fd", f"{tmp}/vars.fd")
        flash = f"if=pflash,format=raw,readonly=on,file={OVMF}CODE{size}.fd"
        command += ["-drive", flash, "-drive", f"if=pflash,format=raw,file={tmp}/vars.fd"]
    drive = f"if=none,id=image,format=raw,readonly=on,file={image}"
    command += ["-drive", drive]
    command += {
        "cd": ["-device", "ide-cd,drive=image"],
        "disk": ["-device", "virtio-blk-pci,drive=image"],
        "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=image"],
    }[machine.media]
    if tested:  # a reset ends a test; a person may want to see it
        command += ["-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    return command + ["-qmp", f"unix:{tmp}/qmp,server=on,wait=off"] + shlex.split(machine.qemu)


class Qmp:
    """QEMU's machine protocol: a line of JSON each way; events may stand between."""

    def __init__(self, path):
        self.events = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.02)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise OSError(answer["error"]["desc"])
            else:
                return answer["return"]
        raise OSError("QEMU closed its control socket")

    def shutdown_reason(self):
        """Once QEMU has ended: why, by its own last words."""
        try:
            self.events += [json.loads(line) for line in self.file]
        except (OSError, ValueError):
            pass
        ends = [e["data"]["reason"] for e in self.events if e["event"] == "SHUTDOWN"]
        return ends[0] if ends else ""


class Run:
    """One machine, up until it ends or stop() is called. Use it in a `with`."""

    def __init__(self, machine, image, tested=True):
        self.machine, self.image, self.tested = machine, os.path.abspath(image), tested
        self.tmp = tempfile.mkdtemp(prefix="trivet-")
        self.process = self.qmp = self.slave = None
        self.to_write = b""

    def __enter__(self):
        try:
            self.start_bochs() if self.machine.lane == "vmx" else self.start_qemu()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *unused):
        self.stop()

    def start(self, command, **streams):
        with open(f"{self.tmp}/errors", "wb") as errors:
            self.process = subprocess.Popen(
                command, cwd=self.tmp, stderr=errors, start_new_session=True, **streams
            )

    def debugger(self):
        """What Bochs's debugger is told: Debian's Bochs stops in it."""
        return "c\n"

    def start_bochs(self):
        self.input, self.slave = pty.openpty()  # the slave kept open: no end of file before ours
        self.output = self.input
        tty.setraw(self.slave)
        config, commands = f"{self.tmp}/bochsrc", f"{self.tmp}/commands"
        with open(config, "w", encoding="utf-8") as file:
            file.write(bochs_config(self.machine, self.image, self.tmp, os.ttyname(self.slave)))
        with open(commands, "w", encoding="utf-8") as file:
            file.write(self.debugger())
        quiet = subprocess.DEVNULL
        # Its screen is a terminal that nobody sees: unlike rfb, that takes no network port.
        environment = {**os.environ, "TERM": "xterm"}
        command = ["bochs", "-q", "-f", config, "-rc", commands]
        with open(f"{self.tmp}/debugger", "wb") as said:
            self.start(command, stdin=quiet, stdout=said, env=environment)
        os.set_blocking(self.input, False)

    def start_qemu(self):
        command = qemu_command(self.machine, self.image, self.tmp, self.tested)
        self.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.input, False)
        self.qmp = Qmp(f"{self.tmp}/qmp")

    def read(self, seconds):
        """What the machine has written: b"" if nothing for so long, None after its end."""
        ended = self.process.poll() is not None
        wants = [self.input] if self.to_write else []
        able = select.select([self.output], wants, [], 0 if ended else seconds)
        if able[1]:
            self.write_on()
        if able[0]:
            data = os.read(self.output, 65536)
            if data:
                return data
            self.process.wait()
        return None if ended or self.process.poll() is not None and not self.slave else b""

    def write(self, data):
        """What the line does not take at once goes out with the reads that follow."""
        self.to_write += data
        self.write_on()

    def write_on(self):
        try:
            self.to_write = self.to_write[os.write(self.input, self.to_write):]
        except BlockingIOError:
            pass
        except OSError:
            self.to_write = b""  # it has just ended

    def log(self, name):
        try:
            with open(f"{self.tmp}/{name}", encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def end(self):
        """After the end: off | reset | exit N | died: why. Bochs's exit code means nothing."""
        if self.machine.lane == "vmx":
            log = self.log("bochs.log")
            if "ACPI control: soft power off" in log or "shutdown requested" in log:
                return "off"
            panics = [line for line in log.splitlines() if ">>PANIC<<" in line]
            return "died: " + (panics[-1] if panics else self.log("errors")[-300:].strip())
        reason = self.qmp.shutdown_reason()
        if reason == "guest-shutdown":
            return "off"
        if reason == "guest-reset":
            return "reset"
        code = self.process.returncode
        return f"exit {code >> 1}" if code > 0 and code & 1 and not reason else f"died: {reason or code}"

    def text_screen(self):
        """The 80x25 characters of VGA's text memory."""
        path = f"{self.tmp}/vga"
        self.qmp.ask("pmemsave", val=0xB8000, size=4000, filename=path)
        with open(path, "rb") as file:
            cells = file.read()[::2].decode("cp437")
        return "\n".join(cells[i : i + 80].rstrip(" \0") for i in range(0, 2000, 80))

    def press(self, word):
        """A word and Enter on the keyboard of QEMU's machine."""
        for key in list(word) + ["ret"]:
            self.qmp.ask("send-key", keys=[{"type": "qcode", "data": key}])

    def halted(self):
        """Whether QEMU, told -no-shutdown, holds a machine that has switched itself off."""
        try:
            return self.qmp.ask("query-status")["status"] == "shutdown"
        except OSError:
            return True

    def screendump(self, path):
        self.qmp.ask("screendump", filename=os.path.abspath(path))

    def stop(self):
        """Ends the process group, whatever state it is in, and removes what it left."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.qmp:
            self.qmp.socket.close()
        if self.slave is not None:
            os.close(self.slave)
            os.close(self.input)
            self.slave = None
        shutil.rmtree(self.tmp, ignore_errors=True)
