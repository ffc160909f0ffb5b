/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of directories, whose names are a guest's choice. The input: names in the layers of a directory,
 * the topmost first, some of them whiteouts. They are merged, compared with what a simple search says, put
 * into records of both kinds, and read again. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "../../cow/names.h"
#include "../../handlers/listing.h"
#include "../../handlers/records.h"
#include <dirent.h>

#define PARTS 4

static struct wr_names *parts[PARTS];
static unsigned n_parts;

static bool has(const struct wr_names *p, const char *name, struct wr_name *ret)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (!strcmp(p->v[i].name, name)) {
			*ret = p->v[i];
			return true;
		}
	return false;
}

/* A part: how many names, then of each its type and length and the bytes. No name twice. */
static void read_part(struct input *in)
{
	struct wr_names_builder *b = wr_names_new();
	unsigned count = take8(in) % 24;
	char names[24][256];
	unsigned n = 0;

	CHECK(b);
	for (unsigned i = 0; i < count; i++) {
		char *name = names[n];
		uint8_t type = take8(in), len = take8(in);
		bool twice = false;
		take(in, name, len);
		for (unsigned k = 0; k < len; k++)
			if (!name[k] || name[k] == '/')
				name[k] = 'x';
		name[len] = '\0';
		for (unsigned k = 0; k < n; k++)
			twice |= !strcmp(names[k], name);
		if (!len || twice || !strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		/* many with the same hash, as a hostile guest would like it */
		uint64_t hash = type & 0x80 ? 3 + (uint64_t)name[0] % 3 : wr_name_hash(name, len);
		const struct wr_name e = {hash, 1000 + n, name, len, type & 15, type & 0x40};
		/* the hash is the name's in all parts */
		struct wr_name other;
		bool known = false;
		for (unsigned p = 0; p < n_parts && !known; p++)
			known = has(parts[p], name, &other);
		struct wr_name added = e;
		if (known)
			added.hash = other.hash;
		CHECK(wr_names_add(b, &added) == 0);
		n++;
	}
	parts[n_parts++] = wr_names_finish(b);
}

static void check_merged(const struct wr_layer_listing *ls)
{
	size_t visible = 2;
	struct wr_name first;

	CHECK(ls->n >= 2 && !strcmp(ls->entries[0].name, ".") && !strcmp(ls->entries[1].name, ".."));
	for (size_t i = 0; i < ls->n; i++) {
		CHECK(i == 0 || ls->entries[i].off > ls->entries[i - 1].off);
		CHECK(ls->entries[i].len == strlen(ls->entries[i].name));
		CHECK(wr_layer_listing_seek(ls, ls->entries[i].off) == i + 1);
		if (i < 2)
			continue;
		bool found = false;
		for (unsigned p = 0; p < n_parts && !found; p++)
			found = has(parts[p], ls->entries[i].name, &first);
		CHECK(found && !first.hidden && first.ino == ls->entries[i].ino &&
		      first.type == ls->entries[i].type);
	}
	for (unsigned p = 0; p < n_parts; p++)
		for (size_t i = 0; i < parts[p]->n; i++) {
			bool above = false;
			for (unsigned k = 0; k < p; k++)
				above |= has(parts[k], parts[p]->v[i].name, &first);
			visible += !above && !parts[p]->v[i].hidden;
		}
	CHECK(visible == ls->n);
}

/* The way that a guest reads it, in pieces of this size. */
static void check_records(const struct wr_layer_listing *ls, size_t room, bool legacy)
{
	char *buf = malloc(room);
	size_t i = 0;

	CHECK(buf);
	while (i < ls->n) {
		struct wr_records out = {.buf = buf, .size = room, .legacy = legacy};
		size_t first = i;
		while (i < ls->n &&
		       wr_records_add(&out, ls->entries[i].name, ls->entries[i].len, ls->entries[i].ino,
				      ls->entries[i].off, ls->entries[i].type))
			i++;
		CHECK(out.used <= room);
		if (i == first)
			break; /* EINVAL */
		CHECK(out.last == ls->entries[i - 1].off);
		size_t at = 0;
		for (; first < i; first++) {
			const struct dirent64 *d = (const void *)(buf + at);
			const char *name = buf + at + (legacy ? 18 : 19);
			CHECK(d->d_reclen % 8 == 0 && d->d_reclen <= out.used - at);
			CHECK(!strcmp(name, ls->entries[first].name));
			CHECK((legacy ? (uint8_t)buf[at + d->d_reclen - 1] : d->d_type) ==
			      ls->entries[first].type);
			at += d->d_reclen;
		}
		CHECK(at == out.used);
	}
	free(buf);
}

/* The same names as a directory with mount points. */
static void check_snapshot(const struct wr_layer_listing *ls)
{
	struct wr_listing *l = wr_listing_new();

	CHECK(l);
	for (size_t i = 0; i < ls->n; i++)
		CHECK(wr_listing_set(l, ls->entries[i].name, ls->entries[i].ino, ls->entries[i].type) == 0);
	wr_listing_finish(l);
	CHECK(l->n == ls->n);
	for (size_t i = 0; i < l->n; i++) {
		CHECK(i == 0 || l->entries[i].place > l->entries[i - 1].place);
		CHECK(wr_listing_after(l, l->entries[i].place) == i + 1);
		CHECK(strlen(wr_listing_name(l, &l->entries[i])) == l->entries[i].len);
	}
	wr_listing_unref(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const struct wr_layer_listing *ls;
	unsigned how = take8(&in);
	size_t room = 24 + take16(&in) % 2000;

	n_parts = 0;
	for (unsigned i = 0; i < 1 + (how & 3) % PARTS; i++)
		read_part(&in);
	CHECK(wr_names_merge(parts, n_parts, 7, 8, &ls) == 0);
	check_merged(ls);
	check_records(ls, room, how & 4);
	check_snapshot(ls);
	wr_layer_listing_unref(ls);
	for (unsigned i = 0; i < n_parts; i++)
		wr_names_unref(parts[i]);
	return 0;
}
