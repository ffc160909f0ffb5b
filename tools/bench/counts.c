/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of a supervisor's threads, by the kernel's tracepoint: unlike a tracer it stops nobody, so
 * that the supervisor sleeps and wakes as it does when nobody looks. */
#define _GNU_SOURCE
#include "bench.h"
#include "../../engine/base/raw.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_EVENTS 4096 /* threads times CPUs */
#define MAX_CPUS   256
#define RING_BYTES (1u << 20) /* of a CPU's ring, when there are few of them; a power of two */
#define MANY_CPUS  16

/* What the tracepoint says: see events/raw_syscalls/sys_enter/format. */
struct entered {
	char common[8];
	long nr;
	unsigned long args[6];
};

struct counts {
	uint64_t event;
	size_t ring_size, page;
	unsigned n_cpus;
	struct perf_event_mmap_page *rings[MAX_CPUS];
	int owners[MAX_CPUS]; /* the event whose ring it is */
	int fds[MAX_EVENTS];
	size_t n_fds;
	int error; /* the first */
	bool full; /* some were lost */
	struct {
		long nr;
		unsigned cmd; /* of an ioctl, else 0 */
		double n;
	} seen[COUNTS_MAX_NAMES];
	size_t n_seen;
};

static int event_number(uint64_t *ret)
{
	static const char *const files[] = {"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
					    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id"};
	unsigned long long n;
	int r = -ENOENT;

	for (size_t i = 0; i < 2 && r < 0; i++) {
		FILE *f = fopen(files[i], "re");
		if (!f) {
			r = -errno;
			continue;
		}
		if (fscanf(f, "%llu", &n) == 1) {
			*ret = n;
			r = 0;
		}
		fclose(f);
	}
	return r;
}

int counts_new(struct counts **ret)
{
	struct counts *c = calloc(1, sizeof(*c));
	int r = c ? event_number(&c->event) : -ENOMEM;

	if (r == 0 && sysconf(_SC_NPROCESSORS_ONLN) > MAX_CPUS)
		r = -E2BIG;
	if (r < 0) {
		free(c);
		return r;
	}
	c->page = (size_t)sysconf(_SC_PAGESIZE);
	c->n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	c->ring_size = c->n_cpus > MANY_CPUS ? RING_BYTES / 8 : RING_BYTES;
	*ret = c;
	return 0;
}

/* All events of a CPU write to one ring: only so may they follow the threads that are made meanwhile. */
static int watch_on(struct counts *c, pid_t tid, unsigned cpu)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT,
				       .size = sizeof(attr),
				       .config = c->event,
				       .sample_period = 1,
				       .sample_type = PERF_SAMPLE_RAW,
				       .inherit = 1};

	if (c->n_fds == MAX_EVENTS)
		return -E2BIG;
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	c->fds[c->n_fds++] = fd;
	if (c->rings[cpu])
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, c->owners[cpu]) < 0 ? -errno : 0;
	void *ring = mmap(NULL, c->page + c->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	c->rings[cpu] = ring;
	c->owners[cpu] = fd;
	return 0;
}

static void watch(const char *task, pid_t tid, void *counts)
{
	struct counts *c = counts;

	(void)task;
	for (unsigned cpu = 0; cpu < c->n_cpus && c->error == 0; cpu++)
		c->error = watch_on(c, tid, cpu);
}

int counts_attach(struct counts *c, pid_t pid)
{
	c->n_seen = 0;
	c->full = false;
	c->error = 0;
	int r = procs_each_thread(pid, "bench-guest", watch, c);
	return r < 0 ? r : c->error;
}

static void count(struct counts *c, const struct entered *e)
{
	unsigned cmd = e->nr == SYS_ioctl ? (unsigned)e->args[1] : 0;
	size_t i = 0;

	while (i < c->n_seen && (c->seen[i].nr != e->nr || c->seen[i].cmd != cmd))
		i++;
	if (i == COUNTS_MAX_NAMES)
		return;
	if (i == c->n_seen) {
		c->seen[i].nr = e->nr;
		c->seen[i].cmd = cmd;
		c->seen[i].n = 0;
		c->n_seen++;
	}
	c->seen[i].n++;
}

static void copy_out(const struct counts *c, const char *ring, uint64_t at, void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = ring[c->page + (at + i) % c->ring_size];
}

/* A record of ours: its header, the size of the raw data, the data. */
static void read_ring(struct counts *c, const struct perf_event_mmap_page *ring)
{
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE), at = ring->data_tail;
	const char *bytes = (const char *)ring;
	struct perf_event_header h;
	struct entered e;

	/* the kernel tells of what is lost with the next that is not: by then there may be none */
	c->full |= head - at + 2 * sizeof(e) > c->ring_size;
	for (; at + sizeof(h) <= head; at += h.size) {
		copy_out(c, bytes, at, &h, sizeof(h));
		if (h.size < sizeof(h))
			break;
		c->full |= h.type == PERF_RECORD_LOST;
		if (h.type != PERF_RECORD_SAMPLE || h.size < sizeof(h) + sizeof(uint32_t) + sizeof(e))
			continue;
		copy_out(c, bytes, at + sizeof(h) + sizeof(uint32_t), &e, sizeof(e));
		count(c, &e);
	}
}

void counts_detach(struct counts *c)
{
	for (size_t i = 0; i < c->n_fds; i++)
		ioctl(c->fds[i], PERF_EVENT_IOC_DISABLE, 0);
	for (unsigned cpu = 0; cpu < c->n_cpus; cpu++) {
		if (!c->rings[cpu])
			continue;
		read_ring(c, c->rings[cpu]);
		munmap(c->rings[cpu], c->page + c->ring_size);
		c->rings[cpu] = NULL;
	}
	for (size_t i = 0; i < c->n_fds; i++)
		close(c->fds[i]);
	c->n_fds = 0;
}

static void add_name(cJSON *o, long nr, unsigned cmd, double n)
{
	const char *known = cmd == (unsigned)SECCOMP_IOCTL_NOTIF_RECV	    ? "RECV"
			    : cmd == (unsigned)SECCOMP_IOCTL_NOTIF_SEND	    ? "SEND"
			    : cmd == (unsigned)SECCOMP_IOCTL_NOTIF_ID_VALID ? "ID_VALID"
			    : cmd == (unsigned)SECCOMP_IOCTL_NOTIF_ADDFD    ? "ADDFD"
									    : NULL;
	char *name = known ? NULL : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)nr);

	cJSON_AddNumberToObject(o, known ? known : name ? name : "?", n);
	free(name);
}

double counts_tell(const struct counts *c, double calls, cJSON *names)
{
	double sum = 0;

	if (c->full)
		return -1;
	for (size_t i = 0; i < c->n_seen; i++) {
		sum += c->seen[i].n;
		if (c->seen[i].n / calls >= 0.005)
			add_name(names, c->seen[i].nr, c->seen[i].cmd,
				 bench_rounded(c->seen[i].n / calls, 100));
	}
	return bench_rounded(sum / calls, 100);
}

void counts_free(struct counts *c)
{
	free(c);
}
