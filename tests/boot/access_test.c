#include "boot/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAC(a, b, c, d, e, f) ((struct mac){ { 0x##a, 0x##b, 0x##c, 0x##d, 0x##e, 0x##f } })

static struct mac_rule mac_list[] = {
	{ MAC(AA, BB, CC, 00, 00, 00), 24, true, 1 },
	{ MAC(AA, BB, CC, DD, EE, FF), 48, false, 2 },
	{ MAC(AA, BB, CC, D0, 00, 00), 28, false, 3 },
	{ MAC(10, 00, 00, 00, 00, 00), 4, true, 4 },
	{ MAC(AA, BB, CC, DD, EE, 00), 47, true, 5 },
	{ MAC(20, 00, 00, 00, 00, 01), 48, true, 6 },
	{ MAC(80, 00, 00, 00, 00, 00), 1, false, 7 },
};

/* 00112233-4455-6677-8899-aabbccddeeff and two others, as written. */
static struct uuid_rule uuid_list[] = {
	{ { { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
	      0xff } },
	  true,
	  1 },
	{ { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } }, false, 2 },
	{ { { 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16 } }, true, 3 },
};

static struct static_host static_list[] = {
	{ MAC(AA, BB, CC, DD, EE, FF), { 0x0a000001 }, 1 },
	{ MAC(02, 00, 00, 00, 00, 01), { 0x0a000002 }, 2 },
	{ MAC(02, 00, 00, 00, 00, 00), { 0x0a000003 }, 3 },
};

static struct config config = {
	.mac = { mac_list, COUNT(mac_list) },
	.uuid = { uuid_list, COUNT(uuid_list) },
};

static int sort_lists(void **state)
{
	(void)state;
	qsort(mac_list, COUNT(mac_list), sizeof(mac_list[0]), mac_rule_order);
	qsort(uuid_list, COUNT(uuid_list), sizeof(uuid_list[0]), uuid_rule_order);
	qsort(static_list, COUNT(static_list), sizeof(static_list[0]), static_host_order);
	return 0;
}

static void set_static(bool has_static)
{
	config.static_dhcp = (struct static_hosts){ 0 };
	if (has_static)
		config.static_dhcp = (struct static_hosts){ static_list, COUNT(static_list) };
}

static void the_longest_prefix_wins(void **state)
{
	static const struct {
		struct mac mac;
		unsigned line; /* 0: no row */
	} cases[] = {
		{ MAC(AA, BB, CC, DD, EE, FF), 2 }, { MAC(AA, BB, CC, DD, EE, 00), 5 },
		{ MAC(AA, BB, CC, DD, EE, 01), 5 }, { MAC(AA, BB, CC, DD, EE, 02), 3 },
		{ MAC(AA, BB, CC, DF, FF, FF), 3 }, { MAC(AA, BB, CC, E0, 00, 00), 1 },
		{ MAC(AA, BB, CD, 00, 00, 00), 7 }, { MAC(1F, 00, 00, 00, 00, 00), 4 },
		{ MAC(20, 00, 00, 00, 00, 00), 0 }, { MAC(20, 00, 00, 00, 00, 01), 6 },
		{ MAC(7F, FF, FF, FF, FF, FF), 0 }, { MAC(FF, FF, FF, FF, FF, FF), 7 },
	};
	const struct mac_rules none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct mac_rule *rule = access_find_mac(&config.mac, cases[i].mac);

		assert_int_equal(rule == NULL ? 0 : rule->line, cases[i].line);
		assert_null(access_find_mac(&none, cases[i].mac));
	}
}

static void machines_by_mac(void **state)
{
	static const struct {
		struct mac mac;
		enum access plain;
		enum access with_static;
	} cases[] = {
		{ MAC(AA, BB, CC, 00, 00, 01), ACCESS_GRANTED, ACCESS_GRANTED },
		{ MAC(AA, BB, CC, DD, EE, FF), ACCESS_DENIED, ACCESS_DENIED },
		{ MAC(02, 00, 00, 00, 00, 01), ACCESS_UNLISTED, ACCESS_GRANTED },
		{ MAC(02, 00, 00, 00, 00, 02), ACCESS_UNLISTED, ACCESS_UNLISTED },
	};

	(void)state;
	config.bootp.access = ACCESS_BY_MAC;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client client = { .mac = cases[i].mac };

		set_static(false);
		assert_int_equal(access_check(&config, &client, NULL), cases[i].plain);
		set_static(true);
		assert_int_equal(access_check(&config, &client, NULL), cases[i].with_static);
	}
}

static void uuids_in_either_order(void **state)
{
	static const struct {
		struct uuid sent;
		enum access access;
	} cases[] = {
		/* as it is written */
		{ { { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } },
		  ACCESS_GRANTED },
		/* as SMBIOS keeps it */
		{ { { 0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } },
		  ACCESS_GRANTED },
		/* only the first field turned around: nobody's */
		{ { { 0x33, 0x22, 0x11, 0, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } },
		  ACCESS_UNLISTED },
		/* listed in one order as no and in the other as yes */
		{ { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } }, ACCESS_DENIED },
		{ { { 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16 } }, ACCESS_DENIED },
	};
	struct client client = { .mac = MAC(AA, BB, CC, 00, 00, 01) };

	(void)state;
	config.bootp.access = ACCESS_BY_UUID;
	set_static(false);
	for (size_t i = 0; i < COUNT(cases); i++) {
		client.has_uuid = true;
		client.uuid = cases[i].sent;
		assert_int_equal(access_check(&config, &client, NULL), cases[i].access);
	}
}

static void without_a_uuid_nobody_is_listed(void **state)
{
	struct client client = { .mac = MAC(02, 00, 00, 00, 00, 01), .uuid = uuid_list[0].uuid };

	(void)state;
	config.bootp.access = ACCESS_BY_UUID;
	set_static(false);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_UNLISTED);
	set_static(true);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_GRANTED);
	client.has_uuid = true;
	client.uuid = (struct uuid){ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_DENIED);
}

static void the_authority_is_asked_but_for_static_machines(void **state)
{
	struct client client = { .mac = MAC(AA, BB, CC, DD, EE, FF) };

	(void)state;
	config.bootp.access = ACCESS_BY_HTTP;
	set_static(false);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_ASK);
	set_static(true);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_GRANTED);
}

static void rules_that_access_does_not_name_decide_nothing(void **state)
{
	struct client client = { .mac = MAC(AA, BB, CC, DD, EE, FF) };

	(void)state;
	config.bootp.access = ACCESS_OPEN;
	set_static(false);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_GRANTED);
	client.mac = MAC(02, 00, 00, 00, 00, 02);
	assert_int_equal(access_check(&config, &client, NULL), ACCESS_GRANTED);
}

static void static_addresses_are_found(void **state)
{
	(void)state;
	set_static(true);
	for (size_t i = 0; i < COUNT(static_list); i++) {
		struct ip4 found = access_static_address(&config, static_list[i].mac);

		assert_true(ip4_is_same(found, static_list[i].address));
	}
	assert_false(ip4_is_set(access_static_address(&config, MAC(02, 00, 00, 00, 00, 02))));
	set_static(false);
	assert_false(ip4_is_set(access_static_address(&config, static_list[0].mac)));
}

/* As a row of [static_dhcp] does. */
static void a_section_of_its_own_grants_access(void **state)
{
	static const struct host_config host = { .name = "one" };
	static const struct {
		enum access_kind kind;
		struct mac mac;
		enum access without, with;
	} cases[] = {
		{ ACCESS_OPEN, MAC(02, 00, 00, 00, 00, 01), ACCESS_GRANTED, ACCESS_GRANTED },
		{ ACCESS_BY_MAC, MAC(02, 00, 00, 00, 00, 01), ACCESS_UNLISTED, ACCESS_GRANTED },
		{ ACCESS_BY_MAC, MAC(AA, BB, CC, DD, EE, FF), ACCESS_DENIED, ACCESS_DENIED },
		{ ACCESS_BY_UUID, MAC(02, 00, 00, 00, 00, 01), ACCESS_UNLISTED, ACCESS_GRANTED },
		{ ACCESS_BY_HTTP, MAC(02, 00, 00, 00, 00, 01), ACCESS_ASK, ACCESS_GRANTED },
	};

	(void)state;
	set_static(false);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client client = { .mac = cases[i].mac };

		config.bootp.access = cases[i].kind;
		assert_int_equal(access_check(&config, &client, NULL), cases[i].without);
		assert_int_equal(access_check(&config, &client, &host), cases[i].with);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_wins),
		cmocka_unit_test(machines_by_mac),
		cmocka_unit_test(uuids_in_either_order),
		cmocka_unit_test(without_a_uuid_nobody_is_listed),
		cmocka_unit_test(the_authority_is_asked_but_for_static_machines),
		cmocka_unit_test(rules_that_access_does_not_name_decide_nothing),
		cmocka_unit_test(static_addresses_are_found),
		cmocka_unit_test(a_section_of_its_own_grants_access),
	};

	return cmocka_run_group_tests(tests, sort_lists, NULL);
}
