/* SPDX-License-Identifier: MIT */
/*
 * A VMCB's control area in words: printed when a machine is stopped or its VMRUN has failed. Pure:
 * it writes through log_raw.
 */
#ifndef SVM_SVM_DUMP_H
#define SVM_SVM_DUMP_H

#include "svm/vmcb.h"

void svm_dump(const struct vmcb *vmcb);

/* svm_check.c: the first of VMRUN's rules (APM 2, 15.5.1) that is broken, in a clause; NULL: none
 * that is known here. */
const char *svm_check(const struct vmcb *vmcb, unsigned phys_bits);

#endif
