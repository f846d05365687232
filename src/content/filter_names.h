/* The {variables} of [filters], and how they stand in a pattern. */
#ifndef BOOTD_CONTENT_FILTER_NAMES_H
#define BOOTD_CONTENT_FILTER_NAMES_H

#include "base/bytes.h"

#include <stdbool.h>

enum filter_variable {
	FILTER_FILENAME, /* the client's, cleaned by path_clean */
	FILTER_MAC,      /* AA-BB-CC-DD-EE-FF */
	FILTER_IP,
	FILTER_UUID,
	FILTER_ARCH,   /* as in [bootfile]: the name, else the number */
	FILTER_FILE,   /* from the authority */
	FILTER_CLIENT, /* from the authority */
	FILTER_VARIABLE_COUNT,
};

/* By number, without their braces. */
extern const char *const filter_variable_names[FILTER_VARIABLE_COUNT];

/* The first {variable} of a pattern, known or not, its braces included; empty: there is none. One
 * that is not closed reaches to the end, and is unknown. */
struct span filter_next_variable(const char *pattern);

/* False, with *out_variable untouched: no variable has this name. The braces are part of it. */
bool filter_find_variable(struct span name, enum filter_variable *out_variable);

/* The first unknown {variable} of a pattern, its braces included, for the start's complaint; empty:
 * all are known. */
struct span filter_unknown_variable(const char *pattern);

#endif
