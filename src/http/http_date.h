/* Dates in headers (RFC 9110 5.6.7). Pure: the time is an argument. */
#ifndef BOOTD_HTTP_HTTP_DATE_H
#define BOOTD_HTTP_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_DATE_SIZE 30

struct http_date_text {
	char text[HTTP_DATE_SIZE];
};

/* "Sun, 06 Nov 1994 08:49:37 GMT"; seconds since 1970. "": before 1970 or after 9999, which no date
 * tells. */
struct http_date_text http_date_format(int64_t time_s);

/* That form and the two obsolete ones; now_s tells the century of a year with two digits. False,
 * with *out_time_s untouched: it is none. */
bool http_date_parse(const char *text, int64_t now_s, int64_t *out_time_s);

#endif
