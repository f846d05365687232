#include "pattern.h"

#include <stddef.h>

#define SHIFT 7919 /* between the files of two numbers */

static uint8_t table[PATTERN_PERIOD + PATTERN_ROOM];

void pattern_init(void)
{
	uint64_t state = 1;

	for (size_t i = 0; i < PATTERN_PERIOD; i++) {
		/* Knuth's MMIX generator; its upper bits are the good ones. */
		state = state * 6364136223846793005U + 1442695040888963407U;
		table[i] = (uint8_t)(state >> 56);
	}
	for (size_t i = 0; i < PATTERN_ROOM; i++)
		table[PATTERN_PERIOD + i] = table[i];
}

const uint8_t *pattern_at(uint64_t number, uint64_t offset)
{
	return table + (number * SHIFT + offset) % PATTERN_PERIOD;
}
