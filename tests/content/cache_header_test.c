/* The header of an object: there and back, and every way in which it may be wrong. */
#include "content/cache_header.h"

#include "base/text.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define URL_AT      20
#define CHECKSUM_AT 4088

static const struct cache_header example = {
	.url = "http://mirror.example/debian/linux",
	.facts = { .etag = "\"60-\xc3\xa9\"", .last_modified = "Sat, 08 Apr 2023 10:00:00 GMT" },
	.size_bytes = UINT64_C(0x1122334455667788),
};

static void encode_example(uint8_t out[CACHE_HEADER_SIZE])
{
	memset(out, 0xaa, CACHE_HEADER_SIZE);
	assert_true(cache_header_encode(&example, out));
}

static void put_checksum(uint8_t bytes[CACHE_HEADER_SIZE])
{
	uint64_t checksum = cache_header_checksum(bytes);

	for (int i = 0; i < 8; i++)
		bytes[CHECKSUM_AT + i] = (uint8_t)(checksum >> (56 - 8 * i));
}

/* As the file format says it, which tests in other languages read. */
static void the_bytes_are_where_the_format_says(void **state)
{
	static const uint8_t start[] = { 'b', 'o', 'o',  't',  'd',  'o',  'b',  'j',  0,    0,
					 0,   1,   0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	uint8_t bytes[CACHE_HEADER_SIZE];
	size_t at = URL_AT;

	(void)state;
	encode_example(bytes);
	assert_memory_equal(bytes, start, sizeof(start));
	assert_string_equal((const char *)bytes + at, example.url);
	at += strlen(example.url) + 1;
	assert_string_equal((const char *)bytes + at, example.facts.etag);
	at += strlen(example.facts.etag) + 1;
	assert_string_equal((const char *)bytes + at, example.facts.last_modified);
	for (at += strlen(example.facts.last_modified); at < CHECKSUM_AT; at++)
		assert_int_equal(bytes[at], 0);
}

/* Known values of FNV-1a, 64 bits. */
static void the_hash_is_the_known_one(void **state)
{
	(void)state;
	assert_true(cache_header_key("") == UINT64_C(0xcbf29ce484222325));
	assert_true(cache_header_key("a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(cache_header_key("foobar") == UINT64_C(0x85944171f73967e8));
}

static void a_header_comes_back(void **state)
{
	uint8_t bytes[CACHE_HEADER_SIZE];
	struct cache_header header;

	(void)state;
	encode_example(bytes);
	assert_true(cache_header_decode(bytes, &header));
	assert_string_equal(header.url, example.url);
	assert_string_equal(header.facts.etag, example.facts.etag);
	assert_string_equal(header.facts.last_modified, example.facts.last_modified);
	assert_true(header.size_bytes == example.size_bytes);
	assert_int_equal(header.facts.checked_s, 0);
}

static void the_longest_texts_have_room(void **state)
{
	struct cache_header header = { .size_bytes = UINT64_MAX };
	struct cache_header decoded;
	uint8_t bytes[CACHE_HEADER_SIZE];

	(void)state;
	memset(header.url, 'u', sizeof(header.url) - 1);
	memset(header.facts.etag, 'e', sizeof(header.facts.etag) - 1);
	memset(header.facts.last_modified, 'd', sizeof(header.facts.last_modified) - 1);
	assert_true(cache_header_encode(&header, bytes));
	assert_true(cache_header_decode(bytes, &decoded));
	assert_memory_equal(&decoded, &header, sizeof(header));
}

static void every_byte_is_checked(void **state)
{
	uint8_t bytes[CACHE_HEADER_SIZE];
	struct cache_header header;

	(void)state;
	encode_example(bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x20;
		assert_false(cache_header_decode(bytes, &header));
		bytes[i] ^= 0x20;
	}
	assert_true(cache_header_decode(bytes, &header));
}

/* With a checksum that is right, so that it is not what refuses. */
static void what_is_wrong_is_refused_whatever_the_checksum_says(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		size_t count;
		uint8_t value;
	} rows[] = {
		{ "another magic", 7, 1, 'k' },
		{ "no magic", 0, 8, 0 },
		{ "another version", 11, 1, 2 },
		{ "a version of before", 11, 1, 0 },
		{ "a line feed in the URL", URL_AT + 4, 1, '\n' },
		{ "a control character at its end", URL_AT + 33, 1, 0x7f },
		{ "a URL that is too long", URL_AT, CACHE_URL_SIZE, 'u' },
		{ "texts without an end", URL_AT, CHECKSUM_AT - URL_AT, 'u' },
		{ "a line feed in the ETag", URL_AT + 36, 1, '\n' },
		{ "an ETag that is too long", URL_AT + 35, CACHE_ETAG_SIZE, 'e' },
		{ "a date that is too long", URL_AT + 43, CACHE_DATE_SIZE, 'd' },
		{ "a fourth text", 200, 1, 'x' },
		{ "something before the checksum", CHECKSUM_AT - 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[CACHE_HEADER_SIZE];
		struct cache_header header = example;

		encode_example(bytes);
		memset(bytes + rows[i].at, rows[i].value, rows[i].count);
		put_checksum(bytes);
		if (cache_header_decode(bytes, &header))
			fail_msg("%s is taken for right", rows[i].what);
		assert_memory_equal(&header, &example, sizeof(header));
	}
}

static void control_characters_are_not_written(void **state)
{
	uint8_t bytes[CACHE_HEADER_SIZE];
	struct cache_header header;

	(void)state;
	header = example;
	header.facts.etag[1] = '\r';
	assert_false(cache_header_encode(&header, bytes));
	header = example;
	header.facts.last_modified[0] = '\n';
	assert_false(cache_header_encode(&header, bytes));
	header = example;
	header.url[0] = '\x7f';
	assert_false(cache_header_encode(&header, bytes));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_where_the_format_says),
		cmocka_unit_test(the_hash_is_the_known_one),
		cmocka_unit_test(a_header_comes_back),
		cmocka_unit_test(the_longest_texts_have_room),
		cmocka_unit_test(every_byte_is_checked),
		cmocka_unit_test(what_is_wrong_is_refused_whatever_the_checksum_says),
		cmocka_unit_test(control_characters_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
