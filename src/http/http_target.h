/* The target of a request, raw as it came, becomes the name that content/path cleans. Pure. */
#ifndef BOOTD_HTTP_HTTP_TARGET_H
#define BOOTD_HTTP_HTTP_TARGET_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define HTTP_NAME_MAX 2048 /* twice what a path may have: "//" and "/../" are still in it */

enum http_target_refusal {
	HTTP_TARGET_NO_PATH, /* "*", host:port, or a URL of another scheme */
	HTTP_TARGET_BAD_ESCAPE,
	HTTP_TARGET_BAD_CHARACTER, /* a control character, also as %00 */
	HTTP_TARGET_TOO_LONG,
};

/* Takes the path of "/path?query" or "http://host/path?query" (RFC 9112 3.2) and decodes its
 * %-escapes, once. False, with *out_refusal: refused. */
bool http_target_parse(const char *target, uint8_t out_name[HTTP_NAME_MAX], size_t *out_length,
		       enum http_target_refusal *out_refusal);

#endif
