/* SPDX-License-Identifier: Apache-2.0 */
/* A zygote whose forks end at once: what a fork as a sandbox costs (batch_rate.sh; docs/zygote.md). */
#include <unistd.h>

int main(void)
{
	static char message[131072];

	if (write(0, "waits", 5) != 5)
		return 1;
	while (read(0, message, sizeof(message)) > 0)
		if (fork() == 0)
			return 0;
	return 0;
}
