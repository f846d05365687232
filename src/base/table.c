/* Open addressing with linear probing. At most half of the slots are in use, so every probe ends
 * soon at a free one. The hash is simple tabulation: a random word for each value of each byte of
 * the key. Whoever does not know the words cannot choose keys that collide. */
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define CAPACITY_MAX (UINT32_C(1) << 26)

struct slot {
	uint64_t key;
	uint32_t value;
	bool is_used;
};

struct table {
	uint32_t random[sizeof(uint64_t)][256];
	uint32_t capacity;
	uint32_t count;
	uint32_t mask; /* the number of slots, a power of two, less one */
	struct slot slots[];
};

static bool fill_random(void *out, size_t size)
{
	uint8_t *at = out;
	ssize_t got;

	while (size > 0) {
		got = getrandom(at, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

struct table *table_new(uint32_t capacity)
{
	struct table *table;
	uint32_t slot_count = 2;

	if (capacity > CAPACITY_MAX)
		return NULL;
	while (slot_count < 2 * capacity)
		slot_count *= 2;
	table = calloc(1, sizeof(*table) + slot_count * sizeof(table->slots[0]));
	if (table == NULL)
		return NULL;
	if (!fill_random(table->random, sizeof(table->random))) {
		free(table);
		return NULL;
	}
	table->capacity = capacity;
	table->mask = slot_count - 1;
	return table;
}

void table_free(struct table *table)
{
	free(table);
}

static uint32_t home_of(const struct table *table, uint64_t key)
{
	uint32_t hash = 0;

	for (unsigned i = 0; i < sizeof(key); i++)
		hash ^= table->random[i][key >> 8 * i & 0xff];
	return hash & table->mask;
}

/* The key's slot, or the free one where it would go. */
static uint32_t probe(const struct table *table, uint64_t key)
{
	uint32_t at = home_of(table, key);

	while (table->slots[at].is_used && table->slots[at].key != key)
		at = (at + 1) & table->mask;
	return at;
}

bool table_find(const struct table *table, uint64_t key, uint32_t *out_value)
{
	const struct slot *slot = &table->slots[probe(table, key)];

	if (!slot->is_used)
		return false;
	*out_value = slot->value;
	return true;
}

bool table_put(struct table *table, uint64_t key, uint32_t value)
{
	struct slot *slot = &table->slots[probe(table, key)];

	if (!slot->is_used) {
		if (table->count == table->capacity)
			return false;
		table->count++;
	}
	*slot = (struct slot){ .key = key, .value = value, .is_used = true };
	return true;
}

/* Backward shift: what follows the hole moves into it unless that would put it before its home. */
void table_remove(struct table *table, uint64_t key)
{
	uint32_t hole = probe(table, key);
	uint32_t at = hole;

	if (!table->slots[hole].is_used)
		return;
	table->count--;
	for (;;) {
		uint32_t home;

		at = (at + 1) & table->mask;
		if (!table->slots[at].is_used)
			break;
		home = home_of(table, table->slots[at].key);
		if (((at - home) & table->mask) < ((at - hole) & table->mask))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole] = (struct slot){ 0 };
}
