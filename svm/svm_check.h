/* SPDX-License-Identifier: MIT */
/*
 * Why VMRUN refuses a VMCB: the manual's checks (APM 2, 15.5.1) in software. Pure.
 */
#ifndef SVM_SVM_CHECK_H
#define SVM_SVM_CHECK_H

#include "svm/vmcb.h"

/* The first rule that is broken, in a clause; NULL: none that is known here. */
const char *svm_check(const struct vmcb *vmcb, unsigned phys_bits);

#endif
