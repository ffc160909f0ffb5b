/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the table of mounts of a policy: the root, the minimum of /proc and /dev, and the user's mounts. */
#ifndef WARREN_ENGINE_NAMESPACE_H
#define WARREN_ENGINE_NAMESPACE_H

#include "policy.h"

int wr_namespace_build(struct warren_policy *p);
void wr_namespace_free(struct warren_policy *p);
/* derive.c: the same from p->base. */
int wr_namespace_derive(struct warren_policy *p);
/* Makes the policy's private directory, p->runtime. */
int wr_namespace_private(struct warren_policy *p);

/* The name of an open object as the kernel prints it; "" for "/". */
int wr_host_name(int fd, char *buf, size_t size);
/* Adds a mount at a canonical guest path ("" for the root), below what is mounted in it. Takes fd. */
int wr_namespace_insert(struct warren_policy *p, const char *guest, int fd, struct wr_mount like);
/* cover.c: the layers, after all mounts and before the rules. */
int wr_namespace_cover(struct warren_policy *p);

#endif
