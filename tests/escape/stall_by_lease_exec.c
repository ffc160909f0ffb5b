/* SPDX-License-Identifier: Apache-2.0 */
/* The holder of leases on programs that are executed gives none of them up: whoever opens them waits, up to
 * 45 s. */
#include "stall_by_lease.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char name[16];

	hold(40, "/proc/self/exe");
	if (e_is_control()) {
		t_thread(in_time, NULL);
		strcpy(name, "f0");
		execl(name, "x", NULL);
	}
	for (unsigned i = 0; i < 40; i++) {
		if (e_fork())
			continue;
		snprintf(name, sizeof(name), "f%u", i);
		execl(name, "x", NULL);
		_exit(0);
	}
	e_until += 600;
	neighbour();
	return t_end();
}
