/* SPDX-License-Identifier: MIT */
/*
 * A VMCB on the log, compactly: printed when a machine is stopped or its VMRUN has failed. Pure: it
 * writes through log_raw. FS, GS, TR and LDTR are as of the last VMSAVE.
 */
#ifndef SVM_SVM_DUMP_H
#define SVM_SVM_DUMP_H

#include "svm/vmcb.h"

void svm_dump(const struct vmcb *vmcb);

#endif
