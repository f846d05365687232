#include "http/http_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define THEN   "Sun, 06 Nov 1994 08:49:37 GMT" /* as the file's */
#define LATER  "Sun, 06 Nov 1994 08:49:38 GMT"
#define SOONER "Sun, 06 Nov 1994 08:49:36 GMT"

static const struct http_facts file = { .has_size = true,
					.size_bytes = 100,
					.tag = "\"t\"",
					.modified_s = 784111777,
					.now_s = 1767225600 };

static const struct {
	struct http_question question;
	enum http_verdict verdict;
} rows[] = {
	{ { 0 }, HTTP_WHOLE },
	{ { .is_head = true }, HTTP_WHOLE },

	/* RFC 9110 13.1.2, compared weakly */
	{ { .if_none_match = "\"t\"" }, HTTP_NOT_MODIFIED },
	{ { .if_none_match = "\"t\"", .is_head = true }, HTTP_NOT_MODIFIED },
	{ { .if_none_match = "W/\"t\"" }, HTTP_NOT_MODIFIED },
	{ { .if_none_match = "*" }, HTTP_NOT_MODIFIED },
	{ { .if_none_match = "\"a\", \"b\" ,W/\"c\",, \"t\"" }, HTTP_NOT_MODIFIED },
	{ { .if_none_match = "\"a,\\\"t\", \"b\"" }, HTTP_WHOLE },
	{ { .if_none_match = "\"T\"" }, HTTP_WHOLE },
	{ { .if_none_match = "\"tt\"" }, HTTP_WHOLE },
	{ { .if_none_match = "t" }, HTTP_WHOLE },
	{ { .if_none_match = "\"t" }, HTTP_WHOLE },
	{ { .if_none_match = "W/" }, HTTP_WHOLE },
	{ { .if_none_match = "" }, HTTP_WHOLE },

	/* 13.1.3 */
	{ { .if_modified_since = THEN }, HTTP_NOT_MODIFIED },
	{ { .if_modified_since = LATER }, HTTP_NOT_MODIFIED },
	{ { .if_modified_since = SOONER }, HTTP_WHOLE },
	{ { .if_modified_since = "once" }, HTTP_WHOLE },
	{ { .if_modified_since = THEN, .if_none_match = "\"a\"" }, HTTP_WHOLE },
	{ { .if_modified_since = SOONER, .if_none_match = "\"t\"" }, HTTP_NOT_MODIFIED },

	/* 13.1.1 compared strongly, 13.1.4 */
	{ { .if_match = "\"t\"" }, HTTP_WHOLE },
	{ { .if_match = "*" }, HTTP_WHOLE },
	{ { .if_match = "W/\"t\"" }, HTTP_PRECONDITION_FAILED },
	{ { .if_match = "\"a\"" }, HTTP_PRECONDITION_FAILED },
	{ { .if_match = "\"a\"", .if_none_match = "\"t\"" }, HTTP_PRECONDITION_FAILED },
	{ { .if_unmodified_since = THEN }, HTTP_WHOLE },
	{ { .if_unmodified_since = SOONER }, HTTP_PRECONDITION_FAILED },
	{ { .if_unmodified_since = "once" }, HTTP_WHOLE },
	{ { .if_unmodified_since = SOONER, .if_match = "\"t\"" }, HTTP_WHOLE },

	/* 14.2: for GET alone, and after the conditions */
	{ { .range = "bytes=1-2" }, HTTP_PART },
	{ { .range = "bytes=1-2", .is_head = true }, HTTP_WHOLE },
	{ { .range = "bytes=1-2", .if_none_match = "\"t\"" }, HTTP_NOT_MODIFIED },
	{ { .range = "bytes=1-2,4-5" }, HTTP_WHOLE },
	{ { .range = "bytes=100-" }, HTTP_UNSATISFIABLE },
	{ { .range = "bytes=u-u" }, HTTP_BROKEN_RANGE },

	/* 13.1.5, compared strongly */
	{ { .range = "bytes=1-2", .if_range = "\"t\"" }, HTTP_PART },
	{ { .range = "bytes=1-2", .if_range = "\"a\"" }, HTTP_WHOLE },
	{ { .range = "bytes=1-2", .if_range = "W/\"t\"" }, HTTP_WHOLE },
	{ { .range = "bytes=1-2", .if_range = THEN }, HTTP_PART },
	{ { .range = "bytes=1-2", .if_range = LATER }, HTTP_WHOLE },
	{ { .range = "bytes=1-2", .if_range = SOONER }, HTTP_WHOLE },
	{ { .range = "bytes=1-2", .if_range = "" }, HTTP_WHOLE },
	{ { .range = "bytes=100-", .if_range = "\"a\"" }, HTTP_WHOLE },
	{ { .if_range = "\"t\"" }, HTTP_WHOLE },
};

static void decides_by_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(http_decide(&rows[i].question, &file).verdict, rows[i].verdict);
	}
}

static void a_part_is_where_it_was_asked_for(void **state)
{
	struct http_decision decision =
		http_decide(&(struct http_question){ .range = "bytes=10-" }, &file);

	(void)state;
	assert_int_equal(decision.part.offset, 10);
	assert_int_equal(decision.part.length, 90);
}

static void without_a_size_the_whole_is_sent(void **state)
{
	struct http_facts growing = file;

	(void)state;
	growing.has_size = false;
	assert_int_equal(
		http_decide(&(struct http_question){ .range = "bytes=1-2" }, &growing).verdict,
		HTTP_WHOLE);
	assert_int_equal(
		http_decide(&(struct http_question){ .range = "bytes=u-u" }, &growing).verdict,
		HTTP_WHOLE);
}

static void what_is_not_known_of_a_version_matches_nothing(void **state)
{
	static const struct http_question asked[] = {
		{ .if_none_match = "\"\"" },
		{ .if_modified_since = LATER },
		{ .range = "bytes=1-2", .if_range = "\"\"" },
		{ .range = "bytes=1-2", .if_range = "" },
		{ .range = "bytes=1-2", .if_range = "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ .if_unmodified_since = SOONER },
	};
	struct http_facts unknown = file;

	(void)state;
	unknown.tag = "";
	unknown.modified_s = 0;
	for (size_t i = 0; i < COUNT_OF(asked); i++)
		assert_int_equal(http_decide(&asked[i], &unknown).verdict, HTTP_WHOLE);
}

/* It may change once more in the same second, and its date would stay. */
static void a_date_of_this_very_second_is_no_validator(void **state)
{
	struct http_facts fresh = file;

	(void)state;
	fresh.now_s = fresh.modified_s;
	assert_int_equal(
		http_decide(&(struct http_question){ .range = "bytes=1-2", .if_range = THEN },
			    &fresh)
			.verdict,
		HTTP_WHOLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_by_the_rfc),
		cmocka_unit_test(a_part_is_where_it_was_asked_for),
		cmocka_unit_test(without_a_size_the_whole_is_sent),
		cmocka_unit_test(what_is_not_known_of_a_version_matches_nothing),
		cmocka_unit_test(a_date_of_this_very_second_is_no_validator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
