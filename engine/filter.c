/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF filter of a policy, compiled by libseccomp from the table and exported for the raw seccomp(2) call
 * (see launch.c: libseccomp 2.5 cannot set WAIT_KILLABLE_RECV).
 *
 * The default is ENOSYS, so that a call newer than the table cannot be used to walk around it; every known
 * number that is neither trapped nor denied is allowed. */
#define _GNU_SOURCE
#include "policy.h"
#include <linux/filter.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* libseccomp's SCMP_A0 ... leave one out */

#define NS_FLAGS                                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
	 CLONE_NEWNET | CLONE_NEWTIME)

#define RULE(action, nr, ...) seccomp_rule_add(ctx, action, nr, __VA_ARGS__)

/* Calls that are decided by register arguments alone. Returns 1: nr is one of them and its rules are added,
 * 0: it is not, or a negative errno. */
static int add_conditional(scmp_filter_ctx ctx, const struct warren_policy *p, int nr)
{
	int r;

	switch (nr) {
	case SYS_clone:
	case SYS_unshare:
		/* bit 7 of clone's flags is the exit signal's, CLONE_NEWTIME is for unshare and clone3 only
		 */
		r = RULE(SCMP_ACT_ALLOW, nr, 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, nr == SYS_clone ? NS_FLAGS & ~CLONE_NEWTIME : NS_FLAGS,
				 0));
		for (int bit = 7; r == 0 && bit < 32; bit++) {
			if ((NS_FLAGS & (1U << bit)) && (nr == SYS_unshare || bit != 7))
				r = RULE(SCMP_ACT_ERRNO(EPERM), nr, 1,
					 SCMP_A0(SCMP_CMP_MASKED_EQ, 1U << bit, 1U << bit));
		}
		break;
	case SYS_prctl:
		/* A task that is not dumpable could not be served any more; it is told that it succeeded. */
		r = RULE(SCMP_ACT_ERRNO(0), nr, 2, SCMP_A0(SCMP_CMP_EQ, 4 /* PR_SET_DUMPABLE */),
			 SCMP_A1(SCMP_CMP_EQ, 0));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_NE, 4));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 2, SCMP_A0(SCMP_CMP_EQ, 4), SCMP_A1(SCMP_CMP_NE, 0));
		break;
	case SYS_ioctl:
		/* The kernel takes the low 32 bits of the request. */
		r = RULE(SCMP_ACT_ERRNO(EPERM), nr, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI));
		if (r == 0)
			r = RULE(SCMP_ACT_ERRNO(EPERM), nr, 1,
				 SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0, 0));
		break;
	case SYS_socket:
		r = 0;
		for (uint64_t d = 0; r == 0 && d < 64; d++) {
			bool inet = d == AF_INET || d == AF_INET6;
			if (d == AF_UNIX) {
				r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d));
			} else if (inet && p->net == WARREN_NET_HOST) {
				for (uint64_t t = SOCK_STREAM; r == 0 && t <= SOCK_DGRAM; t++)
					r = RULE(SCMP_ACT_ALLOW, nr, 2,
						 SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d),
						 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, t));
				if (r == 0)
					r = RULE(SCMP_ACT_ERRNO(EPERM), nr, 2,
						 SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d),
						 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_RAW));
			} else if (d == AF_NETLINK && p->net == WARREN_NET_HOST) {
				r = RULE(SCMP_ACT_ALLOW, nr, 2, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d),
					 SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, 0 /* NETLINK_ROUTE */));
			} else {
				r = RULE(SCMP_ACT_ERRNO(EAFNOSUPPORT), nr, 1,
					 SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d));
			}
		}
		break;
	case SYS_connect:
	case SYS_sendto:
		/* Paths of AF_UNIX addresses are not served yet and would name the host's sockets; without a
		 * network there is no other kind of socket. sendto without an address is send(2). */
		if (p->net != WARREN_NET_NONE)
			return 0;
		r = nr == SYS_connect ? RULE(SCMP_ACT_ERRNO(EACCES), nr, 0)
				      : RULE(SCMP_ACT_ERRNO(EACCES), nr, 1, SCMP_A4(SCMP_CMP_NE, 0));
		if (r == 0 && nr == SYS_sendto)
			r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A4(SCMP_CMP_EQ, 0));
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

static int add_rules(scmp_filter_ctx ctx, const struct warren_policy *p)
{
	bool listed[512] = {false};
	int r;

	for (unsigned i = 0; i < wr_table_len; i++) {
		const struct wr_syscall *row = &wr_table[i];
		if (row->nr < 0)
			continue;
		/* The same number in both lists: the denial wins, whatever the order. */
		uint32_t action = row->handler ? SCMP_ACT_NOTIFY : SCMP_ACT_ERRNO((uint32_t)row->error);
		for (unsigned j = 0; row->handler && j < wr_table_len; j++)
			if (wr_table[j].nr == row->nr && !wr_table[j].handler)
				action = SCMP_ACT_ERRNO((uint32_t)wr_table[j].error);
		if (listed[row->nr])
			continue;
		listed[row->nr] = true;
		r = seccomp_rule_add(ctx, action, row->nr, 0);
		if (r < 0 && r != -EACCES) /* EACCES: it is the default action already */
			return r;
	}
	for (int nr = 0; nr <= wr_table_max_nr; nr++) {
		if (listed[nr])
			continue;
		r = add_conditional(ctx, p, nr);
		if (r == 0)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
		if (r < 0 && r != -EACCES)
			return r;
	}
	return 0;
}

/* libseccomp writes to an fd only */
static int export_bpf(scmp_filter_ctx ctx, struct warren_policy *p)
{
	_cleanup_close_ int fd = memfd_create("warren-filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(struct sock_filter) ||
	    size / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS)
		return -E2BIG;
	struct sock_filter *prog = malloc((size_t)size);
	if (!prog)
		return -ENOMEM;
	if (pread(fd, prog, (size_t)size, 0) != size) {
		free(prog);
		return -EIO;
	}
	p->filter = prog;
	p->filter_len = (unsigned short)((size_t)size / sizeof(*prog));
	return 0;
}

int wr_filter_build(struct warren_policy *p)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!ctx)
		return -ENOMEM;
	/* i386 and x32 entries: refused like a kernel built without them. */
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* binary tree */
	if (r == 0)
		r = add_rules(ctx, p);
	if (r == 0)
		r = export_bpf(ctx, p);
	seccomp_release(ctx);
	return r;
}
