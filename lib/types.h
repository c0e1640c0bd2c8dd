/* SPDX-License-Identifier: MIT */
/*
 * The words every room speaks: fixed-width integers, attributes, and the few
 * macros that C lacks. Knows nothing of the machine; compiles on the host.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define must_check        __attribute__((warn_unused_result))
#define no_return         __attribute__((noreturn))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define packed            __attribute__((packed))
#define aligned(n)        __attribute__((aligned(n)))
#define section(name)     __attribute__((section(name)))
#define no_inline         __attribute__((noinline))
#define cold              __attribute__((cold)) /* rare, in a file that is compiled to be fast: small */
#define always_inline     inline __attribute__((always_inline))
#define likely(x)         __builtin_expect(!!(x), 1)
#define unlikely(x)       __builtin_expect(!!(x), 0)

#define array_size(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define KiB ((u64)1 << 10)
#define MiB ((u64)1 << 20)
#define GiB ((u64)1 << 30)

#endif
