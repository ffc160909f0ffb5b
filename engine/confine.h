/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's own confinement; warren_confine() and warren_confine_writes() are in warren.h. */
#ifndef WARREN_ENGINE_CONFINE_H
#define WARREN_ENGINE_CONFINE_H

/* Takes from the calling thread, and from those that it starts, every system call that serving a request does
 * not need. After warren_confine(). 0 or a negative errno. */
int wr_confine_thread(void);

#endif
