/* A configuration from text alone, without a file or a machine: what the tests of the parts that
 * apply keys share. Included once by each of them. */
#ifndef BOOTD_TESTS_CONFIG_APPLIED_H
#define BOOTD_TESTS_CONFIG_APPLIED_H

#include "config/config_apply.h"
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config config;
static struct problems problems;

static void apply_text(const char *text)
{
	struct ini *ini;

	memset(&problems, 0, sizeof(problems));
	config_done(&config);
	config = (struct config){ .path = "/etc/bootd.ini" };
	ini = ini_parse("test.ini",
			(struct span){ .bytes = (const uint8_t *)text, .length = strlen(text) },
			&problems);
	assert_non_null(ini);
	config_apply(ini, &config, &problems);
	ini_free(ini);
}

static void assert_accepted(const char *text)
{
	apply_text(text);
	if (problems.count > 0)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 0);
}

/* Exactly one problem, in that line, with these words. */
static void assert_refused(const char *text, unsigned line, const char *words)
{
	apply_text(text);
	if (problems.count != 1)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, line);
	if (strstr(problems.list[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.list[0].text);
}

#endif
