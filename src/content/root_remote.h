/* The remote root: files of a web server, each fetched once for everybody who reads it, and kept in
 * the cache. One for the process: what is being fetched goes on when the configuration changes. */
#ifndef BOOTD_CONTENT_ROOT_REMOTE_H
#define BOOTD_CONTENT_ROOT_REMOTE_H

#include "content/content.h"
#include "content/fetch.h"
#include "content/remote_url.h"

#include <stdbool.h>
#include <stdint.h>

#define ROOT_REMOTE_PLACES 64 /* files that wait, for each that may be fetched at once */

struct cache;
struct root_remote;

struct remote_policy {
	uint64_t size_max_bytes;     /* of a file */
	uint32_t revalidate_after_s; /* an object is served without a question for so long */
	/* For so long is what is not there not asked for again, and an upstream that does not
	 * answer not asked about what is here. */
	uint32_t missing_for_s;
	bool is_offline; /* nothing is asked */
};

struct root_remote_settings {
	struct fetch_limits limits;
	struct remote_policy policy;
};

/* What happened, for the log. The texts are borrowed for the call. */
enum remote_event_kind {
	REMOTE_EVENT_STARTED,     /* size_bytes, where has_size */
	REMOTE_EVENT_RESUMED,     /* after so many bytes, because of detail */
	REMOTE_EVENT_FINISHED,    /* bytes, duration_ms */
	REMOTE_EVENT_NOT_KEPT,    /* the cache does not keep it because of detail */
	REMOTE_EVENT_REVALIDATED, /* the upstream says that the object is still good */
	REMOTE_EVENT_STALE,       /* the object is served though it was not asked: detail */
	REMOTE_EVENT_MISSING,     /* there is no such file */
	REMOTE_EVENT_REFUSED,     /* there is none to be had: detail */
	REMOTE_EVENT_FAILED,      /* in the middle, after so many bytes: detail */
};

struct remote_event {
	enum remote_event_kind kind;
	const char *url; /* without user and password */
	const char *detail;
	uint64_t bytes;
	bool has_size;
	uint64_t size_bytes;
	uint64_t duration_ms;
};

/* Called from any thread. */
typedef void remote_event_callback(void *context, const struct remote_event *event);

/* What the opening of a file came to. */
struct remote_found {
	struct source *source;
	enum content_refusal refusal;
	char sentence[CONTENT_SENTENCE_SIZE];
};

/* One opening under way. Its owner fills in the first three, zeros else, and keeps it until
 * on_found is called: once, from any thread. on_found may open it again. */
struct remote_opening {
	void (*on_found)(void *context, const struct remote_found *found);
	void *context;
	bool needs_whole;            /* a file that grows is of no use */
	struct remote_opening *next; /* the root's */
};

/* NULL: no memory. No thread is started yet, and nothing is found before one is. */
struct root_remote *root_remote_new(remote_event_callback *on_event, void *context);

/* Starts its threads; the cache becomes its own, also where this fails. Returns 0 or -errno. */
int root_remote_start(struct root_remote *remote, struct cache *cache,
		      const struct root_remote_settings *settings);
bool root_remote_is_started(const struct root_remote *remote);

/* For the openings and fetches from now on. */
void root_remote_configure(struct root_remote *remote, const struct root_remote_settings *settings);

/* Opens the file of a path of path_clean's. It may wait for the disk, never for the upstream. */
void root_remote_open(struct root_remote *remote, const struct remote_place *place,
		      const char *path, struct remote_opening *opening);

/* Ends the threads at once: what was being fetched has failed, who waits for an answer has got one.
 * What is opened from now on is refused. */
void root_remote_stop(struct root_remote *remote);

/* All sources must have been closed before. Stops it, too. NULL is allowed. */
void root_remote_free(struct root_remote *remote);

#endif
