#include "content/filter.h"
#include "content/path.h"

#include <stdint.h>
#include <string.h>

/* A pattern as a machine of one bit for each place in it: a bit is set while the name so far
 * matches the pattern up to that place. All places advance at once, so no pattern is tried twice at
 * the same byte. A '*' is no place of its own: it lets a place stay. */
#define WORDS_MAX (PATH_SIZE / 64)

struct machine {
	size_t words;                  /* in use, enough for a place behind each byte of the name */
	size_t end;                    /* the place behind the pattern */
	uint64_t fits[WORDS_MAX][256]; /* places that this byte advances */
	uint64_t fits_any[WORDS_MAX];  /* places of '?' */
	uint64_t may_stay[WORDS_MAX];  /* places of '*' */
	uint64_t is_reached[WORDS_MAX];
};

static void set_bit(uint64_t words[], size_t bit)
{
	words[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* False: the pattern needs more bytes than the name has. */
static bool build(struct machine *machine, const char *pattern, size_t name_length)
{
	machine->words = name_length / 64 + 1;
	machine->end = 0;
	memset(machine->fits, 0, machine->words * sizeof(machine->fits[0]));
	memset(machine->fits_any, 0, sizeof(machine->fits_any));
	memset(machine->may_stay, 0, sizeof(machine->may_stay));
	memset(machine->is_reached, 0, sizeof(machine->is_reached));
	for (; *pattern != '\0'; pattern++) {
		size_t place = machine->end;

		if (*pattern == '*') {
			set_bit(machine->may_stay, place);
			continue;
		}
		if (place == name_length)
			return false;
		if (*pattern == '?')
			set_bit(machine->fits_any, place);
		else
			machine->fits[place / 64][(uint8_t)*pattern] |= UINT64_C(1) << place % 64;
		machine->end++;
	}
	set_bit(machine->is_reached, 0);
	return true;
}

static void advance(struct machine *machine, uint8_t byte)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < machine->words; i++) {
		uint64_t at = machine->is_reached[i];
		uint64_t moved = at & (machine->fits[i][byte] | machine->fits_any[i]);

		machine->is_reached[i] = moved << 1 | carry | (at & machine->may_stay[i]);
		carry = moved >> 63;
	}
}

bool filter_matches(const char *pattern, const char *name)
{
	struct machine machine;
	size_t length = strlen(name);

	while (*pattern == '/')
		pattern++;
	if (length >= PATH_SIZE || !build(&machine, pattern, length))
		return false;
	for (size_t i = 0; i < length; i++)
		advance(&machine, (uint8_t)name[i]);
	return (machine.is_reached[machine.end / 64] >> machine.end % 64 & 1) != 0;
}

const struct filter_rule *filter_find(const struct filter_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (filter_matches(rules->list[i].pattern, name))
			return &rules->list[i];
	}
	return NULL;
}

/* A path as it is written, with what is known of its last component. */
struct expansion {
	char *out;
	size_t size;
	size_t used;
	size_t component;  /* where it begins */
	bool has_variable; /* in it, be its value empty */
};

static bool is_dot_dot(const char *component, size_t length)
{
	return length == 2 && memcmp(component, "..", 2) == 0;
}

/* A variable made, or helped to make, this component "..". */
static bool climbs(const struct expansion *expansion)
{
	return expansion->has_variable && is_dot_dot(expansion->out + expansion->component,
						     expansion->used - expansion->component);
}

static bool append(struct expansion *expansion, const char *text, size_t length,
		   enum filter_refusal *out_refusal)
{
	for (size_t i = 0; i < length; i++) {
		if (expansion->used + 1 >= expansion->size) {
			*out_refusal = FILTER_TOO_LONG;
			return false;
		}
		if (text[i] == '/' && climbs(expansion)) {
			*out_refusal = FILTER_LEADS_OUT;
			return false;
		}
		expansion->out[expansion->used++] = text[i];
		if (text[i] == '/') {
			expansion->component = expansion->used;
			expansion->has_variable = false;
		}
	}
	return true;
}

/* No leading '/', and no component "..". */
static bool stays_inside(const char *value)
{
	if (*value == '/')
		return false;
	while (*value != '\0') {
		size_t length = strcspn(value, "/");

		if (is_dot_dot(value, length))
			return false;
		value += length;
		if (*value == '/')
			value++;
	}
	return true;
}

static bool append_variable(struct expansion *expansion, struct span name,
			    const struct filter_variables *variables,
			    enum filter_refusal *out_refusal)
{
	enum filter_variable variable;
	const char *value;

	if (!filter_find_variable(name, &variable)) {
		*out_refusal = FILTER_UNKNOWN_VARIABLE;
		return false;
	}
	value = variables->values[variable];
	if (!stays_inside(value)) {
		*out_refusal = FILTER_LEADS_OUT;
		return false;
	}
	expansion->has_variable = true;
	if (!append(expansion, value, strlen(value), out_refusal))
		return false;
	/* What follows joins the value's last component. */
	expansion->has_variable = true;
	return true;
}

bool filter_expand(const char *pattern, const struct filter_variables *variables, char *out,
		   size_t size, enum filter_refusal *out_refusal)
{
	struct expansion expansion = { .out = out, .size = size };
	bool is_absolute = *pattern == '/';

	while (*pattern != '\0') {
		struct span name = filter_next_variable(pattern);
		const char *end =
			name.length == 0 ? pattern + strlen(pattern) : (const char *)name.bytes;

		if (!append(&expansion, pattern, (size_t)(end - pattern), out_refusal))
			return false;
		if (name.length > 0 && !append_variable(&expansion, name, variables, out_refusal))
			return false;
		pattern = end + name.length;
	}
	out[expansion.used] = '\0';
	/* An empty value in front of a '/' makes a path absolute, too. */
	if (climbs(&expansion) || (out[0] == '/' && !is_absolute)) {
		*out_refusal = FILTER_LEADS_OUT;
		return false;
	}
	return true;
}
