/* SPDX-License-Identifier: Apache-2.0 */
/* warren batch: many jobs, each in a sandbox of its own. jobs.c reads them, slots.c runs them, output.c shows
 * what they print and how far they are, results.c keeps what became of them. */
#ifndef WARREN_TOOLS_BATCH_H
#define WARREN_TOOLS_BATCH_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <warren/warren.h>
#include "../cli.h"

/* ---- jobs ---- */
struct job {
	char *id;
	char *command;	/* what was asked for, as one line: the shell command, or the quoted argv */
	char **argv;	/* NULL-terminated */
	char **env;	/* NAME=VALUE to set, NULL-terminated; NULL: none */
	char *cwd;	/* the guest's path; NULL: the batch's */
	char *input;	/* host path for standard input; NULL: /dev/null */
	double timeout; /* seconds; 0: the batch's */
	struct warren_limits limits; /* what is 0 is as the batch's */
	char **outputs;		     /* paths to collect, NULL-terminated; NULL: none named */
	bool done_before;	     /* by an earlier run, see --resume */
};

struct jobs {
	struct job *list;
	size_t n, room;
	bool words; /* a line is a list of words for a zygote, no shell command */
};

/* Each reports what is wrong in text (one line) and returns a negative errno. name: of the file, for
 * messages. */
int jobs_read(struct jobs *j, FILE *f, const char *name, char *text, size_t size);
int jobs_from_template(struct jobs *j, char *const *words, size_t n_words, char *const *args, size_t n_args,
		       char *text, size_t size);
/* Ids must differ: results are told apart by them. */
int jobs_check_ids(const struct jobs *j, char *text, size_t size);
/* Keeps part k of n (from 1): every n-th job of the list as it was given. */
void jobs_shard(struct jobs *j, unsigned k, unsigned n);
void jobs_shuffle(struct jobs *j, uint64_t seed);
void jobs_free(struct jobs *j);
/* The word as a shell takes it, single-quoted where it needs that. malloc; NULL: no memory. */
char *shell_quote(const char *word);

/* ---- what became of a job ---- */
enum outcome {
	JOB_PASSED,
	JOB_FAILED,    /* exit status other than 0 */
	JOB_SIGNAL,    /* ended by a signal */
	JOB_TIMEOUT,   /* killed by us after its time */
	JOB_LIMIT,     /* used more than its limits allow */
	JOB_NO_OUTPUT, /* passed, but what it was to leave is not there or cannot be collected */
	JOB_NO_START,  /* the sandbox or the program could not be started */
	JOB_CANCELLED, /* the batch ended first: not in the results, a resume runs it again */
};

struct buffer { /* what a job printed */
	char *data;
	size_t len, room;
	uint64_t dropped; /* bytes past the limit */
};

struct layer_use {  /* what a job left in its layer */
	bool known; /* there is a layer */
	uint64_t bytes, files, added, modified, deleted;
	size_t collected; /* files and symlinks */
};

struct result {
	enum outcome outcome;
	int exit, signal;
	enum warren_limit limit; /* JOB_LIMIT: which */
	struct layer_use use;
	char *error; /* JOB_NO_START: why; malloc or NULL */
	double start, wall, user, sys;
	long max_rss; /* KiB */
	uint64_t notifications;
	unsigned attempts;
	char *layer; /* that is kept, malloc or NULL */
	struct buffer out, err;
};

/* ---- the batch ---- */
enum show { SHOW_GROUPED, SHOW_FOLLOW, SHOW_NONE };

struct batch {
	/* options */
	unsigned slots;
	double timeout;
	unsigned retries;
	struct warren_limits limits; /* of all jobs together */
	bool time_is_up;	     /* by limits.wall_ms */
	bool fail_fast, ordered, clean_env, quiet;
	enum show show;
	size_t output_limit;
	const char *cwd;
	char **env; /* of every job */
	const char *junit;
	FILE *results_file; /* NULL: none wanted */
	const char *results_path;
	int results_error; /* negative errno: what ended could not be written, and ended the batch */
	const char *rerun; /* "warren run OPTIONS": how to run one job alone */

	struct warren_engine *engine;
	struct warren_policy *policy; /* of all jobs, without a layer */
	struct sandbox_options *sandbox;
	const char *layers; /* where the jobs' own are made; NULL */
	bool keep_failed;
	const char *collect; /* the directory that outputs are copied to; NULL */
	const char *prepare; /* a shell command; NULL */
	char *prepared;	     /* its layer */
	const char *zygote;  /* a command; NULL */
	char **zygote_argv;  /* its words */
	struct warren_zygote *z;
	atomic_bool zygote_ended; /* and that was said */
	char *zygote_layer;
	pthread_mutex_t idle_lock; /* layers.c */
	struct job_layer *idle, **idle_end;
	unsigned n_idle;
	struct jobs jobs;
	struct result *results; /* of each job, valid once finished[] says so */
	bool *finished;

	atomic_size_t next; /* the next job to take */
	atomic_uint running;
	atomic_bool stop; /* take no more, end what runs */
	int stop_fd;	  /* eventfd that polls readable from then on */
	int signal;	  /* that stopped us */
	sigset_t mask;	  /* of signals, that warren was started with */
	pthread_t signals;

	pthread_mutex_t lock; /* the output, results and counts below */
	size_t done, failed, skipped, next_to_show;
	double began;
};

/* slots.c: runs all jobs, returns when all have ended or the batch was stopped. 0 or a negative errno. */
int slots_run(struct batch *b);
void batch_stop(struct batch *b); /* may be called in a signal handler */

/* signals.c */
/* From here on SIGINT, SIGTERM and SIGHUP wait until signals_begin(), and then end the batch. */
void signals_block(struct batch *b);
int signals_begin(struct batch *b); /* 0 or a negative errno */
void signals_end(struct batch *b);
/* What the calling thread starts gets the mask that warren was started with. *ret_now is for
 * pthread_sigmask() to set it back. */
void signals_as_given(const struct batch *b, sigset_t *ret_now);
int stopped(const struct batch *b); /* main.c: the exit code of a batch that a signal or its time ended */

/* layers.c */
struct job_layer;
/* *ret_error: why not, malloc or NULL. */
int layer_take(struct batch *b, const char *command, struct job_layer **ret, char **ret_error);
struct warren_policy *layer_policy(const struct job_layer *l);
/* After the sandbox has ended: gives it back, to be used again or thrown away; or leaves it where it is and
 * tells its directory (malloc, NULL: no memory). */
void layer_give(struct batch *b, struct job_layer *l);
void layer_drop(struct job_layer *l); /* throws it away in any case */
char *layer_keep(struct job_layer *l, const char *command);
const char *layer_dir(const struct job_layer *l);
void layer_remove(const char *dir); /* that was left so, after all */
void layers_end(struct batch *b);

/* rerun.c: "warren run", or "warren batch" with the zygote, with the options of our sandboxes, to be pasted;
 * malloc, NULL: no memory. */
char *rerun_command(const struct sandbox_options *o, const char *cwd, const char *zygote);

/* collect.c */
/* What the job left in its layer, whose directory is dir: to r->use, and to b->collect. A passed job that
 * lacks an output passed no longer. */
void collect(struct batch *b, const struct job *job, const char *dir, struct result *r);
bool output_is_good(const char *path);
/* The name of the job's directory in b->collect. */
void output_dir(const char *id, char buf[static NAME_MAX + 1]);

/* prepare.c */
/* Runs b->prepare. 0, or an exit code after one line. */
int prepare(struct batch *b);
void prepare_end(struct batch *b, bool keep);
/* A new layer in b->layers for a command that runs before the jobs, and a policy with it. 0, or an exit code
 * after one line; option is what it is for. */
int layer_before(struct batch *b, const char *option, const char *command, char **ret_dir,
		 struct warren_policy **ret_policy);
/* When nobody has that layer open any more: the jobs' lie over it. 0, or an exit code after one line. */
int layer_below(struct batch *b, const char *option, char *dir);

/* zygote.c */
/* Starts b->zygote and waits until it waits for jobs. 0, or an exit code after one line. */
int zygote_begin(struct batch *b);
void zygote_end(struct batch *b);		   /* before the engine's end */
void zygote_end_layer(struct batch *b, bool keep); /* after the jobs' */

/* output.c; all with b->lock held but for the last two. */
void output_follow(struct batch *b, const struct job *job, struct buffer *line, bool err, const char *data,
		   size_t len, bool end);
void output_job(struct batch *b, size_t index);
void progress_show(struct batch *b, bool last);
void *progress_thread(void *batch);
void summary(struct batch *b);
void how_it_ended(FILE *f, const struct result *r);

/* results.c */
void result_free(struct result *r);
int result_write(struct batch *b, const struct job *job, const struct result *r);
/* A line of the file: what is missing, or no number that can be, is 0. -EINVAL: it is none. */
struct cJSON;
int result_parse(const struct cJSON *o, struct result *ret);
/* Opens the file that results are appended to, for this batch alone, and reads what the file resume (NULL:
 * none) says of the jobs. What is wrong is told in text (one line), with a negative errno. */
int results_open(struct batch *b, const char *path, const char *resume, bool rerun_failed, char *text,
		 size_t size);
/* Marks the jobs that the file records as ended; failed ones only when rerun_failed is not set. The number of
 * them, or a negative errno. A last line that was cut off is passed over. */
long results_resume(struct batch *b, const char *path, bool rerun_failed);
long results_read(struct jobs *j, FILE *f, bool rerun_failed); /* the same of an open file */
int results_junit(struct batch *b, FILE *f);
const char *outcome_name(enum outcome o);
int outcome_of(const char *name); /* -1: none */
double now_seconds(void);

#endif
