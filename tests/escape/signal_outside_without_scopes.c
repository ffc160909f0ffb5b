/* env="WARREN_LANDLOCK_ABI=5" */
/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to a process outside, by every call that sends one, where Landlock does not keep them inside. */
#include "signal_outside.c"
