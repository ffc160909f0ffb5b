/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_COW_COMPARE_H
#define WARREN_COW_COMPARE_H

#include "diff.h"
#include "internal.h"

/* WR_CH_* between two objects of one type. 0: nothing but the times of a directory differs. */
int wr_compare(int lower, const struct stat *a, int upper, const struct stat *b, unsigned *ret);

#endif
