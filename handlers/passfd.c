/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "passfd.h"
#include "resolve.h"
#include "../engine/substitute.h"
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

struct passing {
	int fd;
	bool chdir, cloexec;
};

/* The scratch: what recvmsg(2) is given. */
struct message {
	struct msghdr head;
	struct iovec iov;
	char byte;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control; /* last: a cmsghdr ends in a flexible array */
};

static void free_passing(void *data)
{
	struct passing *p = data;

	wr_cleanup_close(&p->fd);
	free(p);
}

/* The task has fewer numbers left than it needs for a moment: its limit is raised for as long as that takes,
 * if it may raise it itself. Another thread that sets the limit just then may find the old value back
 * afterwards. */
static bool raise_limit(pid_t tid, struct rlimit *ret_old)
{
	struct rlimit high;

	if (prlimit(tid, RLIMIT_NOFILE, NULL, ret_old) < 0 || ret_old->rlim_cur == ret_old->rlim_max)
		return false;
	high = (struct rlimit){ret_old->rlim_max, ret_old->rlim_max};
	return prlimit(tid, RLIMIT_NOFILE, &high, NULL) == 0;
}

static void lower_limit(pid_t tid, const struct rlimit *old)
{
	struct rlimit now;

	if (prlimit(tid, RLIMIT_NOFILE, NULL, &now) < 0 || now.rlim_cur != old->rlim_max)
		return; /* it has been set meanwhile */
	now.rlim_cur = old->rlim_cur;
	prlimit(tid, RLIMIT_NOFILE, &now, NULL);
}

/* The number of an open is the task's to have; chdir needs none that would last. */
static int install(struct warren_substitution *s, int fd)
{
	const struct passing *p = s->data;
	struct rlimit old;
	int r = wr_subst_install(s, fd);

	if (r == -EMFILE && p->chdir && raise_limit(s->tid, &old)) {
		r = wr_subst_install(s, fd);
		lower_limit(s->tid, &old);
	}
	return r;
}

/* In the exit stop of a chdir by name. */
static int is_there(struct warren_substitution *s, pid_t tid, int64_t result)
{
	const struct passing *p = s->data;
	struct stat want, st;
	char link[32];

	(void)result;
	snprintf(link, sizeof(link), "/proc/%d/cwd", tid);
	if (fstat(p->fd, &want) < 0 || stat(link, &st) < 0)
		return -errno;
	return want.st_dev == st.st_dev && want.st_ino == st.st_ino ? 0 : -EACCES;
}

/* A task without a free number, at its hard limit: a chdir to the host path of the directory. When something
 * is renamed meanwhile it may lead elsewhere, and the task is killed. */
static int by_name(struct warren_substitution *s)
{
	const struct passing *p = s->data;
	_cleanup_free_ char *host = malloc(PATH_MAX);
	char link[32];
	struct stat st;

	if (!host)
		return -ENOMEM;
	ssize_t n = readlink(wr_fd_path(p->fd, link), host, PATH_MAX);
	if (n < 0 || n >= PATH_MAX || fstat(p->fd, &st) < 0 || st.st_nlink == 0)
		return -EMFILE;
	host[n] = '\0';
	free(s->scratch);
	s->scratch = host;
	host = NULL;
	s->scratch_len = (size_t)n + 1;
	s->n_relocs = 0;
	s->nr = SYS_chdir;
	s->scratch_args = 1; /* its path is at offset 0 */
	s->steps = NULL;
	s->check = is_there;
	return 0;
}

/* The socket must be there before the call is answered, and the message in it. */
static int prepare(struct warren_substitution *s)
{
	struct passing *p = s->data;
	struct message m = {.control.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	m.iov = (struct iovec){&m.byte, 1};
	m.head = (struct msghdr){.msg_iov = &m.iov,
				 .msg_iovlen = 1,
				 .msg_control = &m.control,
				 .msg_controllen = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(&m.control.head), &p->fd, sizeof(int));
	int r = sendmsg(pair[0], &m.head, MSG_NOSIGNAL) < 0 ? -errno : 0;
	if (r == 0)
		r = install(s, pair[1]);
	close(pair[0]);
	close(pair[1]);
	if (r == -EMFILE && p->chdir)
		r = by_name(s);
	return r < 0 ? r : 0;
}

/* The number in the message is in the task's memory, where another thread may change it: then it is another
 * fd of its own that is moved, or becomes the working directory, as it could do itself. The message stays in
 * the socket, for another try. */
static int64_t receive(struct warren_substitution *s, struct trace *tr, uint64_t at)
{
	const uint64_t args[6] = {(uint64_t)s->installed, at + offsetof(struct message, head),
				  MSG_DONTWAIT | MSG_PEEK};
	struct message m;
	struct iovec l = {&m, sizeof(m)}, r = {(void *)(uintptr_t)at, sizeof(m)};
	int fd;

	int64_t n = wr_subst_call(tr, SYS_recvmsg, args);
	if (n < 0)
		return n;
	if (process_vm_readv(s->tid, &l, 1, &r, 1, 0) != (ssize_t)sizeof(m))
		return -EFAULT;
	memcpy(&fd, CMSG_DATA(&m.control.head), sizeof(fd));
	return m.head.msg_controllen && fd >= 0 ? fd : -EMFILE; /* no room for it */
}

static int64_t receive_again(struct warren_substitution *s, struct trace *tr, uint64_t at)
{
	struct rlimit old;

	/* recvmsg has put its answer over what it was asked */
	if (wr_subst_rewrite(tr, at) < 0 || !raise_limit(s->tid, &old))
		return -EMFILE;
	int64_t got = receive(s, tr, at);
	lower_limit(s->tid, &old);
	return got;
}

/* Both at once, if they lie side by side. */
static int64_t dispose(struct warren_substitution *s, struct trace *tr, uint64_t got)
{
	const uint64_t both[6] = {(uint64_t)s->installed, got}, own[6] = {got};

	if (s->installed >= 0 && got == (uint64_t)s->installed + 1) {
		int64_t r = wr_subst_call(tr, SYS_close_range, both);
		if (r == 0)
			s->installed = -1;
		if (r == 0 || r == -ESRCH)
			return r;
	}
	return wr_subst_call(tr, SYS_close, own);
}

static int64_t steps(struct warren_substitution *s, struct trace *tr, uint64_t at)
{
	const struct passing *p = s->data;
	int64_t got = receive(s, tr, at), result;

	if (got == -EMFILE)
		got = receive_again(s, tr, at);
	if (got < 0)
		return got;
	const uint64_t own[6] = {(uint64_t)got};
	if (p->chdir) {
		result = wr_subst_call(tr, SYS_fchdir, own);
	} else {
		/* the socket has the number that the guest shall see */
		const uint64_t move[6] = {(uint64_t)got, (uint64_t)s->installed, p->cloexec ? O_CLOEXEC : 0};
		result = wr_subst_call(tr, SYS_dup3, move);
		if (result >= 0)
			s->installed = -1;
	}
	return dispose(s, tr, (uint64_t)got) == -ESRCH ? -ESRCH : result;
}

static struct warren_verdict pass(int fd, bool chdir, bool cloexec)
{
	struct warren_substitution *s = wr_subst_new();
	struct passing *p = malloc(sizeof(*p));
	struct message *m = calloc(1, sizeof(*m));
	uint32_t *relocs = calloc(2, sizeof(*relocs));

	if (!s || !p || !m || !relocs) {
		wr_subst_free(s);
		free(p);
		free(m);
		free(relocs);
		close(fd);
		return warren_return(-ENOMEM);
	}
	*p = (struct passing){fd, chdir, cloexec};
	/* addresses are offsets into the scratch until it is placed */
	m->head.msg_iov = (struct iovec *)offsetof(struct message, iov);
	m->head.msg_iovlen = 0; /* the byte is of no use */
	m->head.msg_control = (void *)offsetof(struct message, control);
	m->head.msg_controllen = CMSG_LEN(sizeof(int));
	relocs[0] = offsetof(struct message, head.msg_iov);
	relocs[1] = offsetof(struct message, head.msg_control);
	s->scratch = m;
	s->scratch_len = sizeof(*m);
	s->relocs = relocs;
	s->n_relocs = 2;
	s->data = p;
	s->free_data = free_passing;
	s->prepare = prepare;
	s->steps = steps;
	return (struct warren_verdict){.kind = WARREN_SUBSTITUTE, .fd = -1, .sub = s};
}

struct warren_verdict wr_pass_open(int fd, bool cloexec)
{
	return pass(fd, false, cloexec);
}

struct warren_verdict wr_pass_chdir(int fd)
{
	return pass(fd, true, true);
}
