/* A file while it is being fetched: one writes, any number read, and wait for more. */
#ifndef BOOTD_CONTENT_DOWNLOAD_H
#define BOOTD_CONTENT_DOWNLOAD_H

#include "base/bytes.h"
#include "content/cache.h"
#include "content/source.h"

struct download;

/* Takes the draft over, in any case. NULL: no memory. */
struct download *download_new(struct cache_draft *draft, bool has_size, uint64_t size_bytes,
			      const struct source_version *version);
/* The last one who lets go of it frees it. Any thread, as all that follows. */
void download_hold(struct download *download);
void download_release(struct download *download); /* NULL is allowed */

/* For the one who writes. Returns 0 or -errno, as cache_draft_append. */
int download_append(struct download *download, struct span bytes);
/* Its size has become known. */
void download_set_size(struct download *download, uint64_t size_bytes);
/* All of it is here, which is proved. Waits for the disk; false: it has failed after all. */
bool download_finish(struct download *download, const struct cache_facts *facts);
void download_fail(struct download *download, enum content_refusal refusal);

/* As the calls of the same name of a source. */
struct source_status download_status(struct download *download);
struct source_version download_version(struct download *download);
int download_read(struct download *download, uint64_t offset, uint8_t *out, size_t length);
bool download_wait(struct download *download, struct source_waiter *waiter, uint64_t wanted_bytes);
void download_forget(struct download *download, struct source_waiter *waiter);

/* Borrowed, and the same from then on; NULL: it is not whole. */
struct cache_object *download_object(struct download *download);

#endif
