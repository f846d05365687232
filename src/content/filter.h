/* File name translation: [filters]. Pure: the file that a bracketed row names is read by the
 * caller. */
#ifndef BOOTD_CONTENT_FILTER_H
#define BOOTD_CONTENT_FILTER_H

#include "base/bytes.h"
#include "config/config.h"

/* What {variables} stand for; "" where nothing is known. The name is the client's, cleaned by
 * path_clean. */
struct filter_variables {
	const char *filename;
	const char *mac; /* AA-BB-CC-DD-EE-FF */
	const char *ip;
	const char *uuid;
	const char *arch; /* as in [bootfile]: the name, else the number */
	const char *file; /* from the authority */
	const char *client;
};

/* The first row whose pattern matches the whole name; NULL: none. '*' matches any characters, '/'
 * too, '?' any one. Linear time in the lengths of pattern and name. */
const struct filter_rule *filter_find(const struct filter_rules *rules, const char *name);

bool filter_matches(const char *pattern, const char *name);

enum filter_refusal {
	FILTER_OK,
	FILTER_TOO_LONG,
	FILTER_BAD_VARIABLE, /* a client's bytes would lead out: a leading '/' or a ".." component
			      */
};

/* Replaces the variables of a pattern, once. False with *out_refusal. */
bool filter_expand(const char *pattern, const struct filter_variables *variables, char *out,
		   size_t size, enum filter_refusal *out_refusal);

/* The first unknown {variable} of a pattern, for the start's complaint; empty: all are known. */
struct span filter_unknown_variable(const char *pattern);

#endif
