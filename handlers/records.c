/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"
#include <string.h>

bool wr_records_add(struct wr_records *out, const char *name, size_t len, uint64_t ino, uint64_t place,
		    uint8_t type)
{
	size_t head = out->legacy ? 18 : 19, reclen = (18 + len + 2 + 7) & ~(size_t)7;
	char *at = out->buf + out->used;
	uint16_t reclen16 = (uint16_t)reclen;

	if (reclen > out->size - out->used)
		return false;
	memset(at + reclen - 8, 0, 8);
	memcpy(at, &ino, 8);
	memcpy(at + 8, &place, 8);
	memcpy(at + 16, &reclen16, 2);
	if (out->legacy)
		at[reclen - 1] = (char)type;
	else
		at[18] = (char)type;
	memcpy(at + head, name, len);
	at[head + len] = '\0';
	out->used += reclen;
	out->last = place;
	return true;
}
