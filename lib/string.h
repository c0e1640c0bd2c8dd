/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings: the C library's names where the meaning is the C
 * library's (the compiler calls memcpy and friends by itself), our own where a bound is added.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, int c);

/* Copies at most size - 1 characters and always terminates; false if something was cut off. */
bool str_copy(char *to, const char *from, size_t size);
bool str_starts(const char *s, const char *prefix);

/*
 * Reads a whole unsigned number (decimal, or hex after 0x) with an optional
 * K, M or G behind it. False, and *value untouched, unless all of [s, s + len) is one that fits 64
 * bits.
 */
bool str_number(const char *s, size_t len, u64 *value);

#endif
