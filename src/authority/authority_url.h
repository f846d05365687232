/* The URL of a question: location/path?mac=AA-BB-CC-DD-EE-FF&uuid=... */
#ifndef BOOTD_AUTHORITY_AUTHORITY_URL_H
#define BOOTD_AUTHORITY_AUTHORITY_URL_H

#include "authority/authority.h"

#include <stdbool.h>
#include <stddef.h>

#define AUTHORITY_PREFIX_SIZE 2112 /* a location and a path of 1023 characters each */
#define AUTHORITY_URL_SIZE    2176 /* with the question's 63 */

/* What all questions of a stage begin with: the location, the path, and what joins them to the
 * question. A path with a query of its own is continued by "&". False: too long. */
bool authority_url_prefix(const char *location, const char *path, char *out, size_t size);

/* False: it does not fit into size, which AUTHORITY_URL_SIZE rules out. */
bool authority_url_format(const char *prefix, const struct authority_question *question, char *out,
			  size_t size);

#endif
