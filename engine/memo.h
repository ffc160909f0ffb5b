/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to remember: a table of small immutable records, bounded in memory, for any number of threads. A
 * lookup takes no lock and writes nothing. What a record says must stay true for as long as the table lives:
 * there is no way to take one back. */
#ifndef WARREN_ENGINE_MEMO_H
#define WARREN_ENGINE_MEMO_H

#include <stdbool.h>
#include <stddef.h>

#define WR_MEMO_BYTES 480 /* of key and value together; what is longer is not kept */

struct wr_memo;

/* NULL: no memory. 32 MiB at most, of which only what is used is ever touched. */
struct wr_memo *wr_memo_new(void);
void wr_memo_free(struct wr_memo *m);
/* Copies the value to where there is room for *size bytes and says in *size how long it is. False: there is
 * no record, or it is longer. */
bool wr_memo_get(const struct wr_memo *m, const void *key, size_t key_len, void *value, size_t *size);
/* Not more than a wish: a record may be displaced by others, or not be kept at all. */
void wr_memo_put(struct wr_memo *m, const void *key, size_t key_len, const void *value, size_t size);

#endif
