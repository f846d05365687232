/* The ranges twice: sorted by address, since those of two pools may lie between each other, and as
 * they were given, which is by pool and number. */
#include "lease/lease_ranges.h"

#include <stdlib.h>

struct range {
	struct ip4 first;
	struct ip4 last;
	struct lease_place place; /* of the first address */
};

struct lease_ranges {
	size_t count;
	struct range *by_place;
	struct range *by_address;
};

static int order_of_addresses(const void *one, const void *other)
{
	uint32_t first = ((const struct range *)one)->first.value;
	uint32_t second = ((const struct range *)other)->first.value;

	return (first > second) - (first < second);
}

static void add_pool(struct lease_ranges *ranges, uint16_t number, const struct lease_pool *pool)
{
	struct lease_place place = { .pool = number };

	for (size_t i = 0; i < pool->range_count; i++) {
		const struct address_range *range = &pool->ranges[i];

		ranges->by_place[ranges->count] =
			(struct range){ range->first, range->last, place };
		ranges->by_address[ranges->count] = ranges->by_place[ranges->count];
		ranges->count++;
		place.number += range->last.value - range->first.value + 1;
	}
}

struct lease_ranges *lease_ranges_new(const struct lease_pool *pools, size_t pool_count)
{
	struct lease_ranges *ranges = calloc(1, sizeof(*ranges));
	size_t count = 0;

	if (ranges == NULL)
		return NULL;
	for (size_t i = 0; i < pool_count; i++)
		count += pools[i].range_count;
	ranges->by_place = calloc(count + 1, sizeof(*ranges->by_place));
	ranges->by_address = calloc(count + 1, sizeof(*ranges->by_address));
	if (ranges->by_place == NULL || ranges->by_address == NULL) {
		lease_ranges_free(ranges);
		return NULL;
	}
	for (size_t i = 0; i < pool_count; i++)
		add_pool(ranges, (uint16_t)i, &pools[i]);
	qsort(ranges->by_address, count, sizeof(*ranges->by_address), order_of_addresses);
	return ranges;
}

void lease_ranges_free(struct lease_ranges *ranges)
{
	if (ranges == NULL)
		return;
	free(ranges->by_place);
	free(ranges->by_address);
	free(ranges);
}

size_t lease_ranges_from(const struct lease_ranges *ranges, struct ip4 address)
{
	size_t low = 0; /* all ranges below it end before the address */
	size_t high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->by_address[middle].last.value < address.value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool lease_ranges_find(const struct lease_ranges *ranges, struct ip4 address,
		       struct lease_place *out_place)
{
	size_t i = lease_ranges_from(ranges, address);

	if (i == ranges->count || ranges->by_address[i].first.value > address.value)
		return false;
	*out_place = ranges->by_address[i].place;
	out_place->number += address.value - ranges->by_address[i].first.value;
	return true;
}

static bool is_behind(const struct range *range, struct lease_place place)
{
	if (range->place.pool != place.pool)
		return range->place.pool > place.pool;
	return range->place.number > place.number;
}

struct ip4 lease_ranges_get(const struct lease_ranges *ranges, struct lease_place place)
{
	size_t low = 0; /* the range is this one or a later one */
	size_t high = ranges->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (is_behind(&ranges->by_place[middle], place))
			high = middle;
		else
			low = middle;
	}
	return (struct ip4){ ranges->by_place[low].first.value +
			     (place.number - ranges->by_place[low].place.number) };
}

bool lease_ranges_at(const struct lease_ranges *ranges, size_t i, struct lease_place *out_first,
		     uint32_t *out_count)
{
	const struct range *range = &ranges->by_address[i];

	if (i >= ranges->count)
		return false;
	*out_first = range->place;
	*out_count = range->last.value - range->first.value + 1;
	return true;
}
