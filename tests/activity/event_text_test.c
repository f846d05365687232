#include "activity/event_text.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define LINE_SIZE 512

static const char *const fields[] = { "who",   "mac",  "address", "message", "file",   "detail",
				      "bytes", "size", "block",   "percent", "seconds" };

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

static void every_template_says_what_it_is_about(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const char *line = event_type(kind)->line_template;
		const char *room = "tftp: {who}: ";

		if (kind < EVENT_AUTHORITY_GRANTS)
			room = "dhcp: {";
		else if (kind < EVENT_LEASES_FAIL)
			room = "authority: {mac}: ";
		else if (kind < EVENT_NOTIFICATION_LOST)
			room = "leases: ";
		else if (kind == EVENT_NOTIFICATION_LOST)
			room = "notify: ";
		else if (kind <= EVENT_NDP_MALFORMED)
			room = "ndp: ";
		assert_int_equal(strncmp(line, room, strlen(room)), 0);
	}
}

/* "Every ignored packet and every failed transfer is shown, rate-limited, at info." The client that
 * ends a transfer and the one that repeats itself are normal (firmware asks for the size first),
 * and every system solicits routers, which is not bootd's business. */
static void what_goes_wrong_is_shown_at_info(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const struct event_type *type = event_type(kind);

		assert_true(type->lines_max > 0);
		if (kind == EVENT_TFTP_PROGRESS || kind == EVENT_TFTP_ABORTED ||
		    kind == EVENT_TFTP_REPEATED_REQUEST || kind == EVENT_NDP_IGNORED ||
		    kind == EVENT_NDP_MALFORMED)
			continue;
		assert_true(type->level <= LOG_AT_INFO);
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
	    .address = { 0xc0a84d94 },
	    .file = "pxelinux.0",
	    .detail = "x86-bios" },
	  "dhcp: 52-54-00-77-01-01: OFFER 192.168.77.148 (x86-bios), file pxelinux.0" },
	{ { .kind = EVENT_DHCP_ACK,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = { 0xc0a84d94 },
	    .file = "",
	    .detail = "architecture not told" },
	  "dhcp: 52-54-00-77-01-01: ACK 192.168.77.148 (architecture not told), no boot file" },
	{ { .kind = EVENT_DHCP_TOO_SHORT, .address = { 0xc0a84d94 } },
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
	{ { .kind = EVENT_TFTP_START,
	    .has_mac = true,
	    .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	    .address = { 0xc0a84d94 },
	    .file = "pxelinux.0",
	    .size_bytes = 42430,
	    .block_size = 1456 },
	  "tftp: 192.168.77.148 (52-54-00-77-01-01): sending pxelinux.0, 42430 bytes in blocks of "
	  "1456" },
	{ { .kind = EVENT_TFTP_SENT,
	    .address = { 0xc0a84d94 },
	    .file = "pxelinux.0",
	    .bytes = 42430,
	    .duration_ms = 61005 },
	  "tftp: 192.168.77.148: sent pxelinux.0, 42430 bytes in 61.005 s" },
	{ { .kind = EVENT_TFTP_PROGRESS,
	    .address = { 0xc0a84d94 },
	    .file = "linux",
	    .bytes = UINT64_C(5000000000),
	    .size_bytes = UINT64_C(10000000000) },
	  "tftp: 192.168.77.148: linux 50 % (5000000000 bytes)" },
	{ { .kind = EVENT_TFTP_PROGRESS, .address = { 0xc0a84d94 }, .file = "empty" },
	  "tftp: 192.168.77.148: empty 100 % (0 bytes)" },
	/* What a stranger sends is no template. */
	{ { .kind = EVENT_TFTP_NOT_FOUND,
	    .address = { 1 },
	    .file = "{mac}%s%n{who}{",
	    .detail = "{file}" },
	  "tftp: 0.0.0.1: {mac}%s%n{who}{: not found: {file}" },
	{ { .kind = EVENT_TFTP_CLIENT_ERROR,
	    .address = { 1 },
	    .file = "a",
	    .detail = "{detail} {file} %d" },
	  "tftp: 0.0.0.1: failed a after 0 bytes: the client says: {detail} {file} %d" },
	/* What is not told is not made up. */
	{ { .kind = EVENT_TFTP_REFUSED, .address = { 1 } },
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
				      .address = IP4_BROADCAST,
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
