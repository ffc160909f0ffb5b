/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF filter of a policy, made of the table for the raw seccomp(2) call (see launch.c: libseccomp 2.5
 * cannot set WAIT_KILLABLE_RECV). Most calls are decided by their number; rules about arguments are compiled
 * by libseccomp, for which four hundred calls would be five milliseconds of work.
 *
 * The default is ENOSYS, so that a call newer than the table cannot be used to walk around it; every known
 * number that is neither trapped nor denied is allowed. */
#define _GNU_SOURCE
#include "bpf.h"
#include "policy.h"
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/msdos_fs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>

#ifndef EXT4_IOC_SETVERSION
#define EXT4_IOC_SETVERSION _IOW('f', 4, long)
#endif

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* libseccomp's SCMP_A0 ... leave one out */

#define NS_FLAGS                                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
	 CLONE_NEWNET | CLONE_NEWTIME)

#define RULE(action, nr, ...) seccomp_rule_add(ctx, action, nr, __VA_ARGS__)

/* Bit 7 of clone's flags is the exit signal's, CLONE_NEWTIME is for unshare and clone3 only. The program's
 * brothers would be children of the supervisor, which nobody collects: refused as the kernel refuses them to
 * an init. */
#define CLONE_REFUSED ((NS_FLAGS & ~CLONE_NEWTIME) | CLONE_PARENT)

static int refuse_flags(scmp_filter_ctx ctx, int nr, uint64_t flags)
{
	int r = 0;

	for (int bit = 7; r == 0 && bit < 32; bit++)
		if (flags & (1U << bit))
			r = RULE(SCMP_ACT_ERRNO((1U << bit) == CLONE_PARENT ? EINVAL : EPERM), nr, 1,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, 1U << bit, 1U << bit));
	return r;
}

static int add_clone(scmp_filter_ctx ctx)
{
	int r = RULE(SCMP_ACT_ALLOW, SYS_clone, 1,
		     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_REFUSED | CLONE_THREAD, CLONE_THREAD));

	if (r == 0)
		r = RULE(SCMP_ACT_NOTIFY, SYS_clone, 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_REFUSED | CLONE_THREAD, 0));
	return r < 0 ? r : refuse_flags(ctx, SYS_clone, CLONE_REFUSED);
}

/* Calls that are decided, or trapped, by register arguments. Returns 1: nr is one of them and its rules are
 * added, 0: it is not, or a negative errno. */
static int add_conditional(scmp_filter_ctx ctx, const struct warren_policy *p, bool forks, int nr)
{
	int r;

	switch (nr) {
#ifdef SYS_fork
	case SYS_fork:
	case SYS_vfork:
		r = RULE(forks ? SCMP_ACT_NOTIFY : SCMP_ACT_ALLOW, nr, 0);
		break;
#endif
	case SYS_clone:
		if (forks) { /* a thread is no process */
			r = add_clone(ctx);
			break;
		}
		/* fall through */
	case SYS_unshare:
		r = RULE(SCMP_ACT_ALLOW, nr, 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, nr == SYS_clone ? CLONE_REFUSED : NS_FLAGS, 0));
		if (r == 0)
			r = refuse_flags(ctx, nr, nr == SYS_clone ? CLONE_REFUSED : NS_FLAGS);
		break;
	case SYS_prctl:
		/* A task that is not dumpable could not be served any more; it is told that it succeeded. The
		 * kernel looks at the low half of the option alone. */
		r = RULE(SCMP_ACT_ERRNO(0), nr, 2, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, PR_SET_DUMPABLE),
			 SCMP_A1(SCMP_CMP_EQ, 0));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 2,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, PR_SET_DUMPABLE),
				 SCMP_A1(SCMP_CMP_NE, 0));
		for (int bit = 0; r == 0 && bit < 32; bit++) { /* all others differ in a bit */
			uint64_t mask = 1ULL << bit;
			r = RULE(SCMP_ACT_ALLOW, nr, 1,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, mask, mask & ~(uint64_t)PR_SET_DUMPABLE));
		}
		break;
	case SYS_socketpair: /* of other domains: not everything that the kernel has a module for */
		r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, AF_UNIX));
		for (uint64_t d = 0; r == 0 && d < 64; d++) {
			bool inet = (d == AF_INET || d == AF_INET6) && p->net == WARREN_NET_HOST;
			if (d != AF_UNIX)
				r = RULE(SCMP_ACT_ERRNO(inet ? EOPNOTSUPP : EAFNOSUPPORT), nr, 1,
					 SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, d));
		}
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
	case SYS_seccomp:
		/* There is a listener already, says the kernel. It would not if ours were closed. */
		r = RULE(SCMP_ACT_ERRNO(EBUSY), nr, 1,
			 SCMP_A1(SCMP_CMP_MASKED_EQ, SECCOMP_FILTER_FLAG_NEW_LISTENER,
				 SECCOMP_FILTER_FLAG_NEW_LISTENER));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 1,
				 SCMP_A1(SCMP_CMP_MASKED_EQ, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0));
		break;
	case SYS_sendto:
		/* without an address it is send(2) */
		r = RULE(SCMP_ACT_NOTIFY, nr, 1, SCMP_A4(SCMP_CMP_NE, 0));
		if (r == 0)
			r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A4(SCMP_CMP_EQ, 0));
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

/* What is done with each number, and in ctx the rules of those for which that depends on arguments. */
static int add_rules(scmp_filter_ctx ctx, const struct warren_policy *p, bool forks,
		     uint32_t action[static WR_NUMBERS])
{
	bool listed[WR_NUMBERS] = {false};
	int r;

	for (unsigned i = 0; i < wr_table_len; i++) {
		const struct wr_syscall *row = &wr_table[i];
		if (row->nr < 0 || row->trapped == WR_BY_ARGUMENTS ||
		    (row->trapped == WR_IF_GUARDED && !p->guarded) ||
		    (row->trapped == WR_IF_LAYERED && !p->n_layers) ||
		    (row->trapped == WR_UNLESS_IPC && p->ipc == WARREN_IPC_HOST))
			continue;
		/* The same number in both lists: the denial wins, whatever the order. */
		uint32_t one = row->handler ? SCMP_ACT_NOTIFY : SCMP_ACT_ERRNO((uint32_t)row->error);
		for (unsigned j = 0; row->handler && j < wr_table_len; j++)
			if (wr_table[j].nr == row->nr && !wr_table[j].handler)
				one = SCMP_ACT_ERRNO((uint32_t)wr_table[j].error);
		if (listed[row->nr])
			continue;
		listed[row->nr] = true;
		r = row->handler ? wr_filter_reach(ctx, row->nr) : 0;
		if (r < 0)
			return r;
		action[row->nr] = r ? WR_GO_ON : one;
	}
	for (int nr = 0; nr <= wr_table_max_nr; nr++) {
		if (listed[nr])
			continue;
		r = add_conditional(ctx, p, forks, nr);
		if (r == 0)
			r = wr_filter_reach(ctx, nr);
		if (r < 0)
			return r;
		action[nr] = r ? WR_GO_ON : SCMP_ACT_ALLOW;
	}
	return 0;
}

/* ---- ioctl and fcntl, by the request ---- */

/* Input of a terminal; names in a directory, made or removed past the policy by whoever can open it; keys of
 * encrypted directories, which are the host user's. */
static const uint32_t never[] = {
	TIOCSTI,
	TIOCLINUX,
	FS_IOC_ADD_ENCRYPTION_KEY,
	FS_IOC_REMOVE_ENCRYPTION_KEY,
	FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS,
	BTRFS_IOC_SUBVOL_CREATE,
	BTRFS_IOC_SUBVOL_CREATE_V2,
	BTRFS_IOC_SNAP_CREATE,
	BTRFS_IOC_SNAP_CREATE_V2,
	BTRFS_IOC_SNAP_DESTROY,
	BTRFS_IOC_SNAP_DESTROY_V2,
	BTRFS_IOC_SUBVOL_SETFLAGS,
	BTRFS_IOC_SET_RECEIVED_SUBVOL,
};
/* A file's owner may use these on an fd that is open for reading only; handlers/byfd.c serves them. */
static const uint32_t served[] = {
	FS_IOC_SETFLAGS,
	FS_IOC_SETVERSION,
	FS_IOC_FSSETXATTR,
	FAT_IOCTL_SET_ATTRIBUTES,
};
/* The same, not served. */
static const uint32_t refused[] = {FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY, EXT4_IOC_SETVERSION};
/* Whom a file sends its signals: for where Landlock does not scope those (filter_reach.c). */
static const uint32_t owners[] = {FIOSETOWN, SIOCSPGRP};
static const uint32_t owners_fcntl[] = {F_SETOWN, F_SETOWN_EX};

static size_t add_requests(struct sock_filter *at, const uint32_t *requests, size_t n, uint32_t action)
{
	for (size_t i = 0; i < n; i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, requests[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	return 2 * n;
}

#define REQUESTS_MAX                                                                                         \
	(9 + 2 * (WR_ARRAY_SIZE(never) + WR_ARRAY_SIZE(owners) + WR_ARRAY_SIZE(owners_fcntl) +               \
		  WR_ARRAY_SIZE(served) + WR_ARRAY_SIZE(refused))) /* instructions */

/* Around the n instructions that follow the first two: for call nr they look at the request, and what they
 * let pass is allowed. The kernel takes the low 32 bits of it. */
static size_t finish_call(struct sock_filter *at, int nr, size_t n)
{
	const unsigned low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;

	at[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	at[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, (uint8_t)(n - 1));
	at[1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, args[1]) + low);
	return n;
}

/* By hand, in front of libseccomp's program: with "these numbers, and all others" as its rules, libseccomp
 * would let the others win. */
static size_t add_by_request(const struct warren_policy *p, struct sock_filter prog[static REQUESTS_MAX])
{
	bool scopes = wr_landlock_version() >= WR_LANDLOCK_SCOPES;
	size_t n = 3, k = 2;

	if (!scopes) {
		k += add_requests(prog + n + k, owners_fcntl, WR_ARRAY_SIZE(owners_fcntl),
				  SECCOMP_RET_ERRNO | EPERM);
		n += finish_call(prog + n, SYS_fcntl, k);
	}
	k = 2 + add_requests(prog + n + 2, never, WR_ARRAY_SIZE(never), SECCOMP_RET_ERRNO | EPERM);
	if (!scopes)
		k += add_requests(prog + n + k, owners, WR_ARRAY_SIZE(owners), SECCOMP_RET_ERRNO | EPERM);
	if (p->guarded) {
		k += add_requests(prog + n + k, served, WR_ARRAY_SIZE(served), SECCOMP_RET_USER_NOTIF);
		k += add_requests(prog + n + k, refused, WR_ARRAY_SIZE(refused),
				  SECCOMP_RET_ERRNO | EOPNOTSUPP);
	}
	n += finish_call(prog + n, SYS_ioctl, k);
	prog[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	prog[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0,
					       (uint8_t)(n - 2));
	prog[2] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	return n;
}

/* All that a filter depends on are the network, IPC, whether changes by fd are served, whether there is a
 * layer, whether processes are counted, and the kernel's Landlock: so there are a few of them in a process,
 * however many policies. Never freed. */
static struct cached {
	struct cached *next;
	enum warren_net net;
	enum warren_ipc ipc;
	bool guarded, forks, layered;
	int landlock;
	unsigned short len;
	struct sock_filter prog[];
} * cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

/* libseccomp writes to an fd only */
static int export_bpf(scmp_filter_ctx ctx, const struct warren_policy *p,
		      const uint32_t action[static WR_NUMBERS], struct cached **ret)
{
	struct wr_bpf table = {.n = 0};

	_cleanup_close_ int fd = memfd_create("warren-filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	wr_bpf_begin(&table);
	r = wr_bpf_table(&table, action);
	if (r < 0)
		return r;
	const size_t room = REQUESTS_MAX + table.n;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(struct sock_filter) ||
	    size / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS - (off_t)room)
		return -E2BIG;
	struct cached *c = malloc(sizeof(*c) + (size_t)size + room * sizeof(*c->prog));
	if (!c)
		return -ENOMEM;
	size_t first = add_by_request(p, c->prog);
	memcpy(c->prog + first, table.code, table.n * sizeof(*c->prog));
	first += table.n;
	if (pread(fd, c->prog + first, (size_t)size, 0) != size) {
		free(c);
		return -EIO;
	}
	c->len = (unsigned short)(first + (size_t)size / sizeof(*c->prog));
	*ret = c;
	return 0;
}

static int build(const struct warren_policy *p, bool forks, struct cached **ret)
{
	uint32_t action[WR_NUMBERS];
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!ctx)
		return -ENOMEM;
	/* i386 and x32 entries: refused like a kernel built without them. */
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* binary tree */
	if (r == 0)
		r = add_rules(ctx, p, forks, action);
	if (r == 0)
		r = export_bpf(ctx, p, action, ret);
	seccomp_release(ctx);
	return r;
}

int wr_filter_get(const struct warren_policy *p, bool forks, struct sock_filter **ret,
		  unsigned short *ret_len)
{
	const int landlock = wr_landlock_version();
	int r = 0;

	pthread_mutex_lock(&cache_lock);
	struct cached *c = cache;
	while (c && (c->net != p->net || c->ipc != p->ipc || c->guarded != p->guarded || c->forks != forks ||
		     c->layered != (p->n_layers > 0) || c->landlock != landlock))
		c = c->next;
	if (!c && (r = build(p, forks, &c)) == 0) {
		c->next = cache;
		c->net = p->net;
		c->ipc = p->ipc;
		c->guarded = p->guarded;
		c->forks = forks;
		c->layered = p->n_layers > 0;
		c->landlock = landlock;
		cache = c;
	}
	pthread_mutex_unlock(&cache_lock);
	if (r < 0)
		return r;
	*ret = c->prog;
	*ret_len = c->len;
	return 0;
}

int wr_filter_key(const struct sock_filter *prog, unsigned short *len, uint64_t key, struct sock_filter **ret)
{
	const unsigned low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
	const unsigned last = offsetof(struct seccomp_data, args[5]);
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, last + low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)key, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, last + 4 - low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(key >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const size_t n = WR_ARRAY_SIZE(head);

	if (*len + n > BPF_MAXINSNS)
		return -E2BIG;
	*ret = malloc((n + *len) * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, head, sizeof(head));
	memcpy(*ret + n, prog, *len * sizeof(*prog));
	*len = (unsigned short)(n + *len);
	return 0;
}
