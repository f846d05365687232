#include "config/config_suggest.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_LENGTH 40
#define DISTANCE_MAX    2
#define SHORT_NAME      3

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

static bool is_same_letter(char one, char other)
{
	return tolower((unsigned char)one) == tolower((unsigned char)other);
}

/* How many letters must be added, left out, changed or swapped with their neighbour (the optimal
 * string alignment distance), row by row of its table. Both names have at most NAME_MAX_LENGTH
 * letters. */
static size_t distance_of(const char *one, const char *other)
{
	size_t rows[3][NAME_MAX_LENGTH + 1];
	size_t width = strlen(other);
	size_t i = 0;

	for (size_t j = 0; j <= width; j++)
		rows[0][j] = j;
	for (i = 1; one[i - 1] != '\0'; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t change = is_same_letter(one[i - 1], other[j - 1]) ? 0 : 1;

			row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + change);
			if (i > 1 && j > 1 && is_same_letter(one[i - 1], other[j - 2]) &&
			    is_same_letter(one[i - 2], other[j - 1]))
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[(i + 2) % 3][width];
}

void suggestion_consider(struct suggestion *suggestion, const char *name)
{
	size_t most = strlen(name) <= SHORT_NAME ? 1 : DISTANCE_MAX;
	size_t distance;

	if (strlen(name) > NAME_MAX_LENGTH || strlen(suggestion->typed) > NAME_MAX_LENGTH)
		return;
	distance = distance_of(suggestion->typed, name);
	if (distance > most || (suggestion->best != NULL && distance >= suggestion->distance))
		return;
	suggestion->best = name;
	suggestion->distance = distance;
}

struct suggestion_text suggestion_show(const struct suggestion *suggestion)
{
	struct suggestion_text out = { 0 };

	if (suggestion->best != NULL)
		(void)text_format(out.text, sizeof(out.text), "; did you mean %s?",
				  suggestion->best);
	return out;
}
