/* SPDX-License-Identifier: Apache-2.0 */
/* System V memory of the host, by its number. */
#include "e.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	if (id >= 0) {
		shmctl(id, IPC_RMID, NULL);
		ESCAPED("shmget");
	}
	CHECK_EQ(errno, ENOSYS);
	for (int i = 0; i < 32; i++)
		if (shmat(i, NULL, SHM_RDONLY) != (void *)-1)
			ESCAPED("shmat(%d)", i);
	return t_end();
}
