/* SPDX-License-Identifier: Apache-2.0 */
/* diff-guest SEED COUNT [options]: run COUNT sequences with seeds SEED, SEED+1, ...
 *
 *   --proc      /proc and /dev are there: use paths in them
 *   --own-ids   chown to the own ids only
 *   --lower     the trees are there already; --prepare makes them and exits
 *   --apart     leave the trees as they are in the end; --dump prints and removes them and does nothing else
 *   --overlay   leave out what the kernel's overlayfs says otherwise by its nature: numbers of inodes and of
 * links
 *   --mutate    misbehave in one call of a thousand
 *   --flush     write every line before the call is made
 *   --without A,B  leave out these operations (names of the tables of struct op), or opath: no O_PATH fds
 *   --calls N   calls per sequence */
#include "guest.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define EDGE_SIZE     (128U << 10)
#define WATCHDOG_S    30
#define FSIZE_LIMIT   (1U << 20)
#define DEFAULT_CALLS 40

static struct guest guest;

/* A call that never returns: what was printed so far names it, on stderr too. */
static void on_alarm(int sig)
{
	static const char msg[] = "\nHANG\n";

	(void)sig;
	/* The buffer ends with the line of the call when --flush is off, too. */
	if (write(STDOUT_FILENO, guest.sh->out, guest.sh->len) < 0 ||
	    write(STDOUT_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(96);
	_exit(97);
}

static void on_xfsz(int sig)
{
	(void)sig;
	guest.sh->sigxfsz++;
}

static bool at_line_start(const struct guest *g)
{
	return g->sh->len && g->sh->out[g->sh->len - 1] == '\n';
}

static bool left_out(const struct guest *g, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = g->without; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (!strncmp(s, name, len) && (s[len] == ',' || !s[len]))
			return true;
	}
	return false;
}

void run_random_op(struct guest *g)
{
	static const struct op *const groups[] = {open_ops,  name_ops, attr_ops, stat_ops,
						  xattr_ops, fd_ops,   task_ops};
	static unsigned total;
	unsigned roll;

	if (!total)
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			for (const struct op *o = groups[i]; o->name; o++)
				total += o->weight;
	roll = rnd(g, total);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct op *o = groups[i]; o->name; o++) {
			if (roll < o->weight) {
				unsigned before = g->sh->call_no;

				if (!left_out(g, o->name))
					o->fn(g);
				/* A guarded call is left out, without a line. */
				if (g->sh->call_no != before && !at_line_start(g))
					out(g, "\n");
				return;
			}
			roll -= o->weight;
		}
}

static void seq_start(struct guest *g, uint64_t seed)
{
	g->seed = seed;
	g->rng = seed * 0x2545f4914f6cdd1dULL + 1;
	g->mrng = seed ^ 0x6d75746174650000ULL;
	g->sh->call_no = 0;
	g->inotify = -1;
	g->edge_next = 0;
	snprintf(g->top, sizeof(g->top), WORK_DIR "/s%llu", (unsigned long long)seed);
	snprintf(g->base, sizeof(g->base), "%s/t", g->top);
	canon_reset(g);
}

static void raise_nofile(void)
{
	struct rlimit rl;

	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static void seq_run(struct guest *g, uint64_t seed)
{
	int r;

	seq_start(g, seed);
	alarm(WATCHDOG_S);
	out(g, "S %llu\n", (unsigned long long)seed);
	r = g->lower ? (int)raw(SYS_chdir, g->base) : tree_make(g);
	if (r < 0) {
		out(g, "cannot start");
		res(g, r);
		out(g, "\n");
	}
	raw(SYS_umask, 022);
	tree_open_slots(g);
	for (unsigned i = 0; i < g->calls; i++)
		run_random_op(g);
	for (unsigned i = 0; i < NSLOT; i++)
		close_slot(g, i);
	if (g->inotify >= 0)
		raw(SYS_close, g->inotify);
	/* An fd lost by a wrong result must not show in the sequences that follow. */
	raw(SYS_close_range, g->fd0, ~0U, 0);
	raise_nofile();
	if (!g->apart) {
		tree_dump(g);
		tree_remove(g);
	}
	tree_restore(g);
	out(g, "E %llu\n", (unsigned long long)seed);
	out_flush(g);
}

static void dump(struct guest *g, uint64_t seed)
{
	seq_start(g, seed);
	out(g, "S %llu\n", (unsigned long long)seed);
	tree_dump(g);
	tree_remove(g);
	out(g, "E %llu\n", (unsigned long long)seed);
}

static void prepare(struct guest *g, uint64_t seed)
{
	seq_start(g, seed);
	if (tree_make(g) < 0) {
		fprintf(stderr, "diff-guest: cannot make %s\n", g->base);
		exit(1);
	}
}

static void set_up(struct guest *g)
{
	struct rlimit rl = {FSIZE_LIMIT, FSIZE_LIMIT};
	struct sigaction sa = {.sa_handler = on_alarm};
	struct stat st;

	g->sh = mmap(NULL, sizeof(*g->sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->sh == MAP_FAILED)
		exit(1);
	for (int i = 0; i < 2; i++) {
		char *m = mmap(NULL, EDGE_SIZE + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (m == MAP_FAILED || munmap(m + EDGE_SIZE, 65536) < 0)
			exit(1);
		/* Nothing else may be mapped behind the edge later: a hole that answers EFAULT. */
		if (mmap(m + EDGE_SIZE, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			exit(1);
		g->edge[i] = m + EDGE_SIZE;
	}
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = on_xfsz;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGXFSZ, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &rl);
	raise_nofile();
	g->uid = getuid();
	g->gid = getgid();
	g->fd0 = (int)raw(SYS_dup, 0);
	raw(SYS_close, g->fd0);
	if (g->proc && stat("/proc", &st) == 0)
		g->proc_dev = st.st_dev;
}

int main(int argc, char **argv)
{
	struct guest *g = &guest;
	uint64_t seed, count;
	bool prep = false, only_dump = false;

	/* A script's interpreter gets the script's name. */
	if (argc < 3 || !isdigit((unsigned char)argv[2][0])) {
		fprintf(stderr, "usage: diff-guest SEED COUNT [options]\n");
		return EXIT_USAGE;
	}
	seed = strtoull(argv[1], NULL, 10);
	count = strtoull(argv[2], NULL, 10);
	g->calls = DEFAULT_CALLS;
	for (int i = 3; i < argc; i++) {
		g->proc |= !strcmp(argv[i], "--proc");
		g->own_ids |= !strcmp(argv[i], "--own-ids");
		g->lower |= !strcmp(argv[i], "--lower");
		g->overlay |= !strcmp(argv[i], "--overlay");
		g->mutate |= !strcmp(argv[i], "--mutate");
		g->flush |= !strcmp(argv[i], "--flush");
		g->apart |= !strcmp(argv[i], "--apart");
		prep |= !strcmp(argv[i], "--prepare");
		only_dump |= !strcmp(argv[i], "--dump");
		if (!strcmp(argv[i], "--without") && i + 1 < argc)
			g->without = argv[++i];
		if (!strcmp(argv[i], "--calls") && i + 1 < argc)
			g->calls = (unsigned)atoi(argv[++i]);
	}
	g->no_opath = left_out(g, "opath");
	set_up(g);
	if (!prep)
		out(g, "first fd %d uid %u gid %u umask %04lo\n", g->fd0, g->uid, g->gid,
		    raw(SYS_umask, 022));
	for (uint64_t i = 0; i < count; i++)
		if (prep)
			prepare(g, seed + i);
		else if (only_dump)
			dump(g, seed + i);
		else
			seq_run(g, seed + i);
	out_flush(g);
	return 0;
}
