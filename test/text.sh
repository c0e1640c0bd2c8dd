#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source file says its licence in one of its first two lines, and no line ends in blanks.
status=0
for path in Makefile .ci/run $(find ./* -path './build*' -prune -o \( -name '*.[chS]' -o -name '*.sh' -o \
    -name '*.py' -o -name '*.mk' -o -name '*.ld' \) -print | sort); do
    head -n 2 "$path" | grep -q 'SPDX-License-Identifier: MIT' || {
        echo "$path:1: no SPDX-License-Identifier: MIT"
        status=1
    }
    # A Makefile's and a script's lines may begin with tabs; C's may not.
    case $path in *.c | *.h) blank='[[:space:]]$\|^ *	' ;; *) blank='[[:space:]]$' ;; esac
    grep -n "$blank" "$path" | sed "s|^\([0-9]*\):.*|$path:\1: blanks at the end, or a tab|" | grep . && status=1
done
exit $status
