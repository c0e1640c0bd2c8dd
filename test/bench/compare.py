#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench-compare`: Trivet's price list and KVM's side by side, as a table and as a bar chart.

Reads build/bench/trivet.txt and build/bench/kvm.txt, prints the table in Markdown and draws
build/bench/compare.svg and .png with gnuplot. --docs puts chart and table into docs/ as well.
"""
import argparse
import datetime
import os
import re
import shutil
import subprocess

import bench

OUT = f"{bench.B}/bench/compare"
DOCS = "docs/performance.md"
CHART = "cpuid vmcall msr-read msr-write cr0-wp pic-read pit-read uart-status uart-write pmtimer port-unclaimed mmio-read \
ioapic-read xapic-read xapic-write xapic-eoi self-ipi x2apic-eoi x2apic-self-ipi tsc-deadline-arm tsc-deadline \
tsc-deadline-halted irq-lapic x2apic-irq-lapic irq-pit x2apic-ipi x2apic-ipi-halt vcpu-switch".split()  # fmt: skip


def ratio(ours, theirs):
    times = theirs / ours if ours else 0
    if times >= 100:
        return f"{times:,.0f}"
    return f"{times:.1f}" if times >= 2 else f"{times:.2f}"


def table(trivet, kvm):
    """Rows of what both have measured, in Trivet's order; the bare machine's figure where there is one."""
    rows = ["| name | bare | Trivet | KVM | KVM / Trivet |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, (ours, unit) in trivet.items():
        if unit != "ticks" or name not in kvm:
            continue
        theirs, bare = kvm[name][0], trivet.get(f"{name}-bare")
        bare = f"{bare[0]:,}" if bare else ""
        rows.append(f"| `{name}` | {bare} | {ours:,} | {theirs:,} | {ratio(ours, theirs)} |")
    return "\n".join(rows)


def words(lines, key):
    found = re.search(rf'^@trivet1 bench .*\b{key}="?([^"\n]*)"?', "\n".join(lines), re.MULTILINE)
    return found.group(1) if found else "?"


def commit():
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "no commit"


def plot(trivet, kvm, title):
    """Two bars an operation, from top to bottom; the scale is logarithmic, so 0 stands as 1."""
    names = [name for name in CHART if name in trivet and name in kvm]
    data = "".join(f"{-i} {max(1, trivet[n][0])} {max(1, kvm[n][0])}\n" for i, n in enumerate(names))
    with open(f"{OUT}.dat", "w", encoding="utf-8") as file:
        file.write(data)
    tics = ", ".join(f'"{name}" {-i}' for i, name in enumerate(names))
    box = "with boxxyerror fs solid noborder"
    script = f"""
set title "{title}"
set logscale x
set xrange [1:{3 * max(kvm[name][0] for name in names)}]
set yrange [{-len(names) + 0.3}:0.7]
set ytics ({tics}) scale 0
set xlabel "ticks, which are instructions (logarithmic; less is better)"
set grid xtics
set key outside top center horizontal
set format x "%.0s%c"
"""
    bars = f""" '{OUT}.dat' using (1):1:(1):3:($1+0.03):($1+0.38) {box} lc rgb '#b0b0b0' title 'KVM', \
 '' using (1):1:(1):2:($1-0.38):($1-0.03) {box} lc rgb '#2060a0' title 'Trivet', \
 '' using 3:($1+0.2):(sprintf(' %d', $3)) with labels left font ',8' notitle, \
 '' using 2:($1-0.2):(sprintf(' %d', $2)) with labels left font ',8' notitle
"""
    for kind, terminal in (("svg", "svg size 900,1000 font 'sans,11'"), ("png", "pngcairo size 900,1000 font 'sans,10'")):
        text = f"set terminal {terminal}\nset output '{OUT}.{kind}'\n{script}plot{bars}"
        subprocess.run(["gnuplot"], input=text, text=True, check=True)


def to_docs(text):
    for kind in ("svg", "png"):
        shutil.copy(f"{OUT}.{kind}", f"docs/bench.{kind}")
    with open(DOCS, encoding="utf-8") as file:
        page = file.read()
    new = re.sub(r"(<!-- compare -->\n).*?(<!-- end -->)", lambda m: m[1] + text + "\n" + m[2], page, flags=re.DOTALL)
    with open(DOCS, "w", encoding="utf-8") as file:
        file.write(new)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="put chart and table into docs/")
    options = parser.parse_args()
    ours, theirs = bench.kept(bench.KEPT), bench.kept(f"{bench.B}/bench/kvm.txt")
    trivet, kvm = bench.figures(ours), bench.figures(theirs)
    day = datetime.date.fromtimestamp(os.path.getmtime(bench.KEPT)).isoformat()
    about = f"Trivet {commit()} and KVM of {words(theirs, 'host')}, {day}, Bochs, corei7_haswell_4770"
    text = f"{about}.\n\n{table(trivet, kvm)}\n"
    plot(trivet, kvm, about.replace("_", "\\\\_"))
    with open(f"{OUT}.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    print(f"{OUT}.md, .svg and .png are written.")
    if options.docs:
        to_docs(text)


if __name__ == "__main__":
    main()
