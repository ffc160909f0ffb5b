/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: shared memory and semaphores by name work in /dev/shm, between processes. */
#include "t.h"
#include <semaphore.h>

int main(int argc, char **argv)
{
	char name[64];
	struct stat st;
	int *shared, fd, status;
	sem_t *sem;
	pid_t pid;

	t_begin(argc, argv);
	CHECK(!stat("/dev/shm", &st) && S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 01777);
	snprintf(name, sizeof(name), "/warren-test-%d", getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_OK(ftruncate(fd, 4096));
	CHECK_ERR(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(shared != MAP_FAILED);
	sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	REQUIRE(sem != SEM_FAILED);
	pid = t_fork();
	if (!pid) {
		sem_t *other = sem_open(name, 0);
		int again = shm_open(name, O_RDWR, 0);
		int *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);

		CHECK(other != SEM_FAILED && map != MAP_FAILED);
		*map = 42;
		CHECK_OK(sem_post(other));
		_exit(t_end());
	}
	CHECK_OK(sem_wait(sem));
	CHECK_EQ(*shared, 42);
	status = t_wait(pid);
	CHECK_EQ(status, 0);
	CHECK_OK(sem_close(sem));
	CHECK_OK(sem_unlink(name));
	CHECK_OK(shm_unlink(name));
	CHECK_ERR(shm_open(name, O_RDWR, 0), ENOENT);
	CHECK_ERR(sem_unlink(name), ENOENT);
	return t_end();
}
