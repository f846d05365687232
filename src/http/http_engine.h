/* What is answered to a request for a file that is there: the file, a part of it, or that the
 * client has it already (RFC 9110 13 and 14). Pure. */
#ifndef BOOTD_HTTP_HTTP_ENGINE_H
#define BOOTD_HTTP_HTTP_ENGINE_H

#include "http/range.h"

#include <stdbool.h>
#include <stdint.h>

/* The headers that decide; NULL: it was not sent. */
struct http_question {
	bool is_head;
	const char *range;
	const char *if_range;
	const char *if_match;
	const char *if_none_match;
	const char *if_modified_since;
	const char *if_unmodified_since;
};

struct http_facts {
	bool has_size; /* without it, the whole file is sent, whatever range is asked for */
	uint64_t size_bytes;
	const char *tag;    /* with its quotes; "": none */
	int64_t modified_s; /* since 1970; 0: not known */
	int64_t now_s;      /* since 1970 */
};

enum http_verdict {
	HTTP_WHOLE,               /* 200 */
	HTTP_PART,                /* 206 */
	HTTP_NOT_MODIFIED,        /* 304 */
	HTTP_PRECONDITION_FAILED, /* 412 */
	HTTP_UNSATISFIABLE,       /* 416 */
	HTTP_BROKEN_RANGE,        /* 416: see RANGE_BROKEN */
};

struct http_decision {
	enum http_verdict verdict;
	struct range part; /* of HTTP_PART */
};

struct http_decision http_decide(const struct http_question *question,
				 const struct http_facts *facts);

#endif
