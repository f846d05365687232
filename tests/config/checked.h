/* A configuration from text alone, without a file: what the tests of the parts that apply keys and
 * check them share. */
#ifndef BOOTD_TESTS_CHECKED_H
#define BOOTD_TESTS_CHECKED_H

#include "base/problem.h"
#include "config/config.h"
#include "config/config_check.h"

#include <stdbool.h>
#include <stdint.h>

#define IP4(a, b, c, d) ((struct ip4){ (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) })

/* The machine that a text is for, and the services that run. Without surroundings the keys are
 * applied and not checked. */
struct checking {
	const struct config_surroundings *surroundings;
	bool has_dhcp, has_tftp, has_http;
};

/* The test file's own: what all below read their text for that are not told otherwise. */
extern const struct checking usual;

/* eth0 (192.168.1.1/24) and eth1 (10.0.0.1/8), for those that need no other. */
extern const struct config_surroundings two_networks;

/* What the last text came to. */
extern struct config config;
extern struct problems problems;

void check_for(const struct checking *checking, const char *text);
void check_text(const char *text);
void check_for_tftp_alone(const char *text);

/* No problem; there may be warnings. */
void assert_accepted(const char *text);

/* Neither problems nor warnings. */
void assert_silent(const char *text);

/* Exactly one problem, in that line, with these words. */
void assert_refused_in(const char *text, unsigned line, const char *words);

/* And about that key. */
void assert_refused(const char *text, unsigned line, const char *key, const char *words);

/* Exactly one warning, and no problem. */
void assert_warned(const char *text, unsigned line, const char *key, const char *words);

/* The teardown of each group. */
int free_config(void **state);

#endif
