#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots tiny guests bare, without Trivet: what they check has to hold on the machine itself.

    test/tiny_bare.py [-e qemu|bochs] [-c CPU] [-t SECONDS] [-v] [NAME ...]

Each guest becomes a CD of GRUB's core image and the ELF (a flat guest is a boot sector by itself).
The expected end is read from the table in guests/tiny/README.md; the exit code is 0 if all ended so.
"""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "build/guests/tiny")
README = os.path.join(ROOT, "guests/tiny/README.md")
VERDICT = re.compile(r"^(ok|FAILED|skipped) (\w+)(.*)$", re.M)

# Where an emulator is not the manual's machine: what the lines that may fail there have in common (None: it
# may not even end), and why. Bochs 2.7 and QEMU 7.2, TCG.
KNOWN = {
    "bochs": {
        "pic_poll": (r"poll ", "its poll command does not show bit 7"),
        "uart_fifo": (r"IIR below|reset leaves", "its FIFO keeps data ready below the trigger and after a reset"),
    },
    "qemu": {
        "bad_jump_unmapped": (None, "it gives up at code outside RAM"),
        "cpu_cr0": (None, "CR0 takes anything"),
        "cpu_cr3": (None, "CR3 takes anything"),
        "cpu_cr4": (None, "CR4 takes what CPUID does not offer"),
        "cpu_cr8": (r"cr8 = 16|bit 63|refused", "CR8 takes anything"),
        "cpu_descriptor_tables": (r"not canonical|LTR of 0", "LGDT, LIDT and LTR do not check"),
        "cpu_dr": (r"GD", "no general detect"),
        "cpu_msr": (r"canonical|PAT takes|EFER", "WRMSR does not check"),
        "cpu_msr_time": (r"MSR 0,|reserved bits", "IA32_TSC reads 0"),
        "cpu_msr_unknown": (r"msr [0-9a-f]+", "no #GP for unknown MSRs"),
        "cpu_mwait": (r"TPAUSE", "TPAUSE is taken for something else"),
        "cpu_rdpmc": (r"vector 6|counter that", "RDPMC is #UD"),
        "cpu_rdrand": (r"RDSEED is not", "RDSEED is taken for RDPID"),
        "cpu_syscall": (r"SYSENTER with", "SYSENTER does not check"),
        "ev_modes": (r"real: faults", "no segment limits"),
        "ev_mov_ss": (r"data breakpoint", "MOV SS does not hold back data breakpoints"),
        "ev_single_step": (r"traps for|step \d+ at", "PAUSE drops the trap"),
        "ev_single_step_rep": (r": 7 traps|trap 4 at", "with -icount one trap more at the end"),
        "exc_ac": (r"with both", "no #AC"),
        "exc_faults": (r"#XM", "no unmasked SSE exceptions"),
        "exc_int_n": (r"DPL|not present|call gate", "the IDT's error code is n * 16 + 2"),
        "exc_pf": (r"reserved bit 51|bit 63", "the P bit is missing beside RSVD"),
        "exc_segments": (r"by RSP|limit|expand-down|null|to code", "no segment limits"),
        "exc_traps": (r"INT1", "INT1 is #UD"),
        "mem_mmio_widths": (r"", "a hole reads as zeros"),
        "mem_string_limits": (r"beyond|across|the bytes", "no segment limits"),
        "rtc_periodic": (r"periods at|register C", "with -icount and sleep=off its clock loses ticks"),
        "mem_top": (r"behind it|across", "a hole reads as zeros"),
        "mode_efer": (r"without PAE|LME off", "no checks of paging transitions"),
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


def grub_core(work):
    with open(os.path.join(work, "grub.cfg"), "w") as f:
        f.write("multiboot2 (cd)/guest.elf\nboot\n")
    subprocess.run(["grub-mkimage", "-O", "i386-pc-eltorito", "-o", "core.img", "-c", "grub.cfg",
                    "-p", "/", "biosdisk", "iso9660", "multiboot2", "boot"], check=True, cwd=work)


def iso(name, work):
    """A CD with nothing but GRUB's core, whose embedded configuration boots the one guest."""
    tree = os.path.join(work, name)
    os.makedirs(tree)
    shutil.copy(os.path.join(work, "core.img"), tree)
    shutil.copy(built(name), os.path.join(tree, "guest.elf"))
    out = tree + ".iso"
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-b", "core.img", "-no-emul-boot",
                    "-boot-load-size", "4", "-boot-info-table", "-o", out, tree],
                   check=True, stderr=subprocess.DEVNULL)
    return out


def qemu(name, media, serial, args):
    return ["qemu-system-x86_64", "-accel", "tcg", "-machine", "pc", "-cpu", args.cpu or "max",
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


def boot(name, work, args):
    media = built(name) if flat(name) else iso(name, work)
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-e", "--emulator", choices=["qemu", "bochs"], default="qemu")
    parser.add_argument("-c", "--cpu")
    parser.add_argument("-t", "--time", type=float, default=None)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    expected = expectations()
    names = args.names or sorted(expected)
    unbuilt = [n for n in names if not os.path.exists(built(n))]
    if unbuilt:
        sys.exit(f"not built (make tiny): {' '.join(unbuilt)}")
    if args.time is None:
        args.time = 30 if args.emulator == "qemu" else 90
    bad = 0
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        grub_core(work)
        for name, end, text, took in pool.map(lambda n: boot(n, work, args), names):
            good, end = verdict(name, end, text, expected.get(name, "ok"), args)
            bad += not good
            print(f"{'good' if good else 'BAD ':4} {name:24} {took:5.1f}s {end}", flush=True)
            if args.verbose or not good:
                print("".join(f"       {line}\n" for line in text.splitlines()), end="")
    print(f"{len(names) - bad} of {len(names)} as expected")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
