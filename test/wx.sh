#!/bin/sh
# SPDX-License-Identifier: MIT
# The image's own promises: boot's three segments and the three that stay, none writable and executable; nothing left to relocate;
# no instruction that touches the floating-point or vector registers, which belong to guests.
image=${1:-build/trivet.elf}
export LC_ALL=C
status=0
complain() {
    echo "$image: $1"
    status=1
}

[ -f "$image" ] || {
    echo "$image: not built"
    exit 1
}

# A segment's flags stand in columns of their own: "R E" is two words, "RW" and "RWE" one.
flags=$(readelf -lW "$image" | sed -n 's/^ *LOAD .* 0x[0-9a-f]* \(R\{0,1\}[ RWE]*\) 0x[0-9a-f]*$/\1/p' |
    tr -d ' ' | tr '\n' ' ')
[ "$flags" = 'R RW RE RE R RW ' ] || complain "the segments are '$flags', not 'R RW RE RE R RW '"
readelf -lW "$image" | grep -q 'DYNAMIC\|INTERP' && complain 'there is a dynamic segment'
readelf -SW "$image" | grep -q ' \.dynamic \| \.interp ' && complain 'there is a dynamic section'
readelf -SW "$image" | grep ' RELA\{0,1\} ' && complain 'there are relocations'
readelf -SW "$image" | grep ' WAX\{0,1\}E* \| AWX ' | grep X && complain 'a section is writable and executable'
objdump="$(command -v x86_64-linux-gnu-objdump || echo objdump)"
"$objdump" -d --no-show-raw-insn "$image" >"$image.dis" || complain 'objdump failed'
# FPU state is saved and restored as memory, by the instructions for it, which name no such register.
grep -m 5 '%[xyz]mm[0-9]\|%mm[0-7]\|%st\b' "$image.dis" && complain 'vector or FPU registers are used'
rm -f "$image.dis"
exit $status
