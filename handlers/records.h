/* SPDX-License-Identifier: Apache-2.0 */
/* What getdents64(2) and getdents(2) fill the guest's buffer with. */
#ifndef WARREN_HANDLERS_RECORDS_H
#define WARREN_HANDLERS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_records {
	char *buf; /* borrowed */
	size_t used, size;
	bool legacy;   /* struct linux_dirent: d_type is the last byte of the record */
	uint64_t last; /* place of the last record */
};

/* One record more; place: its d_off. False: it does not fit, nothing was written. Both layouts need the same
 * room. */
bool wr_records_add(struct wr_records *out, const char *name, size_t len, uint64_t ino, uint64_t place,
		    uint8_t type);

#endif
