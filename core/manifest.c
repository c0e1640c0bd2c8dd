/* SPDX-License-Identifier: MIT */
#include "core/manifest_parts.h"

#include "lib/fmt.h"
#include "lib/string.h"

struct parser {
    struct manifest *manifest;
    struct manifest_errors *errors;
    struct vm_config *vm;         /* the open section; &manifest->spare for one that was refused */
    unsigned seen[MANIFEST_KEYS]; /* in which line the section sets a key; 0: not yet */
    unsigned line;
    bool too_many; /* said already */
    bool outside;  /* said already: keys before the first section */
    bool garbled;  /* the section has a line that cannot be read: its keys may be incomplete */
};

void vm_config_init(struct vm_config *vm)
{
    memset(vm, 0, sizeof *vm);
    vm->memory = VM_MEMORY_DEFAULT;
    vm->cpus = 1;
    vm->any_core = true;
    vm->hpet = true;
}

static void open_section(struct parser *p, struct vm_config *vm)
{
    vm_config_init(vm);
    vm->line = p->line;
    memset(p->seen, 0, sizeof p->seen);
    p->vm = vm;
    p->garbled = false;
}

/* What can be judged only when all keys of a section are known. */
static void close_section(struct parser *p)
{
    struct vm_config *vm = p->vm;
    if (!vm || vm == &p->manifest->spare)
        return;
    vm->kernel_line = p->seen[KEY_KERNEL];
    vm->initrd_line = p->seen[KEY_INITRD];
    vm->cores_line = p->seen[KEY_CORES];
    if (!vm->kernel_line && !p->garbled)
        manifest_fail(p->errors, vm->line, "[vm %s] has no kernel: expected a line kernel = MODULE",
                      vm->name);
    if (vm->mode == VM_FLAT_REAL && vm->has_load && vm->load >= MiB)
        manifest_fail(p->errors, p->seen[KEY_LOAD],
                      "load = 0x%llx: expected an address below 1M with mode = real",
                      (unsigned long long)vm->load);
}

bool vm_name_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_' ||
           c == '.';
}

/* NULL, or what is wrong with a machine's name. */
static const char *check_name(const struct parser *p, struct span name)
{
    const struct manifest *m = p->manifest;
    if (!name.size)
        return "expected a name, such as [vm web]";
    if (name.size > VM_NAME_MAX)
        return "expected a name of at most 32 characters";
    for (size_t i = 0; i < name.size; i++)
        if (!vm_name_char(name.at[i]))
            return "expected a name of letters, digits, '-', '_' and '.'";
    for (unsigned i = 0; i < m->count; i++)
        if (strlen(m->vm[i].name) == name.size && !memcmp(m->vm[i].name, name.at, name.size))
            return "expected a name that no other machine has";
    return NULL;
}

/* [vm NAME], blanks where one likes, a comment behind it. */
static const char *read_header(struct span line, struct span *name)
{
    size_t end = span_find(line, ']');
    struct span inside = span_trim((struct span){line.at + 1, end - 1});
    if (end == line.size)
        return "expected a closing ], as in [vm web]";
    if (span_cut_comment(span_from(line, end + 1)).size)
        return "expected nothing behind the ]";
    if (inside.size < 2 || memcmp(inside.at, "vm", 2) != 0 ||
        (inside.size > 2 && !is_blank(inside.at[2])))
        return "expected [vm NAME], such as [vm web]";
    *name = span_trim(span_from(inside, 2));
    return NULL;
}

static void read_section(struct parser *p, struct span line)
{
    struct manifest *m = p->manifest;
    struct span name;
    const char *wrong;

    close_section(p);
    open_section(p, &m->spare);
    wrong = read_header(line, &name);
    if (!wrong)
        wrong = check_name(p, name);
    if (wrong) {
        manifest_fail(p->errors, p->line, "%s: %s", manifest_show(span_cut_comment(line)).text,
                      wrong);
        return;
    }
    if (m->count == MANIFEST_VMS_MAX) {
        if (!p->too_many)
            manifest_fail(p->errors, p->line, "[vm %s]: expected at most %d machines",
                          manifest_show(name).text, MANIFEST_VMS_MAX);
        p->too_many = true;
        return;
    }
    open_section(p, &m->vm[m->count++]);
    memcpy(p->vm->name, name.at, name.size);
}

static void fail_unknown_key(struct parser *p, struct span key)
{
    const char *nearest = manifest_key_nearest(key);
    char all[128];
    size_t used = 0;
    for (int i = 0; i < MANIFEST_KEYS; i++)
        used +=
            fmt_text(all + used, sizeof all - used, "%s%s", i ? ", " : "", manifest_key_name(i));
    if (nearest)
        manifest_fail(p->errors, p->line, "unknown key %s: did you mean %s?",
                      manifest_show(key).text, nearest);
    else
        manifest_fail(p->errors, p->line, "unknown key %s: expected one of %s",
                      manifest_show(key).text, all);
}

/* Takes the comment, and the quotes, off a value. */
static const char *read_value(struct span *value)
{
    struct span s = *value;
    size_t end;
    if (!s.size || (s.at[0] != '"' && s.at[0] != '\'')) {
        *value = span_cut_comment(s);
        return NULL;
    }
    end = span_find(span_from(s, 1), s.at[0]) + 1;
    if (end == s.size)
        return s.at[0] == '"' ? "expected a closing \"" : "expected a closing '";
    if (span_cut_comment(span_from(s, end + 1)).size)
        return "expected nothing behind the closing quote";
    *value = (struct span){s.at + 1, end - 1};
    return NULL;
}

static void set_key(struct parser *p, int key, struct span value)
{
    const char *name = manifest_key_name(key), *wrong;
    if (p->seen[key]) {
        manifest_fail(p->errors, p->line,
                      "%s = %s: expected one %s in a section, and line %u has it", name,
                      manifest_show(span_cut_comment(value)).text, name, p->seen[key]);
        return;
    }
    p->seen[key] = p->line;
    wrong = read_value(&value);
    if (!wrong)
        wrong = manifest_key_set(key, p->vm, value);
    if (wrong)
        manifest_fail(p->errors, p->line, "%s = %s: %s", name, manifest_show(value).text, wrong);
}

static void read_assignment(struct parser *p, struct span line)
{
    size_t equals = span_find(line, '=');
    struct span key = span_trim((struct span){line.at, equals});
    int number = manifest_key_find(key);

    if (!p->vm) {
        if (!p->outside)
            manifest_fail(p->errors, p->line, "%s: expected a section first, such as [vm web]",
                          manifest_show(span_cut_comment(line)).text);
        p->outside = true;
    } else if (equals == line.size) {
        manifest_fail(p->errors, p->line, "%s: expected KEY = VALUE or [vm NAME]",
                      manifest_show(span_cut_comment(line)).text);
    } else if (number < 0) {
        fail_unknown_key(p, key);
    } else {
        set_key(p, number, span_trim(span_from(line, equals + 1)));
    }
}

/* False, and the error is noted, if the line cannot be text. */
static bool check_line(struct parser *p, struct span line)
{
    if (line.size > MANIFEST_LINE_MAX) {
        manifest_fail(p->errors, p->line, "%llu characters: expected at most %d in a line",
                      (unsigned long long)line.size, MANIFEST_LINE_MAX);
        return false;
    }
    for (size_t i = 0; i < line.size; i++) {
        u8 c = (u8)line.at[i];
        if ((c >= 0x20 && c != 0x7f) || c == '\t')
            continue;
        manifest_fail(p->errors, p->line, "%s 0x%02x in column %u: expected plain text",
                      c ? "control character" : "NUL byte", c, (unsigned)i + 1);
        return false;
    }
    return true;
}

static void read_line(struct parser *p, struct span line)
{
    struct span text;
    if (line.size && line.at[line.size - 1] == '\r')
        line.size--;
    text = span_trim(line);
    if (!text.size)
        return;
    if (!check_line(p, line)) {
        if (text.at[0] == '[') { /* its keys must not fall to the section before */
            close_section(p);
            open_section(p, &p->manifest->spare);
        }
        p->garbled = true;
    } else if (text.at[0] == '[') {
        read_section(p, text);
    } else if (text.at[0] != '#') {
        read_assignment(p, text);
    }
}

bool manifest_parse(const char *text, size_t size, struct manifest *manifest,
                    struct manifest_errors *errors)
{
    struct parser p = {.manifest = manifest, .errors = errors};
    struct span rest = {text, size};

    manifest->count = 0;
    errors->count = errors->total = 0;
    if (size >= 2 && ((u8)text[0] ^ (u8)text[1]) == 1 && (u8)(text[0] | 1) == 0xff) {
        manifest_fail(errors, 1, "the file is UTF-16: expected ASCII or UTF-8");
        return false;
    }
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        rest = span_from(rest, 3);
    while (rest.size) {
        size_t end = span_find(rest, '\n');
        p.line++;
        read_line(&p, (struct span){rest.at, end});
        rest = span_from(rest, end < rest.size ? end + 1 : end);
    }
    close_section(&p);
    if (!manifest->count && !errors->total)
        manifest_fail(errors, 0, "no machine in it: expected a section, such as [vm web]");
    return !errors->total;
}
