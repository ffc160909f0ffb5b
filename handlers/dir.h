/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of directories: which ones the supervisor serves. */
#ifndef WARREN_HANDLERS_DIR_H
#define WARREN_HANDLERS_DIR_H

#include "resolve.h"

/* The guest is about to get a readable fd of the directory t with these attributes: from the first one whose
 * listing is served on, the sandbox's getdents calls are looked at. */
void wr_dir_opened(struct warren_request *rq, const struct wr_target *t, const struct stat *st);

#endif
