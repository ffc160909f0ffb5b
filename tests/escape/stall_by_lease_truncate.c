/* SPDX-License-Identifier: Apache-2.0 */
/* The holder of leases on files that are truncated gives none of them up: whoever opens them waits, up to 45
 * s. */
#include "stall_by_lease.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char name[16];

	hold(40, NULL);
	if (e_is_control()) {
		t_thread(in_time, NULL);
		strcpy(name, "f0");
		truncate(name, 0);
	}
	for (unsigned i = 0; i < 40; i++) {
		if (e_fork())
			continue;
		snprintf(name, sizeof(name), "f%u", i);
		truncate(name, 0);
		_exit(0);
	}
	e_until += 600;
	neighbour();
	return t_end();
}
