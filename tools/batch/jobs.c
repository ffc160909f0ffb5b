/* SPDX-License-Identifier: Apache-2.0 */
/* The list of jobs: shell commands, JSON lines, or a template and its arguments. */
#define _GNU_SOURCE
#include "batch.h"
#include "../limits.h"
#include "../words.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *const no_args[] = {NULL};

static void job_free(struct job *job)
{
	free(job->id);
	free(job->command);
	for (char **a = job->argv; a && *a; a++)
		free(*a);
	for (char **e = job->env; e && *e; e++)
		free(*e);
	free(job->argv);
	free(job->env);
	for (char **p = job->outputs; p && *p; p++)
		free(*p);
	free(job->outputs);
	free(job->cwd);
	free(job->input);
	*job = (struct job){0};
}

void jobs_free(struct jobs *j)
{
	for (size_t i = 0; i < j->n; i++)
		job_free(&j->list[i]);
	free(j->list);
	*j = (struct jobs){0};
}

/* A new empty job with the next number as its id; NULL: no memory. */
static struct job *job_add(struct jobs *j)
{
	if (j->n == j->room) {
		size_t room = j->room ? 2 * j->room : 64;
		struct job *list = realloc(j->list, room * sizeof(*list));
		if (!list)
			return NULL;
		j->list = list;
		j->room = room;
	}
	struct job *job = &j->list[j->n];
	*job = (struct job){0};
	if (asprintf(&job->id, "%zu", j->n + 1) < 0) {
		job->id = NULL;
		return NULL;
	}
	j->n++;
	return job;
}

char *shell_quote(const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%^";
	size_t len = strlen(word);

	if (len && strspn(word, plain) == len)
		return strdup(word);
	char *quoted = malloc(4 * len + 3), *to = quoted;
	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	}
	strcpy(to, "'");
	return quoted;
}

static int set_shell(struct job *job, const char *command)
{
	job->command = strdup(command);
	job->argv = calloc(4, sizeof(*job->argv));
	if (!job->command || !job->argv)
		return -ENOMEM;
	job->argv[0] = strdup("/bin/sh");
	job->argv[1] = strdup("-c");
	job->argv[2] = strdup(command);
	return job->argv[0] && job->argv[1] && job->argv[2] ? 0 : -ENOMEM;
}

/* What a line says: a shell command, or words for a zygote. -EINVAL: a quote is open, or there are no words.
 */
static int set_line(const struct jobs *j, struct job *job, const char *line)
{
	if (!j->words)
		return set_shell(job, line);
	int r = words_split(line, &job->argv);
	if (r == 0 && !*job->argv)
		r = -EINVAL;
	return r < 0 ? r : (job->command = strdup(line)) ? 0 : -ENOMEM;
}

static char *quote_all(char *const *argv)
{
	char *all = NULL;
	size_t size;
	FILE *f = open_memstream(&all, &size);

	if (!f)
		return NULL;
	for (char *const *a = argv; *a; a++) {
		char *q = shell_quote(*a);
		fprintf(f, "%s%s", a == argv ? "" : " ", q ? q : "");
		free(q);
	}
	return fclose(f) == 0 ? all : NULL;
}

/* ---- JSON lines ---- */

struct reading {
	bool words; /* see struct jobs */
	const char *name;
	unsigned line;
	char *text;
	size_t size;
};

static int wrong(const struct reading *r, const char *what)
{
	snprintf(r->text, r->size, "%s, line %u: %s", r->name, r->line, what);
	return -EINVAL;
}

static int strings(const cJSON *array, char ***ret)
{
	int n = cJSON_GetArraySize(array);
	char **list = calloc((size_t)n + 1, sizeof(*list));
	const cJSON *item;
	int i = 0;

	*ret = list;
	if (!list)
		return -ENOMEM;
	cJSON_ArrayForEach(item, array)
	{
		if (!cJSON_IsString(item))
			return -EINVAL;
		list[i] = strdup(item->valuestring);
		if (!list[i++])
			return -ENOMEM;
	}
	return 0;
}

static int environment(const cJSON *object, char ***ret)
{
	int n = cJSON_GetArraySize(object);
	char **list = calloc((size_t)n + 1, sizeof(*list));
	const cJSON *item;
	int i = 0;

	*ret = list;
	if (!list)
		return -ENOMEM;
	cJSON_ArrayForEach(item, object)
	{
		if (!cJSON_IsString(item) || !*item->string || strchr(item->string, '='))
			return -EINVAL;
		if (asprintf(&list[i], "%s=%s", item->string, item->valuestring) < 0) {
			list[i] = NULL;
			return -ENOMEM;
		}
		i++;
	}
	return 0;
}

static int set_id(struct job *job, const cJSON *v)
{
	char number[32];

	if (!cJSON_IsString(v) && !cJSON_IsNumber(v))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.17g", v->valuedouble);
	free(job->id);
	job->id = strdup(cJSON_IsString(v) ? v->valuestring : number);
	return job->id ? 0 : -ENOMEM;
}

static int set_text(char **at, const cJSON *v)
{
	if (!cJSON_IsString(v))
		return -EINVAL;
	*at = strdup(v->valuestring);
	return *at ? 0 : -ENOMEM;
}

/* One member of a job's object. -EINVAL: its value is of the wrong kind; -ENOENT: there is no such member. */
static int set_member(struct job *job, const cJSON *v, bool words)
{
	const char *key = v->string;
	char why[300];

	if (!strcmp(key, "id"))
		return set_id(job, v);
	if (!strcmp(key, "cwd"))
		return set_text(&job->cwd, v);
	if (!strcmp(key, "stdin"))
		return set_text(&job->input, v);
	if (!strcmp(key, "env"))
		return cJSON_IsObject(v) ? environment(v, &job->env) : -EINVAL;
	if (!strcmp(key, "timeout")) {
		job->timeout = v->valuedouble;
		return cJSON_IsNumber(v) && job->timeout > 0 ? 0 : -EINVAL;
	}
	if (!strcmp(key, "sh") && !words)
		return cJSON_IsString(v) && !job->argv ? set_shell(job, v->valuestring) : -EINVAL;
	if (!strcmp(key, "argv")) {
		if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) == 0 || job->argv)
			return -EINVAL;
		int r = strings(v, &job->argv);
		if (r == 0 && !(job->command = quote_all(job->argv)))
			r = -ENOMEM;
		return r;
	}
	if (!strcmp(key, "outputs")) {
		if (!cJSON_IsArray(v) || job->outputs)
			return -EINVAL;
		int r = strings(v, &job->outputs);
		for (char **p = job->outputs; r == 0 && *p; p++)
			r = output_is_good(*p) ? 0 : -EINVAL;
		return r;
	}
	if (!strcmp(key, "limits"))
		return limits_from_json(&job->limits, v, why, sizeof(why));
	return -ENOENT;
}

static int read_json(struct reading *rd, struct job *job, const char *line)
{
	static const char *const wanted =
		"wanted are id, argv (a list of strings) or sh (a string), env (an object of "
		"strings), cwd, stdin, timeout (seconds above 0), limits (an object of "
		"memory, processes, cpu, wall, files, file-size), outputs (a list of paths without ..)";
	char what[512];
	cJSON *o = cJSON_Parse(line);
	const cJSON *v;
	int r = 0;

	if (!cJSON_IsObject(o)) {
		cJSON_Delete(o);
		return wrong(
			rd, "this is not a JSON object; a job is {\"sh\": \"COMMAND\"} or {\"argv\": [...]}");
	}
	cJSON_ArrayForEach(v, o)
	{
		r = set_member(job, v, rd->words);
		if (r == -EINVAL || r == -ENOENT) {
			snprintf(what, sizeof(what), "%s '%.60s'; %s",
				 r == -ENOENT ? "there is no member" : "wrong value of", v->string, wanted);
			wrong(rd, what);
			r = -EINVAL;
		}
		if (r < 0)
			break;
	}
	if (r == 0 && !job->argv)
		r = wrong(rd, "neither argv nor sh says what to run");
	cJSON_Delete(o);
	return r;
}

int jobs_read(struct jobs *j, FILE *f, const char *name, char *text, size_t size)
{
	struct reading rd = {.words = j->words, .name = name, .text = text, .size = size};
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int r = 0;

	while (r == 0 && (len = getline(&line, &room, f)) >= 0) {
		rd.line++;
		if (strlen(line) != (size_t)len) {
			r = wrong(&rd, "there is a NUL byte in it");
			break;
		}
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		const char *start = line + strspn(line, " \t");
		if (!*start || *start == '#')
			continue;
		struct job *job = job_add(j);
		if (!job)
			r = -ENOMEM;
		else
			r = *start == '{' && start[1 + strspn(start + 1, " \t")] == '"'
				    ? read_json(&rd, job, start)
				    : set_line(j, job, start);
		if (r == -EINVAL && !*text)
			wrong(&rd, "a quote is not closed");
	}
	if (r == -ENOMEM)
		snprintf(text, size, "out of memory");
	if (r == 0 && ferror(f)) {
		r = -EIO;
		snprintf(text, size, "%s: cannot be read: %s", name, strerror(errno));
	}
	free(line);
	return r;
}

/* ---- templates ---- */

/* The words joined by blanks, with {} as the quoted argument and {#} as its number. */
static char *fill(char *const *words, size_t n, const char *quoted, size_t number)
{
	char *all = NULL;
	size_t size;
	bool used = false;
	FILE *f = open_memstream(&all, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc(' ', f);
		for (const char *c = words[i]; *c; c++) {
			if (!strncmp(c, "{}", 2)) {
				fputs(quoted, f);
				used = true;
				c++;
			} else if (!strncmp(c, "{#}", 3)) {
				fprintf(f, "%zu", number);
				used = true;
				c += 2;
			} else {
				fputc(*c, f);
			}
		}
	}
	if (!used)
		fprintf(f, "%s%s", n ? " " : "", quoted);
	return fclose(f) == 0 ? all : NULL;
}

int jobs_from_template(struct jobs *j, char *const *words, size_t n_words, char *const *args, size_t n_args,
		       char *text, size_t size)
{
	if (!args)
		args = no_args;
	for (size_t i = 0; i < n_args; i++) {
		struct job *job = job_add(j);
		char *quoted = shell_quote(args[i]);
		char *command = job && quoted ? fill(words, n_words, quoted, i + 1) : NULL;
		int r = command ? set_line(j, job, command) : -ENOMEM;
		free(quoted);
		free(command);
		if (r < 0) {
			snprintf(text, size, r == -EINVAL ? "a quote is not closed" : "out of memory");
			return r;
		}
	}
	return 0;
}

/* ---- which of them, and in which order ---- */

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int jobs_check_ids(const struct jobs *j, char *text, size_t size)
{
	char **ids = malloc((j->n + 1) * sizeof(*ids));
	int r = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < j->n; i++)
		ids[i] = j->list[i].id;
	qsort(ids, j->n, sizeof(*ids), by_id);
	for (size_t i = 1; r == 0 && i < j->n; i++)
		if (!strcmp(ids[i - 1], ids[i])) {
			snprintf(text, size, "two jobs have the id '%.100s'; ids must differ", ids[i]);
			r = -EINVAL;
		}
	free(ids);
	return r;
}

void jobs_shard(struct jobs *j, unsigned k, unsigned n)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (i % n == k - 1)
			j->list[kept++] = j->list[i];
		else
			job_free(&j->list[i]);
	}
	j->n = kept;
}

/* splitmix64: the same seed gives the same order everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void jobs_shuffle(struct jobs *j, uint64_t seed)
{
	for (size_t i = j->n; i > 1; i--) {
		size_t k = (size_t)(next_random(&seed) % i);
		struct job t = j->list[i - 1];
		j->list[i - 1] = j->list[k];
		j->list[k] = t;
	}
}
