#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what emulated processors say of VMX and SVM into test/unit/recorded_cpus.h.

    test/unit/record/record.py [OUTPUT]
    test/unit/record/record.py --cpuids     all leaves of some, into test/unit/recorded_cpuids.h

Builds the boot sector capmsrs.S and runs it under every model of Bochs and QEMU (TCG) named below.
Needs: binutils, bochs, qemu-system-x86. Half a second a model; run again only to add models.
"""
import os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BOCHS = """pentium amd_k6_2_chomper p4_prescott_celeron_336 core_duo_t2400_yonah athlon64_venice
turion64_tyler phenom_8650_toliman zambezi trinity_apu ryzen core2_penryn_t9600 corei5_lynnfield_750
corei5_arrandale_m520 corei7_sandy_bridge_2600k corei7_ivy_bridge_3770k corei7_haswell_4770
broadwell_ult corei7_skylake_x corei3_cnl corei7_icelake_u tigerlake""".split()
WHOLE = """core2_penryn_t9600 corei5_lynnfield_750 corei7_haswell_4770 corei7_skylake_x tigerlake
ryzen""".split()
QEMU = ["EPYC,+svm,+npt", "EPYC,-svm", "qemu64"]

CONFIG = """display_library: rfb, options="timeout=0"
megs: 32
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={model}, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=0
clock: sync=none
floppya: 1_44={image}, status=inserted
boot: floppy
port_e9_hack: enabled=1
log: {log}
panic: action=fatal
"""


def build(where, *flags):
    obj, image = os.path.join(where, "cap.o"), os.path.join(where, "floppy.img")
    subprocess.run(["as", "--64", *flags, "-o", obj, os.path.join(HERE, "capmsrs.S")], check=True)
    subprocess.run(["ld", "-Ttext=0x7c00", "-e", "start", "--oformat=binary", "-o", image, obj],
                   check=True)
    os.truncate(image, 1440 * 1024)
    return image


def run_bochs(where, image, model):
    config, script = os.path.join(where, "bochsrc"), os.path.join(where, "script")
    with open(config, "w") as f:
        f.write(CONFIG.format(model=model, image=image, log=os.path.join(where, "log")))
    with open(script, "w") as f:
        f.write("c\n")
    return ["bochs", "-q", "-f", config, "-rc", script]


def run_qemu(where, image, model):
    return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", model, "-m", "32", "-display", "none",
            "-drive", f"if=floppy,format=raw,file={image}", "-debugcon", "stdio",
            "-device", "isa-debug-exit,iobase=0x8900,iosize=1"]


def record(command):
    out = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, timeout=60).stdout.decode("latin-1")
    cpuid, msr = {}, {}
    for line in out.splitlines():
        words = line.split()
        if words[:1] == ["C"] and len(words) == 7:
            n = [int(w, 16) for w in words[1:]]
            cpuid[n[0], n[1]] = n[2:]
        elif words[:1] == ["M"] and len(words) == 4:
            msr[int(words[1], 16)] = int(words[2], 16) << 32 | int(words[3], 16)
        elif words[:1] == ["G"]:
            msr[int(words[1], 16)] = None
    assert 0xc0010117 in msr, f"{command}: cut short\n{out[-2000:]}"
    return cpuid, msr


def stanza(name, cpuid, msr):
    basic, extended = cpuid[0, 0][0], cpuid[0x80000000, 0][0]
    leaf = lambda n, sub, reg: cpuid[n, sub][reg] if n <= (extended if n >> 31 else basic) else 0
    if extended < 0x80000000:  # no extended leaves at all: the answer is rubbish
        extended, leaf = 0, lambda n, sub, reg: 0 if n >> 31 or n > basic else cpuid[n, sub][reg]
    present = sum(1 << (n - 0x480) for n in range(0x480, 0x494) if msr[n] is not None)
    bits = leaf(0x80000008, 0, 0) & 0xff or 36
    value = lambda n: msr[n] or 0
    text = lambda n: "true" if msr[n] is not None else "false"
    row = lambda at: ", ".join(f"0x{value(n):x}" for n in range(at, at + 5))
    caps = ",\n              ".join(row(at) for at in range(0x480, 0x494, 5))
    return f"""    {{"{name}",
     {{.cap = {{{caps}}},
      .present = 0x{present:x}, .phys_bits = {bits},
      .feature_control_present = {text(0x3a)}, .feature_control = 0x{value(0x3a):x},
      .cpuid_1_ecx = 0x{leaf(1, 0, 2):x}, .cpuid_7_ecx = 0x{leaf(7, 0, 2):x}}},
     {{.max_extended = 0x{extended:x}, .phys_bits = {bits},
      .cpuid_1_ecx = 0x{leaf(1, 0, 2):x}, .cpuid_7_ecx = 0x{leaf(7, 0, 2):x},
      .cpuid_80000001_ecx = 0x{leaf(0x80000001, 0, 2):x}, .cpuid_80000001_edx = 0x{leaf(0x80000001, 0, 3):x},
      .cpuid_8000000a_eax = 0x{leaf(0x8000000a, 0, 0):x}, .cpuid_8000000a_ebx = 0x{leaf(0x8000000a, 0, 1):x},
      .cpuid_8000000a_edx = 0x{leaf(0x8000000a, 0, 3):x},
      .vm_cr_present = {text(0xc0010114)}, .vm_cr = 0x{value(0xc0010114):x}}}}},
"""


HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * Written by test/unit/record/record.py: do not edit. What the processor models of Bochs 2.7 and
 * QEMU 7.2 (TCG) answer in real mode, right after the BIOS, to CPUID and to RDMSR of
 * FEATURE_CONTROL, the VMX capabilities and VM_CR. Registers whose reading raised #GP are 0 and not
 * present; Bochs answers the VMX ones on models without VMX, too, and QEMU answers 0 where there is
 * none. CPUID leaves beyond the last are 0.
 */
#ifndef TEST_UNIT_RECORDED_CPUS_H
#define TEST_UNIT_RECORDED_CPUS_H

#include "svm/svm_caps.h"
#include "vmx/vmx_caps.h"

/* clang-format off */
static const struct recorded_cpu {
    const char *name;
    struct vmx_msrs vmx;
    struct svm_regs svm;
} recorded_cpus[] = {
"""


CPUIDS = """/* SPDX-License-Identifier: MIT */
/*
 * Written by test/unit/record/record.py --cpuids: do not edit. The CPUID leaves that some processor
 * models of Bochs 2.7 and QEMU 7.2 (TCG) show in real mode; those that are left out are zero.
 */
#ifndef TEST_UNIT_RECORDED_CPUIDS_H
#define TEST_UNIT_RECORDED_CPUIDS_H

#include "lib/types.h"

/* clang-format off */
struct recorded_leaf {
    u32 leaf, sub, eax, ebx, ecx, edx;
};

static const struct recorded_cpuid {
    const char *name;
    struct recorded_leaf leaf[96];
} recorded_cpuids[] = {
"""


def whole_stanza(name, cpuid, msr):
    top = {0: cpuid[0, 0][0], 1: cpuid[0x80000000, 0][0]}
    rows = [f"        {{{leaf:#x}, {sub}, {', '.join(f'{value:#x}' for value in regs)}}},\n"
            for (leaf, sub), regs in sorted(cpuid.items()) if any(regs) and leaf <= top[leaf >> 31]]
    return f'    {{"{name}", {{\n{"".join(rows)}    }}}},\n'


def main():
    if sys.argv[1:] == ["--cpuids"]:
        record_all(os.path.join(HERE, "..", "recorded_cpuids.h"), CPUIDS, whole_stanza, WHOLE,
                   QEMU[:1], "--defsym", "CPUID_ONLY=1")
        return
    output = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "recorded_cpus.h")
    record_all(output, HEAD, stanza, BOCHS, QEMU)


def record_all(output, head, stanza, bochs, qemu, *flags):
    stanzas = []
    with tempfile.TemporaryDirectory() as where:
        image = build(where, *flags)
        for kind, run, models in (("bochs", run_bochs, bochs), ("qemu", run_qemu, qemu)):
            for model in models:
                stanzas.append(stanza(f"{kind} {model}", *record(run(where, image, model))))
                print(f"{kind} {model}", flush=True)
    with open(output, "w") as f:
        f.write(head + "".join(stanzas) + "};\n\n#endif\n")


main()
