/* Which objects the cache has, by key, and in which order they are evicted. No lock: its owner
 * has one. */
#ifndef BOOTD_CONTENT_CACHE_INDEX_H
#define BOOTD_CONTENT_CACHE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct cache_index;
struct cache_object;

struct cache_entry {
	uint64_t key;
	uint64_t size_bytes; /* on the disk, header included; 0: it is not there */
	int64_t used_ns;     /* since 1970 */
	/* While somebody holds it; it is not in the order of eviction then. */
	struct cache_object *object;
	/* The index's. */
	uint32_t older, newer;
	bool is_in_order;
};

/* For up to capacity objects (at most 2^26). NULL: no memory. */
struct cache_index *cache_index_new(uint32_t capacity);
void cache_index_free(struct cache_index *index);

uint32_t cache_index_count(const struct cache_index *index);
bool cache_index_is_full(const struct cache_index *index);

/* An entry stays where it is until it is removed. NULL: none. */
struct cache_entry *cache_index_find(struct cache_index *index, uint64_t key);
/* Adds an entry, in no order yet, zeros but for its key, which must be new. NULL: it is full. */
struct cache_entry *cache_index_add(struct cache_index *index, uint64_t key);
void cache_index_remove(struct cache_index *index, struct cache_entry *entry);

/* Makes it the last to be evicted, or one that is not. */
void cache_index_put_last(struct cache_index *index, struct cache_entry *entry);
void cache_index_take_out(struct cache_index *index, struct cache_entry *entry);
/* The first to be evicted; NULL: none is in the order. */
struct cache_entry *cache_index_first(struct cache_index *index);

#endif
