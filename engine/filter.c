/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF filter of a policy, made from the table. Rules that look at arguments are compiled by libseccomp
 * and exported; filter_pack.c puts them together with the numbers that need none. The raw seccomp(2) call
 * loads it (see launch.c: libseccomp 2.5 cannot set WAIT_KILLABLE_RECV).
 *
 * The default is ENOSYS, so that a call newer than the table cannot be used to walk around it; every known
 * number that is neither trapped nor denied is allowed. */
#define _GNU_SOURCE
#include "filter_pack.h"
#include "policy.h"
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/filter.h>
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

static void add_values(struct wr_pack_number *n, const uint32_t *requests, size_t len, uint32_t action)
{
	for (size_t i = 0; i < len; i++)
		n->values[n->n_values++] = (struct wr_pack_value){requests[i], action};
}

_Static_assert(WR_ARRAY_SIZE(never) + WR_ARRAY_SIZE(owners) + WR_ARRAY_SIZE(served) +
			       WR_ARRAY_SIZE(refused) <=
		       WR_ARRAY_SIZE(((struct wr_pack_number *)NULL)->values),
	       "requests fit");

/* The kernel takes the low 32 bits of the request. True if nr is such a call. */
static bool by_request(const struct warren_policy *p, int nr, struct wr_pack_number *n)
{
	const bool scopes = wr_landlock_version() >= WR_LANDLOCK_SCOPES;

	if (nr != SYS_ioctl && (nr != SYS_fcntl || scopes))
		return false;
	*n = (struct wr_pack_number){.kind = WR_PACK_BY_VALUE, .action = SECCOMP_RET_ALLOW, .arg = 1};
	if (nr == SYS_fcntl) {
		add_values(n, owners_fcntl, WR_ARRAY_SIZE(owners_fcntl), SECCOMP_RET_ERRNO | EPERM);
		return true;
	}
	add_values(n, never, WR_ARRAY_SIZE(never), SECCOMP_RET_ERRNO | EPERM);
	if (!scopes)
		add_values(n, owners, WR_ARRAY_SIZE(owners), SECCOMP_RET_ERRNO | EPERM);
	if (p->guarded) {
		add_values(n, served, WR_ARRAY_SIZE(served), SECCOMP_RET_USER_NOTIF);
		add_values(n, refused, WR_ARRAY_SIZE(refused), SECCOMP_RET_ERRNO | EOPNOTSUPP);
	}
	return true;
}

/* ---- all numbers ---- */

static bool is_in_force(const struct wr_syscall *row, const struct warren_policy *p)
{
	return row->nr >= 0 && row->trapped != WR_BY_ARGUMENTS &&
	       (row->trapped != WR_IF_GUARDED || p->guarded) &&
	       (row->trapped != WR_IF_LAYERED || p->n_layers) &&
	       (row->trapped != WR_UNLESS_IPC || p->ipc != WARREN_IPC_HOST);
}

/* The table's rows for nr. A number in both lists: the denial wins. */
static bool by_table(const struct warren_policy *p, int nr, struct wr_pack_number *n)
{
	bool found = false;

	*n = (struct wr_pack_number){.kind = WR_PACK_PLAIN};
	for (unsigned i = 0; i < wr_table_len; i++) {
		const struct wr_syscall *row = &wr_table[i];
		if (row->nr != nr || !is_in_force(row, p))
			continue;
		if (!row->handler)
			n->action = SECCOMP_RET_ERRNO | (uint32_t)row->error;
		else if (!found)
			n->action = SECCOMP_RET_USER_NOTIF;
		found = true;
	}
	return found;
}

/* 0, or a negative errno. */
static int decide(scmp_filter_ctx ctx, const struct warren_policy *p, bool forks, int nr,
		  struct wr_pack_number *n)
{
	int r = 0;

	if (by_request(p, nr, n))
		return 0;
	bool listed = by_table(p, nr, n);
	if (listed && n->action != SECCOMP_RET_USER_NOTIF)
		return 0;
	if (!listed)
		r = add_conditional(ctx, p, forks, nr);
	if (r == 0)
		r = wr_filter_reach(ctx, nr);
	if (r > 0)
		*n = (struct wr_pack_number){.kind = WR_PACK_BY_PROG};
	else if (!listed)
		n->action = SECCOMP_RET_ALLOW;
	return r < 0 ? r : 0;
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

/* libseccomp writes to an fd only. malloc. */
static int export_bpf(scmp_filter_ctx ctx, struct sock_filter **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = memfd_create("warren-filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(struct sock_filter))
		return -EIO;
	struct sock_filter *prog = malloc((size_t)size);
	if (!prog)
		return -ENOMEM;
	if (pread(fd, prog, (size_t)size, 0) != size) {
		free(prog);
		return -EIO;
	}
	*ret = prog;
	*ret_len = (size_t)size / sizeof(*prog);
	return 0;
}

int wr_filter_decide(const struct warren_policy *p, bool forks, struct wr_pack_number *numbers,
		     struct sock_filter **ret, size_t *ret_len)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!ctx)
		return -ENOMEM;
	/* i386 and x32 entries: refused like a kernel built without them. */
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	for (int nr = 0; r == 0 && nr <= wr_table_max_nr; nr++)
		r = decide(ctx, p, forks, nr, &numbers[nr]);
	if (r == 0)
		r = export_bpf(ctx, ret, ret_len);
	seccomp_release(ctx);
	return r;
}

static int build(const struct warren_policy *p, bool forks, struct cached **ret)
{
	const size_t n = (size_t)wr_table_max_nr + 1;
	_cleanup_free_ struct wr_pack_number *numbers = malloc(n * sizeof(*numbers));
	_cleanup_free_ struct sock_filter *prog = NULL, *packed = malloc(BPF_MAXINSNS * sizeof(*packed));
	size_t len;

	if (!numbers || !packed)
		return -ENOMEM;
	int r = wr_filter_decide(p, forks, numbers, &prog, &len);
	if (r == 0)
		r = wr_filter_pack(numbers, n, SECCOMP_RET_ERRNO | ENOSYS, prog, len, packed, BPF_MAXINSNS);
	if (r < 0)
		return r;
	struct cached *c = malloc(sizeof(*c) + (size_t)r * sizeof(*packed));
	if (!c)
		return -ENOMEM;
	c->len = (unsigned short)r;
	memcpy(c->prog, packed, (size_t)r * sizeof(*packed));
	*ret = c;
	return 0;
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
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WR_AUDIT_ARCH, 0, 8),
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
