/* One file that somebody has asked for: looked up in the cache, asked about, fetched, kept. The
 * root's table has the job until it is done. A part of root_remote. */
#ifndef BOOTD_CONTENT_REMOTE_JOB_H
#define BOOTD_CONTENT_REMOTE_JOB_H

#include "content/remote_answer.h"
#include "content/root_remote_parts.h"

struct remote_job {
	/* Behind the root's lock. */
	struct remote_job *next;
	struct remote_opening *openings; /* wait for an answer, or for the whole file */
	struct download *download;       /* NULL: it has not begun */
	bool is_looked_up; /* from now on the job is the fetcher's thread's, then the keeper's */

	/* Whoever has the job: one thread at a time. */
	struct root_remote *remote;
	uint64_t hash; /* of the URL */
	char url[REMOTE_URL_SIZE];
	uint64_t place_hash;
	char user[REMOTE_USER_SIZE];
	char password[REMOTE_USER_SIZE];
	struct remote_policy policy;
	struct cache_object *object; /* what the cache has; NULL: nothing */
	struct cache_facts facts;    /* its, then the file's */
	struct fetch fetch;
	struct remote_question known;
	struct remote_head first;    /* of the file that is being fetched */
	struct remote_answer answer; /* to the last question */
	bool is_answered;
	/* Why a callback broke the fetch off; reason NULL: none did. */
	enum content_refusal fault;
	const char *reason;
	size_t unused_bytes; /* of a body that is not the file's */
	unsigned tries;      /* to go on where it broke off */
	uint64_t started_ms;
	struct remote_job *next_kept;
};

/* Looks the file up in the cache, and answers or asks the upstream. Any thread; it may wait for the
 * disk. */
void remote_job_begin(struct remote_job *job);

/* The end of a job whose file is whole; waits for the disk. */
void remote_job_keep(struct remote_job *job);

/* The end of a job because the root is stopped. */
void remote_job_drop(struct remote_job *job);

#endif
