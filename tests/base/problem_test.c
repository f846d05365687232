#include "base/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What problems_print writes; the caller frees it. */
static char *printed(const struct problems *problems)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	problems_print(problems, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void prints_what_is_known_of_the_place(void **state)
{
	static struct problems problems;
	char *text;

	(void)state;
	problems_add(&problems, (struct place){ "a.ini", 3, "[tftp] port" }, "%d is too much", 7);
	problems_add(&problems, (struct place){ "a.ini", 0, "[bootp]" }, "missing");
	problems_add(&problems, (struct place){ "a.ini", 0, NULL }, "no such file");
	problems_add(&problems, (struct place){ NULL, 0, "[tftp] root" }, "is a file");
	problems_add(&problems, (struct place){ NULL, 0, NULL }, "no permission");
	assert_int_equal(problems.count, 5);
	text = printed(&problems);
	assert_string_equal(text, "a.ini:3: [tftp] port: 7 is too much\n"
				  "a.ini: [bootp]: missing\n"
				  "a.ini: no such file\n"
				  "[tftp] root: is a file\n"
				  "no permission\n");
	free(text);
}

static void what_is_too_long_is_cut(void **state)
{
	static struct problems problems;
	char name[600];
	char *text;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	problems_add(&problems, (struct place){ name, 1, name }, "%s", name);
	text = printed(&problems);
	assert_int_equal(strlen(problems.list[0].file), sizeof(problems.list[0].file) - 1);
	assert_int_equal(strlen(problems.list[0].key), sizeof(problems.list[0].key) - 1);
	assert_int_equal(strlen(problems.list[0].text), sizeof(problems.list[0].text) - 1);
	assert_int_equal(strlen(text), 255 + strlen(":1: ") + 135 + strlen(": ") + 511 + 1);
	free(text);
}

static void past_the_limit_they_are_counted(void **state)
{
	static struct problems problems;
	char *text;

	(void)state;
	for (int i = 0; i < PROBLEMS_MAX + 2; i++)
		problems_add(&problems, (struct place){ 0 }, "number %d", i);
	assert_int_equal(problems.count, PROBLEMS_MAX + 2);
	text = printed(&problems);
	assert_non_null(strstr(text, "number 99\n... and 2 more\n"));
	assert_null(strstr(text, "number 100"));
	free(text);
}

/* They stop nothing, hide no problem and are not hidden by any. */
static void warnings_are_a_list_of_their_own(void **state)
{
	static struct problems problems;
	char line[PROBLEM_LINE_SIZE];
	char *text;

	(void)state;
	problems_warn(&problems, (struct place){ "a.ini", 9, "[httpd]" }, "no effect, %d times", 2);
	problems_add(&problems, (struct place){ "a.ini", 3, NULL }, "wrong");
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.warning_count, 1);
	problem_format(&problems.warnings[0], line, sizeof(line));
	assert_string_equal(line, "a.ini:9: [httpd]: no effect, 2 times");
	for (int i = 0; i < PROBLEMS_MAX; i++)
		problems_warn(&problems, (struct place){ 0 }, "number %d", i);
	assert_int_equal(problems.count, 1);
	text = printed(&problems);
	assert_ptr_equal(strstr(text, "a.ini:3: wrong\n"
				      "warning: a.ini:9: [httpd]: no effect, 2 times\n"
				      "warning: number 0\n"),
			 text);
	assert_non_null(strstr(text, "warning: number 98\nwarning: ... and 1 more\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_is_known_of_the_place),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(past_the_limit_they_are_counted),
		cmocka_unit_test(warnings_are_a_list_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
