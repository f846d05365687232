#include "http/http_date.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#define EXAMPLE_S INT64_C(784111777)  /* RFC 9110 5.6.7 */
#define NOW_S     INT64_C(1767225600) /* 2026 */

static void formats_as_the_c_library_does(void **state)
{
	static const int64_t steps[] = { 86399, 2678400, 31536000 };

	(void)state;
	assert_string_equal(http_date_format(EXAMPLE_S).text, "Sun, 06 Nov 1994 08:49:37 GMT");
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		for (int64_t at = 0; at < INT64_C(253402300800); at += steps[i] * 7 + 1) {
			time_t time = (time_t)at;
			struct tm fields;
			char expected[64];
			int64_t back = -1;

			assert_non_null(gmtime_r(&time, &fields));
			assert_true(strftime(expected, sizeof(expected),
					     "%a, %d %b %Y %H:%M:%S GMT", &fields) > 0);
			assert_string_equal(http_date_format(at).text, expected);
			assert_true(http_date_parse(expected, NOW_S, &back));
			assert_int_equal(back, at);
		}
	}
	assert_string_equal(http_date_format(-1).text, "");
	assert_string_equal(http_date_format(INT64_C(253402300799)).text,
			    "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_string_equal(http_date_format(INT64_C(253402300800)).text, "");
	assert_string_equal(http_date_format(INT64_MAX).text, "");
}

static void reads_the_obsolete_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t time_s;
	} rows[] = {
		{ "Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE_S },
		{ "Sun Nov  6 08:49:37 1994", EXAMPLE_S },
		{ "Sun Nov 16 08:49:37 1994", EXAMPLE_S + 10 * 86400 },
		{ "Thursday, 01-Jan-76 00:00:00 GMT", INT64_C(3345062400) },
		{ "Friday, 01-Jan-77 00:00:00 GMT", INT64_C(220924800) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t time_s = -1;

		print_message("%s\n", rows[i].text);
		assert_true(http_date_parse(rows[i].text, NOW_S, &time_s));
		assert_int_equal(time_s, rows[i].time_s);
	}
}

static void refuses_what_is_no_date(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		",",
		", ",
		"yesterday",
		"784111777",
		"Sun, 06 Nov 1994",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sunday, 06-Nov 94 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT",
		"Sun Nov 6 08:49:37 1994",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		int64_t time_s = 77;

		print_message("%s\n", texts[i]);
		assert_false(http_date_parse(texts[i], NOW_S, &time_s));
		assert_int_equal(time_s, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_as_the_c_library_does),
		cmocka_unit_test(reads_the_obsolete_forms),
		cmocka_unit_test(refuses_what_is_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
