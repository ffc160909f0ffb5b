/* env="WARREN_LANDLOCK_ABI=5" */
/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that a file sends to its owner, F_SETOWN, FIOSETOWN, SIOCSPGRP, where Landlock does not keep them
 * inside. */
#include "signal_by_file_owner.c"
