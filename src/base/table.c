/* Chains of entries in one array, of which only as much is touched as was ever filled: what was
 * removed stands in a chain of its own and is used first. The hash is simple tabulation: a random
 * word for each value of each byte of the key. Whoever does not know the words cannot choose keys
 * that collide. */
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define CAPACITY_MAX (UINT32_C(1) << 26)

struct entry {
	uint64_t key;
	uint32_t value;
	uint32_t next; /* in its chain, or of those removed; 0: none */
};

struct table {
	uint32_t random[sizeof(uint64_t)][256];
	uint32_t capacity;
	uint32_t count;
	uint32_t touched; /* entries up to this one were filled before */
	uint32_t removed;
	uint32_t mask;         /* the number of chains, a power of two, less one */
	uint32_t *chains;      /* numbers of entries; 0: none */
	struct entry *entries; /* from 1 on */
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
	uint32_t chain_count = 1;

	if (capacity > CAPACITY_MAX)
		return NULL;
	while (chain_count < capacity)
		chain_count *= 2;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	table->capacity = capacity;
	table->mask = chain_count - 1;
	table->chains = calloc(chain_count, sizeof(*table->chains));
	table->entries = calloc((size_t)capacity + 1, sizeof(*table->entries));
	if (table->chains == NULL || table->entries == NULL ||
	    !fill_random(table->random, sizeof(table->random))) {
		table_free(table);
		return NULL;
	}
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	free(table->chains);
	free(table->entries);
	free(table);
}

static uint32_t *chain_of(const struct table *table, uint64_t key)
{
	uint32_t hash = 0;

	for (unsigned i = 0; i < sizeof(key); i++)
		hash ^= table->random[i][key >> 8 * i & 0xff];
	return &table->chains[hash & table->mask];
}

/* Where the number of the key's entry stands, or the 0 at the end of its chain. */
static uint32_t *find(const struct table *table, uint64_t key)
{
	uint32_t *at = chain_of(table, key);

	while (*at != 0 && table->entries[*at].key != key)
		at = &table->entries[*at].next;
	return at;
}

bool table_find(const struct table *table, uint64_t key, uint32_t *out_value)
{
	uint32_t number = *find(table, key);

	if (number == 0)
		return false;
	*out_value = table->entries[number].value;
	return true;
}

static uint32_t take_entry(struct table *table)
{
	uint32_t number = table->removed;

	if (number == 0)
		return ++table->touched;
	table->removed = table->entries[number].next;
	return number;
}

bool table_put(struct table *table, uint64_t key, uint32_t value)
{
	uint32_t *at = find(table, key);

	if (*at != 0) {
		table->entries[*at].value = value;
		return true;
	}
	if (table->count == table->capacity)
		return false;
	table->count++;
	*at = take_entry(table);
	table->entries[*at] = (struct entry){ .key = key, .value = value };
	return true;
}

void table_remove(struct table *table, uint64_t key)
{
	uint32_t *at = find(table, key);
	uint32_t number = *at;

	if (number == 0)
		return;
	table->count--;
	*at = table->entries[number].next;
	table->entries[number].next = table->removed;
	table->removed = number;
}
