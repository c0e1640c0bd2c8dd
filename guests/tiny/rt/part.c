/* SPDX-License-Identifier: MIT */
/*
 * The command line, and the parts of a guest that it says to skip.
 */
#include "guests/tiny/rt/tiny.h"

#define LINE_MAX 1024
#define SKIP     "skip:"
#define TAG_END  0
#define TAG_LINE 1

/* Xen's public/arch-x86/hvm/start_info.h: what Trivet gives a kernel of 64 bits. */
struct start_info {
    u32 magic, version, flags, modules;
    u64 module_list, cmdline;
};
_Static_assert(__builtin_offsetof(struct start_info, cmdline) == 24, "start_info.h");

/* Multiboot2 3.6.2: a tag. */
struct tag {
    u32 type, size;
    char text[];
};

extern const u64 rt_start_info, rt_multiboot;
static char line[LINE_MAX];
static u32 seen; /* the words that a part has asked for, by their order */

static const char *multiboot_line(const u8 *info)
{
    const struct tag *tag = (const struct tag *)(info + 8);

    while (tag->type != TAG_END && tag->type != TAG_LINE)
        tag = (const struct tag *)((const u8 *)tag + ((tag->size + 7) & ~7u));
    return tag->type == TAG_LINE ? tag->text : "";
}

void rt_cmdline_copy(void)
{
    const struct start_info *info = (const struct start_info *)rt_start_info;
    const char *from = "";

    if (info && info->magic == 0x336ec578 && info->cmdline)
        from = (const char *)info->cmdline;
    else if (rt_multiboot)
        from = multiboot_line((const u8 *)rt_multiboot);
    for (unsigned i = 0; i + 1 < LINE_MAX && from[i]; i++)
        line[i] = from[i];
}

bool asked(const char *word)
{
    unsigned length = (unsigned)strlen(word);

    for (const char *at = line; *at; at += *at == ' ') {
        const char *from = at;
        while (*at && *at != ' ')
            at++;
        if ((unsigned)(at - from) == length && !strncmp(from, word, length))
            return true;
    }
    return false;
}

/* The next `skip:...` from here on, past what makes it one; NULL: there is none. */
static const char *next_word(const char *at)
{
    for (; *at; at++)
        if (!strncmp(at, SKIP, sizeof SKIP - 1))
            return at + sizeof SKIP - 1;
    return NULL;
}

static unsigned until(const char *at, char end)
{
    unsigned n = 0;

    while (at[n] && at[n] != end)
        n++;
    return n;
}

bool part_skipped(const char *name)
{
    unsigned length = (unsigned)strlen(name), n = 0;

    for (const char *at = line; (at = next_word(at)); n++) {
        if (strncmp(at, name, length) || at[length] != ':')
            continue;
        const char *reason = at + length + 1;
        if (!(seen & 1u << n))
            print("part %s skipped: %.*s\n", name, (int)until(reason, ';'), reason);
        seen |= 1u << n;
        return true;
    }
    return false;
}

void part_skip(const char *name, const char *reason)
{
    print("part %s skipped: %s\n", name, reason);
}

void rt_parts_end(void)
{
    unsigned n = 0;

    for (const char *at = line; (at = next_word(at)); n++)
        check(seen & 1u << n, "skip:%.*s: no part has this name", (int)until(at, ':'), at);
}
