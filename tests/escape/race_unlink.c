/* SPDX-License-Identifier: Apache-2.0 */
/* The same for unlink and rmdir. */
#define E_CONTROL_SECONDS 1
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		unlink("x/secret");
		unlink("x/file");
		rmdir("x/dir");
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
