/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "frozen.h"
#include "../engine/memo.h"
#include <string.h>

enum { ABOUT_LINK = 1 << 16, ABOUT_ABSENCE };

struct key {
	uint64_t about, lowers;
	char path[WR_MEMO_BYTES];
};
#define KEY_HEAD offsetof(struct key, path)

struct link { /* the value of ABOUT_LINK */
	uint32_t end;
	char text[WR_MEMO_BYTES];
};
#define LINK_HEAD offsetof(struct link, text)

/* The key's length; 0: too long. */
static size_t make_key(struct key *k, uint64_t about, const struct wr_layer *l, const char *path, size_t len)
{
	if (len >= sizeof(k->path))
		return 0;
	k->about = about;
	k->lowers = l ? wr_layer_lowers_id(l) : 0;
	memcpy(k->path, path, len);
	return KEY_HEAD + len;
}

/* May what is known of cur be used, and what is found be kept? Not by a stretch with ".." in it, nor from a
 * directory that may be elsewhere by now. */
static bool plain(const struct wr_walk *w)
{
	return w->p->memo && w->m->kind == WR_MOUNT_HOST && !w->m->builtin && w->at == w->m->fd && !w->dots &&
	       w->n_raw && w->rq;
}

/* Does the layer, or do the rules, keep the path raw[0..end) as it is? */
static bool frozen(const struct wr_walk *w, size_t end)
{
	char path[WR_WALK_BUF];

	if (w->m->layer)
		return wr_layer_untouched(w->m->layer, w->raw, end);
	size_t len = w->m->guest_len + 1 + end;
	memcpy(path, w->cur, len);
	path[len] = '\0';
	return !(wr_policy_may(w->p, w->m, path) & WR_MAY_WRITE);
}

bool wr_frozen_link(const struct wr_walk *w, bool last, size_t *ret_end, char text[static PATH_MAX])
{
	struct link v;
	struct key k;
	size_t size = sizeof(v), n;

	if (!plain(w))
		return false;
	n = make_key(&k, ABOUT_LINK, w->m->layer, w->cur, w->len);
	if (!n || !wr_memo_get(w->p->memo, &k, n, &v, &size))
		return false;
	if (v.end == w->n_raw && last && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
		return false;
	if (!frozen(w, v.end))
		return false;
	size -= LINK_HEAD;
	memcpy(text, v.text, size);
	text[size] = '\0';
	*ret_end = v.end;
	return true;
}

void wr_frozen_found_link(const struct wr_walk *w, size_t end, const char *text)
{
	struct link v = {.end = (uint32_t)end};
	struct key k;
	size_t size = strlen(text), n;

	if (!plain(w) || size > sizeof(v.text) || (!w->m->layer && !frozen(w, end)))
		return;
	n = make_key(&k, ABOUT_LINK, w->m->layer, w->cur, w->len);
	memcpy(v.text, text, size);
	if (n)
		wr_memo_put(w->p->memo, &k, n, &v, LINK_HEAD + size);
}

bool wr_frozen_result(const struct wr_walk *w, int *ret)
{
	struct wr_ask *ask = w->t->ask;
	struct key k;
	size_t size = 0, n;
	char none;

	if (!plain(w) || (w->how && (w->how->flags & O_CREAT)))
		return false;
	n = make_key(&k, ABOUT_ABSENCE, w->m->layer, w->cur, w->len);
	if (!n)
		return false;
	if (wr_memo_get(w->p->memo, &k, n, &none, &size) && frozen(w, w->n_raw)) {
		*ret = -ENOENT;
		return true;
	}
	if (!ask || *w->tail)
		return false;
	k.about = ask->what;
	size = ask->size;
	if (!wr_memo_get(w->p->memo, &k, n, ask->answer, &size) || !frozen(w, w->n_raw))
		return false;
	ask->size = size;
	ask->known = true;
	*ret = 0;
	return true;
}

void wr_frozen_found(const struct wr_walk *w, int result)
{
	struct key k;
	size_t n;

	if (!plain(w) || (result < 0 && result != -ENOENT) ||
	    (w->m->layer ? !w->lower : !frozen(w, w->n_raw)))
		return;
	if (result == 0) {
		if (w->t->ask && !*w->tail)
			w->t->ask->frozen = true;
		return;
	}
	n = make_key(&k, ABOUT_ABSENCE, w->m->layer, w->cur, w->len);
	if (n && !(w->how && (w->how->flags & O_CREAT)))
		wr_memo_put(w->p->memo, &k, n, NULL, 0);
}

void wr_frozen_keep(const struct warren_request *rq, const struct wr_target *t, const void *answer,
		    size_t size)
{
	struct key k;
	size_t n;

	if (!t->ask || !t->ask->frozen)
		return;
	n = make_key(&k, t->ask->what, t->mnt->layer, t->gpath, strlen(t->gpath));
	if (n)
		wr_memo_put(wr_sandbox_policy(rq->sandbox)->memo, &k, n, answer, size);
}
