#include "content/remote_answer.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX  UINT64_C(1000)
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define LATE "Sun, 06 Nov 1994 08:49:38 GMT"

static struct remote_head head_of(const char *status, const char *fields)
{
	struct remote_head head = { 0 };
	char line[256];

	(void)snprintf(line, sizeof(line), "HTTP/%s", status);
	remote_head_add(&head, (struct span){ (const uint8_t *)line, strlen(line) });
	while (*fields != '\0') {
		size_t length = strcspn(fields, "\n");

		remote_head_add(&head, (struct span){ (const uint8_t *)fields, length });
		fields += length + (fields[length] == '\n' ? 1 : 0);
	}
	return head;
}

struct expected {
	const char *status;
	const char *fields; /* one a line */
	enum remote_verdict verdict;
	enum content_refusal refusal;
	int64_t size_bytes; /* -1: not known */
};

static void check(const struct expected *expected, const struct remote_question *question)
{
	struct remote_head head = head_of(expected->status, expected->fields);
	struct remote_answer answer = remote_decide(&head, question);
	bool is_refused = answer.verdict == REMOTE_REFUSED || answer.verdict == REMOTE_HAS_NONE;

	if (answer.verdict != expected->verdict || answer.refusal != expected->refusal)
		fail_msg("%s, %s: verdict %d, refusal %d", expected->status, expected->fields,
			 (int)answer.verdict, (int)answer.refusal);
	assert_true(is_refused == (answer.reason != NULL));
	assert_int_equal(answer.has_size ? (int64_t)answer.size_bytes : -1, expected->size_bytes);
}

static void check_each(const struct expected *cases, size_t count,
		       const struct remote_question *question)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i], question);
}

#define BROKEN      REMOTE_REFUSED, CONTENT_BROKEN, -1
#define UNREACHABLE REMOTE_REFUSED, CONTENT_UNREACHABLE, -1
#define FORBIDDEN   REMOTE_REFUSED, CONTENT_FORBIDDEN, -1

static void the_whole_is_asked_for(void **state)
{
	static const struct expected cases[] = {
		{ "1.1 200 OK", "Content-Length: 10", REMOTE_BEGINS, CONTENT_OK, 10 },
		{ "1.1 200 OK", "Content-Length: 0", REMOTE_BEGINS, CONTENT_OK, 0 },
		{ "1.0 200 OK", "Content-Length: 10", REMOTE_BEGINS, CONTENT_OK, 10 },
		{ "1.1 200 OK", "Content-Length: 1000", REMOTE_BEGINS, CONTENT_OK, 1000 },
		{ "1.1 200 OK", "Content-Length: 1001", FORBIDDEN },
		{ "1.1 200 OK", "Transfer-Encoding: chunked", REMOTE_BEGINS, CONTENT_OK, -1 },
		{ "1.1 200 OK", "Content-Type: multipart/mixed\nContent-Length: 10", REMOTE_BEGINS,
		  CONTENT_OK, 10 },
		{ "1.0 200 OK", "Transfer-Encoding: chunked", BROKEN },
		{ "1.1 200 OK", "", BROKEN },
		{ "1.1 200 OK", "Content-Length: x", BROKEN },
		{ "1.1 200 OK", "Content-Length: 10\nContent-Length: 11", BROKEN },
		{ "1.1 200 OK", "Content-Length: 10\nTransfer-Encoding: chunked", BROKEN },
		{ "1.1 200 OK", "Content-Length: 10\nContent-Encoding: gzip", BROKEN },
		{ "1.1 200 OK", "Transfer-Encoding: gzip, chunked", BROKEN },
		{ "1.1 206 Partial", "Content-Length: 10\nContent-Range: bytes 0-9/10", BROKEN },
		{ "1.1 304 Same", "", BROKEN },
		{ "1.1 201 Made", "Content-Length: 10", BROKEN },
		{ "1.1 204 None", "", BROKEN },
		{ "1.1 300 Choose", "Content-Length: 10", BROKEN },
		{ "1.1 302 Found", "Content-Length: 10", BROKEN },
		{ "1.1 400 Bad", "Content-Length: 10", BROKEN },
		{ "1.1 416 Range", "Content-Length: 10", BROKEN },
		{ "1.1 000 Nothing", "Content-Length: 10", BROKEN },
		{ "1.1 401 Who", "", FORBIDDEN },
		{ "1.1 403 No", "", FORBIDDEN },
		{ "1.1 404 Not found", "", REMOTE_HAS_NONE, CONTENT_NOT_FOUND, -1 },
		{ "1.1 410 Gone", "", REMOTE_HAS_NONE, CONTENT_NOT_FOUND, -1 },
		{ "1.1 407 Proxy", "", UNREACHABLE },
		{ "1.1 408 Slow", "", UNREACHABLE },
		{ "1.1 429 Busy", "", UNREACHABLE },
		{ "1.1 500 Error", "Content-Length: 10", UNREACHABLE },
		{ "1.1 503 Busy", "", UNREACHABLE },
		{ "1.1 599 Error", "", UNREACHABLE },
	};
	const struct remote_question question = { .size_max_bytes = MAX };

	(void)state;
	check_each(cases, COUNT_OF(cases), &question);
}

static void whether_it_changed_is_asked(void **state)
{
	static const struct expected cases[] = {
		{ "1.1 304 Same", "", REMOTE_UNCHANGED, CONTENT_OK, -1 },
		{ "1.1 304 Same", "Content-Length: 10", REMOTE_UNCHANGED, CONTENT_OK, -1 },
		{ "1.1 200 OK", "Content-Length: 10", REMOTE_BEGINS, CONTENT_OK, 10 },
		{ "1.1 404 Not found", "", REMOTE_HAS_NONE, CONTENT_NOT_FOUND, -1 },
		{ "1.1 403 No", "", FORBIDDEN },
		{ "1.1 500 Error", "", UNREACHABLE },
	};
	const struct remote_question question = { .is_conditional = true, .size_max_bytes = MAX };

	(void)state;
	check_each(cases, COUNT_OF(cases), &question);
}

static void the_rest_is_asked_for(void **state)
{
	static const struct expected cases[] = {
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  REMOTE_CONTINUES, CONTENT_OK, 10 },
		{ "1.1 206 P",
		  "ETag: \"a\"\nTransfer-Encoding: chunked\nContent-Range: bytes 4-9/10",
		  REMOTE_CONTINUES, CONTENT_OK, 10 },
		{ "1.1 206 P",
		  "ETag: \"a\"\nLast-Modified: " DATE
		  "\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  REMOTE_CONTINUES, CONTENT_OK, 10 },
		/* Another file. */
		{ "1.1 206 P", "ETag: \"b\"\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: W/\"a\"\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  BROKEN },
		{ "1.1 206 P", "Content-Length: 6\nContent-Range: bytes 4-9/10", BROKEN },
		{ "1.1 206 P",
		  "ETag: \"a\"\nLast-Modified: " LATE
		  "\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 7\nContent-Range: bytes 4-10/11",
		  BROKEN },
		/* Another part. */
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 7\nContent-Range: bytes 3-9/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 5\nContent-Range: bytes 5-9/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 5\nContent-Range: bytes 4-8/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 5\nContent-Range: bytes 4-9/10",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 6\nContent-Range: bytes 4-9/*",
		  BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Length: 6", BROKEN },
		{ "1.1 206 P", "ETag: \"a\"\nContent-Range: bytes 4-9/10", BROKEN },
		{ "1.1 206 P",
		  "ETag: \"a\"\nContent-Length: 6\nContent-Type: multipart/byteranges; boundary=x",
		  BROKEN },
		{ "1.1 206 P",
		  "ETag: \"a\"\nContent-Length: 6\nContent-Range: bytes 4-9/10\n"
		  "Content-Encoding: gzip",
		  BROKEN },
		/* The whole, or nothing. */
		{ "1.1 200 OK", "ETag: \"a\"\nContent-Length: 10", BROKEN },
		{ "1.1 304 Same", "ETag: \"a\"", BROKEN },
		{ "1.1 404 Not found", "", BROKEN },
		{ "1.1 416 Range", "Content-Range: bytes */10", BROKEN },
		{ "1.1 503 Busy", "", UNREACHABLE },
	};
	struct remote_head first = head_of("1.1 200 OK", "ETag: \"a\"\nLast-Modified: " DATE);
	struct remote_question question = { .is_resumption = true,
					    .received_bytes = 4,
					    .has_size = true,
					    .size_bytes = 10,
					    .size_max_bytes = MAX,
					    .first = &first };

	(void)state;
	check_each(cases, COUNT_OF(cases), &question);
	/* The length becomes known. */
	question.has_size = false;
	check(&cases[0], &question);
	question.size_max_bytes = 9;
	check(&(struct expected){ cases[0].status, cases[0].fields, FORBIDDEN }, &question);
}

static void the_rest_by_date_may_come_without_one(void **state)
{
	static const struct expected cases[] = {
		{ "1.1 206 P", "Content-Length: 6\nContent-Range: bytes 4-9/10", REMOTE_CONTINUES,
		  CONTENT_OK, 10 },
		{ "1.1 206 P",
		  "Last-Modified: " DATE "\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  REMOTE_CONTINUES, CONTENT_OK, 10 },
		{ "1.1 206 P",
		  "Last-Modified: " LATE "\nContent-Length: 6\nContent-Range: bytes 4-9/10",
		  BROKEN },
	};
	struct remote_head first = head_of("1.1 200 OK", "Last-Modified: " DATE);
	const struct remote_question question = { .is_resumption = true,
						  .received_bytes = 4,
						  .has_size = true,
						  .size_bytes = 10,
						  .size_max_bytes = MAX,
						  .first = &first };

	(void)state;
	check_each(cases, COUNT_OF(cases), &question);
}

static void ends(void **state)
{
	static const struct {
		bool ended_well;
		bool may_resume;
		bool has_size;
		uint64_t received_bytes; /* of 10 */
		enum remote_end end;
	} cases[] = {
		{ true, true, true, 10, REMOTE_IS_WHOLE },
		{ true, false, true, 10, REMOTE_IS_WHOLE },
		{ true, false, false, 7, REMOTE_IS_WHOLE },
		{ true, false, false, 0, REMOTE_IS_WHOLE },
		{ false, true, true, 9, REMOTE_TRIES_AGAIN },
		{ false, true, true, 0, REMOTE_TRIES_AGAIN },
		{ false, true, false, 7, REMOTE_TRIES_AGAIN },
		{ false, false, true, 9, REMOTE_FAILED },
		{ false, false, false, 7, REMOTE_FAILED },
		{ false, true, true, 10, REMOTE_FAILED },
		{ true, false, true, 9, REMOTE_FAILED },
		{ true, true, true, 11, REMOTE_FAILED },
		{ false, true, true, 11, REMOTE_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct remote_question question = { .has_size = cases[i].has_size,
							  .size_bytes = 10,
							  .received_bytes =
								  cases[i].received_bytes };

		assert_int_equal(
			remote_decide_end(cases[i].ended_well, cases[i].may_resume, &question),
			cases[i].end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_is_asked_for),
		cmocka_unit_test(whether_it_changed_is_asked),
		cmocka_unit_test(the_rest_is_asked_for),
		cmocka_unit_test(the_rest_by_date_may_come_without_one),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
