/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below /proc. The input: how it is opened, then the path, in which % stands for the number of a
 * process of the sandbox. Nothing is found that is another process's, or not among what is shown. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "request.h"
#include "../../handlers/proc.h"

/* As the walk leaves a path: no empty component, no "." and no "..". */
static bool is_canonical(const char *path)
{
	for (const char *c = path;; c++) {
		size_t n = strcspn(c, "/");
		if (!n || (n == 1 && c[0] == '.') || (n == 2 && c[0] == '.' && c[1] == '.'))
			return false;
		c += n;
		if (!*c)
			return true;
	}
}

static void put_path(struct input *in, char *path, size_t size)
{
	char *end = path + size - 12;

	while (in->left && path < end) {
		char c = (char)take8(in);
		if (c == '%')
			path += sprintf(path, "%d", getpid());
		else if (c)
			*path++ = c;
	}
	*path = '\0';
}

static int proc_fd(const struct warren_policy *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == WR_MOUNT_PROC)
			return p->mounts[i].fd;
	abort();
}

/* What is opened is below /proc, of this process, or what its descriptors and its program are. */
static void open_it(struct warren_request *rq, struct wr_proc *pr, unsigned how)
{
	const struct open_how h = {.flags = O_PATH | O_CLOEXEC | (how & 2 ? O_DIRECTORY : 0) |
					    (how & 4 ? O_NOFOLLOW : 0)};
	char link[32], name[PATH_MAX], own[32];
	int fd = wr_proc_open(rq, proc_fd(wr_sandbox_policy(rq->sandbox)), pr, &h, how & 8 ? "/" : "",
			      how & 16,
			      how & 32	 ? WR_MAY_READ
			      : how & 64 ? WR_MAY_WRITE
					 : 0);

	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, name, sizeof(name) - 1);
	CHECK(n > 0);
	name[n] = '\0';
	if (!strncmp(name, "/proc/", 6) && name[6] >= '0' && name[6] <= '9') {
		snprintf(own, sizeof(own), "/proc/%d", getpid());
		bool self = !strncmp(name, own, strlen(own)) && strchr("/", name[strlen(own)]);
		snprintf(own, sizeof(own), "/proc/%d", rq->tid);
		CHECK(self || (!strncmp(name, own, strlen(own)) && strchr("/", name[strlen(own)])));
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[2 * PATH_MAX], text[2 * PATH_MAX];
	struct warren_request *rq = fuzz_request();
	struct input in = {data, size};
	struct wr_proc pr;
	unsigned how = take8(&in);

	put_path(&in, path, sizeof(path));
	if (!is_canonical(path))
		return 0;
	int r = wr_proc_lookup(rq, path, &pr);
	CHECK(r <= 0);
	wr_proc_lists_natively(path);
	wr_proc_shows(rq, "", path);
	if (r < 0)
		return 0;
	CHECK(pr.rel[0] && pr.rel[0] != '/' && !strstr(pr.rel, ".."));
	CHECK(pr.pid == 0 || wr_task_tgid(pr.pid) == getpid());
	if (pr.kind == WR_PROC_FILE || pr.kind == WR_PROC_TEXT) {
		open_it(rq, &pr, how);
		return 0;
	}
	CHECK(pr.consumed > 0 && pr.consumed <= strlen(path));
	if (pr.kind != WR_PROC_LINK)
		open_it(rq, &pr, how);
	CHECK(wr_proc_link_text(rq, path, "/etc/passwd", text, sizeof(text)) < 0 || !strstr(text, "passwd"));
	return 0;
}
