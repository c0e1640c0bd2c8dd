/* SPDX-License-Identifier: MIT */
#include "boot/info.h"

#include "boot/info_parse.h"
#include "lib/bits.h"
#include "lib/bytes.h"
#include "lib/fmt.h"
#include "lib/string.h"

/*
 * Multiboot2 3.6: u32 total size, u32 reserved, then tags, each u32 type, u32 size (with this
 * header), content, padding to 8 bytes; the last is of type 0. Offsets below count from a tag's
 * start.
 */
#define HEADER_SIZE 8

enum tag_type {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MEMINFO = 4,
    TAG_MMAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI32 = 11,
    TAG_EFI64 = 12,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15,
    TAG_EFI_MMAP = 17,
    TAG_EFI_BOOT_SERVICES = 18,
    TAG_EFI32_IMAGE = 19,
    TAG_EFI64_IMAGE = 20,
};

typedef bool (*tag_handler)(struct parse *parse, const u8 *tag, u32 size);

bool boot_refuse(struct boot_info *info, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fmt_va(info->error, sizeof info->error, format, args);
    va_end(args);
    return false;
}

/* The string at `offset` of a tag; NULL unless it ends inside the tag. */
static const char *tag_string(const u8 *tag, u32 size, u32 offset)
{
    for (u32 at = offset; at < size; at++)
        if (!tag[at])
            return (const char *)tag + offset;
    return NULL;
}

/* Copies `length` characters into info->text; NULL if it is full. */
static const char *keep_text(struct boot_info *info, const char *from, size_t length)
{
    char *to = info->text + info->text_used;
    if (length >= BOOT_TEXT_MAX - info->text_used) {
        (void)boot_refuse(info,
                          "the boot loader's strings together are longer than Trivet's limit, %d",
                          BOOT_TEXT_MAX);
        return NULL;
    }
    memcpy(to, from, length);
    to[length] = 0;
    info->text_used += (u32)length + 1;
    return to;
}

static bool keep_tag_string(struct boot_info *info, const u8 *tag, u32 size, const char *name,
                            const char **kept)
{
    const char *string = tag_string(tag, size, HEADER_SIZE);
    if (!string)
        return boot_refuse(info, "the %s tag's string has no end inside its %u bytes", name, size);
    *kept = keep_text(info, string, strlen(string));
    return *kept != NULL;
}

static bool read_cmdline(struct parse *parse, const u8 *tag, u32 size)
{
    return keep_tag_string(parse->info, tag, size, "command line", &parse->info->cmdline);
}

static bool read_loader(struct parse *parse, const u8 *tag, u32 size)
{
    return keep_tag_string(parse->info, tag, size, "boot loader name", &parse->info->loader);
}

static const char *skip_spaces(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

/* 3.6.6: u32 start, u32 end (exclusive), string. */
static bool read_module(struct parse *parse, const u8 *tag, u32 size)
{
    struct boot_info *info = parse->info;
    u32 start = bytes_u32(tag + 8), end = bytes_u32(tag + 12);
    const char *string = tag_string(tag, size, 16);
    unsigned n = info->module_count;

    if (n == BOOT_MODULES_MAX)
        return boot_refuse(info, "there are more modules than Trivet's limit, %d",
                           BOOT_MODULES_MAX);
    if (end < start)
        return boot_refuse(info, "the tag of module %u says it ends at 0x%x, before its start",
                           n + 1, end);
    if (!string)
        return boot_refuse(info, "the string of module %u has no end inside its tag's %u bytes",
                           n + 1, size);
    struct boot_module *module = &info->module[n];
    string = skip_spaces(string);
    size_t word = 0;
    while (string[word] && string[word] != ' ' && string[word] != '\t')
        word++;
    const char *rest = skip_spaces(string + word);

    module->base = hpa(start);
    module->size = end - start;
    module->name = keep_text(info, string, word);
    module->args = module->name ? keep_text(info, rest, strlen(rest)) : NULL;
    info->module_count++;
    return module->args != NULL;
}

static bool read_rsdp_old(struct parse *parse, const u8 *tag, u32 size)
{
    (void)size;
    if (parse->info->rsdp_size == 0) {
        memcpy(parse->info->rsdp, tag + HEADER_SIZE, 20);
        parse->info->rsdp_size = 20;
    }
    return true;
}

static bool read_rsdp_new(struct parse *parse, const u8 *tag, u32 size)
{
    (void)size;
    memcpy(parse->info->rsdp, tag + HEADER_SIZE, 36);
    parse->info->rsdp_size = 36;
    return true;
}

static bool read_efi(struct parse *parse, const u8 *tag, u32 size)
{
    (void)tag, (void)size;
    parse->info->efi = true;
    return true;
}

/* The firmware would go on using memory that the map calls free. */
static bool refuse_boot_services(struct parse *parse, const u8 *tag, u32 size)
{
    (void)tag, (void)size;
    return boot_refuse(parse->info,
                       "the boot loader left the EFI boot services running; Trivet must be "
                       "started after ExitBootServices");
}

/* Every tag that is read, the fewest bytes that it can have, and its name in sentences. */
static const struct {
    enum tag_type type;
    u32 least;
    const char *name;
    tag_handler read;
} tags_known[] = {
    {TAG_CMDLINE,           9,  "command line",      read_cmdline         },
    {TAG_LOADER,            9,  "boot loader name",  read_loader          },
    {TAG_MODULE,            17, "module",            read_module          },
    {TAG_MEMINFO,           16, "basic memory",      boot_keep_meminfo    },
    {TAG_MMAP,              16, "memory map",        boot_read_mmap       },
    {TAG_FRAMEBUFFER,       31, "framebuffer",       boot_read_framebuffer},
    {TAG_EFI32,             12, "EFI system table",  read_efi             },
    {TAG_EFI64,             16, "EFI system table",  read_efi             },
    {TAG_RSDP_OLD,          28, "ACPI 1.0 RSDP",     read_rsdp_old        },
    {TAG_RSDP_NEW,          44, "ACPI 2.0 RSDP",     read_rsdp_new        },
    {TAG_EFI_MMAP,          16, "EFI memory map",    boot_keep_efi_mmap   },
    {TAG_EFI_BOOT_SERVICES, 8,  "EFI boot services", refuse_boot_services },
    {TAG_EFI32_IMAGE,       12, "EFI image",         read_efi             },
    {TAG_EFI64_IMAGE,       16, "EFI image",         read_efi             },
};

static bool read_tag(struct parse *parse, const u8 *tag, u32 type, u32 size)
{
    for (unsigned i = 0; i < array_size(tags_known); i++) {
        if (tags_known[i].type != type)
            continue;
        if (size < tags_known[i].least)
            return boot_refuse(parse->info,
                               "the %s tag is %u bytes long, too short for its content of %u",
                               tags_known[i].name, size, tags_known[i].least);
        return tags_known[i].read(parse, tag, size);
    }
    return true;
}

/*
 * A list without its last tag has been cut off, and what is missing may be a module or a reserved
 * range: that is refused, not guessed.
 */
static bool read_tags(struct parse *parse, const u8 *tags, u32 total)
{
    u64 at = HEADER_SIZE;
    while (at + HEADER_SIZE <= total) {
        u32 type = bytes_u32(tags + at), size = bytes_u32(tags + at + 4);
        if (size < HEADER_SIZE || size > total - at)
            return boot_refuse(
                parse->info,
                "tag type %u at byte %u of the boot information says it is %u bytes long; "
                "8 to %u can be",
                type, (u32)at, size, (u32)(total - at));
        if (type == TAG_END)
            return true;
        if (!read_tag(parse, tags + at, type, size))
            return false;
        at = align_up(at + size, 8);
    }
    return boot_refuse(parse->info,
                       "the boot information's %u bytes have no closing tag: it is cut off", total);
}

static bool read_all(const void *tags, size_t size, struct parse *parse)
{
    struct boot_info *info = parse->info;
    u32 total = size >= HEADER_SIZE ? bytes_u32(tags) : 0;

    if (size < HEADER_SIZE)
        return boot_refuse(info, "the boot information is %zu bytes long, less than its header",
                           size);
    if (total < HEADER_SIZE || total > size)
        return boot_refuse(info, "the boot information says it is %u bytes long; 8 to %zu can be",
                           total, size);
    if (!read_tags(parse, tags, total))
        return false;
    if (!boot_use_spare_maps(parse))
        return false;
    if (info->memmap.count == 0)
        return boot_refuse(info,
                           "the boot loader reports no memory: there is no memory map tag (6 or "
                           "17) with an entry and no basic memory tag (4)");
    return true;
}

const char *boot_info_parse(const void *tags, size_t size, struct boot_info *info)
{
    struct parse parse = {.info = info};

    memset(info, 0, sizeof *info);
    info->cmdline = info->loader = "";
    return read_all(tags, size, &parse) ? NULL : info->error;
}
