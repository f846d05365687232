/* An array of entries, the free ones first in line for the next object; a hash table from keys to
 * places in it; and a ring through place 0, which is no entry, as the order of eviction. */
#include "content/cache_index.h"
#include "base/table.h"

#include <stdlib.h>

struct cache_index {
	struct table *places;
	struct cache_entry *entries; /* capacity + 1 */
	uint32_t capacity;
	uint32_t count;
	uint32_t unused; /* the first place that was never used */
	uint32_t free;   /* the first that is free again, linked by newer; 0: none */
};

/* Calloc's zeros cost no memory before they are written to. */
struct cache_index *cache_index_new(uint32_t capacity)
{
	struct cache_index *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return NULL;
	*index = (struct cache_index){
		.places = table_new(capacity),
		.entries = calloc((size_t)capacity + 1, sizeof(*index->entries)),
		.capacity = capacity,
		.unused = 1,
	};
	if (index->places == NULL || index->entries == NULL) {
		cache_index_free(index);
		return NULL;
	}
	return index;
}

void cache_index_free(struct cache_index *index)
{
	if (index == NULL)
		return;
	table_free(index->places);
	free(index->entries);
	free(index);
}

uint32_t cache_index_count(const struct cache_index *index)
{
	return index->count;
}

bool cache_index_is_full(const struct cache_index *index)
{
	return index->count == index->capacity;
}

struct cache_entry *cache_index_find(struct cache_index *index, uint64_t key)
{
	uint32_t place;

	return table_find(index->places, key, &place) ? &index->entries[place] : NULL;
}

static uint32_t place_of(const struct cache_index *index, const struct cache_entry *entry)
{
	return (uint32_t)(entry - index->entries);
}

static uint32_t take_place(struct cache_index *index)
{
	uint32_t place = index->free;

	if (place == 0)
		return index->unused++;
	index->free = index->entries[place].newer;
	return place;
}

struct cache_entry *cache_index_add(struct cache_index *index, uint64_t key)
{
	uint32_t place;

	if (cache_index_is_full(index))
		return NULL;
	place = take_place(index);
	(void)table_put(index->places, key, place);
	index->count++;
	index->entries[place] = (struct cache_entry){ .key = key };
	return &index->entries[place];
}

void cache_index_remove(struct cache_index *index, struct cache_entry *entry)
{
	cache_index_take_out(index, entry);
	table_remove(index->places, entry->key);
	index->count--;
	*entry = (struct cache_entry){ .newer = index->free };
	index->free = place_of(index, entry);
}

void cache_index_put_last(struct cache_index *index, struct cache_entry *entry)
{
	uint32_t place = place_of(index, entry);
	struct cache_entry *ring = &index->entries[0];

	cache_index_take_out(index, entry);
	entry->older = ring->older;
	entry->newer = 0;
	entry->is_in_order = true;
	index->entries[ring->older].newer = place;
	ring->older = place;
}

void cache_index_take_out(struct cache_index *index, struct cache_entry *entry)
{
	if (!entry->is_in_order)
		return;
	index->entries[entry->older].newer = entry->newer;
	index->entries[entry->newer].older = entry->older;
	entry->is_in_order = false;
}

struct cache_entry *cache_index_first(struct cache_index *index)
{
	uint32_t place = index->entries[0].newer;

	return place == 0 ? NULL : &index->entries[place];
}
