/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: the supervisor's copy of an injected fd is closed: a flock ends with the guest's last close.
 */
#include "t.h"
#include <sys/file.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int a, b;

	t_put("f", "x");
	for (int i = 0; i < 50; i++) {
		a = open("f", O_RDWR | O_CLOEXEC);
		b = open("f", O_RDWR | O_CLOEXEC);
		REQUIRE(a >= 0 && b >= 0);
		CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
		CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
		close(a);
		CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
		close(b);
	}
	return t_end();
}
