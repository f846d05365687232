/* The addresses of a pool in the order in which they become free: the first one at hand, any of
 * them moved or taken out in the time of a logarithm. */
#ifndef BOOTD_LEASE_LEASE_HEAP_H
#define BOOTD_LEASE_LEASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct lease_heap;

/* Numbers 0 to capacity - 1. NULL: no memory. */
struct lease_heap *lease_heap_new(uint32_t capacity);
void lease_heap_free(struct lease_heap *heap);

/* Adds the number, or moves it to its new time. */
void lease_heap_put(struct lease_heap *heap, uint32_t number, uint64_t time_s);

/* A number that is not there is no error. */
void lease_heap_remove(struct lease_heap *heap, uint32_t number);

/* The number of the earliest time; of equal ones the one put in first. False: it is empty. */
bool lease_heap_first(const struct lease_heap *heap, uint32_t *out_number, uint64_t *out_time_s);

#endif
