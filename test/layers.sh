#!/bin/sh
# SPDX-License-Identifier: MIT
# Which room may include which: the table of docs/arch.md. Only boot/main.c may name a vendor.
#
# `allowed FILE` prints the patterns that a file's "…" includes may match; a room may always include
# its own. System headers (<…>) are not ours: only the freestanding ones, checked below.
allowed() {
    case $1 in
    boot/main.c) echo '*' ;;
    boot/*) echo 'arch/* core/* drivers/* guests/* mm/* lib/*' ;;
    lib/*) ;;
    mm/*) echo 'lib/*' ;;
    drivers/emu/*) echo 'lib/*' ;;
    drivers/host/*) echo 'lib/* mm/* arch/x86/port.h arch/x86/mmio.h' ;;
    arch/*) echo 'arch/arch.h core/* mm/* lib/* drivers/emu/dev.h' ;;
    core/*) echo 'mm/* lib/* arch/arch.h drivers/emu/dev.h' ;;
    vmx/* | svm/*) echo 'arch/x86/* arch/arch.h core/* mm/* lib/*' ;;
    guests/*) echo 'guests/* core/* drivers/emu/* arch/x86/guest* mm/* lib/*' ;;
    esac
}

# matches NAME PATTERN...: the name matches one of them.
matches() {
    name=$1
    shift
    for pattern; do
        # shellcheck disable=SC2254  # the pattern is meant as one
        case $name in $pattern) return 0 ;; esac
    done
    return 1
}

set -f
status=0
complain() {
    echo "$1"
    status=1
}
for file in $(find boot lib mm arch vmx svm core drivers guests -name '*.[chS]' 2>/dev/null | sort); do
    room=${file%/*}
    may="$room/* $(allowed "$file")"
    for include in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file"); do
        # shellcheck disable=SC2086
        matches "$include" $may || complain "$file: may not include \"$include\""
    done
    for include in $(sed -n 's/^ *# *include *<\([^>]*\)>.*/\1/p' "$file"); do
        matches "$include" stdint.h stddef.h stdbool.h stdarg.h stdalign.h stdnoreturn.h limits.h ||
            complain "$file: the kernel has no <$include>"
    done
    case $file in
    boot/main.c | vmx/* | svm/* | arch/x86/*) ;;
    *)
        grep -n '\b\(vmx\|svm\)_[a-z]' "$file" | sed "s|^|$file:|" | grep . &&
            complain "$file: only boot/main.c names a vendor"
        ;;
    esac
done
exit $status
