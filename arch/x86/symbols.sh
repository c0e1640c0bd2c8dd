#!/bin/sh
# SPDX-License-Identifier: MIT
# From `nm -n` of the first link: the assembler source of the table that names functions in a backtrace. For each
# function, in the order of their addresses: how far it is from the one before (the first: from the text's start), in
# two bytes, and its name, without what the compiler hangs on behind a dot.
LC_ALL=C awk '
BEGIN { print "    .section .symbols, \"a\"\n    .globl symbol_table, symbol_table_end\nsymbol_table:" }
$2 ~ /^[tT]$/ && last == "" { last = $1 }
$2 ~ /^[tT]$/ && $3 !~ /^(image_|\.)/ {
    sub(/\..*/, "", $3)
    print "    .short 0x" $1 " - 0x" last "\n    .asciz \"" $3 "\""
    last = $1
}
END { print "symbol_table_end:\n    .section .note.GNU-stack, \"\", @progbits" }'
