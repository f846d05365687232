#include "content/remote_head.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK       "HTTP/1.1 200 OK\r\n"
#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"

/* Each line in a block of its own, so that a sanitizer sees a read past it. */
static struct remote_head head_of(const char *lines)
{
	struct remote_head head = { 0 };

	while (*lines != '\0') {
		size_t length = strcspn(lines, "\n") + 1;
		struct span line;

		if (lines[length - 1] == '\0')
			length--;
		line = bytes_copy(lines, length);
		remote_head_add(&head, line);
		bytes_free(line);
		lines += length;
	}
	return head;
}

static void what_counts_is_taken(void **state)
{
	struct remote_head head = head_of(OK "Server: x\r\n"
					     "content-length:  123 \r\n"
					     "Content-Type: text/plain\r\n"
					     "ETag: \"abc\"\r\n"
					     "Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n"
					     "Last-Modified: " MODIFIED "\r\n\r\n");

	(void)state;
	assert_int_equal(head.status, 200);
	assert_false(head.is_garbled || head.is_encoded || head.is_chunked || head.has_range);
	assert_false(head.is_before_1_1);
	assert_true(head.has_length);
	assert_int_equal(head.length_bytes, 123);
	assert_string_equal(head.etag, "\"abc\"");
	assert_string_equal(head.last_modified, MODIFIED);
	assert_int_equal(head.modified_s, 784111777);
	assert_int_equal(head.date_s, 784111837);
}

static void a_new_status_line_begins_anew(void **state)
{
	struct remote_head head =
		head_of("HTTP/1.1 302 Found\r\nContent-Length: 5\r\nETag: \"x\"\r\n"
			"HTTP/1.0 206 Partial\r\nTransfer-Encoding: chunked\r\n"
			"Content-Range: bytes 5-9/10\r\n");

	(void)state;
	assert_int_equal(head.status, 206);
	assert_true(head.is_before_1_1);
	assert_true(head.is_chunked);
	assert_false(head.has_length);
	assert_string_equal(head.etag, "");
	assert_true(head.has_range && head.has_total);
	assert_int_equal(head.range_first, 5);
	assert_int_equal(head.range_last, 9);
	assert_int_equal(head.total_bytes, 10);
}

static void what_makes_no_sense_is_garbled(void **state)
{
	static const char *const cases[] = {
		"Content-Length: 12x",
		"Content-Length: -1",
		"Content-Length: +1",
		"Content-Length:",
		"Content-Length: 5, 5",
		"Content-Length: 99999999999999999999999",
		"Content-Length: 5\r\nContent-Length: 6",
		"Content-Range: bytes 5-9",
		"Content-Range: bytes 5/9",
		"Content-Range: bytes a-9/10",
		"Content-Range: bytes 5-9/x",
		"Content-Range: items 5-9/10",
		"Content-Range: bytes 5-9/10\r\nContent-Range: bytes 5-9/10",
	};
	char lines[512];
	struct remote_head head;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		(void)snprintf(lines, sizeof(lines), OK "%s\r\n", cases[i]);
		if (!head_of(lines).is_garbled)
			fail_msg("%s", cases[i]);
	}
	assert_true(head_of("HTTP/1.1 2x0 OK\r\n").is_garbled);
	assert_true(head_of("HTTP/1.1\r\n").is_garbled);
	assert_true(head_of("HTTP/1.1 20\r\n").is_garbled);
	head = head_of(OK "Content-Length: 5\r\nContent-Length: 5\r\n");
	assert_false(head.is_garbled);
	head = head_of("HTTP/1.1 416 No\r\nContent-Range: bytes */10\r\n");
	assert_false(head.is_garbled || head.has_range);
	head = head_of("HTTP/1.1 206 P\r\nContent-Range: bytes 0-9/*\r\n");
	assert_true(head.has_range && !head.has_total && !head.is_garbled);
}

static void encodings_and_parts_are_seen(void **state)
{
	(void)state;
	assert_true(head_of(OK "Content-Encoding: gzip\r\n").is_encoded);
	assert_false(head_of(OK "Content-Encoding: identity\r\n").is_encoded);
	assert_true(head_of(OK "Transfer-Encoding: gzip, chunked\r\n").is_encoded);
	assert_true(head_of(OK "Transfer-Encoding: gzip\r\n").is_encoded);
	assert_true(head_of(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")
			    .is_encoded);
	assert_false(head_of(OK "Transfer-Encoding: Chunked\r\n").is_encoded);
	assert_true(head_of(OK "Content-Type: Multipart/byteranges; boundary=x\r\n").is_multipart);
	assert_false(head_of(OK "Content-Type: text/multipart\r\n").is_multipart);
}

static void only_usable_validators_are_taken(void **state)
{
	static const struct {
		const char *sent;
		const char *taken;
	} cases[] = {
		{ "\"\"", "\"\"" },
		{ "\"a-1:b\"", "\"a-1:b\"" },
		{ "W/\"a\"", "W/\"a\"" },
		{ "abc", "" },
		{ "\"a", "" },
		{ "\"", "" },
		{ "w/\"a\"", "" },
		{ "\"a\"b\"", "" },
		{ "\"a b\"", "" },
		{ "\"\xc3\xa9\"", "" },
		{ "\"a\x01\"", "" },
		{ "W/", "" },
		{ "\"a\"\t", "\"a\"" },
	};
	char lines[700] = OK "ETag: \"";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct remote_head head;

		(void)snprintf(lines, sizeof(lines), OK "ETag: %s\r\n", cases[i].sent);
		head = head_of(lines);
		assert_string_equal(head.etag, cases[i].taken);
	}
	/* One that does not fit would be another. */
	(void)snprintf(lines, sizeof(lines), OK "ETag: \"%0300d\"\r\n", 1);
	assert_string_equal(head_of(lines).etag, "");
	(void)snprintf(lines, sizeof(lines), OK "ETag: \"%0600d\"\r\n", 1);
	assert_string_equal(head_of(lines).etag, "");
	assert_string_equal(head_of(OK "Last-Modified: yesterday\r\n").last_modified, "");
}

static void a_long_line_that_counts_is_garbled(void **state)
{
	char lines[700];

	(void)state;
	(void)snprintf(lines, sizeof(lines), OK "Content-Length: %0600d\r\n", 1);
	assert_true(head_of(lines).is_garbled);
	(void)snprintf(lines, sizeof(lines), OK "Content-Encoding: %0600d\r\n", 1);
	assert_true(head_of(lines).is_garbled);
	(void)snprintf(lines, sizeof(lines), OK "X: %0600d\r\nContent-Length: 5\r\n", 1);
	assert_false(head_of(lines).is_garbled);
	assert_int_equal(head_of(lines).length_bytes, 5);
}

static void strong_validators(void **state)
{
	static const struct {
		const char *lines;
		const char *validator; /* NULL: none */
	} cases[] = {
		{ "ETag: \"a\"", "\"a\"" },
		{ "ETag: W/\"a\"", NULL },
		/* A weak tag tells of changes within the date's second. */
		{ "ETag: W/\"a\"\r\nLast-Modified: " MODIFIED
		  "\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT",
		  NULL },
		{ "Last-Modified: " MODIFIED, NULL },
		{ "Last-Modified: " MODIFIED "\r\nDate: " MODIFIED, NULL },
		{ "Last-Modified: " MODIFIED "\r\nDate: Sun, 06 Nov 1994 08:50:36 GMT", NULL },
		{ "Last-Modified: " MODIFIED "\r\nDate: Sun, 06 Nov 1994 08:50:37 GMT", MODIFIED },
		{ "Date: " MODIFIED, NULL },
	};
	char lines[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct remote_head head;
		const char *validator;

		(void)snprintf(lines, sizeof(lines), OK "%s\r\n", cases[i].lines);
		head = head_of(lines);
		validator = remote_head_strong_validator(&head);
		if (cases[i].validator == NULL)
			assert_null(validator);
		else
			assert_string_equal(validator, cases[i].validator);
	}
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: it is none */
	} cases[] = {
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ MODIFIED, 784111777 },
		{ "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
		{ "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 },
		{ "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000 },
		{ "Fri, 31 Dec 2100 00:00:00 GMT", 4133894400 },
		{ "Sun, 06 Nov 1994 08:49:60 GMT", 784111800 },
		{ "S\ru, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "sun, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", -1 },
		{ "Sun Nov  6 08:49:37 1994", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 CET", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", -1 },
		{ "Sun, 32 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Noc 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 ovD 1994 08:49:37 GMT", -1 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "Sun, 06 Nov 19x4 08:49:37 GMT", -1 },
		{ "", -1 },
		{ "Sun, 06 Nov 1994", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t seconds = -1;
		bool is_date = remote_date_parse(cases[i].text, &seconds);

		if (is_date != (cases[i].seconds >= 0) || seconds != cases[i].seconds)
			fail_msg("%s is %lld", cases[i].text, (long long)seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts_is_taken),
		cmocka_unit_test(a_new_status_line_begins_anew),
		cmocka_unit_test(what_makes_no_sense_is_garbled),
		cmocka_unit_test(encodings_and_parts_are_seen),
		cmocka_unit_test(only_usable_validators_are_taken),
		cmocka_unit_test(a_long_line_that_counts_is_garbled),
		cmocka_unit_test(strong_validators),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
