/* SPDX-License-Identifier: MIT */
/*
 * For X_offsets.c: a line of assembly text that the Makefile turns into "#define NAME value".
 */
#ifndef ARCH_X86_OFFSETS_H
#define ARCH_X86_OFFSETS_H

#define OFFSET(name, value) __asm__ volatile("\n.ascii \"=> " #name " %c0\"" : : "i"(value))

#endif
