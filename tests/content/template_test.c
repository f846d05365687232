#include "content/template.h"

#include "base/text.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct content_asker asker_with(const char *client)
{
	struct content_asker asker = { .mac = { "52-54-00-77-01-01" },
				       .ip = { "10.77.0.100" },
				       .uuid = { "564d77a1-0102-4304-8506-0708090a0101" },
				       .arch = "x64-uefi" };

	assert_true(text_copy(asker.client, sizeof(asker.client), client));
	return asker;
}

static const struct {
	const char *text;
	const char *expected;
} scripts[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "{mac}", "52-54-00-77-01-01" },
	{ "a {ip} b", "a 10.77.0.100 b" },
	{ "{uuid}{arch}", "564d77a1-0102-4304-8506-0708090a0101x64-uefi" },
	{ "{client}.", "gordon." },
	{ "${mac} ${net0/mac} ${", "${mac} ${net0/mac} ${" }, /* iPXE's own */
	{ "$ {mac}", "$ 52-54-00-77-01-01" },
	{ "{{mac}}", "{52-54-00-77-01-01}" },
	{ "{foo} {MAC} {mac } {} {", "{foo} {MAC} {mac } {} {" },
	{ "{file}{filename}", "{file}{filename}" },
	{ "{mac", "{mac" },
	{ "mac}", "mac}" },
	{ "\xff{ip}\x01", "\xff"
			  "10.77.0.100\x01" },
};

static void replaces_what_it_knows(void **state)
{
	struct content_asker asker = asker_with("gordon");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		struct span text = bytes_copy(scripts[i].text, strlen(scripts[i].text));
		size_t length = strlen(scripts[i].expected);
		uint8_t bytes[128];
		struct writer out = writer_of(bytes, sizeof(bytes));

		print_message("%s\n", scripts[i].text);
		template_expand(text, &asker, &out);
		assert_int_equal(out.used, length);
		assert_memory_equal(bytes, scripts[i].expected, length);
		if (length > 0) {
			out = writer_of(bytes, length - 1);
			template_expand(text, &asker, &out);
			assert_true(out.is_failed);
		}
		bytes_free(text);
	}
}

static void what_a_variable_holds_is_no_command(void **state)
{
	struct content_asker asker = asker_with("a\nshell ${ip} {mac} && x;/'\"\\\xc3\xa4_-.:9");
	static const char text[] = "{client}";
	uint8_t bytes[128];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	template_expand((struct span){ (const uint8_t *)text, strlen(text) }, &asker, &out);
	assert_int_equal(out.used, strlen(asker.client));
	bytes[out.used] = '\0';
	assert_string_equal((char *)bytes, "a_shell___ip___mac_____x________-.:9");
}

static void of_a_stranger_nothing_is_known(void **state)
{
	static const struct content_asker nobody;
	static const char text[] = "<{mac}{ip}{uuid}{arch}{client}>";
	uint8_t bytes[8];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	template_expand((struct span){ (const uint8_t *)text, strlen(text) }, &nobody, &out);
	assert_int_equal(out.used, 2);
	assert_memory_equal(bytes, "<>", 2);
}

static void knows_which_files_are_scripts(void **state)
{
	static const struct {
		const char *path;
		const char *script;
		bool is_one;
	} files[] = {
		{ "boot.ipxe", "other", true },     { "a/b/BOOT.IPXE", "other", true },
		{ "menu", "menu", true },           { "menu", "/menu", true },
		{ "a/menu", "menu", false },        { "boot.ipxe2", "other", false },
		{ ".ipxe", "other", false },        { "ipxe", "other", false },
		{ "menu", "http://a/menu", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		assert_int_equal(template_is_one(files[i].path, files[i].script), files[i].is_one);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_what_it_knows),
		cmocka_unit_test(what_a_variable_holds_is_no_command),
		cmocka_unit_test(of_a_stranger_nothing_is_known),
		cmocka_unit_test(knows_which_files_are_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
