/* File name translation: [filters]. Pure: the file that a bracketed row names is read by the
 * caller. */
#ifndef BOOTD_CONTENT_FILTER_H
#define BOOTD_CONTENT_FILTER_H

#include "config/config.h"
#include "content/filter_names.h"

#include <stdbool.h>
#include <stddef.h>

/* What the variables stand for; "" where nothing is known. */
struct filter_variables {
	const char *values[FILTER_VARIABLE_COUNT];
};

/* The first row whose pattern matches the whole name; NULL: none. The name is path_clean's. */
const struct filter_rule *filter_find(const struct filter_rules *rules, const char *name);

/* '*' matches any characters, '/' too, '?' any one byte; the rest matches itself. A leading '/' of
 * the pattern is passed over, as path_clean does with the name's. A name of PATH_SIZE or more
 * matches nothing. Linear in both lengths: a byte of the name costs one step of up to PATH_SIZE /
 * 64 words, whatever the pattern. */
bool filter_matches(const char *pattern, const char *name);

enum filter_refusal {
	FILTER_TOO_LONG,
	/* The bytes of a variable would lead elsewhere: a leading '/', or a ".." component. */
	FILTER_LEADS_OUT,
	FILTER_UNKNOWN_VARIABLE,
};

/* Replaces the variables of a pattern, once: what a value holds is not expanded again. Only the
 * pattern's own text makes the result absolute, or has ".." in it. False, with *out_refusal and out
 * unspecified: refused. */
bool filter_expand(const char *pattern, const struct filter_variables *variables, char *out,
		   size_t size, enum filter_refusal *out_refusal);

#endif
