/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery of a commit from an arbitrary journal and an arbitrary note of its staging directory: whatever
 * they say, nothing outside of the covered directory and of the layer changes. The input is a list of steps,
 * which is given a right head; or, if its first byte is odd, the bytes of the journal, which are only read.
 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "scratch.h"
#include "../../cow/commit.h"
#include "../../cow/journal.h"
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAX_STEPS 12

static struct wr_layer *layer;
static int base, low; /* the scratch directory, the covered directory in it */

static const char *const paths[] = {"f",
				    "d",
				    "d/f",
				    "d/d",
				    "new",
				    "d/new",
				    "link",
				    "link/secret",
				    "..",
				    "../outside",
				    "../outside/secret",
				    "d/../../outside/secret",
				    "/etc",
				    "d/..",
				    "d/./f",
				    ""};
static const char *const outside[] = {"outside", "outside/secret", "outside/dir", "outside/dir/x"};

/* ---- what is there ---- */

static void make_file(int at, const char *path, mode_t mode)
{
	int fd = openat(at, path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);

	CHECK(fd >= 0 && write(fd, path, strlen(path)) >= 0 && close(fd) == 0);
}

static void open_layer(void)
{
	static char lower[128];
	const char *lowers[] = {lower};
	const char *where = scratch();
	struct wr_layer_options o = {.dir = "layer", .lowers = lowers, .n_lowers = 1};

	snprintf(lower, sizeof(lower), "%s/low", where);
	base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(!mkdir("low", 0755) && !mkdir("outside", 0755) && !mkdir("outside/dir", 0755));
	make_file(base, "outside/secret", 0600);
	make_file(base, "outside/dir/x", 0600);
	low = open("low", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(wr_layer_open(&o, &layer) == 0);
}

/* As before every input: a small tree, and staged objects 0 to 3, and old ones. */
static void make_trees(void)
{
	CHECK(wr_purge_content(low) == 0 && wr_purge(layer->dir, "staging") == 0);
	make_file(low, "f", 0644);
	CHECK(!mkdirat(low, "d", 0755) && !mkdirat(low, "d/d", 0555));
	make_file(low, "d/f", 0644);
	CHECK(!symlinkat("../outside", low, "link"));
	CHECK(!mkdirat(layer->dir, "staging", 0700));
	make_file(layer->dir, "staging/0", 0644);
	CHECK(!mkdirat(layer->dir, "staging/1", 0700) &&
	      !symlinkat("../../outside", layer->dir, "staging/2"));
	make_file(layer->dir, "staging/old-0", 0644);
	CHECK(!mkdirat(layer->dir, "staging/old-1", 0700));
}

struct print {
	struct stat st[WR_ARRAY_SIZE(outside)];
};

static void look_outside(struct print *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < WR_ARRAY_SIZE(outside); i++) {
		CHECK(fstatat(base, outside[i], &p->st[i], AT_SYMLINK_NOFOLLOW) == 0);
		p->st[i].st_atim = (struct timespec){0};
	}
}

/* ---- steps ---- */

static void id_of(int at, const char *path, struct wr_base_id *ret)
{
	struct stat st;

	if (fstatat(at, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW) == 0)
		wr_base_id_of(&st, ret);
}

static void make_step(struct input *in, struct wr_journal *j)
{
	struct wr_step s = {.kind = 1 + take8(in) % 5, .number = take8(in) % 5};
	uint8_t how = take8(in), which = take8(in);
	char raw[20], name[40];
	struct wr_base_id staged = {0};

	take(in, raw, sizeof(raw) - 1);
	raw[sizeof(raw) - 1] = '\0';
	s.path = which & 128 ? raw : paths[which % WR_ARRAY_SIZE(paths)];
	if (how & 1)
		s.pad = 0x10000 | (take16(in) & 07777);
	id_of(low, s.path, &s.expected);
	snprintf(name, sizeof(name), "staging/%s%u", how & 2 ? "old-" : "", s.number);
	id_of(how & 4 ? low : layer->dir, how & 4 ? s.path : name, &staged);
	s.new_dev = staged.dev;
	s.new_ino = staged.ino;
	if (how & 8)
		take(in, &s.expected, 16);
	if (how & 16)
		s.expected.mode = take16(in);
	CHECK(wr_journal_add(j, &s) == 0);
}

static void put_file(const char *name, const void *data, size_t size)
{
	_cleanup_close_ int fd = openat(layer->dir, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

static void put_journal(struct input *in)
{
	struct wr_journal j = {0};
	size_t len;

	for (unsigned n = take8(in) % MAX_STEPS; n && in->left; n--)
		make_step(in, &j);
	char *text = wr_journal_print(&j, &len);
	CHECK(text);
	put_file("journal", text, len);
	free(text);
	wr_journal_release(&j);
}

static void recover(struct input *in)
{
	static const char *const notes[] = {"staging", "staging", "staging",	     "..",
					    ".",       "d",	  ".warren-commit-", "../low"};
	struct print before, after;
	uint8_t how = take8(in);
	char note[48];

	make_trees();
	if (how & 8)
		take(in, note, sizeof(note));
	else
		snprintf(note, sizeof(note), "%s", notes[how & 7]);
	put_file("stage", note, how & 8 ? 1 + (how >> 4) : strlen(note));
	if (how & 128)
		put_file("undo", "", 0);
	put_journal(in);
	look_outside(&before);
	int r = wr_layer_recover(layer);
	look_outside(&after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	bool open = faccessat(layer->dir, "journal", F_OK, 0) == 0;
	CHECK(r < 0 || (!open && faccessat(layer->dir, "stage", F_OK, 0) < 0));
	if (r < 0 && open) /* for a person to look at; what is there is still there */
		unlinkat(layer->dir, "journal", 0);
	unlinkat(layer->dir, "undo", 0);
}

/* ---- bytes ---- */

struct head { /* as journal.c has it */
	uint32_t magic, pad;
	uint64_t n, bytes, sum;
};

static void parse(const uint8_t *data, size_t size)
{
	struct wr_journal j;
	struct head h;

	char *copy = malloc(size + 1);
	CHECK(copy);
	if (size)
		memcpy(copy, data, size);
	if (size >= sizeof(h)) { /* what cannot be guessed */
		memcpy(&h, copy, sizeof(h));
		h.magic = 0x314a5257;
		h.bytes = size - sizeof(h);
		h.sum = XXH3_64bits(copy + sizeof(h), h.bytes);
		memcpy(copy, &h, sizeof(h));
	}
	if (wr_journal_parse(copy, size, &j) == 0) {
		CHECK(j.n == h.n);
		for (size_t i = 0; i < j.n; i++)
			CHECK(j.v[i].kind >= WR_STEP_REMOVE && j.v[i].kind <= WR_STEP_ATTR &&
			      j.v[i].path[0] != '/' && strlen(j.v[i].path) == j.v[i].path_len);
	}
	wr_journal_release(&j);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	if (take8(&in) & 1) {
		parse(in.at, in.left);
		return 0;
	}
	if (!layer)
		open_layer();
	recover(&in);
	return 0;
}
