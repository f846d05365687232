#include "support.h"
#include "tftp/tftp_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct {
	const char *client;
	const char *hex;
	const char *name;
	struct tftp_options options;
} firmware[] = {
	{ "iPXE ROM",
	  "00017078656c696e75782e30006f6374657400626c6b73697a650031343332007473697a65003000",
	  "pxelinux.0",
	  { .block_size = 1432, .has_size = true } },
	{ "pxelinux",
	  "00016c646c696e75782e633332006f63746574007473697a65003000626c6b73697a65003134303800",
	  "ldlinux.c32",
	  { .block_size = 1408, .has_size = true } },
	{ "pxelinux, a configuration",
	  "00017078656c696e75782e6366672f30312d35322d35342d30302d37372d30312d3031006f637465740074"
	  "73697a65003000626c6b73697a65003134303800",
	  "pxelinux.cfg/01-52-54-00-77-01-01",
	  { .block_size = 1408, .has_size = true } },
	{ "OVMF asks for the size",
	  "0001677275626e65747836342e656669006f63746574007473697a65003000626c6b73697a650031343638"
	  "0077696e646f7773697a65003400",
	  "grubnetx64.efi",
	  { .block_size = 1468, .has_size = true, .window = 4 } },
	{ "OVMF asks for the file",
	  "0001677275626e65747836342e656669006f6374657400626c6b73697a6500313436380077696e646f7773"
	  "697a65003400",
	  "grubnetx64.efi",
	  { .block_size = 1468, .window = 4 } },
	{ "GRUB",
	  "00012f677275622f677275622e636667006f6374657400626c6b73697a650031303234007473697a650030"
	  "00",
	  "/grub/grub.cfg",
	  { .block_size = 1024, .has_size = true } },
	{ "U-Boot",
	  "00017061796c6f61642e62696e006f637465740074696d656f75740035007473697a65003000626c6b7369"
	  "7a65003134363800",
	  "payload.bin",
	  { .block_size = 1468, .timeout_s = 5, .has_size = true } },
};

static void assert_options(const struct tftp_options *got, const struct tftp_options *expected)
{
	assert_int_equal(got->block_size, expected->block_size);
	assert_int_equal(got->timeout_s, expected->timeout_s);
	assert_int_equal(got->has_size, expected->has_size);
	assert_int_equal(got->window, expected->window);
	assert_int_equal(got->timeout_us, expected->timeout_us);
	assert_int_equal(got->has_rollover, expected->has_rollover);
	assert_int_equal(got->wraps_to_one, expected->wraps_to_one);
}

static void decodes_firmware(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(firmware); i++) {
		struct span datagram = bytes_of_hex(firmware[i].hex);
		struct tftp_request request;
		enum tftp_drop drop;

		if (!tftp_decode_request(datagram, &request, &drop))
			fail_msg("%s: dropped", firmware[i].client);
		assert_false(request.is_write);
		assert_true(request.is_octet);
		assert_int_equal(request.name.length, strlen(firmware[i].name));
		assert_memory_equal(request.name.bytes, firmware[i].name, request.name.length);
		assert_options(&request.options, &firmware[i].options);
		bytes_free(datagram);
	}
}

#define TEXT(literal) literal, sizeof(literal) - 1
#define RRQ(rest)     TEXT("\0\1a\0octet\0" rest)

static const struct {
	const char *bytes;
	size_t length;
	struct tftp_options options;
} with_options[] = {
	{ RRQ(""), { 0 } },
	{ RRQ("BlkSize\0"
	      "1000\0TSIZE\0"
	      "0\0Timeout\0"
	      "9\0"),
	  { .block_size = 1000, .timeout_s = 9, .has_size = true } },
	{ RRQ("blksize\0"
	      "7\0"),
	  { 0 } },
	{ RRQ("blksize\0"
	      "8\0"),
	  { .block_size = 8 } },
	{ RRQ("blksize\0"
	      "0512\0"),
	  { .block_size = 512 } },
	{ RRQ("blksize\0"
	      "65464\0"),
	  { .block_size = 65464 } },
	{ RRQ("blksize\0"
	      "65465\0"),
	  { .block_size = 65464 } },
	{ RRQ("blksize\0"
	      "18446744073709551615\0"),
	  { .block_size = 65464 } },
	{ RRQ("blksize\0"
	      "18446744073709551616\0"),
	  { 0 } },
	{ RRQ("blksize\0"
	      "-512\0"),
	  { 0 } },
	{ RRQ("blksize\0"
	      "512x\0"),
	  { 0 } },
	{ RRQ("blksize\0\0tsize\0"
	      "0\0"),
	  { .has_size = true } },
	{ RRQ("timeout\0"
	      "0\0"),
	  { 0 } },
	{ RRQ("timeout\0"
	      "1\0"),
	  { .timeout_s = 1 } },
	{ RRQ("timeout\0"
	      "255\0"),
	  { .timeout_s = 255 } },
	{ RRQ("timeout\0"
	      "256\0"),
	  { 0 } },
	{ RRQ("tsize\0"
	      "12345678901234\0"),
	  { .has_size = true } },
	{ RRQ("tsize\0x\0"), { 0 } },
	{ RRQ("windowsize\0"
	      "0\0"),
	  { 0 } },
	{ RRQ("WindowSize\0"
	      "1\0"),
	  { .window = 1 } },
	{ RRQ("windowsize\0"
	      "65535\0"),
	  { .window = 65535 } },
	{ RRQ("windowsize\0"
	      "65536\0"),
	  { .window = 65535 } },
	{ RRQ("utimeout\0"
	      "9999\0"),
	  { 0 } },
	{ RRQ("utimeout\0"
	      "10000\0"),
	  { .timeout_us = 10000 } },
	{ RRQ("utimeout\0"
	      "255000000\0"),
	  { .timeout_us = 255000000 } },
	{ RRQ("utimeout\0"
	      "255000001\0"),
	  { 0 } },
	{ RRQ("rollover\0"
	      "0\0"),
	  { .has_rollover = true } },
	{ RRQ("rollover\0"
	      "1\0"),
	  { .has_rollover = true, .wraps_to_one = true } },
	{ RRQ("rollover\0"
	      "2\0"),
	  { 0 } },
	/* The first counts, even one that cannot be granted. */
	{ RRQ("blksize\0"
	      "600\0blksize\0"
	      "700\0"),
	  { .block_size = 600 } },
	{ RRQ("blksize\0"
	      "1\0blksize\0"
	      "700\0"),
	  { 0 } },
	{ RRQ("utimeout\0"
	      "7\0blksiz\0"
	      "9\0blksizes\0"
	      "9\0\0"
	      "9\0tsize\0"
	      "0\0"),
	  { .has_size = true } },
	{ RRQ("tsize\0"
	      "0\0\0\0\0"),
	  { .has_size = true } },
	{ RRQ("\0"), { 0 } },
};

static void decodes_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(with_options); i++) {
		struct span datagram = bytes_copy(with_options[i].bytes, with_options[i].length);
		struct tftp_request request;
		enum tftp_drop drop;

		if (!tftp_decode_request(datagram, &request, &drop))
			fail_msg("row %zu: dropped, %d", i, drop);
		assert_true(request.is_octet);
		assert_options(&request.options, &with_options[i].options);
		bytes_free(datagram);
	}
}

static const struct {
	const char *bytes;
	size_t length;
	bool is_write;
	bool is_octet;
} modes[] = {
	{ TEXT("\0\1a\0OcTeT\0"), false, true }, { TEXT("\0\1a\0netascii\0"), false, false },
	{ TEXT("\0\1a\0mail\0"), false, false }, { TEXT("\0\1a\0octets\0"), false, false },
	{ TEXT("\0\1a\0\0"), false, false },     { TEXT("\0\1\0octet\0"), false, true },
	{ TEXT("\0\2a\0octet\0"), true, true },  { TEXT("\0\2a\0netascii\0"), true, false },
};

static void tells_modes_and_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct span datagram = bytes_copy(modes[i].bytes, modes[i].length);
		struct tftp_request request;
		enum tftp_drop drop;

		assert_true(tftp_decode_request(datagram, &request, &drop));
		assert_int_equal(request.is_write, modes[i].is_write);
		assert_int_equal(request.is_octet, modes[i].is_octet);
		bytes_free(datagram);
	}
}

static const struct {
	const char *bytes;
	size_t length;
	enum tftp_drop drop;
} dropped[] = {
	{ TEXT(""), TFTP_DROP_TOO_SHORT },
	{ TEXT("\0"), TFTP_DROP_TOO_SHORT },
	{ TEXT("\0\0a\0octet\0"), TFTP_DROP_BAD_OPCODE },
	{ TEXT("\0\7a\0octet\0"), TFTP_DROP_BAD_OPCODE },
	{ TEXT("\1\1a\0octet\0"), TFTP_DROP_BAD_OPCODE },
	{ TEXT("\xff\xff"), TFTP_DROP_BAD_OPCODE },
	{ TEXT("\0\3\0\1x"), TFTP_DROP_NOT_A_REQUEST },
	{ TEXT("\0\4\0\1"), TFTP_DROP_NOT_A_REQUEST },
	{ TEXT("\0\5\0\0x\0"), TFTP_DROP_NOT_A_REQUEST },
	{ TEXT("\0\6"), TFTP_DROP_NOT_A_REQUEST },
	{ TEXT("\0\1"), TFTP_DROP_BAD_TEXT },
	{ TEXT("\0\1a"), TFTP_DROP_BAD_TEXT },
	{ TEXT("\0\1a\0"), TFTP_DROP_BAD_TEXT },
	{ TEXT("\0\1a\0octet"), TFTP_DROP_BAD_TEXT },
	{ TEXT("\0\2a\0octet"), TFTP_DROP_BAD_TEXT },
	{ RRQ("tsize"), TFTP_DROP_BAD_OPTIONS },
	{ RRQ("tsize\0"), TFTP_DROP_BAD_OPTIONS },
	{ RRQ("tsize\0"
	      "0"),
	  TFTP_DROP_BAD_OPTIONS },
	{ RRQ("tsize\0"
	      "0\0x"),
	  TFTP_DROP_BAD_OPTIONS },
};

static void drops_what_is_no_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(dropped); i++) {
		struct span datagram = bytes_copy(dropped[i].bytes, dropped[i].length);
		struct tftp_request request = { .is_write = true };
		enum tftp_drop drop = (enum tftp_drop)99;

		if (tftp_decode_request(datagram, &request, &drop))
			fail_msg("row %zu is taken", i);
		if (drop != dropped[i].drop)
			fail_msg("row %zu: reason %d", i, drop);
		assert_true(request.is_write);
		bytes_free(datagram);
	}
}

static const struct {
	const char *bytes;
	size_t length;
	struct tftp_packet packet; /* its message is below */
	const char *message;
} packets[] = {
	{ TEXT("\0\4\0\0"), { .opcode = 4, .block = 0 }, "" },
	{ TEXT("\0\4\xff\xfe"), { .opcode = 4, .block = 0xfffe }, "" },
	{ TEXT("\0\4\0\1padding"), { .opcode = 4, .block = 1 }, "" },
	{ TEXT("\0\5\0\10User aborted the transfer\0"),
	  { .opcode = 5, .error = 8 },
	  "User aborted the transfer" },
	{ TEXT("\0\5\0\0TFTP Aborted"), { .opcode = 5, .error = 0 }, "TFTP Aborted" },
	{ TEXT("\0\5\1\2"), { .opcode = 5, .error = 0x102 }, "" },
	{ TEXT("\0\5\0\3\0\0"), { .opcode = 5, .error = 3 }, "" },
	{ TEXT("\0\1a\0octet\0"), { .opcode = 1 }, "" },
	{ TEXT("\0\3"), { .opcode = 3 }, "" },
	{ TEXT("\x12\x34"), { .opcode = 0x1234 }, "" },
};

static void decodes_packets_of_a_transfer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		struct span datagram = bytes_copy(packets[i].bytes, packets[i].length);
		struct tftp_packet packet;

		assert_true(tftp_decode_packet(datagram, &packet));
		assert_int_equal(packet.opcode, packets[i].packet.opcode);
		assert_int_equal(packet.block, packets[i].packet.block);
		assert_int_equal(packet.error, packets[i].packet.error);
		assert_int_equal(packet.message.length, strlen(packets[i].message));
		assert_true(packet.message.length == 0 ||
			    memcmp(packet.message.bytes, packets[i].message,
				   packet.message.length) == 0);
		bytes_free(datagram);
	}
}

static void refuses_short_packets(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} rows[] = { { TEXT("") },       { TEXT("\0") },   { TEXT("\0\4") },
		     { TEXT("\0\4\0") }, { TEXT("\0\5") }, { TEXT("\0\5\0") } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct span datagram = bytes_copy(rows[i].bytes, rows[i].length);
		struct tftp_packet packet = { .opcode = 99 };

		assert_false(tftp_decode_packet(datagram, &packet));
		assert_int_equal(packet.opcode, 99);
		bytes_free(datagram);
	}
}

static void assert_written(const struct writer *out, const char *bytes, size_t length)
{
	assert_false(out->is_failed);
	assert_int_equal(out->used, length);
	assert_memory_equal(out->start, bytes, length);
}

static void encodes_option_acknowledgements(void **state)
{
	static const struct {
		struct tftp_options options;
		uint64_t size_bytes;
		const char *bytes;
		size_t length;
	} rows[] = {
		/* What answered the iPXE ROM in its capture. */
		{ { .block_size = 1432, .has_size = true },
		  42430,
		  TEXT("\0\6blksize\0"
		       "1432\0tsize\0"
		       "42430\0") },
		{ { .block_size = 65464, .timeout_s = 255, .has_size = true },
		  UINT64_MAX,
		  TEXT("\0\6blksize\0"
		       "65464\0tsize\0"
		       "18446744073709551615\0timeout\0"
		       "255\0") },
		{ { .has_size = true },
		  0,
		  TEXT("\0\6tsize\0"
		       "0\0") },
		{ { .window = 64,
		    .timeout_us = 250000,
		    .has_rollover = true,
		    .wraps_to_one = true },
		  0,
		  TEXT("\0\6utimeout\0"
		       "250000\0windowsize\0"
		       "64\0rollover\0"
		       "1\0") },
		{ { .timeout_s = 5 },
		  77,
		  TEXT("\0\6timeout\0"
		       "5\0") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t buffer[100];
		struct writer out = writer_of(buffer, sizeof(buffer));

		tftp_encode_oack(&out, &rows[i].options, rows[i].size_bytes);
		assert_written(&out, rows[i].bytes, rows[i].length);
	}
}

static void encodes_data_headers_and_errors(void **state)
{
	uint8_t buffer[4 + TFTP_ERROR_MESSAGE_SIZE];
	struct writer out = writer_of(buffer, sizeof(buffer));

	(void)state;
	tftp_encode_data_header(&out, 0xabcd);
	assert_written(&out, TEXT("\0\3\xab\xcd"));
	out = writer_of(buffer, sizeof(buffer));
	tftp_encode_error(&out, TFTP_ERROR_NOT_FOUND, "file not found");
	assert_written(&out, TEXT("\0\5\0\1file not found\0"));
	out = writer_of(buffer, sizeof(buffer));
	tftp_encode_error(&out, TFTP_ERROR_UNDEFINED, "");
	assert_written(&out, TEXT("\0\5\0\0\0"));
}

static void a_long_error_message_is_cut(void **state)
{
	uint8_t buffer[1000];
	struct writer out = writer_of(buffer, sizeof(buffer));
	char message[500];

	(void)state;
	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	tftp_encode_error(&out, TFTP_ERROR_UNDEFINED, message);
	assert_int_equal(out.used, 4 + TFTP_ERROR_MESSAGE_SIZE);
	assert_int_equal(buffer[out.used - 1], 0);
	assert_int_equal(buffer[out.used - 2], 'm');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_firmware),
		cmocka_unit_test(decodes_options),
		cmocka_unit_test(tells_modes_and_writes),
		cmocka_unit_test(drops_what_is_no_request),
		cmocka_unit_test(decodes_packets_of_a_transfer),
		cmocka_unit_test(refuses_short_packets),
		cmocka_unit_test(encodes_option_acknowledgements),
		cmocka_unit_test(encodes_data_headers_and_errors),
		cmocka_unit_test(a_long_error_message_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
