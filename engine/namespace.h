/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the table of mounts of a policy: the root, the minimum of /proc and /dev, and the user's mounts. */
#ifndef WARREN_ENGINE_NAMESPACE_H
#define WARREN_ENGINE_NAMESPACE_H

#include "policy.h"

int wr_namespace_build(struct warren_policy *p);
void wr_namespace_free(struct warren_policy *p);

#endif
