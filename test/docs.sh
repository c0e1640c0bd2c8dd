#!/bin/sh
# SPDX-License-Identifier: MIT
# What the pages name in backquotes is there: a source file by its path or the end of it (* stands for a part), and a
# name with an underscore as a word of some source. So a page cannot go on telling of what has another name by now.
others=enable_apicv # names of other programs', which the pages tell of, too
here() {
    find ./* -path './build*' -prune -o -path ./docs -prune -o -type f "$@" | sed 's|^\./||'
}
{
    here -print | sed 's/^/file /'
    printf 'word %s\n' $others
    here \( -name '*.[chS]' -o -name '*.py' -o -name '*.sh' -o -name '*.conf' -o -name '*.ld' -o -name '*.mk' -o -name Makefile \) -print |
        grep -v '^test/docs\.sh$' | xargs grep -ohE '[A-Za-z0-9]*_[A-Za-z0-9_]*' | sort -u | sed 's/^/word /'
    grep -no '`[^`]*`' README.md docs/*.md | tr -d '`' | sed 's/^\([^:]*:[0-9]*\):/said \1 /'
} | awk '
$1 == "file" { files[++count] = "/" $2; next }
$1 == "word" { words[$2] = 1; next }
function there(name, i) {
    gsub(/\./, "[.]", name)
    gsub(/\*/, "[^/]*", name)
    for (i = 1; i <= count; i++)
        if (files[i] ~ "/" name "$")
            return 1
    return 0
}
function wrong(what) { print $2 ": " what; status = 1 }
{
    for (n = 3; n <= NF; n++) {
        name = $n
        sub(/^[(]/, "", name)
        sub(/[,;)]*$/, "", name)
        if (name ~ /^build/)
            continue
        if (name ~ /^[A-Za-z0-9_.*\/-]+[.]([chS]|py|sh|ld)$/) {
            if (!(name in known))
                known[name] = there(name)
            if (!known[name])
                wrong("no file " name)
            continue
        }
        if (name ~ /[*]/)
            continue
        parts = split(name, part, /[^A-Za-z0-9_]+/)
        for (p = 1; p <= parts; p++)
            if (part[p] ~ /[A-Za-z0-9]_[A-Za-z0-9]/ && !(part[p] in words))
                wrong("nothing is named " part[p])
    }
}
END { exit status }'
