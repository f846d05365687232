/* What the parts of the cache share. */
#ifndef BOOTD_CONTENT_CACHE_PARTS_H
#define BOOTD_CONTENT_CACHE_PARTS_H

#include "content/cache.h"
#include "content/cache_index.h"

#include <pthread.h>
#include <time.h>

struct cache {
	int folder_fd; /* -1: nothing is kept on disk */
	uint64_t size_max_bytes;
	uint64_t memory_max_bytes;

	/* Held while names in the folder change, which may wait for the disk; taken before lock. */
	pthread_mutex_t names_lock;
	struct timespec folder_changed; /* when this process did so last */
	bool has_strange_names;         /* another process has since */

	pthread_mutex_t lock; /* of what follows; nobody waits for the disk with it */
	struct cache_index *index;
	uint64_t kept_bytes;   /* of the index's objects, on the disk */
	uint64_t drafts_bytes; /* promised to drafts that will be kept */
	uint64_t memory_bytes; /* used of memory_max_bytes */
};

struct cache_object {
	struct cache *cache;
	struct cache_header header; /* its times behind the cache's lock */
	uint64_t key;
	int fd;
	ino_t inode;
	const char *unkept_reason; /* NULL: it is on the disk */
	uint64_t memory_bytes;     /* of the cache's, freed with it */
	/* Behind the cache's lock. */
	unsigned holders;
	bool is_indexed;
	int64_t used_told_ns; /* what the file knows */
};

/* Around what changes names in the folder. */
void cache_names_begin(struct cache *cache);
void cache_names_end(struct cache *cache);

/* Makes room for size_bytes more on the disk, within the cache's size: evicts what was used longest
 * ago. False: not all of it, because the rest is in use. The names' lock is held, as for the next
 * two. */
bool cache_make_room(struct cache *cache, uint64_t size_bytes);
/* False: there is nothing to evict. */
bool cache_evict_one(struct cache *cache);
/* Takes the object out of the index; its holders go on reading. */
void cache_forget(struct cache *cache, uint64_t key);
/* Makes a held object its URL's. */
void cache_put(struct cache *cache, struct cache_object *object);

/* Counts a draft's share of the disk, which returns what all drafts are promised, or of memory,
 * where false means that there is no more. */
uint64_t cache_promise(struct cache *cache, uint64_t size_bytes, uint64_t *share);
bool cache_take_memory(struct cache *cache, uint64_t size_bytes, uint64_t *share);
void cache_give_back(struct cache *cache, uint64_t *promised, uint64_t *memory);

/* The time, as files tell it. */
int64_t cache_now_ns(void);

#endif
