#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct problems problems;

static struct ini *parse(const char *text, size_t length)
{
	struct ini *ini;

	memset(&problems, 0, sizeof(problems));
	ini = ini_parse("test.ini",
			(struct span){ .bytes = (const uint8_t *)text, .length = length },
			&problems);
	assert_non_null(ini);
	return ini;
}

static struct ini *parse_text(const char *text)
{
	return parse(text, strlen(text));
}

static void assert_value(const struct ini *ini, const char *section, const char *key,
			 const char *value)
{
	const struct ini_entry *entry = ini_find(ini, section, key);

	assert_non_null(entry);
	assert_string_equal(entry->value, value);
}

/* Exactly one problem: at this line, with these words. */
static void assert_one_problem(const char *text, unsigned line, const char *words)
{
	ini_free(parse_text(text));
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].file, "test.ini");
	assert_int_equal(problems.list[0].line, line);
	assert_non_null(strstr(problems.list[0].text, words));
}

static void reads_entries_in_order(void **state)
{
	struct ini *ini = parse_text("[one]\na = 1\nb=2\n\n[two]\n  a :  3  \nempty =\nlast = x");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_string_equal(ini_entry_at(ini, 0)->key, "a");
	assert_string_equal(ini_entry_at(ini, 0)->section, "one");
	assert_int_equal(ini_entry_at(ini, 0)->line, 2);
	assert_string_equal(ini_entry_at(ini, 2)->section, "two");
	assert_string_equal(ini_entry_at(ini, 2)->value, "3");
	assert_int_equal(ini_entry_at(ini, 4)->line, 8);
	assert_null(ini_entry_at(ini, 5));
	assert_string_equal(ini_section_at(ini, 1)->name, "two");
	assert_int_equal(ini_section_at(ini, 1)->line, 5);
	assert_null(ini_section_at(ini, 2));
	assert_value(ini, "two", "empty", "");
	assert_value(ini, "two", "last", "x");
	assert_null(ini_find(ini, "one", "empty"));
	assert_null(ini_find(ini, "three", "a"));
	ini_free(ini);
}

static void sections_and_keys_have_no_case(void **state)
{
	struct ini *ini = parse_text("[TFTP]\nBlockSize = Abc\n");

	(void)state;
	assert_value(ini, "tftp", "blocksize", "Abc");
	assert_value(ini, "tftp", "BLOCKSIZE", "Abc");
	assert_string_equal(ini_entry_at(ini, 0)->key, "BlockSize");
	ini_free(ini);
}

static void both_spellings_are_one_section(void **state)
{
	struct ini *ini = parse_text("[bootpd]\na=1\n[TFTPD]\nb=2\n[bootp]\nc=3\n[ tftp ]\nd=4\n");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_value(ini, "bootp", "a", "1");
	assert_value(ini, "bootp", "c", "3");
	assert_value(ini, "tftp", "b", "2");
	assert_value(ini, "tftp", "d", "4");
	assert_null(ini_section_at(ini, 2));
	ini_free(ini);
}

static void comments_stand_at_the_start_of_a_line(void **state)
{
	struct ini *ini = parse_text("; one\n# two = 2\n[s] ; three\n\t ; four\na = b ; five\n");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_null(ini_entry_at(ini, 1));
	assert_value(ini, "s", "a", "b ; five");
	ini_free(ini);
}

static void keys_may_be_patterns_and_addresses(void **state)
{
	struct ini *ini = parse_text("[s]\n"
				     "pxelinux.cfg/* = a/b.cfg\n"
				     "AA-BB-CC-DD-EE-FF = enable\n"
				     "AA:BB:CC:DD:EE:00 = enable\n"
				     "AA:BB:CC:DD:EE:01: enable\n"
				     "time:\n"
				     "url = http://host/a=b\n"
				     "x : a=b\n");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_value(ini, "s", "pxelinux.cfg/*", "a/b.cfg");
	assert_value(ini, "s", "aa-bb-cc-dd-ee-ff", "enable");
	assert_value(ini, "s", "AA:BB:CC:DD:EE:00", "enable");
	assert_value(ini, "s", "AA:BB:CC:DD:EE:01", "enable");
	assert_value(ini, "s", "time", "");
	assert_value(ini, "s", "url", "http://host/a=b");
	assert_value(ini, "s", "x", "a=b");
	ini_free(ini);
}

static void line_ends_and_byte_order_marks(void **state)
{
	struct ini *ini = parse_text("\xef\xbb\xbf[s]\r\na = 1\r\n\r\nb = 2\r\n");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_value(ini, "s", "a", "1");
	assert_value(ini, "s", "b", "2");
	ini_free(ini);
	ini = parse_text("");
	assert_int_equal(problems.count, 0);
	assert_null(ini_entry_at(ini, 0));
	ini_free(ini);
}

static void each_mistake_has_its_line(void **state)
{
	(void)state;
	assert_one_problem("\na = 1\nb = 2\n[s]\n", 2, "before any [section]");
	assert_one_problem("[s]\nnonsense\n", 2, "no \"key = value\"");
	assert_one_problem("[s]\na:b\n", 2, "no \"key = value\"");
	assert_one_problem("[s]\n= value\n", 2, "no key");
	assert_one_problem("[s]\n\n[open\na = 1\n", 3, "no closing ]");
	assert_one_problem("[ ]\na = 1\n", 1, "no name");
	assert_one_problem("[s] a = 1\n", 1, "text after");
}

static void a_repeated_key_names_both_lines(void **state)
{
	(void)state;
	assert_one_problem("[tftp]\nport = 1\n[x]\nport = 3\n[tftpd]\nPORT = 2\n", 6, "line 2 ");
	assert_string_equal(problems.list[0].key, "[tftp] PORT");
}

static void names_of_files_have_a_case(void **state)
{
	struct ini *ini = parse_text("[Filters]\nBoot = a\nboot = b\n");

	(void)state;
	assert_int_equal(problems.count, 0);
	assert_value(ini, "filters", "Boot", "a");
	assert_value(ini, "filters", "boot", "b");
	assert_null(ini_find(ini, "filters", "BOOT"));
	ini_free(ini);
	assert_one_problem("[filters]\na = 1\na = 2\n", 3, "line 2 ");
}

static void a_nul_byte_ends_the_reading(void **state)
{
	static const char text[] = "[s]\na = 1\0 2\nb\n\0\nc = 3\n";
	struct ini *ini = parse(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 2);
	assert_non_null(strstr(problems.list[0].text, "NUL"));
	assert_null(ini_find(ini, "s", "c"));
	ini_free(ini);
}

static void a_line_may_have_4096_bytes(void **state)
{
	char text[INI_LINE_MAX + 16] = "[s]\na=";
	const size_t start = strlen("[s]\n");

	(void)state;
	memset(text + start + 2, 'x', INI_LINE_MAX - 2);
	ini_free(parse_text(text));
	assert_int_equal(problems.count, 0);
	text[start + INI_LINE_MAX] = 'x';
	assert_one_problem(text, 2, "4,096");
}

static void a_file_may_have_1_mib(void **state)
{
	char *text = malloc(INI_FILE_MAX + 1);
	struct ini *ini;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', INI_FILE_MAX + 1);
	memcpy(text, "[s]\na=1\n", 8);
	ini = parse(text, INI_FILE_MAX);
	assert_int_equal(problems.count, 0);
	assert_value(ini, "s", "a", "1");
	ini_free(ini);
	ini = parse(text, INI_FILE_MAX + 1);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 0);
	assert_non_null(strstr(problems.list[0].text, "16 MiB"));
	assert_null(ini_entry_at(ini, 0));
	ini_free(ini);
	free(text);
}

static void entries_and_sections_are_bounded(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct ini *ini;

	(void)state;
	assert_non_null(out);
	(void)fputs("[s]\n", out);
	for (int i = 0; i <= INI_ENTRIES_MAX + 1; i++)
		(void)fprintf(out, "%d = x\n", i);
	assert_int_equal(fclose(out), 0);
	ini = parse(text, size);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, INI_ENTRIES_MAX + 2);
	assert_non_null(ini_entry_at(ini, INI_ENTRIES_MAX - 1));
	assert_null(ini_entry_at(ini, INI_ENTRIES_MAX));
	assert_value(ini, "s", "524287", "x");
	ini_free(ini);
	free(text);

	out = open_memstream(&text, &size);
	assert_non_null(out);
	for (int i = 0; i <= INI_SECTIONS_MAX + 1; i++)
		(void)fprintf(out, "[%d]\n", i);
	assert_int_equal(fclose(out), 0);
	ini = parse(text, size);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, INI_SECTIONS_MAX + 1);
	assert_null(ini_section_at(ini, INI_SECTIONS_MAX));
	ini_free(ini);
	free(text);
}

static void complaints_show_the_key_escaped(void **state)
{
	struct ini *ini = parse_text("[s\x1b]\nk\xff = 1\n");

	(void)state;
	ini_complain(ini, ini_entry_at(ini, 0), &problems, "number %d", 5);
	assert_string_equal(problems.list[0].key, "[s\\x1b] k\\xff");
	assert_string_equal(problems.list[0].text, "number 5");
	assert_int_equal(problems.list[0].line, 2);
	ini_warn(ini, ini_entry_at(ini, 0), &problems, "number %d", 6);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.warnings[0].key, "[s\\x1b] k\\xff");
	assert_string_equal(problems.warnings[0].text, "number 6");
	ini_complain(ini, &(struct ini_entry){ .section = "x" }, &problems, "missing");
	assert_string_equal(problems.list[1].key, "[x]");
	assert_int_equal(problems.list[1].line, 0);
	ini_free(ini);
	ini_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_entries_in_order),
		cmocka_unit_test(sections_and_keys_have_no_case),
		cmocka_unit_test(both_spellings_are_one_section),
		cmocka_unit_test(comments_stand_at_the_start_of_a_line),
		cmocka_unit_test(keys_may_be_patterns_and_addresses),
		cmocka_unit_test(line_ends_and_byte_order_marks),
		cmocka_unit_test(each_mistake_has_its_line),
		cmocka_unit_test(a_repeated_key_names_both_lines),
		cmocka_unit_test(names_of_files_have_a_case),
		cmocka_unit_test(a_nul_byte_ends_the_reading),
		cmocka_unit_test(a_line_may_have_4096_bytes),
		cmocka_unit_test(a_file_may_have_1_mib),
		cmocka_unit_test(entries_and_sections_are_bounded),
		cmocka_unit_test(complaints_show_the_key_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
