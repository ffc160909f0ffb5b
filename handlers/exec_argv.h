/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a script's interpreter, as fs/binfmt_script.c builds them. */
#ifndef WARREN_HANDLERS_EXEC_ARGV_H
#define WARREN_HANDLERS_EXEC_ARGV_H

#include "elf.h"
#include "../engine/substitute.h"

#define WR_MAX_SCRIPTS 5 /* the kernel's limit of interpreters of interpreters */

struct warren_request;

struct wr_scripts {					    /* from the file that was called on */
	char *interp[WR_MAX_SCRIPTS], *arg[WR_MAX_SCRIPTS]; /* malloc; arg may be NULL */
	unsigned n;
};

/* 0, -ELOOP or -ENOMEM. */
int wr_scripts_add(struct wr_scripts *s, const struct wr_image *image);
void wr_scripts_release(struct wr_scripts *s);
/* Fills scratch and args of s for execve(PATH, argv, envp): path_room bytes for the path, and, if there are
 * scripts, the new argv. path: what the first script is called by. 0 or a negative errno: -EFAULT, -E2BIG,
 * -ENOMEM. */
int wr_exec_scratch(struct warren_request *rq, const struct wr_scripts *scripts, const char *path,
		    size_t path_room, struct warren_substitution *s);

#endif
