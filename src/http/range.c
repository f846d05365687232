#include "http/range.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define UNIT "bytes="

struct bounds {
	bool has_first;
	bool has_last;
	uint64_t first;
	uint64_t last; /* without a first one: how many bytes from the end */
};

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Past the digits; a number that 64 bits do not hold is the largest that they do. */
static const char *parse_digits(const char *at, bool *out_is_there, uint64_t *out_value)
{
	uint64_t value = 0;

	*out_is_there = *at >= '0' && *at <= '9';
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*out_value = value;
	return at;
}

/* False: it is not one range. */
static bool parse_bounds(const char *at, struct bounds *out_bounds)
{
	at = parse_digits(skip_blanks(at), &out_bounds->has_first, &out_bounds->first);
	if (*at++ != '-')
		return false;
	at = parse_digits(at, &out_bounds->has_last, &out_bounds->last);
	if (*skip_blanks(at) != '\0' || (!out_bounds->has_first && !out_bounds->has_last))
		return false;
	return !out_bounds->has_first || !out_bounds->has_last ||
	       out_bounds->first <= out_bounds->last;
}

static enum range_kind from_end(uint64_t wanted, uint64_t size, struct range *out_range)
{
	if (wanted == 0)
		return RANGE_UNSATISFIABLE;
	if (size == 0) /* satisfiable by the RFC, but Content-Range cannot tell of no bytes */
		return RANGE_NONE;
	out_range->length = wanted < size ? wanted : size;
	out_range->offset = size - out_range->length;
	return RANGE_ONE;
}

enum range_kind range_parse(const char *header, uint64_t size_bytes, struct range *out_range)
{
	struct bounds bounds;
	uint64_t last;

	if (!text_starts_with(header, UNIT))
		return RANGE_NONE;
	header += strlen(UNIT);
	if (strcmp(header, "u-u") == 0)
		return RANGE_BROKEN;
	if (!parse_bounds(header, &bounds))
		return RANGE_NONE;
	if (!bounds.has_first)
		return from_end(bounds.last, size_bytes, out_range);
	if (bounds.first >= size_bytes)
		return RANGE_UNSATISFIABLE;
	last = bounds.has_last && bounds.last < size_bytes ? bounds.last : size_bytes - 1;
	*out_range = (struct range){ bounds.first, last - bounds.first + 1 };
	return RANGE_ONE;
}
