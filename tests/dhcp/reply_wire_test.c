#include "dhcp/reply_wire.h"

#include "dhcp/dhcp_wire.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t ramp[1024] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

/* Each row: what is added, as code:length and ! for a vital one; what is asked for; the rooms; and
 * what is then written into each field. */
static const struct {
	const char *what;
	const char *added;
	const char *asked;
	size_t room[FIELD_COUNT];
	uint8_t overload;
	const char *written[FIELD_COUNT];
} rows[] = {
	{ "nothing", "", "", { 100 }, 0, { "" } },
	{ "in the order of adding", "1:4 3:4 6:8", "", { 100 }, 0, { "1:4 3:4 6:8" } },
	{ "in the order of asking", "1:4 3:4 6:8", "6 15 1", { 100 }, 0, { "6:8 1:4 3:4" } },
	{ "53 and 54 are first", "1:4 54:4 53:1", "1 54 53", { 100 }, 0, { "53:1 54:4 1:4" } },
	{ "asked for twice", "1:4 3:4", "3 3 1 1 3", { 100 }, 0, { "3:4 1:4" } },
	{ "added twice: the first", "1:4 1:8", "", { 100 }, 0, { "1:4" } },
	{ "of no octets", "80:0 1:4", "", { 8 }, 0, { "80:0 1:4" } },
	{ "room to the octet", "1:4 3:4", "", { 12 }, 0, { "1:4 3:4" } },
	{ "one octet short", "1:4 3:4", "", { 11 }, 0, { "1:4" } },
	{ "the vital one stays", "1:4 66:4! 3:4", "1 3", { 12 }, 0, { "1:4 66:4" } },
	{ "53, 54 and 51 stay before vital ones that are asked for",
	  "66:4! 60:9! 51:4! 54:4! 53:1!",
	  "60 66",
	  { 26 },
	  0,
	  { "53:1 54:4 60:9 51:4" } },
	{ "what is asked for stays", "1:4 42:4 3:4", "3", { 6 }, 0, { "3:4" } },
	{ "a shorter one finds room", "1:4 42:40 12:2", "", { 10 }, 0, { "1:4 12:2" } },
	{ "no room at all", "1:4", "", { 0 }, 0, { "" } },
	{ "file takes what has no room",
	  "1:4 42:40",
	  "",
	  { 10, 127 },
	  OVERLOAD_FILE,
	  { "1:4", "42:40" } },
	{ "sname, too", "1:4 42:40", "", { 10, 0, 63 }, OVERLOAD_SNAME, { "1:4", "", "42:40" } },
	{ "file before sname",
	  "42:40 43:100 44:60",
	  "",
	  { 43, 127, 63 },
	  OVERLOAD_FILE,
	  { "", "42:40 44:60" } },
	{ "both",
	  "1:4 43:100 44:60",
	  "",
	  { 10, 127, 63 },
	  OVERLOAD_FILE | OVERLOAD_SNAME,
	  { "1:4", "43:100", "44:60" } },
	{ "option 52 needs room of its own",
	  "1:4 3:4 42:40",
	  "",
	  { 14, 127 },
	  OVERLOAD_FILE,
	  { "1:4", "3:4 42:40" } },
	{ "no overload where all fits", "1:4 3:4", "", { 12, 127, 63 }, 0, { "1:4 3:4" } },
	{ "none where it does not help", "1:4 3:4 43:200", "", { 12, 127, 63 }, 0, { "1:4 3:4" } },
	{ "none without room to say so", "42:40", "", { 2, 127, 63 }, 0, { "" } },
	{ "255 octets are one option", "43:255", "", { 257 }, 0, { "43:255" } },
	{ "256 are two (RFC 3396)", "43:256", "", { 260 }, 0, { "43:255 43:1" } },
	{ "one octet short of two", "43:256", "", { 259 }, 0, { "" } },
	{ "four parts", "43:1000", "", { 1008 }, 0, { "43:255 43:255 43:255 43:235" } },
};

static void add_all(struct reply_options *options, const char *list)
{
	unsigned code;
	unsigned length;
	int used;

	for (; sscanf(list, "%u:%u%n", &code, &length, &used) == 2; list += used) {
		bool is_vital = list[used] == '!';

		reply_add(options, (enum dhcp_option_code)code, (struct span){ ramp, length },
			  is_vital);
		used += is_vital;
	}
}

static struct span list_of_codes(const char *text, uint8_t codes[16])
{
	struct span list = { codes, 0 };
	unsigned code;
	int used;

	for (; sscanf(text, "%u%n", &code, &used) == 1; text += used)
		codes[list.length++] = (uint8_t)code;
	return list;
}

/* The field's options as code:length; the octets of each value go on where its last part ended. */
static void show(struct span bytes, char *out, size_t size)
{
	struct reader in = reader_of(bytes);
	size_t used = 0;
	size_t at = 0;
	uint8_t last = 0;

	out[0] = '\0';
	while (in.left > 0) {
		uint8_t code = read_u8(&in);
		struct span value = read_span(&in, read_u8(&in));

		at = code == last ? at : 0;
		assert_false(in.is_failed);
		if (value.length > 0)
			assert_memory_equal(value.bytes, ramp + at, value.length);
		at += value.length;
		last = code;
		used += (size_t)snprintf(out + used, size - used, "%s%u:%zu", used > 0 ? " " : "",
					 code, value.length);
	}
}

static void what_fits_is_placed_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reply_options options;
		uint8_t codes[16];
		struct span asked = list_of_codes(rows[i].asked, codes);

		print_message("%s\n", rows[i].what);
		reply_init(&options);
		add_all(&options, rows[i].added);
		assert_int_equal(reply_place(&options, asked, rows[i].room), rows[i].overload);
		for (enum reply_field field = 0; field < FIELD_COUNT; field++) {
			const char *expected = rows[i].written[field];
			uint8_t bytes[2048];
			struct writer out = writer_of(bytes, sizeof(bytes));
			char text[128];

			reply_write(&options, field, &out);
			assert_true(out.used <= rows[i].room[field]);
			show((struct span){ bytes, out.used }, text, sizeof(text));
			assert_string_equal(text, expected == NULL ? "" : expected);
		}
	}
}

static void copies_are_kept_as_long_as_there_is_room(void **state)
{
	struct reply_options options;
	uint8_t value[200];

	(void)state;
	reply_init(&options);
	for (uint8_t code = 1; code <= 4; code++) {
		memset(value, code, sizeof(value));
		reply_add_copy(&options, code, (struct span){ value, sizeof(value) }, false);
	}
	reply_add_copy(&options, 5, (struct span){ value, 0 }, false);
	memset(value, 0, sizeof(value));
	assert_int_equal(options.count, 3); /* two of 200 octets, and the empty one */
	assert_int_equal(options.list[0].value.bytes[199], 1);
	assert_int_equal(options.list[1].value.bytes[0], 2);
	assert_true(reply_has(&options, 5));
	assert_false(reply_has(&options, 3));
}

/* Every code there is, and asked for. */
static void all_codes_at_once_are_written_once(void **state)
{
	struct reply_options options;
	uint8_t codes[UINT8_MAX];
	struct span asked = { codes, sizeof(codes) };
	uint8_t bytes[2 * REPLY_OPTION_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	reply_init(&options);
	for (unsigned code = 1; code < 255; code++)
		reply_add(&options, (enum dhcp_option_code)code, (struct span){ ramp, 0 }, false);
	for (unsigned i = 0; i < sizeof(codes); i++)
		codes[i] = (uint8_t)(255 - i);
	assert_int_equal(reply_place(&options, asked, (size_t[FIELD_COUNT]){ sizeof(bytes) }), 0);
	reply_write(&options, FIELD_OPTIONS, &out);
	assert_false(out.is_failed);
	assert_int_equal(out.used, sizeof(bytes));
	assert_int_equal(bytes[0], OPTION_MESSAGE_TYPE);
	assert_int_equal(bytes[2], OPTION_SERVER_ID);
	assert_int_equal(bytes[4], 254);
	assert_int_equal(bytes[sizeof(bytes) - 2], 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_placed_and_written),
		cmocka_unit_test(copies_are_kept_as_long_as_there_is_room),
		cmocka_unit_test(all_codes_at_once_are_written_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
