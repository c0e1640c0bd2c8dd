#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the image that `make run` boots: Linux beside a small machine where Linux can be had and is quick, else two
# small machines, with the reason.
#
#   GUEST=linux|small B=build LANE= CMDLINE= MEMORY=512 MAKE=make sh test/demo.sh
#
# GUEST chooses. With a terminal a person is at Linux's console from the start; without one Linux powers
# off at its shell, so that the run has an end.
set -eu

B=${B:-build} words=${CMDLINE:-}
linux="$B/linux/${LINUX:-cloud}/vmlinuz $B/linux/initrd.img"
hello=$B/guests/tiny/hello.elf

small() { # small WHY
    [ -z "$1" ] || echo "Trivet: two small machines ($1)." >&2
    if [ -n "$words" ]; then
        sh test/iso.sh --cmdline "$words" "$B/run.iso" "$B/trivet.elf" guests/demo/trivet.conf "$hello"
    else
        sh test/iso.sh --cfg boot/grub.cfg --timeout 0 "$B/run.iso" "$B/trivet.elf" guests/demo/trivet.conf "$hello"
    fi
    exit
}

# What `make` says where it fails goes to a file: its reason is one sentence.
fetch() {
    DEPS=${DEPS:-yes} sh test/deps.sh linux >"$B/demo.log" 2>&1 &&
        ${MAKE:-make} --no-print-directory $linux >>"$B/demo.log" 2>&1
}

why_not() {
    sed -n 's/^linux: skipped: //p; s/^Trivet: \(.* needs what is not here.*\)/\1/p' "$B/demo.log" | head -n 1 | grep . ||
        echo "Linux could not be made ready: $B/demo.log"
}

bochs() {
    [ "${LANE:-}" = vmx ] || { [ -z "${LANE:-}" ] && ! command -v qemu-system-x86_64 >/dev/null 2>&1; }
}

case ${GUEST:-} in
small) small '' ;;
linux) ;;
'')
    [ -z "$words" ] || small "CMDLINE is given; GUEST=linux shows Linux"
    bochs && small "Linux takes a while in Bochs; GUEST=linux shows it"
    [ "${MEMORY:-512}" -ge 400 ] || small "Linux wants MEMORY=400"
    ;;
*) echo "Trivet: GUEST=$GUEST is neither linux nor small." >&2 && exit 2 ;;
esac
# shellcheck disable=SC2086  # two files
[ -n "$(ls $linux 2>/dev/null)" ] || echo "Trivet: fetching a Linux kernel of Debian's, once." >&2
fetch || {
    [ -z "${GUEST:-}" ] || { cat "$B/demo.log" >&2 && exit 1; }
    small "$(why_not)"
}

manifest=$B/linux/trivet.conf
if [ -t 0 ]; then
    cp guests/demo/linux.conf "$manifest"
    words="attach=linux${words:+ $words}"
else
    sed 's/^cmdline = .*/& poweroff/' guests/demo/linux.conf >"$manifest"
fi
# shellcheck disable=SC2086
sh test/iso.sh --bios --cmdline "$words" "$B/run.iso" "$B/trivet.elf" "$manifest" "$hello" $linux
