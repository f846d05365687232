#include "activity/event_text.h"

#include "base/text.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 512

static const char *const fields[] = { "who",     "mac",   "address",    "message", "file",
				      "detail",  "bytes", "size",       "block",   "percent",
				      "seconds", "rate",  "round_trip", "resent" };

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const char *name = event_type(kind)->name;

		assert_non_null(name);
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (enum event_kind other = 0; other < kind; other++)
			assert_string_not_equal(name, event_type(other)->name);
	}
}

static bool is_field(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (strlen(fields[i]) == length && memcmp(fields[i], name, length) == 0)
			return true;
	}
	return false;
}

static void every_template_has_known_fields_only(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const char *line = event_type(kind)->line_template;

		assert_non_null(line);
		print_message("%s\n", line);
		for (line = strchr(line, '{'); line != NULL; line = strchr(line + 1, '{'))
			assert_true(is_field(line + 1, strcspn(line + 1, "}")));
	}
}

/* The rooms of the counters whose names do not begin with theirs. */
static const struct {
	const char *counter;
	const char *room;
} other_rooms[] = {
	{ "bootp-", "dhcp" },          { "auto-", "dhcp" },  { "boot-", "dhcp" },
	{ "notification-", "notify" }, { "proxy-", "dhcp" }, { "pxe-", "dhcp" },
};

static size_t format_room(const char *counter, char *out, size_t size)
{
	for (size_t i = 0; i < sizeof(other_rooms) / sizeof(other_rooms[0]); i++) {
		if (text_starts_with(counter, other_rooms[i].counter))
			return (size_t)snprintf(out, size, "%s: ", other_rooms[i].room);
	}
	return (size_t)snprintf(out, size, "%.*s: ", (int)strcspn(counter, "-"), counter);
}

static void every_template_says_what_it_is_about(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const struct event_type *type = event_type(kind);
		char room[32];
		size_t length = format_room(type->name, room, sizeof(room));

		assert_int_equal(strncmp(type->line_template, room, length), 0);
	}
}

/* "Every ignored packet and every failed transfer is shown, rate-limited, at info." These are
 * normal. */
static const enum event_kind normal[] = {
	EVENT_TFTP_PROGRESS,
	EVENT_TFTP_ABORTED, /* the client that only asks for the size */
	EVENT_TFTP_REPEATED_REQUEST,
	EVENT_NDP_IGNORED, /* every system solicits routers, which is not bootd's business */
	EVENT_NDP_MALFORMED,
	EVENT_HTTP_ASKED,
	EVENT_HTTP_LIBRARY, /* beside an event of its own */
	EVENT_TFTP_LATE_PACKET,
	EVENT_PROXY_NOT_ASKED,
	EVENT_TFTP_OPTIONAL, /* every loader asks for them, and goes on */
	EVENT_HTTP_OPTIONAL,
};

static bool is_normal(enum event_kind kind)
{
	for (size_t i = 0; i < sizeof(normal) / sizeof(normal[0]); i++) {
		if (normal[i] == kind)
			return true;
	}
	return false;
}

static void what_goes_wrong_is_shown_at_info(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		assert_true(event_type(kind)->lines_max > 0);
		assert_true(is_normal(kind) || event_type(kind)->level <= LOG_AT_INFO);
	}
}

static const struct mac machine = { { 0x52, 0x54, 0, 0x77, 1, 1 } };

static const struct {
	struct event event;
	const char *expected;
} lines[] = {
	{ { .kind = EVENT_DHCP_OFFER,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "pxelinux.0",
	    .detail = "x86-bios" },
	  "dhcp: 52-54-00-77-01-01: OFFER 192.168.77.148 (x86-bios), file pxelinux.0" },
	{ { .kind = EVENT_DHCP_ACK,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "",
	    .detail = "architecture not told" },
	  "dhcp: 52-54-00-77-01-01: ACK 192.168.77.148 (architecture not told), no boot file" },
	{ { .kind = EVENT_DHCP_TOO_SHORT, .address = IP_MAPPED(0xc0a84d94) },
	  "dhcp: 192.168.77.148: ignored a packet: it is too short" },
	{ { .kind = EVENT_DHCP_SIMPLE_CLIENT,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .message = "DISCOVER",
	    .detail = "not a boot client" },
	  "dhcp: 52-54-00-77-01-01: ignored DISCOVER: not a boot client" },
	{ { .kind = EVENT_DHCP_DENIED,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .message = "REQUEST",
	    .detail = "it is denied" },
	  "dhcp: 52-54-00-77-01-01: ignored REQUEST: it is denied" },
	{ { .kind = EVENT_AUTHORITY_GRANTS,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .detail = "status 200" },
	  "authority: 52-54-00-77-01-01: granted" },
	{ { .kind = EVENT_AUTHORITY_DENIES,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .detail = "status 403" },
	  "authority: 52-54-00-77-01-01: denied (status 403)" },
	{ { .kind = EVENT_HTTP_SENT,
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "a.iso (bytes 5-9/100)",
	    .bytes = 5,
	    .duration_ms = 1500 },
	  "http: 192.168.77.148: sent a.iso (bytes 5-9/100), 5 bytes in 1.500 s" },
	{ { .kind = EVENT_HTTP_ABORTED,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "a.iso",
	    .bytes = 7,
	    .detail = "the client ended it" },
	  "http: 192.168.77.148 (52-54-00-77-01-01): aborted a.iso after 7 bytes: the client ended "
	  "it" },
	{ { .kind = EVENT_TFTP_START,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "pxelinux.0",
	    .size_bytes = 42430,
	    .block_size = 1456 },
	  "tftp: 192.168.77.148 (52-54-00-77-01-01): sending pxelinux.0, 42430 bytes in blocks of "
	  "1456" },
	{ { .kind = EVENT_TFTP_SENT,
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "pxelinux.0",
	    .bytes = 42430,
	    .duration_ms = 61005,
	    .resent_count = 3,
	    .round_trip_us = 1234056 },
	  "tftp: 192.168.77.148: sent pxelinux.0, 42430 bytes in 61.005 s (0 kB/s, round trip "
	  "1234.056 ms, 3 packets sent again)" },
	{ { .kind = EVENT_TFTP_SENT, .address = IP_MAPPED(1), .file = "a", .bytes = 5000 },
	  "tftp: 0.0.0.1: sent a, 5000 bytes in 0.000 s (5000 kB/s, round trip 0.000 ms, 0 packets "
	  "sent again)" },
	{ { .kind = EVENT_TFTP_PROGRESS,
	    .address = IP_MAPPED(0xc0a84d94),
	    .file = "linux",
	    .bytes = UINT64_C(5000000000),
	    .size_bytes = UINT64_C(10000000000),
	    .duration_ms = 10000 },
	  "tftp: 192.168.77.148: linux 50 % (5000000000 bytes, 500000 kB/s, round trip 0.000 ms, 0 "
	  "packets sent again)" },
	{ { .kind = EVENT_TFTP_PROGRESS, .address = IP_MAPPED(0xc0a84d94), .file = "empty" },
	  "tftp: 192.168.77.148: empty 100 % (0 bytes, 0 kB/s, round trip 0.000 ms, 0 packets sent "
	  "again)" },
	{ { .kind = EVENT_FETCH_FINISHED,
	    .file = "http://host/linux",
	    .bytes = 5000000000,
	    .duration_ms = 61007 },
	  "fetch: http://host/linux: finished, 5000000000 bytes in 61.007 s" },
	{ { .kind = EVENT_FETCH_STALE, .file = "http://host/linux", .detail = "no connection" },
	  "fetch: http://host/linux: the cache's file is served, though it may have changed: "
	  "no connection" },
	{ { .kind = EVENT_TFTP_WRONG_INTERFACE, .address = { UINT64_C(0xfe80) << 48, 0x5054, 3 } },
	  "tftp: fe80::5054%3: ignored a packet: [tftp] address leaves its interface out" },
	/* What a stranger sends is no template. */
	{ { .kind = EVENT_TFTP_NOT_FOUND,
	    .address = IP_MAPPED(1),
	    .file = "{mac}%s%n{who}{",
	    .detail = "{file}" },
	  "tftp: 0.0.0.1: {mac}%s%n{who}{: not found: {file}" },
	{ { .kind = EVENT_TFTP_CLIENT_ERROR,
	    .address = IP_MAPPED(1),
	    .file = "a",
	    .detail = "{detail} {file} %d" },
	  "tftp: 0.0.0.1: failed a after 0 bytes: the client says: {detail} {file} %d" },
	/* What is not told is not made up. */
	{ { .kind = EVENT_TFTP_REFUSED, .address = IP_MAPPED(1) },
	  "tftp: 0.0.0.1: unknown: refused: unknown" },
	{ { .kind = EVENT_DHCP_NO_POOL_HERE },
	  "dhcp: 00-00-00-00-00-00: ignored unknown: its interface is not on the pool's network" },
};

static void events_become_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char line[LINE_SIZE];

		event_format(&lines[i].event, line, sizeof(line));
		assert_string_equal(line, lines[i].expected);
	}
}

static void no_field_stays_in_any_line(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		struct event full = { .kind = kind,
				      .has_mac = true,
				      .mac = machine,
				      .address = IP_MAPPED(UINT32_MAX),
				      .message = "DISCOVER",
				      .file = "file",
				      .detail = "detail",
				      .bytes = UINT64_MAX,
				      .size_bytes = UINT64_MAX,
				      .block_size = UINT32_MAX,
				      .duration_ms = UINT64_MAX };
		struct event empty = { .kind = kind };
		char line[LINE_SIZE];

		event_format(&full, line, sizeof(line));
		assert_null(strchr(line, '{'));
		assert_null(strstr(line, "unknown"));
		event_format(&empty, line, sizeof(line));
		assert_null(strchr(line, '{'));
	}
}

static void a_line_is_cut_where_it_does_not_fit(void **state)
{
	char name[2 * LINE_SIZE];
	struct event event = { .kind = EVENT_TFTP_NOT_FOUND, .file = name, .detail = name };

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (size_t size = 1; size <= LINE_SIZE; size++) {
		char line[LINE_SIZE + 1];

		memset(line, '#', sizeof(line));
		event_format(&event, line, size);
		assert_int_equal(strnlen(line, size), size - 1);
		for (size_t i = size; i < sizeof(line); i++)
			assert_int_equal(line[i], '#');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(every_template_has_known_fields_only),
		cmocka_unit_test(every_template_says_what_it_is_about),
		cmocka_unit_test(what_goes_wrong_is_shown_at_info),
		cmocka_unit_test(events_become_lines),
		cmocka_unit_test(no_field_stays_in_any_line),
		cmocka_unit_test(a_line_is_cut_where_it_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
