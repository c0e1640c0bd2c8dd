/* SPDX-License-Identifier: MIT */
/*
 * The manifest's keys: a table of names, each with the function that reads its value.
 */
#include "core/manifest_parts.h"

#include "lib/bits.h"
#include "lib/string.h"

static bool span_is(struct span s, const char *word)
{
    return s.size == strlen(word) && memcmp(s.at, word, s.size) == 0;
}

static const char *set_module(char *to, struct span value)
{
    if (!value.size)
        return "expected a module's name";
    if (value.size > VM_MODULE_MAX)
        return "expected a module's name of at most 127 characters";
    for (size_t i = 0; i < value.size; i++)
        if (is_blank(value.at[i]))
            return "expected a module's name, which is one word";
    memcpy(to, value.at, value.size);
    to[value.size] = 0;
    return NULL;
}

static const char *set_kernel(struct vm_config *vm, struct span value)
{
    return set_module(vm->kernel, value);
}

static const char *set_initrd(struct vm_config *vm, struct span value)
{
    return set_module(vm->initrd, value);
}

static const char *set_cmdline(struct vm_config *vm, struct span value)
{
    if (value.size > VM_CMDLINE_MAX)
        return "expected at most 2047 characters";
    memcpy(vm->cmdline, value.at, value.size);
    vm->cmdline[value.size] = 0;
    return NULL;
}

static const char *set_memory(struct vm_config *vm, struct span value)
{
    u64 bytes;
    if (!str_number(value.at, value.size, &bytes))
        return "expected a number with K, M or G, such as 128M";
    if (bytes < VM_MEMORY_MIN)
        return "expected at least 64K (a number with K, M or G, such as 128M)";
    if (bytes > VM_MEMORY_MAX)
        return "expected at most 1024G";
    if (!is_aligned(bytes, 4 * KiB))
        return "expected a multiple of 4K";
    vm->memory = bytes;
    return NULL;
}

static const char *set_cpus(struct vm_config *vm, struct span value)
{
    u64 cpus;
    if (!str_number(value.at, value.size, &cpus) || cpus < 1 || cpus > VM_CPUS_MAX)
        return "expected a number from 1 to 64";
    vm->cpus = (unsigned)cpus;
    return NULL;
}

/* Takes a decimal core number off the front of *s, with blanks around it. */
static bool take_core(struct span *s, unsigned *core)
{
    size_t at = 0, start;
    u64 value;
    while (at < s->size && is_blank(s->at[at]))
        at++;
    for (start = at; at < s->size && s->at[at] >= '0' && s->at[at] <= '9';)
        at++;
    if (at == start)
        return false;
    if (!str_number(s->at + start, at - start, &value) || value >= CORE_SET_MAX)
        value = CORE_SET_MAX; /* a number, but no core's: the caller says so */
    while (at < s->size && is_blank(s->at[at]))
        at++;
    *core = (unsigned)value;
    *s = (struct span){s->at + at, s->size - at};
    return true;
}

static bool take_char(struct span *s, char c)
{
    if (!s->size || s->at[0] != c)
        return false;
    *s = (struct span){s->at + 1, s->size - 1};
    return true;
}

static const char *set_cores(struct vm_config *vm, struct span value)
{
    static const char form[] = "expected core numbers and ranges, such as 1-3,5";
    struct core_set set = {{0}};
    do {
        unsigned first, last;
        if (!take_core(&value, &first))
            return form;
        last = first;
        if (take_char(&value, '-') && !take_core(&value, &last))
            return form;
        if (first >= CORE_SET_MAX || last >= CORE_SET_MAX)
            return "expected core numbers from 0 to 511";
        if (first > last)
            return "expected a range's lower end first, such as 1-3";
        for (; first <= last; first++)
            core_set_add(&set, first);
    } while (take_char(&value, ','));
    if (value.size)
        return form;
    vm->cores = set;
    vm->any_core = false;
    return NULL;
}

static const char *set_on_exit(struct vm_config *vm, struct span value)
{
    if (!span_is(value, "stop") && !span_is(value, "restart"))
        return "expected stop or restart";
    vm->on_exit = span_is(value, "restart") ? VM_EXIT_RESTART : VM_EXIT_STOP;
    return NULL;
}

static const char *set_pv(struct vm_config *vm, struct span value)
{
    if (!span_is(value, "kvm") && !span_is(value, "none"))
        return "expected kvm or none";
    vm->pv = span_is(value, "none") ? VM_PV_NONE : VM_PV_KVM;
    return NULL;
}

static const char *set_hpet(struct vm_config *vm, struct span value)
{
    if (!span_is(value, "on") && !span_is(value, "off"))
        return "expected on or off";
    vm->hpet = span_is(value, "on");
    return NULL;
}

static const char *set_load(struct vm_config *vm, struct span value)
{
    u64 load;
    if (!str_number(value.at, value.size, &load))
        return "expected an address, such as 0x7c00 or 1M";
    if (load >= 4 * GiB)
        return "expected an address below 4G";
    vm->load = load;
    vm->has_load = true;
    return NULL;
}

static const char *set_mode(struct vm_config *vm, struct span value)
{
    if (!span_is(value, "real") && !span_is(value, "long"))
        return "expected real or long";
    vm->mode = span_is(value, "real") ? VM_FLAT_REAL : VM_FLAT_LONG;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*set)(struct vm_config *vm, struct span value);
} keys[MANIFEST_KEYS] = {
    [KEY_KERNEL] = {"kernel",  set_kernel },
      [KEY_INITRD] = {"initrd",  set_initrd },
    [KEY_CMDLINE] = {"cmdline", set_cmdline},
      [KEY_MEMORY] = {"memory",  set_memory },
    [KEY_CPUS] = {"cpus",    set_cpus   },
      [KEY_CORES] = {"cores",   set_cores  },
    [KEY_ON_EXIT] = {"on-exit", set_on_exit},
      [KEY_PV] = {"pv",      set_pv     },
    [KEY_HPET] = {"hpet",    set_hpet   },
      [KEY_LOAD] = {"load",    set_load   },
    [KEY_MODE] = {"mode",    set_mode   },
};

int manifest_key_find(struct span name)
{
    for (int i = 0; i < MANIFEST_KEYS; i++)
        if (span_is(name, keys[i].name))
            return i;
    return -1;
}

const char *manifest_key_name(int key)
{
    return keys[key].name;
}

const char *manifest_key_set(int key, struct vm_config *vm, struct span value)
{
    return keys[key].set(vm, value);
}

#define WORD_MAX 12 /* longer than every key by more than a near miss */

/* Levenshtein's distance, one row of the table at a time; capitals count as small letters. */
static unsigned distance(struct span a, const char *b)
{
    unsigned row[WORD_MAX + 1], length = (unsigned)strlen(b);
    for (unsigned j = 0; j <= length; j++)
        row[j] = j;
    for (unsigned i = 0; i < a.size; i++) {
        char c = a.at[i] >= 'A' && a.at[i] <= 'Z' ? (char)(a.at[i] | 32) : a.at[i];
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (unsigned j = 0; j < length; j++) {
            unsigned changed = diagonal + (c != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = (unsigned)min_u64(changed, min_u64(diagonal, row[j]) + 1);
        }
    }
    return row[length];
}

const char *manifest_key_nearest(struct span name)
{
    const char *nearest = NULL;
    unsigned best = 3; /* farther than two slips is another word */
    if (name.size > WORD_MAX)
        return NULL;
    for (int i = 0; i < MANIFEST_KEYS; i++) {
        unsigned d = distance(name, keys[i].name);
        if (d < best && d < strlen(keys[i].name)) {
            best = d;
            nearest = keys[i].name;
        }
    }
    return nearest;
}
