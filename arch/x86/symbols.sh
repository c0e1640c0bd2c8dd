#!/bin/sh
# SPDX-License-Identifier: MIT
# From `nm -n` of the first link: the assembler source of the table that names functions in a backtrace. For each
# function, in the order of their addresses: how far it is from the one before (the first: from the start of boot's text),
# in two bytes; how many characters of its name are as in the one before; and the others, at least one, of which the last
# has its highest bit set. What the compiler hangs on behind a dot is left out.
LC_ALL=C awk '
BEGIN { print "    .section .symbols, \"a\"\n    .globl symbol_table, symbol_table_end\nsymbol_table:" }
$2 ~ /^[tT]$/ && last == "" { last = $1 }
$2 ~ /^[tT]$/ && $3 !~ /^(image_|\.)/ {
    sub(/\..*/, "", $3)
    end = length($3)
    for (same = 0; same < end - 1 && substr($3, same + 1, 1) == substr(before, same + 1, 1);) same++
    print "    .short 0x" $1 " - 0x" last "\n    .byte " same "\n    .ascii \"" substr($3, same + 1, end - 1 - same) "\""
    print "    .byte 128 + \047" substr($3, end) "\047"
    last = $1
    before = $3
}
END { print "symbol_table_end:\n    .section .note.GNU-stack, \"\", @progbits" }'
