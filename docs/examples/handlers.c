/* SPDX-License-Identifier: Apache-2.0 */
/* Custom handlers: a program in a sandbox in which /etc/hostname reads as "warren", nothing below /keep can
 * be removed, and the files that are opened are counted.
 *
 *   cc -o handlers handlers.c $(pkg-config --cflags --libs warren)
 *   ./handlers ROOT PROGRAM [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <warren/warren.h>

/* Before openat: another file instead. The guest may spell the path as it likes, so ask what it leads to. The
 * fd is the engine's once it is returned. */
static struct warren_verdict open_hostname(struct warren_request *rq, void *user)
{
	static const char text[] = "warren\n";
	char path[PATH_MAX];
	int flags = (int)warren_request_arg(rq, 2);

	(void)user;
	if (warren_request_resolve(rq, 1, 0, path, sizeof(path)) < 0 || strcmp(path, "/etc/hostname"))
		return warren_pass();
	if ((flags & O_ACCMODE) != O_RDONLY)
		return warren_return(-EACCES);
	int fd = memfd_create("hostname", MFD_CLOEXEC);
	if (fd < 0)
		return warren_return(-errno);
	if (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		int r = -errno;
		close(fd);
		return warren_return(r);
	}
	return warren_inject(fd, (flags & O_CLOEXEC) != 0);
}

/* Before unlinkat (unlink and rmdir arrive here, too): refuse. The link itself would go, not its target. */
static struct warren_verdict keep(struct warren_request *rq, void *user)
{
	char path[PATH_MAX];

	(void)user;
	if (warren_request_resolve(rq, 1, 1, path, sizeof(path)) == 0 && !strncmp(path, "/keep/", 6))
		return warren_return(-EPERM);
	return warren_pass();
}

/* After openat: look at the verdict of warren's own handler. Several workers count at once. */
struct counts {
	atomic_uint opened, failed;
};

static struct warren_verdict count(struct warren_request *rq, void *user)
{
	struct counts *c = user;
	const struct warren_verdict *v = warren_request_verdict(rq);

	if (v->kind == WARREN_RETURN && v->value < 0)
		atomic_fetch_add(&c->failed, 1);
	else
		atomic_fetch_add(&c->opened, 1);
	return warren_pass();
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "handlers: %s: %s\n", what, strerror(-error));
	return 125;
}

int main(int argc, char **argv)
{
	struct warren_engine *engine;
	struct warren_policy *policy;
	struct warren_sandbox *sandbox;
	struct warren_result result;
	struct counts counts = {0, 0};

	if (argc < 3) {
		fputs("usage: handlers ROOT PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	int r = warren_engine_new(NULL, &engine);
	if (r < 0)
		return fail("the engine could not start", r);
	warren_engine_add_handler(engine, "openat", WARREN_BEFORE, open_hostname, NULL);
	warren_engine_add_handler(engine, "openat", WARREN_AFTER, count, &counts);
	warren_engine_add_handler(engine, "unlinkat", WARREN_BEFORE, keep, NULL);

	r = warren_policy_new(&policy);
	if (r < 0)
		return fail("no policy", r);
	warren_policy_set_root(policy, argv[1]);
	const struct warren_command command = {
		.argv = argv + 2, .envp = environ, .cwd = "/", .stdio = {-1, -1, -1}};
	r = warren_sandbox_start(engine, policy, &command, &sandbox);
	if (r < 0)
		return fail(*warren_policy_error(policy) ? warren_policy_error(policy) : argv[2], r);
	r = warren_sandbox_wait(sandbox, -1, &result);
	warren_sandbox_kill(sandbox, 1000); /* and what it left running */
	warren_sandbox_unref(sandbox);
	warren_policy_unref(policy);
	warren_engine_free(engine);
	if (r < 0)
		return fail("waiting", r);
	fprintf(stderr, "opened %u, failed %u\n", atomic_load(&counts.opened), atomic_load(&counts.failed));
	return WIFEXITED(result.status) ? WEXITSTATUS(result.status) : 128 + WTERMSIG(result.status);
}
