#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots tiny guests bare, without Trivet: what they check has to hold on the machine itself.

    test/tiny_bare.py [-e qemu|bochs] [-c CPU] [-t SECONDS] [-v] [NAME ...]
    test/tiny_bare.py --deviations [NAME ...]

Each guest becomes a CD of GRUB's core image and the ELF (a flat guest is a boot sector by itself).
The expected end is read from the table in guests/tiny/README.md; the exit code is 0 if all ended so.

--deviations proves the list of test/deviations.py, which guests are told in every lane that it is about: on bare TCG
each of its guests says ok with all of its parts skipped, and fails, or does not end, with any one of them not.
"""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys, tempfile, time

import deviations

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "build/guests/tiny")
README = os.path.join(ROOT, "guests/tiny/README.md")
VERDICT = re.compile(r"^(ok|FAILED|skipped) (\w+)(.*)$", re.M)

# Where an emulator is not the manual's machine, in what a guest does not meet on Trivet: what the lines that may
# fail there have in common (None: it may not even end), and why. Bochs 2.7 and QEMU 7.2, TCG. What it meets there
# too is in test/deviations.py.
KNOWN = {
    "bochs": {
        "pic_poll": (r"poll ", "its poll command does not show bit 7"),
        "uart_fifo": (r"IIR below|reset leaves", "its FIFO keeps data ready below the trigger and after a reset"),
    },
    "qemu": {
        "bad_jump_unmapped": (None, "it gives up at code outside RAM"),
        "cpu_cr4": (None, "CR4 takes what CPUID does not offer"),
        "cpu_msr": (r"PAT takes|EFER", "WRMSR does not check"),
        "cpu_msr_time": (r"MSR 0,|reserved bits", "IA32_TSC reads 0"),
        "cpu_msr_unknown": (r"msr [0-9a-f]+", "no #GP for unknown MSRs"),
        "cpu_rdpmc": (r"vector 6|counter that", "RDPMC is #UD"),
        "ev_single_step_rep": (r": 7 traps|trap 4 at", "with -icount one trap more at the end"),
        "mem_mmio_widths": (r"", "a hole reads as zeros"),
        "mem_string_limits": (r"beyond|across|the bytes", "no segment limits"),
        "rtc_periodic": (r"periods at|register C", "with -icount and sleep=off its clock loses ticks"),
        "mem_top": (r"behind it|across", "a hole reads as zeros"),
        "mode_efer": (r"LME off", "no checks of paging transitions"),
        "mode_pae": (r"changed in memory|reserved bit", "PAE's four entries are read at each walk"),
        "pit_channel2": (r"mode [02] takes", "OUT by the control word"),
        "pit_mode0": (r"gate low", "no gate in mode 0"),
        "pit_mode1": (r"", "OUT is upside down in mode 1"),
        "pit_mode2": (r"gate", "no gate in mode 2"),
        "pit_mode4": (r"OUT is low", "OUT is upside down in mode 4"),
        "pit_mode5": (r"OUT is low", "OUT is upside down in mode 5"),
        "pit_readback": (r"null count|OUT 0|BCD", "no null count, no BCD"),
        "uart_loopback": (r"MCR bit", "no change bits in loopback"),
    },
}


def expectations():
    """name -> the third column: `ok`, or how a hostile guest ends."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+?) \|$", open(README).read(), re.M)
    return {name: end for name, end in rows}


def flat(name):
    return name.startswith("flat_")


def built(name):
    return os.path.join(BUILT, name + (".bin" if flat(name) else ".elf"))


def iso(name, work, words):
    """A CD with nothing but GRUB's core, whose embedded configuration boots the one guest."""
    tree, config = os.path.join(work, "tree"), os.path.join(work, "grub.cfg")
    os.makedirs(tree)
    with open(config, "w") as f:
        f.write(f"multiboot2 (cd)/guest.elf '{words}'\nboot\n")
    subprocess.run(["grub-mkimage", "-O", "i386-pc-eltorito", "-o", "tree/core.img", "-c", "grub.cfg",
                    "-p", "/", "biosdisk", "iso9660", "multiboot2", "boot"], check=True, cwd=work)
    shutil.copy(built(name), os.path.join(tree, "guest.elf"))
    out = tree + ".iso"
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-b", "core.img", "-no-emul-boot",
                    "-boot-load-size", "4", "-boot-info-table", "-o", out, tree],
                   check=True, stderr=subprocess.DEVNULL)
    return out


def qemu(name, media, serial, args):
    return ["qemu-system-x86_64", "-accel", "tcg", "-machine", "pc", "-cpu", args.cpu or "EPYC",
            "-m", "128", "-icount", "shift=2,sleep=off", "-display", "none", "-vga", "none", "-no-reboot", "-monitor", "none",
            "-serial", "file:" + serial, "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
            *(["-drive", f"format=raw,file={media}"] if flat(name) else ["-cdrom", media])]


def bochs(name, media, serial, args):
    conf = serial + ".bochsrc"
    share = "/usr/share/bochs"
    medium = (f'floppya: 1_44="{media}", status=inserted\nboot: floppy' if flat(name) else
              f'ata0-master: type=cdrom, path="{media}", status=inserted\nboot: cdrom')
    with open(conf, "w") as f:
        f.write(f"""
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file={share}/BIOS-bochs-latest
vgaromimage: file={share}/VGABIOS-lgpl-latest
memory: guest=128, host=128
cpu: model={args.cpu or 'corei7_skylake_x'}, count=1, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=0
clock: sync=none
{medium}
com1: enabled=1, mode=file, dev={serial}
log: {serial}.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
""")
    with open(serial + ".rc", "w") as f:
        f.write("c\n")
    return ["bochs", "-q", "-f", conf, "-rc", serial + ".rc"]


def launch(name, media, work, args):
    """Two Bochs that start at once want the same display port; the loser ends at once and tries again."""
    serial = os.path.join(work, name + ".serial")
    command = {"qemu": qemu, "bochs": bochs}[args.emulator](name, media, serial, args)
    for _ in range(5):
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, cwd=work)
        time.sleep(0.2)
        if child.poll() is None or args.emulator == "qemu":
            break
    return child, serial


def skipped(name, args):
    return deviations.TCG.get(name, {}) if args.emulator == "qemu" else {}


def boot(name, parts, args):
    with tempfile.TemporaryDirectory() as work:
        return boot_in(name, parts, work, args)


def boot_in(name, parts, work, args):
    media = built(name) if flat(name) else iso(name, work, deviations.skip_words(parts))
    start = time.time()
    child, serial = launch(name, media, work, args)
    text, end = "", "time limit"
    while time.time() < start + args.time:
        ended = child.poll() is not None
        if os.path.exists(serial):
            text = open(serial, errors="replace").read().replace("\r", "")
        if VERDICT.search(text) and text.endswith("\n"):
            end = VERDICT.search(text).group(1)
            break
        if ended:
            end = "reset"
            break
        time.sleep(0.05)
    if child.poll() is None:
        child.kill()
    child.wait()
    log = serial + ".log"
    if os.path.exists(log) and "shutdown status" in open(log, errors="replace").read():
        end = "reset"
    return name, end, text, time.time() - start


def verdict(name, end, text, expected, args):
    known = KNOWN[args.emulator].get(name)
    if end in ("ok", "skipped"):
        good = expected.startswith("ok")
    elif end == "FAILED":
        lines = re.findall(r"^FAIL .*$", text, re.M)
        good = known is not None and all(re.search(known[0] or "", line) for line in lines)
    else:
        # Bare, nobody reports a triple fault or a machine that hangs: a reset, or the time limit.
        good = expected != "ok" or (known is not None and known[0] is None)
    if good and known and end not in ("ok", "skipped"):
        end = f"known: {known[1]}"
    return good, end


def prove(args):
    """Each line of the list, the machine being wrong there and nowhere else."""
    asked = {name: parts for name, parts in deviations.TCG.items() if not args.names or name in args.names}
    tries = [(name, left, {p: why for p, why in parts.items() if p != left})
             for name, parts in asked.items() for left in [None, *parts]]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda t: boot(t[0], t[2], args), tries)
        for (name, left, _), (_, end, text, took) in zip(tries, results):
            good = verdict(name, end, text, "ok", args)[0] == (left is None)
            lines = re.findall(r"^FAIL (.*)$", text, re.M) + [end]
            bad += not good
            print(f"{'good' if good else 'BAD ':4} {name:22} {left or 'all skipped':20} {took:5.1f}s {lines[0]}", flush=True)
    print(f"{len(tries) - bad} of {len(tries)} as expected")
    return bad != 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-e", "--emulator", choices=["qemu", "bochs"], default="qemu")
    parser.add_argument("-c", "--cpu")
    parser.add_argument("-t", "--time", type=float, default=None)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--deviations", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    expected = expectations()
    names = args.names or sorted(expected)
    unbuilt = [n for n in names if not os.path.exists(built(n))]
    if unbuilt:
        sys.exit(f"not built (make tiny): {' '.join(unbuilt)}")
    if args.time is None:
        args.time = 30 if args.emulator == "qemu" else 90
    if args.deviations:
        return prove(args)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, end, text, took in pool.map(lambda n: boot(n, skipped(n, args), args), names):
            good, end = verdict(name, end, text, expected.get(name, "ok"), args)
            bad += not good
            print(f"{'good' if good else 'BAD ':4} {name:24} {took:5.1f}s {end}", flush=True)
            if args.verbose or not good:
                print("".join(f"       {line}\n" for line in text.splitlines()), end="")
    print(f"{len(names) - bad} of {len(names)} as expected")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
