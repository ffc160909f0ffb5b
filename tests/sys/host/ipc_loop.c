/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, a semaphore and a message queue of System V, made, used and removed. The status is 0 when all of it
 * works, 38 when none of it is there, else 1. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int memory(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	char *at = id < 0 ? (char *)-1 : shmat(id, NULL, 0);

	if (at == (char *)-1)
		return errno;
	strcpy(at, "x");
	return shmctl(id, IPC_RMID, NULL) < 0 || shmdt(at) < 0 ? errno : 0;
}

static int semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	struct sembuf up = {.sem_op = 1};

	if (id < 0)
		return errno;
	return semop(id, &up, 1) < 0 || semctl(id, 0, IPC_RMID) < 0 ? errno : 0;
}

static int messages(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	struct {
		long type;
		char text[8];
	} m = {1, "hello"};

	if (id < 0)
		return errno;
	if (msgsnd(id, &m, sizeof(m.text), 0) < 0 || msgrcv(id, &m, sizeof(m.text), 1, 0) < 0)
		return errno;
	return msgctl(id, IPC_RMID, NULL) < 0 ? errno : 0;
}

int main(void)
{
	int r[] = {memory(), semaphore(), messages()};

	printf("%d %d %d\n", r[0], r[1], r[2]);
	for (int i = 1; i < 3; i++)
		if (r[i] != r[0])
			return 1;
	return r[0] == 0 || r[0] == ENOSYS ? r[0] : 1;
}
