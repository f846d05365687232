/* What root_remote and its jobs share. Nobody else includes it. */
#ifndef BOOTD_CONTENT_ROOT_REMOTE_PARTS_H
#define BOOTD_CONTENT_ROOT_REMOTE_PARTS_H

#include "content/cache.h"
#include "content/download.h"
#include "content/root_remote.h"

#include <pthread.h>

#define MISSING_MAX 512 /* names that are remembered */

struct remote_job;

struct missing_name {
	char *url; /* NULL: none */
	uint64_t hash;
	uint64_t until_ms;
};

struct root_remote {
	remote_event_callback *on_event;
	void *context;
	struct fetcher *fetcher; /* NULL: not started */
	struct cache *cache;
	pthread_t keeper; /* finishes files, which waits for the disk */

	pthread_mutex_t lock;    /* of what follows */
	pthread_cond_t has_news; /* for the keeper */
	bool is_running;
	struct remote_policy policy;
	uint32_t job_max;
	uint32_t job_count;
	struct remote_job *jobs;
	struct remote_job *to_keep; /* the first to be kept first */
	struct missing_name missing[MISSING_MAX];
	size_t missing_next;
	uint64_t down_place; /* the hash of an upstream that did not answer */
	uint64_t down_until_ms;
};

/* What openings are answered with: one of the first two, or a refusal. */
struct remote_result {
	struct cache_object *object;
	struct download *download;
	enum content_refusal refusal;
	const char *sentence;
};

/* Answers all of a list. */
void root_remote_answer(struct remote_opening *openings, const struct remote_result *result);

/* Takes the job, which is over for those who come from now on, out of the table; returns who waits
 * for an answer. */
struct remote_opening *root_remote_take_out(struct remote_job *job);

/* The job's file is being fetched; returns who waits for it, but for those who need it whole. */
struct remote_opening *root_remote_set_download(struct remote_job *job, struct download *download);

/* The job is handed to the fetcher's thread. False: the root has been stopped. */
bool root_remote_hand_over(struct remote_job *job);

/* Hands the job to the keeper. */
void root_remote_put_to_keep(struct remote_job *job);

void root_remote_remember_missing(struct remote_job *job);
void root_remote_remember_down(struct remote_job *job);
bool root_remote_is_down(struct remote_job *job);

#endif
