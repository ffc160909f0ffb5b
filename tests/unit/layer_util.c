/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "layer_util.h"

const char *lt_where = "/tmp";

void lt_sh(const char *fmt, ...)
{
	char cmd[8192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

char *lt_out(const char *fmt, ...)
{
	char cmd[8192], *text = NULL;
	size_t n = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	FILE *p = popen(cmd, "r");
	assert_non_null(p);
	if (getdelim(&text, &n, '\0', p) < 0) {
		free(text);
		text = strdup("");
	}
	pclose(p);
	return text;
}

/* What tells whether a tree has changed; not times, as some tests change it themselves and back. */
static char *fingerprint(const char *dir)
{
	return lt_out("cd '%s' && { find . -printf '%%p %%y %%n %%m %%U %%G %%s %%l\\n' | LC_ALL=C sort; "
		      "find . -type f -readable -print0 | LC_ALL=C sort -z | xargs -0 -r cksum; }",
		      dir);
}

static char *before;

void lt_write(int at, const char *path, const char *text, mode_t mode)
{
	int fd = openat(at, path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void open_layer(struct lt *t)
{
	const char *lowers[] = {t->lower};
	struct wr_layer_options o = {.dir = t->dir, .lowers = lowers, .n_lowers = 1, .covers = "/src"};
	int r = wr_layer_open(&o, &t->l);

	if (r < 0)
		fail_msg("wr_layer_open: %s", strerror(-r));
}

void lt_reopen(struct lt *t)
{
	wr_layer_close(t->l);
	open_layer(t);
}

int lt_setup(void **state)
{
	struct lt *t = calloc(1, sizeof(*t));

	snprintf(t->base, sizeof(t->base), "%s/warren-layer-XXXXXX", lt_where);
	assert_non_null(mkdtemp(t->base));
	snprintf(t->lower, sizeof(t->lower), "%s/lower", t->base);
	snprintf(t->dir, sizeof(t->dir), "%s/layer", t->base);
	lt_sh("umask 022; mkdir %s && cd %s && mkdir -p a/b/c d empty && echo one >a/one && echo two "
	      ">a/b/two && "
	      "echo three >a/b/c/three && echo top >top && ln -s a/one link && ln -s a dirlink && mkfifo "
	      "fifo && "
	      "chmod 640 a/one && touch -d '2020-02-03 04:05:06.789' a/one a/b a && echo x >d/x && echo y "
	      ">d/y",
	      t->lower, t->lower);
	before = fingerprint(t->lower);
	open_layer(t);
	*state = t;
	return 0;
}

int lt_teardown_changed(void **state)
{
	struct lt *t = *state;

	wr_layer_close(t->l);
	free(before);
	lt_sh("chmod -R u+rwx %s; rm -rf %s", t->base, t->base);
	free(t);
	return 0;
}

int lt_teardown(void **state)
{
	struct lt *t = *state;
	char *after = fingerprint(t->lower);

	assert_string_equal(before, after);
	free(after);
	return lt_teardown_changed(state);
}

char *lt_read(struct wr_layer *l, const char *rel)
{
	static char buf[65536];
	struct open_how how = {.flags = O_RDONLY};
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	if (wr_layer_open_file(l, rel, &how, &f, NULL) < 0)
		return NULL;
	ssize_t n = read(f.fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return NULL;
	buf[n] = '\0';
	return buf;
}

int lt_put(struct wr_layer *l, const char *rel, const char *text)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT | O_TRUNC, .mode = 0644};
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_layer_open_file(l, rel, &how, &f, NULL);

	if (r < 0)
		return r;
	assert_int_equal(write(f.fd, text, strlen(text)), strlen(text));
	return 0;
}

bool lt_there(struct wr_layer *l, const char *rel)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	return wr_layer_lookup(l, rel, 0, &f) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *lt_names(struct wr_layer *l, const char *rel)
{
	static char buf[65536];
	const struct wr_layer_listing *ls;
	int r = wr_layer_list(l, rel, &ls);

	if (r < 0) {
		snprintf(buf, sizeof(buf), "%s", strerror(-r));
		return buf;
	}
	const char **v = calloc(ls->n, sizeof(*v));
	for (size_t i = 0; i < ls->n; i++)
		v[i] = ls->entries[i].name;
	qsort(v, ls->n, sizeof(*v), by_name);
	buf[0] = '\0';
	for (size_t i = 0; i < ls->n; i++)
		if (strcmp(v[i], ".") && strcmp(v[i], "..")) {
			if (buf[0])
				strcat(buf, " ");
			strcat(buf, v[i]);
		}
	free(v);
	wr_layer_listing_unref(ls);
	return buf;
}

int lt_main(int argc, char **argv, int (*run)(void))
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--user")) {
			lt_where = argv[i];
			continue;
		}
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
				       setresuid(65534, 65534, 65534) < 0)) {
			fprintf(stderr, "cannot become another user\n");
			return 77;
		}
	}
	umask(022);
	return run();
}
