/* Values of options as they are written, as they travel, and what is refused. */
#include "dhcp/option_text.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static const struct {
	enum option_form form;
	const char *text;
	const char *hex; /* NULL: refused */
} rows[] = {
	{ FORM_FLAG, "yes", "01" },
	{ FORM_FLAG, "Off", "00" },
	{ FORM_FLAG, "1", "01" },
	{ FORM_FLAG, "2", NULL },
	{ FORM_FLAG, "", NULL },
	{ FORM_U8, "255", "ff" },
	{ FORM_U8, "256", NULL },
	{ FORM_U8, "-1", NULL },
	{ FORM_U8, "1 2", NULL },
	{ FORM_U16, "1500", "05dc" },
	{ FORM_U16, "65536", NULL },
	{ FORM_U32, "4294967295", "ffffffff" },
	{ FORM_U32, "4294967296", NULL },
	{ FORM_U32, "0x10", NULL },
	{ FORM_S32, "3600", "00000e10" },
	{ FORM_S32, "-3600", "fffff1f0" },
	{ FORM_S32, "2147483647", "7fffffff" },
	{ FORM_S32, "2147483648", NULL },
	{ FORM_S32, "-2147483648", "80000000" },
	{ FORM_S32, "-2147483649", NULL },
	{ FORM_S32, "--1", NULL },
	{ FORM_S32, "-", NULL },
	{ FORM_U16_LIST, "68, 296 1500", "0044012805dc" },
	{ FORM_U16_LIST, "68, x", NULL },
	{ FORM_U16_LIST, " , ", NULL },
	{ FORM_ADDRESS, "10.1.2.3", "0a010203" },
	{ FORM_ADDRESS, "0.0.0.0", "00000000" },
	{ FORM_ADDRESS, "10.1.2.3 10.1.2.4", NULL },
	{ FORM_ADDRESS, "10.1.2", NULL },
	{ FORM_ADDRESSES, "10.0.0.1;10.0.0.2,10.0.0.3 10.0.0.4",
	  "0a0000010a0000020a0000030a000004" },
	{ FORM_ADDRESSES, "", NULL },
	{ FORM_ADDRESSES, "10.0.0.1, ns.example.org", NULL },
	{ FORM_ADDRESS_PAIRS, "10.9.0.0 10.0.0.1, 10.8.0.0 10.0.0.2",
	  "0a0900000a0000010a0800000a000002" },
	{ FORM_ADDRESS_PAIRS, "10.9.0.0 10.0.0.1 10.8.0.0", NULL },
	{ FORM_ADDRESS_PAIRS, "10.9.0.0 10.0.0.1 10.8.0.0 x", NULL },
	{ FORM_ADDRESS_PAIRS, "", NULL },
	/* RFC 3442's own examples of descriptors */
	{ FORM_ROUTES, "0.0.0.0/0 10.0.0.1", "000a000001" },
	{ FORM_ROUTES, "10.0.0.0/8 10.0.0.1, 10.0.0.0/24 10.0.0.2",
	  "080a0a000001180a00000a000002" },
	{ FORM_ROUTES, "10.17.0.0/16 10.0.0.1", "100a110a000001" },
	{ FORM_ROUTES, "10.27.129.0/24 10.0.0.1", "180a1b810a000001" },
	{ FORM_ROUTES, "10.229.0.128/25 10.0.0.1", "190ae500800a000001" },
	{ FORM_ROUTES, "10.198.122.47/32 10.0.0.1", "200ac67a2f0a000001" },
	{ FORM_ROUTES, "10.0.0.1/8 10.0.0.1", NULL },
	{ FORM_ROUTES, "10.0.0.0/33 10.0.0.1", NULL },
	{ FORM_ROUTES, "10.0.0.0 10.0.0.1", NULL },
	{ FORM_ROUTES, "10.0.0.0/8", NULL },
	{ FORM_ROUTES, "10.0.0.0/ 10.0.0.1", NULL },
	{ FORM_ROUTES, "", NULL },
	{ FORM_TEXT, "Europe/Berlin", "4575726f70652f4265726c696e" },
	{ FORM_TEXT, "a b", "612062" },
	{ FORM_TEXT, "", NULL },
	{ FORM_DOMAIN, "eng.apple.com", "03656e67056170706c6503636f6d00" },
	{ FORM_DOMAIN, "a.", "016100" },
	{ FORM_DOMAIN, "a..b", NULL },
	{ FORM_DOMAIN, ".", NULL },
	{ FORM_DOMAIN, "a b", NULL },
	{ FORM_DOMAIN, "", NULL },
	{ FORM_DOMAIN, "x" LABEL_63, NULL },
	{ FORM_DOMAIN, LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL },
	/* RFC 3397's example, but uncompressed */
	{ FORM_DOMAINS, "eng.apple.com, marketing.apple.com",
	  "03656e67056170706c6503636f6d00096d61726b6574696e67056170706c6503636f6d00" },
	{ FORM_DOMAINS, "", NULL },
	{ FORM_DOMAINS, "good.example, -,,bad..example", NULL },
	{ FORM_SIP, "10.0.0.1, 10.0.0.2", "010a0000010a000002" },
	{ FORM_SIP, "sip.example", "0003736970076578616d706c6500" },
	{ FORM_SIP, "", NULL },
	{ FORM_BYTES, "hex:01 0a:FF-7f", "010aff7f" },
	{ FORM_BYTES, "HEX:00", "00" },
	{ FORM_BYTES, "hex:", NULL },
	{ FORM_BYTES, "hex:0", NULL },
	{ FORM_BYTES, "hex:01 2", NULL },
	{ FORM_BYTES, "hex:0g", NULL },
	{ FORM_BYTES, "01", NULL },
	/* for those who know better */
	{ FORM_U16, "hex:010203", "010203" },
	{ FORM_OWN, "1.2.3.4", NULL },
	{ FORM_OWN, "hex:01020304", NULL },
};

static void values_become_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[512];
		struct writer out = writer_of(bytes, sizeof(bytes));
		const char *problem = NULL;
		bool is_good = option_parse(rows[i].form, rows[i].text, &out, &problem);

		print_message("%d: %s\n", (int)rows[i].form, rows[i].text);
		assert_int_equal(is_good, rows[i].hex != NULL);
		if (is_good) {
			struct span expected = bytes_of_hex(rows[i].hex);

			assert_int_equal(out.used, expected.length);
			assert_memory_equal(bytes, expected.bytes, expected.length);
			bytes_free(expected);
		} else {
			assert_non_null(problem);
		}
	}
}

static void a_value_that_has_no_room_is_refused(void **state)
{
	uint8_t bytes[7];
	struct writer out = writer_of(bytes, sizeof(bytes));
	const char *problem = NULL;

	(void)state;
	assert_false(option_parse(FORM_ADDRESSES, "10.0.0.1 10.0.0.2", &out, &problem));
	assert_string_equal(problem, "the value is too long");
}

static void a_word_without_end_is_refused(void **state)
{
	char text[2000];
	uint8_t bytes[4000];
	struct writer out = writer_of(bytes, sizeof(bytes));
	const char *problem = NULL;

	(void)state;
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(option_parse(FORM_ADDRESSES, text, &out, &problem));
	assert_false(option_parse(FORM_DOMAINS, text, &out, &problem));
	assert_false(option_parse(FORM_ROUTES, text, &out, &problem));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_become_bytes),
		cmocka_unit_test(a_value_that_has_no_room_is_refused),
		cmocka_unit_test(a_word_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
