/* SPDX-License-Identifier: MIT */
#include "svm/svm_names.h"

#define CODE_ROW(name, first, last, word) [first... last] = KIND_##name,
static const u8 kinds[] = {SVM_EXITS(CODE_ROW)};

#define NAME_ROW(name, first, last, word) [KIND_##name] = word,
static const char *const names[SVM_KINDS] = {
    [KIND_UNKNOWN] = "unknown",
    SVM_EXITS(NAME_ROW)[KIND_WRMSR] = "wrmsr",
    [KIND_INVALID] = "invalid-state",
    [KIND_BUSY] = "busy",
};

enum svm_kind svm_exit_kind(u64 code, u64 info1)
{
    if (code == SVM_EXIT_MSR)
        return info1 & 1 ? KIND_WRMSR : KIND_MSR;
    if (code < array_size(kinds))
        return (enum svm_kind)kinds[code];
    switch ((u32)code) {
    case SVM_EXIT_INVALID:
        return KIND_INVALID;
    case SVM_EXIT_BUSY:
        return KIND_BUSY;
    default:
        return KIND_UNKNOWN;
    }
}

const char *svm_exit_name(unsigned kind)
{
    return names[kind < SVM_KINDS ? kind : KIND_UNKNOWN];
}
