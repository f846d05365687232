#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const struct checking usual = { .surroundings = NULL };

static void the_rows_are_entries_in_the_order_of_the_file(void **state)
{
	const struct menu_config *menu = &config.menu;

	(void)state;
	assert_accepted(
		"[menu]\nInstall Debian = pxelinux.0\nprompt = Choose one\nThis disk = LOCAL\n"
		"timeout = 255\nUsual = default ; a comment\n");
	assert_int_equal(menu->count, 3);
	assert_string_equal(menu->list[0].text, "Install Debian");
	assert_string_equal(menu->list[0].file, "pxelinux.0");
	assert_false(menu->list[0].is_local);
	assert_string_equal(menu->list[1].text, "This disk");
	assert_string_equal(menu->list[1].file, "");
	assert_true(menu->list[1].is_local);
	assert_string_equal(menu->list[2].file, "");
	assert_false(menu->list[2].is_local);
	assert_string_equal(menu->prompt, "Choose one");
	assert_int_equal(menu->timeout_s, 255);
}

static void without_rows_there_is_no_menu(void **state)
{
	(void)state;
	assert_accepted("[menu]\n");
	assert_int_equal(config.menu.count, 0);
	assert_string_equal(config.menu.prompt, "Press F8 for the boot menu");
	assert_int_equal(config.menu.timeout_s, 10);
}

static void what_is_wrong_is_told(void **state)
{
	char text[64 * 40] = "[menu]\n";

	(void)state;
	assert_refused_in("[menu]\nOne =\n", 2, "there is no file name");
	assert_refused_in("[menu]\nOne = a\x01z\n", 2, "control characters");
	assert_refused_in("[menu]\ntimeout = 256\n", 2, "from 0 to 255 seconds");
	memset(text + 7, 'x', 65);
	strcpy(text + 72, " = a\n");
	assert_refused_in(text, 2, "too long (at most 64 bytes fit)");
	strcpy(text, "[menu]\nOne = ");
	memset(text + 13, 'x', 128);
	strcpy(text + 141, "\n");
	assert_refused_in(text, 2, "too long (at most 127 bytes fit)");
	strcpy(text, "[menu]\n");
	for (int i = 0; i < 17; i++)
		(void)sprintf(text + strlen(text), "Entry %d = a\n", i);
	assert_refused_in(text, 18, "at most 16 entries");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rows_are_entries_in_the_order_of_the_file),
		cmocka_unit_test(without_rows_there_is_no_menu),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
