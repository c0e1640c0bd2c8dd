/* SPDX-License-Identifier: MIT */
/* SVM's exits numbered densely, which is how they are counted and handled, and a VMCB in words: for
 * whoever reads the log. Every function takes any number. All pure, but for what log_raw does. */
#ifndef SVM_SVM_NAMES_H
#define SVM_SVM_NAMES_H

#include "core/stats.h"
#include "svm/vmcb.h"

#define EXIT_KIND(name, first, last, word) KIND_##name,
enum svm_kind {
    KIND_UNKNOWN,
    SVM_EXITS(EXIT_KIND) KIND_WRMSR, /* KIND_MSR is RDMSR */
    KIND_INVALID,
    KIND_BUSY,
    SVM_KINDS
};
_Static_assert(SVM_KINDS <= EXIT_KINDS, "each has its place in the statistics");

/* Of an exit code and its EXITINFO1, which tells RDMSR from WRMSR. */
enum svm_kind svm_exit_kind(u64 code, u64 info1);

/* One word, lower case, stable: "cpuid", "nested-page-fault"; "unknown". */
const char *svm_exit_name(unsigned kind);

/* svm_dump.c: a VMCB's control area, when a machine is stopped or its VMRUN has failed. */
void svm_dump(const struct vmcb *vmcb);

/* svm_check.c: the first of VMRUN's rules (APM 2, 15.5.1) that is broken, in a clause; NULL: none
 * that is known here. */
const char *svm_check(const struct vmcb *vmcb, unsigned phys_bits);

#endif
