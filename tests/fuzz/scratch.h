/* SPDX-License-Identifier: Apache-2.0 */
/* A scratch directory for the targets that need files; it goes when the process ends. */
#ifndef WARREN_TESTS_FUZZ_SCRATCH_H
#define WARREN_TESTS_FUZZ_SCRATCH_H

/* Makes it, in memory where there is such a file system, and goes there. Its path. */
const char *scratch(void);

#endif
