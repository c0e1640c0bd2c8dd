/* SPDX-License-Identifier: MIT */
/*
 * The manifest against what there is: modules and cores; and the machine that runs without one.
 */
#include "core/manifest_parts.h"

#include "lib/fmt.h"
#include "lib/string.h"

struct list_text {
    char text[160];
    size_t used;
    bool full;
};

/* Adds a word to a list for a sentence; what does not fit becomes "...". */
static void list_add_word(struct list_text *list, const char *word)
{
    size_t length = strlen(word);
    if (list->full)
        return;
    if (list->used + length + sizeof ", , ..." > sizeof list->text) {
        list->full = true;
        word = "...";
    }
    list->used += fmt_text(list->text + list->used, sizeof list->text - list->used, "%s%s",
                           list->used ? ", " : "", word);
}

static struct list_text module_list(const char *const *names, unsigned count)
{
    struct list_text list = {.used = 0};
    for (unsigned i = 0; i < count; i++)
        list_add_word(&list, manifest_show((struct span){names[i], strlen(names[i])}).text);
    if (!count)
        str_copy(list.text, "(there is none)", sizeof list.text);
    return list;
}

static bool is_module(const char *name, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

bool manifest_check_modules(const struct manifest *manifest, const char *const *names,
                            unsigned count, struct manifest_errors *errors)
{
    struct list_text list = module_list(names, count);
    unsigned before = errors->total;
    for (unsigned i = 0; i < manifest->count; i++) {
        const struct vm_config *vm = &manifest->vm[i];
        if (vm->kernel[0] && !is_module(vm->kernel, names, count))
            manifest_fail(errors, vm->kernel_line, "kernel = %s: expected a module, one of: %s",
                          manifest_show((struct span){vm->kernel, strlen(vm->kernel)}).text,
                          list.text);
        if (vm->initrd[0] && !is_module(vm->initrd, names, count))
            manifest_fail(errors, vm->initrd_line, "initrd = %s: expected a module, one of: %s",
                          manifest_show((struct span){vm->initrd, strlen(vm->initrd)}).text,
                          list.text);
    }
    return errors->total == before;
}

/* The cores of a set as the manifest would write them: 0-3,5. */
static struct list_text core_list(const struct core_set *set)
{
    struct list_text list = {.used = 0};
    for (unsigned core = 0; core < CORE_SET_MAX; core++) {
        unsigned first = core;
        char word[16];
        if (!core_set_has(set, core))
            continue;
        while (core_set_has(set, core + 1))
            core++;
        if (core > first)
            fmt_text(word, sizeof word, "%u-%u", first, core);
        else
            fmt_text(word, sizeof word, "%u", core);
        list_add_word(&list, word);
    }
    return list;
}

bool manifest_check_cores(const struct manifest *manifest, const struct core_set *running,
                          struct manifest_errors *errors)
{
    struct list_text there = core_list(running);
    unsigned before = errors->total;
    for (unsigned i = 0; i < manifest->count; i++) {
        const struct vm_config *vm = &manifest->vm[i];
        struct core_set missing = vm->cores;
        bool none = true;
        for (unsigned w = 0; w < array_size(missing.word); w++) {
            missing.word[w] &= ~running->word[w];
            none &= !missing.word[w];
        }
        if (!vm->any_core && !none)
            manifest_fail(errors, vm->cores_line,
                          "cores has %s, which do not run: expected cores out of %s",
                          core_list(&missing).text, there.text);
    }
    return errors->total == before;
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* The length of a file's name without its extension: tiny of tiny.elf, all of vmlinuz-6.1.0. */
static size_t stem_length(const char *name)
{
    size_t length = strlen(name), dot = length;
    while (dot > 0 && length - dot < 5 && name[dot] != '.')
        dot--;
    if (name[dot] != '.' || length - dot > 5 || !is_letter(name[dot + 1]))
        return length;
    for (size_t i = dot + 1; i < length; i++)
        if (!vm_name_char(name[i]) || name[i] == '-' || name[i] == '_')
            return length;
    return dot;
}

static void name_from_module(char *name, const char *module)
{
    const char *base = module;
    size_t stem, length = 0;
    for (const char *c = module; *c; c++)
        if (*c == '/')
            base = c + 1;
    stem = stem_length(base);
    for (size_t i = 0; i < stem && length < VM_NAME_MAX; i++)
        if (vm_name_char(base[i]))
            name[length++] = base[i];
    name[length] = 0;
    if (!length)
        str_copy(name, "vm0", VM_NAME_MAX + 1);
}

static bool copy_text(char *to, size_t size, const char *from, const char *what,
                      struct manifest_errors *errors)
{
    if (str_copy(to, from, size))
        return true;
    manifest_fail(errors, 0, "not given, and %s has %llu characters: expected at most %llu", what,
                  (unsigned long long)strlen(from), (unsigned long long)size - 1);
    return false;
}

bool manifest_single(const char *kernel, const char *cmdline, const char *initrd,
                     struct manifest *manifest, struct manifest_errors *errors)
{
    struct vm_config *vm = &manifest->vm[0];
    bool fits;

    errors->count = errors->total = 0;
    manifest->count = 1;
    vm_config_init(vm);
    name_from_module(vm->name, kernel);
    fits = copy_text(vm->kernel, sizeof vm->kernel, kernel, "the first module's name", errors);
    fits &= copy_text(vm->cmdline, sizeof vm->cmdline, cmdline, "its command line", errors);
    if (initrd)
        fits &=
            copy_text(vm->initrd, sizeof vm->initrd, initrd, "the second module's name", errors);
    return fits;
}
