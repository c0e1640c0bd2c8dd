#!/bin/sh
# SPDX-License-Identifier: MIT
# Which emulator `make run` asks for: LANE's; without LANE whichever is here, and QEMU if none is.
#
# deps.sh is run with a PATH that has every program it looks for but those of one emulator or both.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

# try NAMES LANE WORD: with the emulators NAMES on the PATH, what is missing must be WORD ("": nothing).
try() {
    rm -rf "$tmp/bin"
    mkdir "$tmp/bin"
    for program in sh uname readlink gcc ld make xorriso mformat grub-mkimage python3 $1; do
        printf '#!/bin/sh\nexec /usr/bin/env -i /usr/bin/%s "$@"\n' "$program" >"$tmp/bin/$program"
        chmod +x "$tmp/bin/$program"
    done
    said=$(PATH="$tmp/bin" LANE="$2" DEPS=no CC=gcc /bin/sh test/deps.sh run 2>&1 || :)
    missing=$(printf '%s\n' "$said" | sed -n "s/.*needs what is not here: *//p")
    [ "$missing" = "$3" ] && return
    echo "with '$1' and LANE=$2 deps.sh misses '$missing', not '$3'"
    status=1
}

try '' '' qemu-system-x86_64
try qemu-system-x86_64 '' ''
try bochs '' ''
try 'bochs qemu-system-x86_64' '' ''
try bochs svm qemu-system-x86_64
try bochs kvm qemu-system-x86_64
try qemu-system-x86_64 vmx bochs
exit $status
