/* [filters] on any pattern, name and value: three texts, each up to a NUL. */
#include "content/filter.h"
#include "content/path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void next_text(struct reader *in, char out[TEXT_SIZE])
{
	size_t length = strnlen((const char *)in->at, in->left);
	struct span text = read_span(in, length < TEXT_SIZE ? length : TEXT_SIZE - 1);

	if (text.length > 0)
		memcpy(out, text.bytes, text.length);
	out[text.length] = '\0';
	if (in->left > 0)
		(void)read_u8(in);
}

/* The slow way: for each beginning of the pattern, which beginnings of the name it matches. */
static bool matches_slowly(const char *pattern, const char *name)
{
	size_t length = strlen(name);
	bool row[TEXT_SIZE] = { true };

	pattern += strspn(pattern, "/");
	for (; *pattern != '\0'; pattern++) {
		bool before = row[0];

		row[0] = row[0] && *pattern == '*';
		for (size_t i = 1; i <= length; i++) {
			bool here = row[i];

			if (*pattern == '*')
				row[i] = here || row[i - 1];
			else
				row[i] = before && (*pattern == '?' || *pattern == name[i - 1]);
			before = here;
		}
	}
	return row[length];
}

static size_t count_climbs(const char *path)
{
	size_t count = 0;

	while (*path != '\0') {
		size_t length = strcspn(path, "/");

		if (length == 2 && memcmp(path, "..", 2) == 0)
			count++;
		path += length;
		path += strspn(path, "/");
	}
	return count;
}

/* The result is absolute, or has "..", only where the pattern is or has. */
static void check_expansion(const char *pattern, const char *value, const char *other)
{
	struct filter_variables variables = { .values = { value, other, "", value, "7", other,
							  "" } };
	enum filter_refusal refusal;
	char out[3 * TEXT_SIZE];

	if (!filter_expand(pattern, &variables, out, sizeof(out), &refusal))
		return;
	if (filter_unknown_variable(pattern).length > 0 || strlen(out) >= sizeof(out) ||
	    (out[0] == '/' && pattern[0] != '/') || count_climbs(out) > count_climbs(pattern))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of((struct span){ .bytes = data, .length = size });
	char pattern[TEXT_SIZE];
	char name[TEXT_SIZE];
	char value[TEXT_SIZE];

	if (size == 0)
		return 0;
	next_text(&in, pattern);
	next_text(&in, name);
	next_text(&in, value);
	if (filter_matches(pattern, name) != matches_slowly(pattern, name))
		abort();
	check_expansion(pattern, name, value);
	return 0;
}
