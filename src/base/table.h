/* A hash table of fixed capacity from 64-bit keys to 32-bit values (usually the index of a slot
 * in the owner's array). Strangers choose many of the keys, so the hash is seeded at random. */
#ifndef BOOTD_BASE_TABLE_H
#define BOOTD_BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct table;

/* Holds up to capacity keys (at most 2^26). NULL: no memory. */
struct table *table_new(uint32_t capacity);
void table_free(struct table *table);

/* False: no such key; *out_value is untouched. */
bool table_find(const struct table *table, uint64_t key, uint32_t *out_value);

/* Adds the key or replaces its value. False: the table is full. */
bool table_put(struct table *table, uint64_t key, uint32_t value);

/* A key that is not there is no error. */
void table_remove(struct table *table, uint64_t key);

#endif
