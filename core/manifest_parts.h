/* SPDX-License-Identifier: MIT */
/*
 * What the manifest's files share: pieces of text, errors, the keys. Nobody else includes it.
 */
#ifndef CORE_MANIFEST_PARTS_H
#define CORE_MANIFEST_PARTS_H

#include "core/manifest.h"

/* A piece of the manifest's text; never terminated. */
struct span {
    const char *at;
    size_t size;
};

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline struct span span_from(struct span s, size_t at)
{
    return (struct span){s.at + at, s.size - at};
}

/* Blanks off both ends; what stands before a comment; where `c` first stands (s.size: nowhere). */
struct span span_trim(struct span s);
struct span span_cut_comment(struct span s);
size_t span_find(struct span s, char c);

/* A machine with every default filled in. */
void vm_config_init(struct vm_config *vm);

/* Adds "trivet.conf line N: ..." (or, for line 0, "trivet.conf: ..."); past the limit it counts. */
void manifest_fail(struct manifest_errors *errors, unsigned line, const char *format, ...)
    printf_like(3, 4);

/* `text` fit to print: cut to about 60 characters, what is not printable ASCII as \xNN. */
struct shown {
    char text[80];
};
struct shown manifest_show(struct span text);

/*
 * The keys, by number. manifest_key_set stores a value and returns NULL, or returns what would have
 * been right ("expected ..."); *vm is then unchanged in that key.
 */
enum manifest_key {
    KEY_KERNEL,
    KEY_INITRD,
    KEY_CMDLINE,
    KEY_MEMORY,
    KEY_CPUS,
    KEY_CORES,
    KEY_ON_EXIT,
    KEY_PV,
    KEY_HPET,
    KEY_LOAD,
    KEY_MODE,
    MANIFEST_KEYS
};
int manifest_key_find(struct span name); /* -1: unknown */
const char *manifest_key_name(int key);
const char *manifest_key_set(int key, struct vm_config *vm, struct span value);

/* The nearest key to a misspelt one, NULL if none is near. */
const char *manifest_key_nearest(struct span name);

bool vm_name_char(char c);

#endif
