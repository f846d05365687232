/* Asks upstream web servers for files: one thread around libcurl's multi handle. What an answer
 * means is its callers' to decide. */
#ifndef BOOTD_CONTENT_FETCH_H
#define BOOTD_CONTENT_FETCH_H

#include "base/bytes.h"
#include "content/remote_head.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETCH_PARALLEL_MAX  256
#define FETCH_SENTENCE_SIZE 256

struct fetcher;

struct fetch_limits {
	uint32_t connect_timeout_ms;
	uint32_t stall_timeout_s; /* without a byte */
	uint32_t redirects_max;
	uint32_t parallel_max;  /* 1 to FETCH_PARALLEL_MAX; those above it wait */
	char ca_file[PATH_MAX]; /* instead of the system's authorities; "": those */
};

/* What is asked; every text is borrowed until on_end. */
struct fetch_question {
	const char *url;  /* without user and password */
	const char *user; /* "": none */
	const char *password;
	/* The file is here, and asked about; "": not. */
	const char *if_none_match;
	const char *if_modified_since;
	/* Only the rest is asked for; NULL: the whole. */
	const char *if_range;
	uint64_t range_first;
};

/* How it ended. */
struct fetch_end {
	/* A whole answer, by its length or its last chunk. False also where a callback broke it
	 * off. */
	bool is_whole;
	bool is_local_fault; /* memory, or a file of certificates that cannot be read */
	bool is_unanswered;  /* not even by a redirect */
	char sentence[FETCH_SENTENCE_SIZE]; /* why not, printable */
};

/* All are called from the fetcher's thread. */
struct fetch_calls {
	/* The head of the last answer, after redirects. False: the fetch is broken off. */
	bool (*on_head)(void *context, const struct remote_head *head);
	bool (*on_body)(void *context, struct span bytes);
	/* The fetch is its owner's again, who may free it or add it anew. */
	void (*on_end)(void *context, const struct fetch_end *end);
};

/* One fetch. Its owner fills in the first four, zeros else, and keeps it until on_end. */
struct fetch {
	struct fetch_question asked;
	uint32_t delay_ms; /* before it begins */
	const struct fetch_calls *calls;
	void *context;
	uint64_t not_before_ms; /* the fetcher's, as next */
	struct fetch *next;
};

/* Of a clock that only goes forward. */
uint64_t fetch_now_ms(void);

/* Starts the thread. Returns 0 with *out_fetcher, or -errno. */
int fetcher_new(const struct fetch_limits *limits, struct fetcher **out_fetcher);

/* For the fetches that begin from now on. Any thread. */
void fetcher_set_limits(struct fetcher *fetcher, const struct fetch_limits *limits);

/* Any thread. False: the fetcher has been stopped, and the fetch is not touched. */
bool fetcher_add(struct fetcher *fetcher, struct fetch *fetch);

/* Ends the thread at once. What is under way or waits is dropped without a call. */
void fetcher_stop(struct fetcher *fetcher);
/* Stops it, too. NULL is allowed. */
void fetcher_free(struct fetcher *fetcher);

#endif
