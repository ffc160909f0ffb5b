/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a sandbox from a file; the format is described in docs/warren.1. */
#ifndef WARREN_TOOLS_PROFILE_H
#define WARREN_TOOLS_PROFILE_H

#include "options.h"

/* Sets what the file says, as if it stood in the command line here. What is kept of it lives as long as the
 * process. 0, or an error after options_bad(). */
error_t profile_read(struct sandbox_options *o, const char *file);
/* The same for a text (file: its name, for messages). */
error_t profile_parse(struct sandbox_options *o, const char *file, const char *text, size_t len);

#endif
