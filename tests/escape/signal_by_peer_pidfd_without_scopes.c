/* env="WARREN_LANDLOCK_ABI=5" */
/* SPDX-License-Identifier: Apache-2.0 */
/* A signal through the pidfd of a peer: it is warren that connected in the name of the other end, where
 * Landlock does not keep signals inside. */
#include "signal_by_peer_pidfd.c"
