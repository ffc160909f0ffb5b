/* SPDX-License-Identifier: Apache-2.0 */
/* Its library is found through $ORIGIN, so it runs only where the loader is told its true place. */
#include <stdio.h>

const char *greet(void);

int main(void)
{
	return puts(greet()) < 0;
}
