#include "content/filter_names.h"

const char *const filter_variable_names[FILTER_VARIABLE_COUNT] = {
	[FILTER_FILENAME] = "filename", [FILTER_MAC] = "mac",   [FILTER_IP] = "ip",
	[FILTER_UUID] = "uuid",         [FILTER_ARCH] = "arch", [FILTER_FILE] = "file",
	[FILTER_CLIENT] = "client",
};

struct span filter_next_variable(const char *pattern)
{
	const char *start = pattern + strcspn(pattern, "{");
	size_t length = strcspn(start, "}");

	if (start[length] == '}')
		length++;
	return (struct span){ (const uint8_t *)start, length };
}

bool filter_find_variable(struct span name, enum filter_variable *out_variable)
{
	for (size_t i = 0; i < FILTER_VARIABLE_COUNT; i++) {
		const char *known = filter_variable_names[i];

		if (name.length == strlen(known) + 2 && name.bytes[name.length - 1] == '}' &&
		    memcmp(name.bytes + 1, known, strlen(known)) == 0) {
			*out_variable = (enum filter_variable)i;
			return true;
		}
	}
	return false;
}

struct span filter_unknown_variable(const char *pattern)
{
	struct span variable = filter_next_variable(pattern);
	enum filter_variable known;

	while (variable.length > 0 && filter_find_variable(variable, &known))
		variable = filter_next_variable((const char *)variable.bytes + variable.length);
	return variable;
}
