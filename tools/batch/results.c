/* SPDX-License-Identifier: Apache-2.0 */
/* Results: JSON lines, one a job, written as it ends; read again by --resume. JUnit XML for those who want
 * that. */
#define _GNU_SOURCE
#include "batch.h"
#include "../escape.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST 1e15 /* for a number of anything */

static const char *const names[] = {"passed", "failed",		"signal",      "timeout",
				    "limit",  "missing-output", "not-started", "cancelled"};

const char *outcome_name(enum outcome o)
{
	return names[o];
}

int outcome_of(const char *name)
{
	for (int o = 0; name && o <= JOB_CANCELLED; o++)
		if (!strcmp(names[o], name))
			return o;
	return -1;
}

double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void result_free(struct result *r)
{
	free(r->error);
	free(r->layer);
	free(r->out.data);
	free(r->err.data);
}

static void add_text(cJSON *o, const char *key, const char *value)
{
	char *text = escape_utf8(value);

	if (text)
		cJSON_AddStringToObject(o, key, text);
	free(text);
}

static double rounded(double s)
{
	return (double)(int64_t)(s * 1e6 + 0.5) / 1e6;
}

/* One write a line, so that a crash cuts the last one at most; and one that a full disk cuts is taken back.
 * text's NUL is replaced. */
static int write_line(int fd, char *text, size_t len)
{
	struct stat st;

	text[len++] = '\n';
	ssize_t n = fstat(fd, &st) < 0 ? -1 : write(fd, text, len);
	if (n == (ssize_t)len)
		return 0;
	int r = n < 0 ? -errno : -ENOSPC;
	if (n > 0 && ftruncate(fd, st.st_size) < 0)
		return -errno;
	return r;
}

static void add_use(cJSON *o, const struct batch *b, const struct job *job, const struct layer_use *u)
{
	char dir[NAME_MAX + 1], path[NAME_MAX + PATH_MAX + 2];

	cJSON_AddNumberToObject(o, "layer_bytes", (double)u->bytes);
	cJSON_AddNumberToObject(o, "layer_files", (double)u->files);
	cJSON *changes = cJSON_AddObjectToObject(o, "changes");
	cJSON_AddNumberToObject(changes, "added", (double)u->added);
	cJSON_AddNumberToObject(changes, "modified", (double)u->modified);
	cJSON_AddNumberToObject(changes, "deleted", (double)u->deleted);
	if (!b->collect)
		return;
	cJSON_AddNumberToObject(o, "collected", (double)u->collected);
	cJSON *list = cJSON_AddArrayToObject(o, "outputs");
	output_dir(job->id, dir);
	for (char **p = job->outputs; p && *p; p++) {
		const char *rel = *p;
		while (!strncmp(rel, "./", 2) || *rel == '/')
			rel += 1 + (*rel == '.');
		snprintf(path, sizeof(path), "%s/%s", dir, rel);
		char *text = escape_utf8(path);
		cJSON_AddItemToArray(list, cJSON_CreateString(text ? text : ""));
		free(text);
	}
}

int result_write(struct batch *b, const struct job *job, const struct result *r)
{
	if (!b->results_file)
		return 0;
	cJSON *o = cJSON_CreateObject();
	add_text(o, "id", job->id);
	add_text(o, "command", job->command);
	cJSON_AddStringToObject(o, "outcome", outcome_name(r->outcome));
	if (r->outcome == JOB_PASSED || r->outcome == JOB_FAILED)
		cJSON_AddNumberToObject(o, "exit", r->exit);
	if (r->outcome == JOB_SIGNAL)
		cJSON_AddNumberToObject(o, "signal", r->signal);
	if (r->outcome == JOB_LIMIT)
		cJSON_AddStringToObject(o, "limit", warren_limit_name(r->limit));
	if (r->error)
		add_text(o, "error", r->error);
	if (r->use.known)
		add_use(o, b, job, &r->use);
	if (r->layer)
		add_text(o, "layer", r->layer);
	cJSON_AddNumberToObject(o, "start", rounded(r->start));
	cJSON_AddNumberToObject(o, "wall", rounded(r->wall));
	cJSON_AddNumberToObject(o, "user", rounded(r->user));
	cJSON_AddNumberToObject(o, "sys", rounded(r->sys));
	cJSON_AddNumberToObject(o, "max_rss_kib", (double)r->max_rss);
	cJSON_AddNumberToObject(o, "notifications", (double)r->notifications);
	cJSON_AddNumberToObject(o, "attempts", r->attempts);
	if (r->outcome == JOB_PASSED && r->attempts > 1)
		cJSON_AddTrueToObject(o, "flaky");
	char *text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	if (!text)
		return -ENOMEM;
	int e = write_line(fileno(b->results_file), text, strlen(text));
	free(text);
	return e;
}

/* ---- reading ---- */

static const char *text_of(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(o, key));
}

static char *copy_of(const cJSON *o, const char *key)
{
	const char *s = text_of(o, key);

	return s ? strdup(s) : NULL;
}

/* From 0 to max: what else somebody may have written there is 0, too. */
static double number_of(const cJSON *o, const char *key, double max)
{
	const cJSON *v = cJSON_GetObjectItem(o, key);

	return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= max ? v->valuedouble : 0;
}

int result_parse(const cJSON *o, struct result *ret)
{
	const char *limit = text_of(o, "limit");
	int outcome = outcome_of(text_of(o, "outcome"));

	if (outcome < 0)
		return -EINVAL;
	*ret = (struct result){.outcome = (enum outcome)outcome,
			       .exit = (int)number_of(o, "exit", INT_MAX),
			       .signal = (int)number_of(o, "signal", INT_MAX),
			       .error = copy_of(o, "error"),
			       .start = number_of(o, "start", MOST),
			       .wall = number_of(o, "wall", MOST),
			       .user = number_of(o, "user", MOST),
			       .sys = number_of(o, "sys", MOST),
			       .max_rss = (long)number_of(o, "max_rss_kib", MOST),
			       .notifications = (uint64_t)number_of(o, "notifications", MOST),
			       .attempts = (unsigned)number_of(o, "attempts", UINT_MAX),
			       .layer = copy_of(o, "layer")};
	for (unsigned l = WARREN_LIMIT_NONE; limit && l <= WARREN_LIMIT_LAST; l++)
		if (!strcmp(limit, warren_limit_name((enum warren_limit)l)))
			ret->limit = (enum warren_limit)l;
	return 0;
}

/* ---- resume ---- */

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct job *const *)a)->id, (*(const struct job *const *)b)->id);
}

static void mark(struct job **sorted, size_t n, const char *line, bool rerun_failed)
{
	cJSON *o = cJSON_Parse(line);
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(o, "id")),
		   *command = cJSON_GetStringValue(cJSON_GetObjectItem(o, "command")),
		   *outcome = cJSON_GetStringValue(cJSON_GetObjectItem(o, "outcome"));

	if (id && command && outcome) {
		struct job key = {.id = (char *)(uintptr_t)id}, *at = &key,
			   **found = bsearch(&at, sorted, n, sizeof(*sorted), by_id);
		char *mine = found ? escape_utf8((*found)->command) : NULL;
		/* another command under the same id is another job */
		if (mine && !strcmp(mine, command))
			(*found)->done_before = !rerun_failed || !strcmp(outcome, names[JOB_PASSED]);
		free(mine);
	}
	cJSON_Delete(o);
}

long results_read(struct jobs *j, FILE *f, bool rerun_failed)
{
	char *line = NULL;
	size_t room = 0, n = j->n;
	long marked = 0;
	struct job **sorted = malloc((n + 1) * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &j->list[i];
	qsort(sorted, n, sizeof(*sorted), by_id);
	while (getline(&line, &room, f) >= 0)
		mark(sorted, n, line, rerun_failed);
	for (size_t i = 0; i < n; i++)
		marked += j->list[i].done_before;
	free(line);
	free(sorted);
	return ferror(f) ? -EIO : marked;
}

long results_resume(struct batch *b, const char *path, bool rerun_failed)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	long marked = results_read(&b->jobs, f, rerun_failed);
	fclose(f);
	return marked;
}

/* ---- the file ---- */

/* A crash may have cut the last line: what follows must not be glued to it. */
static int end_last_line(FILE *f)
{
	char last;
	off_t size = lseek(fileno(f), 0, SEEK_END);

	if (size <= 0 || pread(fileno(f), &last, 1, size - 1) != 1 || last == '\n')
		return 0;
	return fputc('\n', f) == EOF || fflush(f) == EOF ? -errno : 0;
}

/* Two batches that append to one file would do the same jobs twice. The children that a killed one was just
 * starting have the file, and with it the lock, until their exec. */
static int lock_results(FILE *f)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	for (int i = 0; flock(fileno(f), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++) {
		if (i == 40)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* With the lock: what another batch still writes would be missed. */
static int resume_from(struct batch *b, const char *path, bool rerun_failed, char *text, size_t size)
{
	long n = results_resume(b, path, rerun_failed);

	if (n == -ENOENT)
		n = 0; /* nothing was done yet: the same command starts and resumes */
	if (n < 0)
		snprintf(text, size, "--resume '%s': %s", path, strerror((int)-n));
	else
		b->skipped = (size_t)n;
	return n < 0 ? (int)n : 0;
}

int results_open(struct batch *b, const char *path, const char *resume, bool rerun_failed, char *text,
		 size_t size)
{
	b->results_path = path;
	b->results_file = fopen(path, "a+e");
	int r = b->results_file ? 0 : -errno;
	if (r == 0 && lock_results(b->results_file) < 0) {
		snprintf(text, size, "'%s': another batch is writing its results there", path);
		return -EWOULDBLOCK;
	}
	if (r == 0)
		r = end_last_line(b->results_file);
	if (r < 0)
		snprintf(text, size, "'%s': %s", path, strerror(-r));
	return r == 0 && resume ? resume_from(b, resume, rerun_failed, text, size) : r;
}

/* ---- JUnit ---- */

static void junit_case(FILE *f, const struct job *job, const struct result *r, bool finished)
{
	fputs("  <testcase classname=\"warren\" name=\"", f);
	escape_xml(f, job->id);
	fprintf(f, "\" time=\"%.3f\"", finished ? r->wall : 0.0);
	if (finished && r->outcome == JOB_PASSED) {
		fputs("/>\n", f);
		return;
	}
	fputs(">\n", f);
	if (!finished) {
		fprintf(f, "    <skipped message=\"%s\"/>\n", job->done_before ? "done before" : "not run");
	} else {
		const char *tag = r->outcome == JOB_NO_START ? "error" : "failure";
		fprintf(f, "    <%s type=\"%s\" message=\"", tag, outcome_name(r->outcome));
		if (r->outcome == JOB_FAILED)
			fprintf(f, "exit status %d", r->exit);
		else if (r->outcome == JOB_SIGNAL)
			fprintf(f, "signal %d", r->signal);
		else if (r->outcome == JOB_LIMIT)
			fprintf(f, "limit: %s", warren_limit_name(r->limit));
		else
			escape_xml(f, r->error ? r->error : outcome_name(r->outcome));
		fputs("\">", f);
		escape_xml(f, job->command);
		fprintf(f, "</%s>\n", tag);
	}
	fputs("  </testcase>\n", f);
}

int results_junit(struct batch *b, FILE *f)
{
	size_t errors = 0;

	/* a pipe cannot be cut, and has nothing of before */
	if (ftruncate(fileno(f), 0) < 0 && errno != EINVAL)
		return -errno;
	for (size_t i = 0; i < b->jobs.n; i++)
		errors += b->finished[i] && b->results[i].outcome == JOB_NO_START;
	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"warren batch\" tests=\"%zu\" "
		"failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
		b->jobs.n, b->failed - errors, errors, b->jobs.n - b->done, now_seconds() - b->began);
	for (size_t i = 0; i < b->jobs.n; i++)
		junit_case(f, &b->jobs.list[i], &b->results[i], b->finished[i]);
	fputs("</testsuite>\n", f);
	return fflush(f) == EOF ? -errno : ferror(f) ? -EIO : 0;
}
