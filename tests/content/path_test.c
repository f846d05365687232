#include "content/path.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SPAN(literal)                                                                              \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct {
	struct span name;
	const char *path;
} cleaned[] = {
	{ SPAN("pxelinux.0"), "pxelinux.0" },
	{ SPAN("/pxelinux.0"), "pxelinux.0" },
	{ SPAN("///a//b/c"), "a/b/c" },
	{ SPAN("\\boot\\x64\\wdsnbp.com"), "boot/x64/wdsnbp.com" },
	{ SPAN("a\\/b"), "a/b" },
	{ SPAN("./a/./b/."), "a/b" },
	{ SPAN("efi64/../vmlinuz"), "vmlinuz" },
	{ SPAN("a/b/../../c"), "c" },
	{ SPAN("a/b/..\\..\\c/d"), "c/d" },
	{ SPAN("/a/../b"), "b" },
	{ SPAN("a/"), "a" },
	{ SPAN("..."), "..." },
	{ SPAN("..a/.b/c.."), "..a/.b/c.." },
	{ SPAN("a b:c*?"), "a b:c*?" },
	{ SPAN("caf\xc3\xa9"), "caf\xc3\xa9" },
	{ SPAN("a\xff"
	       "b"),
	  "a\xff"
	  "b" },
	{ SPAN("pxelinux.0\xff"), "pxelinux.0" },
	{ SPAN("pxelinux.0\xff\xff\r\n"), "pxelinux.0" },
	{ SPAN("pxelinux.0\x01\xff\x7f\x00"), "pxelinux.0" },
};

static const struct {
	struct span name;
	enum path_refusal refusal;
} refused[] = {
	{ { NULL, 0 }, PATH_EMPTY },
	{ SPAN(""), PATH_EMPTY },
	{ SPAN("/"), PATH_EMPTY },
	{ SPAN("\\\\"), PATH_EMPTY },
	{ SPAN("."), PATH_EMPTY },
	{ SPAN("a/.."), PATH_EMPTY },
	{ SPAN("\xff\xff"), PATH_EMPTY },
	{ SPAN("\r\n"), PATH_EMPTY },
	{ SPAN(".."), PATH_CLIMBS_OUT },
	{ SPAN("/.."), PATH_CLIMBS_OUT },
	{ SPAN("../etc/passwd"), PATH_CLIMBS_OUT },
	{ SPAN("..\\..\\boot.ini"), PATH_CLIMBS_OUT },
	{ SPAN("a/../../b"), PATH_CLIMBS_OUT },
	{ SPAN("a/./.././../b/c"), PATH_CLIMBS_OUT },
	{ SPAN("..\xff"), PATH_CLIMBS_OUT },
	{ SPAN("a\nb"), PATH_BAD_CHARACTER },
	{ SPAN("a\0b"), PATH_BAD_CHARACTER },
	{ SPAN("\x1b[2Ja"), PATH_BAD_CHARACTER },
	{ SPAN("a\x7f"
	       "b"),
	  PATH_BAD_CHARACTER },
	{ SPAN("../a\tb"), PATH_BAD_CHARACTER },
};

static void cleans_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cleaned); i++) {
		char path[PATH_SIZE] = "untouched";
		enum path_refusal refusal = PATH_TOO_LONG;

		if (!path_clean(cleaned[i].name, path, &refusal))
			fail_msg("row %zu, %s, is refused: %d", i, cleaned[i].path, refusal);
		assert_string_equal(path, cleaned[i].path);
	}
}

static void refuses_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		char path[PATH_SIZE] = "untouched";
		enum path_refusal refusal = PATH_TOO_LONG;

		if (path_clean(refused[i].name, path, &refusal))
			fail_msg("row %zu is taken as %s", i, path);
		if (refusal != refused[i].refusal)
			fail_msg("row %zu: refusal %d, expected %d", i, refusal,
				 refused[i].refusal);
		assert_string_equal(path, "untouched");
	}
}

static void every_other_control_character_is_refused(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 0x20; byte++) {
		uint8_t name[] = { 'a', (uint8_t)byte, 'b' };
		char path[PATH_SIZE];
		enum path_refusal refusal = PATH_EMPTY;

		assert_false(path_clean((struct span){ name, sizeof(name) }, path, &refusal));
		assert_int_equal(refusal, PATH_BAD_CHARACTER);
	}
}

static void a_component_has_at_most_255_bytes(void **state)
{
	uint8_t name[PATH_COMPONENT_MAX + 1];
	char path[PATH_SIZE];
	enum path_refusal refusal = PATH_EMPTY;

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(path_clean((struct span){ name, PATH_COMPONENT_MAX }, path, &refusal));
	assert_int_equal(strlen(path), PATH_COMPONENT_MAX);
	assert_false(path_clean((struct span){ name, sizeof(name) }, path, &refusal));
	assert_int_equal(refusal, PATH_TOO_LONG);
}

static void a_path_has_at_most_1023_bytes(void **state)
{
	uint8_t name[PATH_SIZE];
	char path[PATH_SIZE];
	enum path_refusal refusal = PATH_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'a' : '/';
	assert_true(path_clean((struct span){ name, PATH_SIZE - 1 }, path, &refusal));
	assert_int_equal(strlen(path), PATH_SIZE - 1);
	name[1] = 'a';
	name[PATH_SIZE - 1] = 'a';
	assert_false(path_clean((struct span){ name, PATH_SIZE }, path, &refusal));
	assert_int_equal(refusal, PATH_TOO_LONG);
}

/* What counts is what is left, not what was asked. */
static void a_long_name_may_be_a_short_path(void **state)
{
	uint8_t name[4001];
	char path[PATH_SIZE];
	enum path_refusal refusal;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = (uint8_t) "a/../"[i % 5];
	assert_true(path_clean((struct span){ name, sizeof(name) }, path, &refusal));
	assert_string_equal(path, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans_names),
		cmocka_unit_test(refuses_names),
		cmocka_unit_test(every_other_control_character_is_refused),
		cmocka_unit_test(a_component_has_at_most_255_bytes),
		cmocka_unit_test(a_path_has_at_most_1023_bytes),
		cmocka_unit_test(a_long_name_may_be_a_short_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
