/* A binary heap of entries, and where each number stands in it. */
#include "lease/lease_heap.h"

#include <stdlib.h>

#define NOWHERE 0

struct entry {
	uint64_t time_s;
	uint64_t turn; /* of the puts, so that equal times keep their order */
	uint32_t number;
};

struct lease_heap {
	uint64_t turn;
	uint32_t count;
	uint32_t *places; /* by number: where it stands in entries, counted from 1 */
	struct entry *entries;
};

struct lease_heap *lease_heap_new(uint32_t capacity)
{
	struct lease_heap *heap = calloc(1, sizeof(*heap));

	if (heap == NULL)
		return NULL;
	heap->places = calloc((size_t)capacity + 1, sizeof(*heap->places));
	heap->entries = calloc((size_t)capacity + 1, sizeof(*heap->entries));
	if (heap->places == NULL || heap->entries == NULL) {
		lease_heap_free(heap);
		return NULL;
	}
	return heap;
}

void lease_heap_free(struct lease_heap *heap)
{
	if (heap == NULL)
		return;
	free(heap->places);
	free(heap->entries);
	free(heap);
}

static bool is_before(const struct entry *one, const struct entry *other)
{
	if (one->time_s != other->time_s)
		return one->time_s < other->time_s;
	return one->turn < other->turn;
}

static void set(struct lease_heap *heap, uint32_t place, struct entry entry)
{
	heap->entries[place] = entry;
	heap->places[entry.number] = place + 1;
}

static void rise(struct lease_heap *heap, uint32_t place, struct entry entry)
{
	while (place > 0 && is_before(&entry, &heap->entries[(place - 1) / 2])) {
		set(heap, place, heap->entries[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	set(heap, place, entry);
}

static void sink(struct lease_heap *heap, uint32_t place, struct entry entry)
{
	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child + 1 < heap->count &&
		    is_before(&heap->entries[child + 1], &heap->entries[child]))
			child++;
		if (child >= heap->count || !is_before(&heap->entries[child], &entry))
			break;
		set(heap, place, heap->entries[child]);
		place = child;
	}
	set(heap, place, entry);
}

/* The entry goes where this place was. */
static void settle(struct lease_heap *heap, uint32_t place, struct entry entry)
{
	if (place > 0 && is_before(&entry, &heap->entries[(place - 1) / 2]))
		rise(heap, place, entry);
	else
		sink(heap, place, entry);
}

void lease_heap_put(struct lease_heap *heap, uint32_t number, uint64_t time_s)
{
	struct entry entry = { .time_s = time_s, .turn = heap->turn++, .number = number };

	if (heap->places[number] == NOWHERE)
		rise(heap, heap->count++, entry);
	else
		settle(heap, heap->places[number] - 1, entry);
}

void lease_heap_remove(struct lease_heap *heap, uint32_t number)
{
	uint32_t place = heap->places[number];

	if (place == NOWHERE)
		return;
	heap->places[number] = NOWHERE;
	heap->count--;
	if (place - 1 < heap->count)
		settle(heap, place - 1, heap->entries[heap->count]);
}

bool lease_heap_first(const struct lease_heap *heap, uint32_t *out_number, uint64_t *out_time_s)
{
	if (heap->count == 0)
		return false;
	*out_number = heap->entries[0].number;
	*out_time_s = heap->entries[0].time_s;
	return true;
}
