#include "control/control_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_S           1000

static struct span line_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static const struct {
	const char *line;
	bool is_right;
	enum control_command command;
	uint32_t address;
} requests[] = {
	{ "{\"command\": \"leases\"}", true, CONTROL_LEASES, 0 },
	{ "{\"command\": \"leases\"}\n", true, CONTROL_LEASES, 0 },
	{ "{\"command\": \"leases\", \"other\": 1}", true, CONTROL_LEASES, 0 },
	{ "{\"command\": \"release\", \"address\": \"10.0.0.5\"}", true, CONTROL_RELEASE,
	  0x0a000005 },
	{ "{\"command\": \"release\"}", false, 0, 0 },
	{ "{\"command\": \"release\", \"address\": 5}", false, 0, 0 },
	{ "{\"command\": \"release\", \"address\": \"10.0.0\"}", false, 0, 0 },
	{ "{\"command\": \"release\", \"address\": \"10.0.0.5 \"}", false, 0, 0 },
	{ "{\"command\": \"Leases\"}", false, 0, 0 },
	{ "{\"command\": \"\"}", false, 0, 0 },
	{ "{\"command\": 1}", false, 0, 0 },
	{ "{\"command\": \"leases\", \"command\": \"leases\"}", false, 0, 0 },
	{ "{}", false, 0, 0 },
	{ "[\"leases\"]", false, 0, 0 },
	{ "{\"command\": \"leases\"", false, 0, 0 },
	{ "leases", false, 0, 0 },
	{ "", false, 0, 0 },
};

static void a_request_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		struct control_request request = { .command = CONTROL_RELEASE, .address = { 7 } };

		print_message("%s\n", requests[i].line);
		assert_int_equal(control_request_parse(line_of(requests[i].line), &request),
				 requests[i].is_right);
		assert_int_equal(request.command,
				 requests[i].is_right ? requests[i].command : CONTROL_RELEASE);
		assert_int_equal(request.address.value,
				 requests[i].is_right ? requests[i].address : 7);
	}
}

static void what_is_written_is_read_again(void **state)
{
	static const struct control_request list[] = { { .command = CONTROL_LEASES },
						       { CONTROL_RELEASE, { 0xc0a80164 } } };
	static const char *const lines[] = {
		"{\"command\": \"leases\"}",
		"{\"command\": \"release\", \"address\": \"192.168.1.100\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		struct control_request request;
		char line[128];

		control_request_format(&list[i], line, sizeof(line));
		assert_string_equal(line, lines[i]);
		assert_true(control_request_parse(line_of(line), &request));
		assert_int_equal(request.command, list[i].command);
		assert_int_equal(request.address.value, list[i].address.value);
	}
}

static const struct {
	enum lease_state state;
	uint64_t expires_s;
	enum lease_identity_kind kind;
	const char *identity; /* NULL: nobody's */
	const char *line;
} leases[] = {
	{ LEASE_BOUND, NOW_S + 60, LEASE_BY_MAC, "\x02\x00\x00\x00\x00\x01",
	  "\"state\": \"bound\", \"seconds_left\": 60, \"identity\": \"mac:020000000001\"" },
	{ LEASE_BOUND, NOW_S, LEASE_BY_CLIENT_ID, "\x01ignore",
	  "\"state\": \"expired\", \"seconds_left\": 0, "
	  "\"identity\": \"client-id:0169676e6f7265\"" },
	{ LEASE_BOUND, LEASE_FOR_EVER, LEASE_BY_UUID, "0123456789abcdef",
	  "\"state\": \"bound\", \"seconds_left\": null, "
	  "\"identity\": \"uuid:30313233343536373839616263646566\"" },
	{ LEASE_OFFERED, NOW_S + 30, LEASE_BY_MAC, "\x02",
	  "\"state\": \"offered\", \"seconds_left\": 30, \"identity\": \"mac:02\"" },
	{ LEASE_RELEASED, NOW_S - 5, LEASE_BY_MAC, "\x02",
	  "\"state\": \"released\", \"seconds_left\": -5, \"identity\": \"mac:02\"" },
	{ LEASE_DECLINED, NOW_S + 9, LEASE_BY_MAC, NULL,
	  "\"state\": \"declined\", \"seconds_left\": 9, \"identity\": \"\"" },
};

static struct lease lease_at(size_t i)
{
	static const size_t lengths[] = { 6, 7, 16, 1, 1, 0 };
	struct lease lease = { .address = { 0x0a000001 },
			       .mac = { { 2, 0, 0, 0, 0, 1 } },
			       .state = leases[i].state,
			       .expires_s = leases[i].expires_s };

	if (leases[i].identity != NULL)
		lease.owner = lease_identity_of(leases[i].kind, leases[i].identity, lengths[i]);
	return lease;
}

static void a_lease_is_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(leases); i++) {
		struct lease lease = lease_at(i);
		char expected[256];
		char line[256];

		(void)snprintf(expected, sizeof(expected),
			       "{\"address\": \"10.0.0.1\", \"mac\": \"02-00-00-00-00-01\", %s}",
			       leases[i].line);
		control_lease_format(&lease, NOW_S, line, sizeof(line));
		assert_string_equal(line, expected);
	}
}

/* The longest identity there is, in the least room that the socket's lines have. */
static void the_longest_lease_has_room(void **state)
{
	struct lease lease = { .address = { 0xffffffff },
			       .state = LEASE_RELEASED,
			       .expires_s = 0,
			       .owner = { .length = LEASE_IDENTITY_MAX } };
	char line[512];

	(void)state;
	memset(lease.owner.bytes, 0xff, sizeof(lease.owner.bytes));
	lease.owner.bytes[0] = LEASE_BY_CLIENT_ID;
	control_lease_format(&lease, UINT64_MAX / 4, line, sizeof(line));
	assert_non_null(strstr(line, "client-id:ffff"));
	control_lease_format(&lease, NOW_S, line, 20);
	assert_string_equal(line, "");
}

static void the_line_of_a_lease_is_read_again(void **state)
{
	static const char *const states[] = { "bound",   "expired",  "bound",
					      "offered", "released", "declined" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(leases); i++) {
		struct lease lease = lease_at(i);
		struct control_lease shown = { .seconds_left = 77 };
		char sentence[64] = "";
		char line[256];

		control_lease_format(&lease, NOW_S, line, sizeof(line));
		assert_int_equal(
			control_line_parse(line_of(line), &shown, sentence, sizeof(sentence)),
			CONTROL_LINE_LEASE);
		assert_string_equal(shown.address, "10.0.0.1");
		assert_string_equal(shown.mac, "02-00-00-00-00-01");
		assert_string_equal(shown.state, states[i]);
		assert_int_equal(shown.never_ends, lease.expires_s == LEASE_FOR_EVER);
		assert_int_equal(shown.seconds_left,
				 shown.never_ends ? 0 : (int64_t)lease.expires_s - (int64_t)NOW_S);
	}
}

static const struct {
	const char *line;
	enum control_line kind;
} lines[] = {
	{ "{\"end\": true}", CONTROL_LINE_END },
	{ "{\"error\": \"no\"}", CONTROL_LINE_ERROR },
	{ "{\"error\": 1}", CONTROL_LINE_WRONG },
	{ "{\"error\": \"a sentence that is longer than there is room for\"}", CONTROL_LINE_WRONG },
	{ "{\"address\": \"10.0.0.1\"}", CONTROL_LINE_WRONG },
	{ "{\"address\": \"10.0.0.1\", \"mac\": \"a\", \"state\": \"bound\"}", CONTROL_LINE_WRONG },
	{ "{\"address\": \"10.0.0.1\", \"mac\": \"a\", \"state\": \"an unknown state\", "
	  "\"seconds_left\": 1}",
	  CONTROL_LINE_WRONG },
	{ "{\"address\": \"10.0.0.1\", \"mac\": \"a\", \"state\": \"bound\", "
	  "\"seconds_left\": 1}",
	  CONTROL_LINE_LEASE },
	{ "[]", CONTROL_LINE_WRONG },
	{ "", CONTROL_LINE_WRONG },
	{ "\xff\xfe", CONTROL_LINE_WRONG },
};

static void a_line_of_an_answer_is_known_or_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct control_lease lease;
		char sentence[20] = "";

		print_message("%s\n", lines[i].line);
		assert_int_equal(control_line_parse(line_of(lines[i].line), &lease, sentence,
						    sizeof(sentence)),
				 lines[i].kind);
		if (lines[i].kind == CONTROL_LINE_ERROR)
			assert_string_equal(sentence, "no");
	}
}

static void an_error_is_a_sentence(void **state)
{
	char line[64];

	(void)state;
	control_error_format("there is \"no\" lease", line, sizeof(line));
	assert_string_equal(line, "{\"error\": \"there is \\\"no\\\" lease\"}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_or_refused),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_lease_is_one_line),
		cmocka_unit_test(the_longest_lease_has_room),
		cmocka_unit_test(the_line_of_a_lease_is_read_again),
		cmocka_unit_test(a_line_of_an_answer_is_known_or_wrong),
		cmocka_unit_test(an_error_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
