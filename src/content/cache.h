/* The cache: whole files that were fetched, on disk, each with what is needed to ask whether it is
 * still good. A file becomes an object only when its length is proved; what a crash leaves is
 * cleaned up at the next start. Every call may be made from any thread. */
#ifndef BOOTD_CONTENT_CACHE_H
#define BOOTD_CONTENT_CACHE_H

#include "base/bytes.h"
#include "content/cache_header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct cache_object; /* whole, and never changed or evicted while it is held */
struct cache_draft;  /* being written; it grows, and is read while it does */

struct cache_settings {
	const char *directory;     /* made if it is not there; NULL: nothing is kept on disk */
	uint64_t size_max_bytes;   /* of all objects on disk */
	uint64_t memory_max_bytes; /* of what the disk has no room for, in memory files */
};

/* Opens the directory, removes what a crash left of drafts (never those of another process that is
 * writing), drops what is not an object. Returns 0 with *out_cache, or -errno. */
int cache_open(const struct cache_settings *settings, struct cache **out_cache);
/* Objects and drafts must have been let go of before. */
void cache_close(struct cache *cache);

/* The object of this URL, also one that another process has put there since, or one that is not
 * kept and still held; marks it as used. May wait for the disk. NULL: none. The caller lets go of
 * it. */
struct cache_object *cache_find(struct cache *cache, const char *url);
void cache_object_hold(struct cache_object *object);
void cache_object_release(struct cache_object *object); /* NULL is allowed */

struct cache_facts cache_object_facts(const struct cache_object *object);
uint64_t cache_object_size(const struct cache_object *object);
/* Borrowed; the body begins at *out_offset. */
int cache_object_descriptor(const struct cache_object *object, uint64_t *out_offset);
/* As cache_draft_unkept_reason. */
const char *cache_object_unkept_reason(const struct cache_object *object);
/* The upstream has said again that it is good. */
void cache_object_set_checked(struct cache_object *object, int64_t now_s);

/* The URL has no object any more; who holds it goes on reading. */
void cache_remove(struct cache *cache, const char *url);

/* Begins a file. size_bytes is used to make room, where has_size. What the disk has no room for, or
 * what is larger than size_max_bytes, is written all the same while memory or disk allow, and kept
 * only as long as someone holds it. Returns 0 with *out_draft, or -errno: -ENAMETOOLONG, -ENOSPC as
 * cache_draft_append. */
int cache_draft_new(struct cache *cache, const char *url, bool has_size, uint64_t size_bytes,
		    struct cache_draft **out_draft);
/* One thread writes. Returns 0, or -errno (-ENOSPC: neither disk nor memory has room), after which
 * the draft can be read, but not go on. */
int cache_draft_append(struct cache_draft *draft, struct span bytes);
uint64_t cache_draft_size(const struct cache_draft *draft);
/* As source_read. */
int cache_draft_read(const struct cache_draft *draft, uint64_t offset, uint8_t *out, size_t length);
/* Why it will not be kept, for the log; NULL: it will, as far as is known. */
const char *cache_draft_unkept_reason(const struct cache_draft *draft);

/* The draft is whole, which the caller has proved: it is synced, renamed into place, and takes the
 * URL's place. Called once, by the thread that writes; waits for the disk. Others may read the
 * draft meanwhile and after, until it is closed, which the caller does in any case. Where syncing
 * fails, the object is not kept but lives while it is held. Returns it, held; NULL: no memory, or
 * the draft has not the size that it was begun with. */
struct cache_object *cache_draft_finish(struct cache_draft *draft, const struct cache_facts *facts);
/* Nobody reads it any more. Nothing stays of one that was not finished. NULL is allowed. */
void cache_draft_close(struct cache_draft *draft);

#endif
