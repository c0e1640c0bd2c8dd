#!/bin/sh
# SPDX-License-Identifier: MIT
# From `nm -n` of the first link: the assembler source of the table that names functions in a backtrace.
LC_ALL=C awk '
BEGIN { n = 0 }
$3 == "image_text_start" { base = $1 }
$2 ~ /^[tT]$/ && $3 !~ /^(image_|\.)/ { at[n] = $1; name[n++] = $3 }
END {
    print "    .section .symbols, \"a\"\n    .globl symbol_count, symbol_address, symbol_name, symbol_text"
    print "    .balign 8\nsymbol_count: .long " n + 0 "\nsymbol_address:"
    for (i = 0; i < n; i++) print "    .long 0x" at[i] " - 0x" base
    print "symbol_name:"
    for (i = offset = 0; i < n; i++) { print "    .long " offset + 0; offset += length(name[i]) + 1 }
    print "symbol_text:"
    for (i = 0; i < n; i++) print "    .asciz \"" name[i] "\""
    print "    .section .note.GNU-stack, \"\", @progbits"
}'
