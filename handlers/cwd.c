/* SPDX-License-Identifier: Apache-2.0 */
/* The working directory is the task's real one: chdir is made an fchdir to the directory that was reached,
 * getcwd translates what the kernel knows. */
#define _GNU_SOURCE
#include "passfd.h"
#include "resolve.h"
#include <string.h>
#include <sys/stat.h>

struct warren_verdict wr_handle_chdir(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char *path = rq->scratch->path[0];
	struct stat st;

	(void)user;
	int r = wr_guest_path(rq, 0, path);
	if (r == 0)
		r = wr_resolve(rq, AT_FDCWD, path, WR_FOLLOW, NULL, WR_MAY_LIST, 0, &t);
	if (r == 0 && fstatat(t.fd, "", &st, AT_EMPTY_PATH) < 0)
		r = -errno;
	if (r == 0 && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r == 0 && faccessat(t.fd, ".", X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r < 0)
		return warren_return(r);
	return wr_pass_chdir(wr_steal_fd(&t.fd));
}

struct warren_verdict wr_handle_getcwd(struct warren_request *rq, void *user)
{
	char link[48], *host = rq->scratch->path[0], *guest = rq->scratch->path[1];

	(void)user;
	snprintf(link, sizeof(link), "/proc/%d/cwd", rq->tid);
	ssize_t n = readlink(link, host, PATH_MAX);
	if (n < 0)
		return warren_return(-errno);
	host[n] = '\0';
	/* a deleted directory has no name: the kernel's "(deleted)" is ours to tell from a name that ends so
	 */
	struct stat st;
	if (n > 10 && !strcmp(host + n - 10, " (deleted)") && stat(link, &st) == 0 && st.st_nlink == 0)
		return warren_return(-ENOENT);
	int r = wr_policy_guest_path(wr_sandbox_policy(rq->sandbox), host, guest, 2 * PATH_MAX);
	if (r < 0)
		return warren_return(-ENOENT);
	size_t len = strlen(guest) + 1;
	if (len > rq->args[1])
		return warren_return(-ERANGE);
	r = wr_guest_write(rq, rq->args[0], guest, len);
	return warren_return(r < 0 ? r : (int64_t)len);
}

struct warren_verdict wr_handle_umask(struct warren_request *rq, void *user)
{
	(void)user;
	/* From now on the umask of this sandbox's tasks is looked up; see wr_task_umask(). */
	atomic_store_explicit(wr_sandbox_umask_changed(rq->sandbox), true, memory_order_release);
	/* Continued: the call's one argument is in a register, the kernel reads no memory. */
	return warren_continue();
}
