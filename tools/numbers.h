/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as they are given in arguments. All return 0 or -EINVAL, and set *ret on success only. */
#ifndef WARREN_TOOLS_NUMBERS_H
#define WARREN_TOOLS_NUMBERS_H

/* Decimal digits and nothing else, up to max. */
int number_whole(const char *arg, unsigned long max, unsigned long *ret);
/* Above 0 and up to a million. */
int number_seconds(const char *arg, double *ret);
/* "K/N", K from 1 to N. */
int number_share(const char *arg, unsigned *ret_k, unsigned *ret_n);

#endif
