#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone, for the kernel and for the host: it includes what it uses.
compiler=gcc
[ "$(uname -m)" = x86_64 ] || compiler=x86_64-linux-gnu-gcc
common='-std=gnu17 -I. -Ibuild -Wall -Wextra -Wconversion -Werror -Wno-unused-function -fsyntax-only'
kernel='-DHOST=0 -DCOUNT_VMCS=0 -DCOUNT_EXITS=1 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only'

status=0
for header in $(find ./* \( -path './build*' -o -path ./test \) -prune -o -name '*.h' -print | sed 's|^\./||' | sort); do
    case $header in
    test/*) sides='-DHOST=1' ;;
    *) sides="$kernel" ;;
    esac
    # shellcheck disable=SC2086  # a word a flag
    echo "#include \"$header\"" | $compiler -x c $common $sides - || {
        echo "$header: does not compile alone"
        status=1
    }
done
exit $status
