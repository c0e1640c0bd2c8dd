#!/bin/sh
# SPDX-License-Identifier: MIT
# The link must fail where something that stays leads to what goes when boot is over: a call, a table, a variable. Each is
# linked with the image's own objects, by the command that links the image.
B=${B:-build}
export LC_ALL=C
status=0
complain() {
    echo "$1"
    status=1
}

link=$(make -n -W linker.ld B="$B" "$B/trivet.elf" | sed -n "s|^\(.*\) -o $B/trivet.elf\$|\1|p")
[ -n "$link" ] || {
    echo 'the command that links the image is not to be had'
    exit 1
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
compile="$(command -v x86_64-linux-gnu-gcc || echo gcc) -c -Os -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone"

# try TEXT: links it too, as something that stays; false, and the words in $said, if that fails.
try() {
    echo "$1" >"$work/more.c"
    $compile "$work/more.c" -o "$work/more.o" || exit 1
    # shellcheck disable=SC2086  # a command
    said=$($link -u stay "$work/more.o" -o "$work/more.elf" 2>&1)
}

# refused WHERE TEXT: it is an error that names boot's section.
refused() {
    if try "$2"; then
        complain "linked, though it leads to $1: $2"
    else
        echo "$said" | grep -q "prohibited cross reference.* in $1" || complain "$2: $said"
    fi
}

try 'void finish(unsigned long status); void stay(void) { finish(0); }' || complain "what may be is refused: $said"
refused .boot.text 'void hv_main(void); void stay(void) { hv_main(); }'
refused .boot.text 'void hv_main(void); void (*const stay[])(void) = {hv_main};'
refused .boot.text 'void hv_main(void); void (*stay)(void) = hv_main;'
refused .boot.rodata 'extern const char ap_start[]; const char *stay(void) { return ap_start; }'
refused .boot.bss 'extern char boot_pml4[]; char *stay(void) { return boot_pml4; }'
exit $status
