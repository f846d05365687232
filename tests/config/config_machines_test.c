#include "config/config_machines.h"

#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct checking usual = { .surroundings = NULL };

static void mac_rules_are_sorted(void **state)
{
	static const struct {
		const char *mac;
		uint8_t prefix_length;
		bool is_yes;
		unsigned line;
	} wanted[] = {
		{ "01-02-03-04-05-06", 48, false, 5 },
		{ "AA-BB-CC-DD-EE-FF", 48, true, 2 },
		{ "AA-BB-CC-00-00-00", 24, false, 4 },
		{ "AA-00-00-00-00-00", 8, true, 3 },
	};

	(void)state;
	assert_accepted("[mac]\nAA-BB-CC-DD-EE-FF = enable\nAA/8 = yes ; a comment\n"
			"aa:bb:cc/24: off\n01:02:03:04:05:06 = 0\n[buggy_clients]\n"
			"1C-69-7A/24 = yes\n");
	assert_int_equal(config.mac.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct mac_rule *rule = &config.mac.list[i];

		assert_string_equal(mac_format(rule->mac).text, wanted[i].mac);
		assert_int_equal(rule->prefix_length, wanted[i].prefix_length);
		assert_int_equal(rule->is_yes, wanted[i].is_yes);
		assert_int_equal(rule->line, wanted[i].line);
	}
	assert_int_equal(config.buggy_clients.count, 1);
	assert_int_equal(config.buggy_clients.list[0].prefix_length, 24);
	assert_true(config.buggy_clients.list[0].is_yes);
}

static void mac_rows_that_are_none(void **state)
{
	(void)state;
	assert_refused_in("[mac]\nAA-BB-CC = yes\n", 2, "such as AA-BB-CC/24");
	assert_refused_in("[buggy_clients]\nAA-BB-CC-DD/16 = yes\n", 2, "all behind them is 0");
	assert_refused_in("[mac]\nAA-BB-CC/24 = allow\n", 2, "\"allow\" is neither yes nor no");
	assert_refused_in("[mac]\nAA-BB-CC/24 =\n", 2, "\"\" is neither yes nor no");
	assert_string_equal(problems.list[0].key, "[mac] AA-BB-CC/24");
}

/* The reader of lines cannot see that two spellings are one machine. */
static void a_machine_has_one_row(void **state)
{
	(void)state;
	assert_refused_in("[mac]\nAA:BB:CC:DD:EE:FF = no\n\nAA-BB-CC-DD-EE-FF = yes\n", 4,
			  "line 2 is about the same machine");
	assert_refused_in("[mac]\nAA-BB-CC/24 = no\naa-bb-cc/24 = no\n", 3, "line 2 has this key");
	assert_refused_in("[mac]\nAA-BB-CC/24 = no\nAA-BB-CC-00/24 = yes\n", 3, "line 2 ");
	assert_refused_in("[static_dhcp]\nAA:BB:CC:DD:EE:FF = 10.0.0.1\n"
			  "AA-BB-CC-DD-EE-FF = 10.0.0.2\n",
			  3, "line 2 is about the same machine");
	assert_refused_in("[uuid]\n12345678-9abc-def0-1234-56789abcdef0 = yes\n"
			  "12345678-9ABC-DEF0-1234-56789ABCDEF0 = no\n",
			  3, "line 2 has this key already");
}

static void uuid_rules_are_sorted(void **state)
{
	(void)state;
	assert_accepted("[uuid]\nf0000000-0000-0000-0000-000000000001 = yes\n"
			"12345678-9abc-def0-1234-56789abcdef0 = no\n");
	assert_int_equal(config.uuid.count, 2);
	assert_int_equal(config.uuid.list[0].line, 3);
	assert_int_equal(config.uuid.list[0].uuid.bytes[1], 0x34);
	assert_false(config.uuid.list[0].is_yes);
	assert_true(config.uuid.list[1].is_yes);
	assert_refused_in("[uuid]\n12345678 = yes\n", 2, "this is no UUID such as");
	assert_refused_in("[uuid]\n12345678-9abc-def0-1234-56789abcdef0 = x\n", 2, "neither yes");
}

static void static_hosts_are_sorted(void **state)
{
	(void)state;
	assert_accepted("[static_dhcp]\n02-00-00-00-00-02 = 10.0.0.1 ; printer\n"
			"02:00:00:00:00:01 = 10.0.0.2\n");
	assert_int_equal(config.static_dhcp.count, 2);
	assert_string_equal(mac_format(config.static_dhcp.list[0].mac).text, "02-00-00-00-00-01");
	assert_true(config.static_dhcp.list[0].address.value == 0x0a000002);
	assert_int_equal(config.static_dhcp.list[1].line, 2);
	assert_refused_in("[static_dhcp]\n02-00-00/24 = 10.0.0.1\n", 2, "no MAC address");
	assert_refused_in("[static_dhcp]\n02-00-00-00-00-01 = 10.0.0\n", 2,
			  "\"10.0.0\" is no address");
}

static void an_address_is_one_machines(void **state)
{
	(void)state;
	assert_refused_in("[static_dhcp]\n02-00-00-00-00-02 = 10.0.0.1\n"
			  "02-00-00-00-00-03 = 10.0.0.3\n02-00-00-00-00-01 = 10.0.0.1\n",
			  4, "line 2 gives 10.0.0.1 to another machine");
}

static void sections_without_rows_own_nothing(void **state)
{
	(void)state;
	assert_accepted("[mac]\n[uuid]\n[buggy_clients]\n[static_dhcp]\n");
	assert_null(config.mac.list);
	assert_null(config.uuid.list);
	assert_null(config.buggy_clients.list);
	assert_null(config.static_dhcp.list);
}

static void tftp_clients_stay_in_order(void **state)
{
	(void)state;
	assert_accepted(
		"[tftp_clients]\n10.0.0.0/8 = tsize ; a comment\nAA-BB-CC/24 = blksize=1024\n"
		"10.0.0.1 = windowsize=4\n2001:db8::/32 = windowsize=2\n");
	assert_int_equal(config.tftp_clients.count, 4);
	assert_false(config.tftp_clients.list[0].is_by_mac);
	assert_int_equal(config.tftp_clients.list[0].network.low, 0xffff0a000000);
	assert_int_equal(config.tftp_clients.list[0].prefix_length, 96 + 8);
	assert_int_equal(config.tftp_clients.list[0].line, 2);
	assert_true(config.tftp_clients.list[1].is_by_mac);
	assert_int_equal(config.tftp_clients.list[1].prefix_length, 24);
	assert_int_equal(config.tftp_clients.list[1].caps.block_size_max, 1024);
	assert_int_equal(config.tftp_clients.list[2].prefix_length, 128);
	assert_int_equal(config.tftp_clients.list[2].caps.window_max, 4);
	assert_int_equal(config.tftp_clients.list[3].network.high, UINT64_C(0x20010db8) << 32);
	assert_int_equal(config.tftp_clients.list[3].prefix_length, 32);
	assert_refused_in("[tftp_clients]\neth0 = tsize\n", 2,
			  "nor a network such as 192.168.1.0/24");
	assert_refused_in("[tftp_clients]\n10.0.0.1/8 = tsize\n", 2, "all behind the prefix is 0");
	assert_refused_in("[tftp_clients]\n10.0.0.1 = window=4\n", 2,
			  "\"window=4\" is no list of options");
	assert_refused_in("[tftp_clients]\n10.0.0.1 =\n", 2, "there are blksize, timeout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_rules_are_sorted),
		cmocka_unit_test(mac_rows_that_are_none),
		cmocka_unit_test(a_machine_has_one_row),
		cmocka_unit_test(uuid_rules_are_sorted),
		cmocka_unit_test(static_hosts_are_sorted),
		cmocka_unit_test(an_address_is_one_machines),
		cmocka_unit_test(sections_without_rows_own_nothing),
		cmocka_unit_test(tftp_clients_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
