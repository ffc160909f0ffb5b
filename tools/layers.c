/* SPDX-License-Identifier: Apache-2.0 */
/* warren layers: what layers there are, and what crashes left of those that nobody wanted to keep. */
#define _GNU_SOURCE
#include "cli.h"
#include "layer.h"
#include "words.h"
#include "../cow/commit.h"
#include "../cow/set.h"
#include "../engine/base/cleanup.h"
#include "../engine/runtime_dir.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME	    "warren layers"
#define YOUNG	    2 /* seconds: its maker may not have locked it yet */
#define MAX_COMMAND 60

struct args {
	char **dirs;
	unsigned n;
	bool json, prune;
	size_t shown;
};

/* ---- one layer ---- */

/* By its name, or that of the set or the batch that it is of: was it to be thrown away? */
static bool is_temporary(const char *dir)
{
	const char *name = strrchr(dir, '/'), *above = name ? memrchr(dir, '/', (size_t)(name - dir)) : NULL;
	size_t n = strlen(LAYER_TEMPORARY);

	return (name && !strncmp(name + 1, LAYER_TEMPORARY, n)) ||
	       (above && !strncmp(above + 1, LAYER_TEMPORARY, n));
}

static const char *state_of(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int lock = fd < 0 ? -1 : openat(fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return "in use";
	if (fd >= 0 && (faccessat(fd, "journal", F_OK, 0) == 0 || faccessat(fd, "stage", F_OK, 0) == 0))
		return "commit killed";
	return is_temporary(dir) ? "left over" : "kept";
}

/* Some letters, whatever the bytes are. */
static void print_text(const char *s, size_t max)
{
	for (size_t i = 0; s && s[i]; i++) {
		if (i == max) {
			fputs("...", stdout);
			return;
		}
		if ((unsigned char)s[i] >= ' ' && s[i] != 0x7f)
			putchar(s[i]);
		else
			printf("\\x%02x", (unsigned char)s[i]);
	}
}

static const char *human(char *buf, size_t size, double n)
{
	static const char units[] = " KMGT";
	size_t i = 0;

	for (; n >= 1024 && units[i + 1]; i++)
		n /= 1024;
	snprintf(buf, size, i && n < 10 ? "%.1f%c" : "%.0f%c", n, units[i]);
	if (!i)
		buf[strlen(buf) - 1] = '\0';
	return buf;
}

static const char *age(char *buf, size_t size, int64_t created)
{
	int64_t s = (int64_t)time(NULL) - created / 1000000000;

	if (s < 0)
		s = 0;
	snprintf(buf, size, "%lld%s",
		 (long long)(s < 120	  ? s
			     : s < 7200	  ? s / 60
			     : s < 172800 ? s / 3600
					  : s / 86400),
		 s < 120      ? "s"
		 : s < 7200   ? "min"
		 : s < 172800 ? "h"
			      : "d");
	return buf;
}

/* JSON holds no bytes above ASCII as they are: they are escaped as warren diff does. */
static void add_bytes(cJSON *o, const char *key, const char *s)
{
	char *text = s ? malloc(4 * strlen(s) + 1) : NULL, *to = text;

	for (; text && *s; s++)
		to += sprintf(to, (unsigned char)*s < 0x80 && *s != '\\' ? "%c" : "\\x%02x",
			      (unsigned char)*s);
	if (text)
		*to = '\0';
	cJSON_AddStringToObject(o, key, text ? text : "");
	free(text);
}

static void show_json(const char *dir, const struct wr_layer_info *i, const struct wr_layer_usage *u,
		      const char *state)
{
	cJSON *o = cJSON_CreateObject();

	add_bytes(o, "layer", dir);
	add_bytes(o, "covers", i->covers);
	add_bytes(o, "command", i->command);
	cJSON_AddNumberToObject(o, "created", (double)(i->created / 1000000000));
	cJSON_AddNumberToObject(o, "bytes", (double)u->bytes);
	cJSON_AddNumberToObject(o, "files", (double)u->files);
	cJSON_AddNumberToObject(o, "lowers", i->n_lowers);
	cJSON_AddStringToObject(o, "state", state);
	char *text = cJSON_PrintUnformatted(o);
	printf("%s\n", text ? text : "");
	free(text);
	cJSON_Delete(o);
}

static void show(struct args *a, const char *dir)
{
	_cleanup_layer_info_ struct wr_layer_info info = {0};
	const struct wr_layer_options o = {.dir = dir, .readonly = true};
	struct wr_layer_usage usage = {0};
	struct wr_layer *l;
	char size[16], files[24], old[32];

	if (wr_layer_info(dir, &info) < 0)
		return;
	const char *state = state_of(dir);
	int r = wr_layer_open(&o, &l);
	if (r == 0) {
		wr_layer_usage(l, &usage);
		wr_layer_close(l);
	} else if (r == -ENOENT) {
		state = "broken"; /* a directory that it lies over is gone */
	}
	if (a->json) {
		show_json(dir, &info, &usage, state);
		return;
	}
	if (!a->shown++)
		printf("%6s %6s %6s  %-13s %s\n", "SIZE", "FILES", "AGE", "STATE", "LAYER, OVER, COMMAND");
	snprintf(files, sizeof(files), "%llu", (unsigned long long)usage.files);
	printf("%6s %6s %6s  %-13s ", human(size, sizeof(size), (double)usage.bytes), files,
	       age(old, sizeof(old), info.created), state);
	print_text(dir, SIZE_MAX);
	fputs("  ", stdout);
	print_text(info.covers, SIZE_MAX);
	fputs("  ", stdout);
	print_text(info.command, MAX_COMMAND);
	putchar('\n');
}

/* ---- a directory ---- */

/* Calls fn for each directory of ours in dir. */
static int each(struct args *a, const char *dir, const char *prefix, void (*fn)(struct args *, const char *))
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);
	char path[PATH_MAX];
	struct stat st;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && !strncmp(list[i]->d_name, prefix, strlen(prefix)) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name) < (int)sizeof(path) &&
		    lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
			fn(a, path);
		free(list[i]);
	}
	free(list);
	return 0;
}

/* The layer, or those of a set. */
static bool list_layer(struct args *a, const char *dir)
{
	_cleanup_set_ struct wr_set set;

	if (wr_set_read(dir, &set) < 0)
		return false;
	for (size_t i = 0; i < set.n; i++)
		show(a, set.parts[i].dir);
	return true;
}

static void list_job(struct args *a, const char *dir)
{
	list_layer(a, dir);
}

/* A layer, or the directory of a batch. */
static void list_one(struct args *a, const char *dir)
{
	if (!list_layer(a, dir) && is_temporary(dir))
		each(a, dir, "job-", list_job);
}

/* ---- prune ---- */

static void report(const char *dir, int r)
{
	if (r < 0) {
		fprintf(stderr, NAME ": '%s' is left: %s\n", dir, layer_trouble(r));
		return;
	}
	fputs("removed ", stdout);
	print_text(dir, SIZE_MAX);
	putchar('\n');
}

static void prune_job(struct args *a, const char *dir)
{
	int r = wr_set_discard(dir);

	(void)a;
	if (r < 0 && rmdir(dir) < 0)
		report(dir, r);
}

/* Only what was to be thrown away in the end, of makers that are no more. */
static void prune_one(struct args *a, const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || time(NULL) - st.st_ctime < YOUNG)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	int r = wr_set_discard(dir);
	if (r == -EINVAL) {
		each(a, dir, "job-", prune_job);
		r = rmdir(dir) < 0 ? -errno : 0;
	}
	report(dir, r);
}

/* ---- the command ---- */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'j':
		a->json = true;
		return 0;
	case 'p':
		a->prune = true;
		return 0;
	case ARGP_KEY_ARGS:
		a->dirs = state->argv + state->next;
		a->n = (unsigned)(state->argc - state->next);
		return 0;
	default:
		(void)arg;
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "One JSON object a line", 0},
	{"prune", 'p', NULL, 0, "Remove what crashes left of layers that were to be thrown away", 0},
	{0},
};

static int look_at(struct args *a, const char *dir)
{
	if (a->prune)
		return each(a, dir, LAYER_TEMPORARY, prune_one);
	return list_layer(a, dir) ? 0 : each(a, dir, "", list_one);
}

int cmd_layers(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"[DIR...]",
		"List the layers in each DIR (default: where temporary ones are made).\v"
		"State: in use by a sandbox; kept; left over by a crash (--prune removes those); commit "
		"killed (warren "
		"commit ends it); broken: what it lies over is gone.",
		NULL,
		NULL,
		NULL};
	struct args a = {0};
	int code = 0;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = (char *)(uintptr_t)NAME;
	if (words_check(&argp, NAME, argv) < 0 || argp_parse(&argp, argc, argv, 0, NULL, &a))
		return EXIT_USAGE;
	if (a.prune) /* and what else a supervisor leaves that is killed together with its guard */
		wr_runtime_dir_prune();
	for (unsigned i = 0; i < a.n || i == 0; i++) {
		const char *dir = a.n ? a.dirs[i] : layer_temporary_place();
		int r = look_at(&a, dir);
		if (r < 0) {
			fprintf(stderr, NAME ": '%s': %s\n", dir, strerror(-r));
			code = EXIT_USAGE;
		}
	}
	return fflush(stdout) == 0 ? code : 1;
}
