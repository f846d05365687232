/* The head of an upstream's answer: the header lines that count, as values. */
#ifndef BOOTD_CONTENT_REMOTE_HEAD_H
#define BOOTD_CONTENT_REMOTE_HEAD_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define REMOTE_ETAG_SIZE 256
#define REMOTE_DATE_SIZE 64

struct remote_head {
	unsigned status;
	bool is_before_1_1; /* HTTP/1.0, which has no chunks */
	bool is_garbled;    /* a line that counts makes no sense, or contradicts another */
	bool has_length;
	uint64_t length_bytes;
	bool is_chunked;
	bool is_encoded; /* a Content-Encoding, or a Transfer-Encoding other than chunked */
	bool is_multipart;
	bool has_range; /* Content-Range (RFC 9110 14.4) */
	uint64_t range_first;
	uint64_t range_last; /* included */
	bool has_total;
	uint64_t total_bytes;
	char etag[REMOTE_ETAG_SIZE]; /* with its quotes, and W/ if weak; "": no usable one */
	char last_modified[REMOTE_DATE_SIZE]; /* as sent; "": no usable one */
	int64_t modified_s;                   /* the same, since 1970 */
	int64_t date_s;                       /* the upstream's clock; 0: not told */
};

/* Takes one line, its end with or without CR LF. A status line begins another head: an interim
 * answer or a redirect came before it. */
void remote_head_add(struct remote_head *head, struct span line);

/* What If-Range may be asked with: a strong entity tag, or a Last-Modified that is strong because
 * the file was not changed in the minute before (RFC 9110 8.8.2.2). NULL: none. */
const char *remote_head_strong_validator(const struct remote_head *head);

/* An IMF-fixdate, such as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), in seconds since 1970.
 * False, with *out_s untouched: anything else, or before 1970. */
bool remote_date_parse(const char *text, int64_t *out_s);

#endif
