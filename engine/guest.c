/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the notified task: process_vm_readv(2) and process_vm_writev(2), which need no stop. */
#define _GNU_SOURCE
#include "engine.h"
#include <string.h>
#include <sys/uio.h>

#define PAGE 4096UL

int wr_guest_read(struct warren_request *rq, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = {buf, len}, remote = {(void *)(uintptr_t)addr, len};

	if (len == 0)
		return 0;
	return process_vm_readv(rq->tid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

int wr_guest_write(struct warren_request *rq, uint64_t addr, const void *buf, size_t len)
{
	struct iovec local = {(void *)(uintptr_t)buf, len}, remote = {(void *)(uintptr_t)addr, len};

	if (len == 0)
		return 0;
	return process_vm_writev(rq->tid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

/* As the kernel's copy_struct_from_user(): a longer structure is fine as long as what we do not know is zero.
 */
int wr_guest_read_struct(struct warren_request *rq, uint64_t addr, uint64_t guest_size, void *buf,
			 size_t size)
{
	char extra[256];

	if (guest_size < size)
		return -EINVAL;
	if (guest_size > PAGE)
		return -E2BIG;
	for (uint64_t at = size; at < guest_size; at += sizeof(extra)) {
		size_t n = guest_size - at < sizeof(extra) ? guest_size - at : sizeof(extra);
		int r = wr_guest_read(rq, addr + at, extra, n);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			if (extra[i])
				return -E2BIG;
	}
	return wr_guest_read(rq, addr, buf, size);
}

/* Page by page, so that a string that ends just before an unmapped page is read whole. */
int wr_guest_read_str(struct warren_request *rq, uint64_t addr, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		size_t want = PAGE - (addr + have) % PAGE;
		if (want > size - have)
			want = size - have;
		int r = wr_guest_read(rq, addr + have, buf + have, want);
		if (r < 0)
			return r;
		if (memchr(buf + have, '\0', want))
			return 0;
		have += want;
	}
	return -ENAMETOOLONG;
}

int wr_guest_path(struct warren_request *rq, unsigned i, char *buf)
{
	int r = 0;

	/* What a custom handler has seen is what is acted on, whatever the guest writes there meanwhile. */
	if (rq->given[0] == i + 1 || rq->given[1] == i + 1)
		strcpy(buf, rq->scratch->given[rq->given[0] != i + 1]);
	else
		r = wr_guest_read_str(rq, rq->args[i], buf, PATH_MAX);
	if (r == 0 && !rq->path)
		rq->path = buf;
	return r;
}

bool wr_request_alive(struct warren_request *rq)
{
	return wr_notif_id_valid(rq->sandbox->listener, rq->id) == 0;
}

int warren_request_read(struct warren_request *rq, uint64_t addr, void *buf, size_t len)
{
	return wr_guest_read(rq, addr, buf, len);
}

int warren_request_write(struct warren_request *rq, uint64_t addr, const void *buf, size_t len)
{
	return wr_guest_write(rq, addr, buf, len);
}

const char *warren_request_syscall(const struct warren_request *rq)
{
	return rq->row->canonical;
}

pid_t warren_request_tid(const struct warren_request *rq)
{
	return rq->tid;
}

uint64_t warren_request_arg(const struct warren_request *rq, unsigned i)
{
	return i < 6 ? rq->args[i] : 0;
}

const char *warren_request_path_arg(struct warren_request *rq, unsigned i)
{
	if (i >= 6 || rq->row->args[i].role != WR_ROLE_PATH)
		return NULL;
	for (unsigned k = 0; k < 2; k++) {
		char *buf = rq->scratch->given[k];
		if (rq->given[k] == i + 1)
			return buf;
		if (rq->given[k])
			continue;
		if (wr_guest_read_str(rq, rq->args[i], buf, PATH_MAX) < 0)
			return NULL;
		rq->given[k] = (uint8_t)(i + 1);
		if (!rq->path)
			rq->path = buf;
		return buf;
	}
	return NULL;
}

const char *warren_request_path(struct warren_request *rq)
{
	for (unsigned i = 0; i < 6; i++)
		if (rq->row->args[i].role == WR_ROLE_PATH)
			return warren_request_path_arg(rq, i);
	return NULL;
}

const struct warren_verdict *warren_request_verdict(const struct warren_request *rq)
{
	return rq->builtin;
}
