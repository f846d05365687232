#include "dhcp/dhcp_wire.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define FIXED_PART 236 /* up to the cookie */
#define OPTIONS_AT 240
#define SNAME_AT   44
#define FILE_AT    108

/* What the firmware of one machine says in all of its messages. */
#define IPXE_CLASS "60='PXEClient:Arch:00000:UNDI:002001'"
#define IPXE(vendor_class)                                                                         \
	"57=05c0 93=0000 94=010201 " vendor_class " 77='iPXE' "                                    \
	"55=010306070c0f111a2b3c4243778081828384858687afcb "                                       \
	"175=b105011af41000eb0301000017010122010113010111010127"                                   \
	"0101190101290101100102210101150101180101120101 "                                          \
	"61=01525400770101 97=00a1774d560201044385060708090a0101"
#define OVMF_PXE                                                                                   \
	"55=0102030405060c0d0f111216171c28292a2b3233363a3b3c4243618081828384858687 "               \
	"97=00a1774d560201044385060708090a0101 94=010300 93=0007 "                                 \
	"60='PXEClient:Arch:00007:UNDI:003000'"
#define OVMF_HTTP                                                                                  \
	"57=05c0 55=0102030405060c0d0f111216171c28292a2b3233363a3b3cf34361 "                       \
	"97=00a1774d560201044385060708090a0101 94=010300 93=0010 "                                 \
	"60='HTTPClient:Arch:00016:UNDI:003000'"
#define UDHCPC         "57=0240 55=0103060c0f1c2a4243 12='bootvm' 60='udhcp 1.35.0' 61=01525400770101"
#define UBOOT          "94=010000 60='U-Boot' 55=0103060c0d11"
#define ASKS           "50=c0a84d94 54=c0a84d01"
#define SERVER_FIRST   "54=c0a84d01 50=c0a84d94"
#define ASKS_THE_OTHER "50=c0a84d94 54=c0a84d02"

/* Every option in the order of the packet. */
static const struct {
	const char *file;
	uint32_t xid;
	uint16_t secs;
	uint16_t flags;
	const char *ciaddr;
	const char *options;
} real_packets[] = {
	/* clang-format off */
	{ "bios-ipxe-rom-discover", 0x4f4b2617, 4, 0, "0.0.0.0", "53=01 " IPXE(IPXE_CLASS) },
	{ "bios-ipxe-rom-request", 0x4f4b2617, 18, 0, "0.0.0.0",
	  "53=03 " IPXE(IPXE_CLASS) " " SERVER_FIRST },
	{ "bios-ipxe-os-discover", 0xa3485b7e, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "bios-ipxe-os-request", 0xa3485b7e, 0, 0, "0.0.0.0", "53=03 " ASKS " " UDHCPC },
	{ "bios-proxy-rom-discover", 0x7a42357c, 4, 0, "0.0.0.0", "53=01 " IPXE(IPXE_CLASS) },
	{ "bios-proxy-rom-request", 0x7a42357c, 15, 0, "0.0.0.0",
	  "53=03 " IPXE(IPXE_CLASS) " 54=c0a84d02 50=c0a84d94" },
	{ "bios-proxy-rom-boot-server-request", 0, 4, 0x8000, "192.168.77.148",
	  "53=03 " IPXE("60='PXEClient'") " 43=470480000000ff" },
	{ "bios-proxy-os-discover", 0x78970e60, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "bios-proxy-os-request", 0x78970e60, 0, 0, "0.0.0.0", "53=03 " ASKS_THE_OTHER " " UDHCPC },
	{ "ipxe-chain-rom-discover", 0xfe378770, 4, 0, "0.0.0.0", "53=01 " IPXE(IPXE_CLASS) },
	{ "ipxe-chain-rom-request", 0xfe378770, 18, 0, "0.0.0.0",
	  "53=03 " IPXE(IPXE_CLASS) " " SERVER_FIRST },
	{ "ipxe-chain-os-discover", 0x7c61457d, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "ipxe-chain-os-request", 0x7c61457d, 0, 0, "0.0.0.0", "53=03 " ASKS " " UDHCPC },
	{ "uboot-x86-rom-discover", 0x00770805, 0, 0, "0.0.0.0", "53=01 57=0240 " UBOOT },
	{ "uboot-x86-rom-request", 0x00770805, 2, 0, "0.0.0.0",
	  "53=03 57=0240 " SERVER_FIRST " " UBOOT },
	{ "uefi-http4-rom-discover", 0x1c780e8d, 0, 0x8000, "0.0.0.0", "53=01 " OVMF_HTTP },
	{ "uefi-http4-rom-request", 0x1c780e8d, 0, 0x8000, "0.0.0.0",
	  "53=03 " SERVER_FIRST " " OVMF_HTTP },
	{ "uefi-http4-os-discover", 0x81d5e059, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "uefi-http4-os-request", 0x81d5e059, 0, 0, "0.0.0.0", "53=03 " ASKS " " UDHCPC },
	{ "uefi-pxe4-rom-discover", 0x756d512f, 0, 0x8000, "0.0.0.0", "53=01 57=05c0 " OVMF_PXE },
	{ "uefi-pxe4-rom-request", 0x756d512f, 0, 0x8000, "0.0.0.0",
	  "53=03 " SERVER_FIRST " 57=ff00 " OVMF_PXE },
	{ "uefi-pxe4-os-discover", 0x8000661c, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "uefi-pxe4-os-request", 0x8000661c, 0, 0, "0.0.0.0", "53=03 " ASKS " " UDHCPC },
	{ "uefi-pxe4-windowsize-rom-discover", 0x1865165d, 0, 0x8000, "0.0.0.0",
	  "53=01 57=05c0 " OVMF_PXE },
	{ "uefi-pxe4-windowsize-rom-request", 0x1865165d, 0, 0x8000, "0.0.0.0",
	  "53=03 " SERVER_FIRST " 57=ff00 " OVMF_PXE },
	{ "uefi-pxe4-windowsize-os-discover", 0x8fa27a4f, 0, 0, "0.0.0.0", "53=01 " UDHCPC },
	{ "uefi-pxe4-windowsize-os-request", 0x8fa27a4f, 0, 0, "0.0.0.0", "53=03 " ASKS " " UDHCPC },
	/* clang-format on */
};

/* The message has exactly the options of the list; of a repeated one, the first is meant. */
static void assert_options(const struct dhcp_message *message, const char *list)
{
	bool is_expected[DHCP_OPTION_CODE_MAX] = { false };
	struct option_value option;

	while (option_next(&list, &option)) {
		struct span value = dhcp_option(message, (enum dhcp_option_code)option.code);

		if (is_expected[option.code])
			continue;
		is_expected[option.code] = true;
		if (value.bytes == NULL)
			fail_msg("option %u is missing", option.code);
		assert_int_equal(value.length, option.length);
		assert_memory_equal(value.bytes, option.bytes, option.length);
	}
	for (unsigned code = 0; code < DHCP_OPTION_CODE_MAX; code++)
		assert_int_equal(dhcp_has_option(message, (enum dhcp_option_code)code),
				 is_expected[code]);
}

static void decodes_real_packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(real_packets); i++) {
		struct span packet = bytes_of_file(real_packets[i].file);
		struct dhcp_message message;

		print_message("%s\n", real_packets[i].file);
		assert_int_equal(dhcp_decode(packet, &message), DHCP_DROP_NONE);
		assert_int_equal(message.header.op, BOOTP_REQUEST);
		assert_int_equal(message.header.hops, 0);
		assert_int_equal(message.header.xid, real_packets[i].xid);
		assert_int_equal(message.header.secs, real_packets[i].secs);
		assert_int_equal(message.header.flags, real_packets[i].flags);
		assert_int_equal(message.header.ciaddr.value, ip4_of(real_packets[i].ciaddr).value);
		assert_int_equal(message.header.yiaddr.value, 0);
		assert_int_equal(message.header.siaddr.value, 0);
		assert_int_equal(message.header.giaddr.value, 0);
		assert_string_equal(mac_format(message.mac).text, MACHINE);
		assert_int_equal(message.sname.length, 0);
		assert_int_equal(message.file.length, 0);
		assert_true(message.has_cookie);
		assert_options(&message, real_packets[i].options);
		bytes_free(packet);
	}
}

/* What was decoded, written again with the table's options, is the packet. */
static void encodes_real_packets_as_they_were(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(real_packets); i++) {
		struct span packet = bytes_of_file(real_packets[i].file);
		const char *list = real_packets[i].options;
		struct option_value option;
		struct dhcp_message message;
		uint8_t bytes[DHCP_FILE_SIZE * 8];
		struct writer out = writer_of(bytes, sizeof(bytes));

		assert_int_equal(dhcp_decode(packet, &message), DHCP_DROP_NONE);
		dhcp_write_header(&out, &message.header, "", "");
		write_u32(&out, DHCP_COOKIE);
		while (option_next(&list, &option))
			dhcp_write_option(&out, (enum dhcp_option_code)option.code,
					  (struct span){ option.bytes, option.length });
		write_u8(&out, OPTION_END);
		assert_false(out.is_failed);
		assert_true(out.used <= packet.length);
		write_zeros(&out, packet.length - out.used);
		assert_memory_equal(bytes, packet.bytes, packet.length);
		bytes_free(packet);
	}
}

/* Where an option begins or all of them have ended: there a packet may be cut. */
static bool is_between_options(struct span packet, size_t length)
{
	size_t at = OPTIONS_AT;

	while (at < length && packet.bytes[at] != OPTION_END)
		at += packet.bytes[at] == OPTION_PAD ? 1 : 2 + (size_t)packet.bytes[at + 1];
	return at == length || (at < length && packet.bytes[at] == OPTION_END);
}

static enum dhcp_drop drop_of_cut(struct span packet, size_t length)
{
	if (length < FIXED_PART)
		return DHCP_DROP_TOO_SHORT;
	if (length < OPTIONS_AT || is_between_options(packet, length))
		return DHCP_DROP_NONE;
	return DHCP_DROP_BAD_OPTIONS;
}

static void a_packet_cut_at_any_length_is_refused_or_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(real_packets); i++) {
		struct span packet = bytes_of_file(real_packets[i].file);

		for (size_t length = 0; length <= packet.length; length++) {
			struct span cut = bytes_copy(packet.bytes, length);
			struct dhcp_message message;
			struct ip4 giaddr;
			struct mac glance;
			enum dhcp_drop drop = dhcp_decode(cut, &message);

			assert_int_equal(drop, drop_of_cut(packet, length));
			if (drop == DHCP_DROP_NONE) {
				assert_int_equal(message.has_cookie, length >= OPTIONS_AT);
				assert_true(dhcp_peek(cut, &glance, &giaddr));
				assert_true(mac_is_same(glance, message.mac));
				assert_true(ip4_is_same(giaddr, message.header.giaddr));
			} else if (length < 44) {
				assert_false(dhcp_peek(cut, &glance, &giaddr));
			}
			bytes_free(cut);
		}
		bytes_free(packet);
	}
}

static const struct {
	const char *what;
	size_t at;
	const char *hex;
	enum dhcp_drop drop;
} bad_headers[] = {
	{ "op of a server", 0, "02", DHCP_DROP_NOT_A_REQUEST },
	{ "op 0", 0, "00", DHCP_DROP_NOT_A_REQUEST },
	{ "op 255", 0, "ff", DHCP_DROP_NOT_A_REQUEST },
	{ "hardware type 0", 1, "00", DHCP_DROP_NOT_ETHERNET },
	{ "hardware type IEEE 802", 1, "06", DHCP_DROP_NOT_ETHERNET },
	{ "hardware type InfiniBand", 1, "20", DHCP_DROP_NOT_ETHERNET },
	{ "hardware length 0", 2, "00", DHCP_DROP_NOT_ETHERNET },
	{ "hardware length 5", 2, "05", DHCP_DROP_NOT_ETHERNET },
	{ "hardware length 7", 2, "07", DHCP_DROP_NOT_ETHERNET },
	{ "hardware length 16", 2, "10", DHCP_DROP_NOT_ETHERNET },
	{ "hardware length past chaddr", 2, "ff", DHCP_DROP_NOT_ETHERNET },
	{ "MAC of zeros", 28, "000000000000", DHCP_DROP_BAD_MAC },
	{ "MAC of everybody", 28, "ffffffffffff", DHCP_DROP_BAD_MAC },
	{ "MAC of a multicast group", 28, "01005e000001", DHCP_DROP_BAD_MAC },
	{ "MAC with the group bit alone", 28, "010000000000", DHCP_DROP_BAD_MAC },
	{ "MAC administered locally", 28, "020000000000", DHCP_DROP_NONE },
	{ "MAC that ends in zeros", 28, "525400000000", DHCP_DROP_NONE },
	{ "octets behind the MAC", 34, "ffffffffffffffffffff", DHCP_DROP_NONE },
};

static void refuses_bad_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_headers); i++) {
		struct span packet = packet_bytes(&(struct packet){ .options = "53=01" });
		struct span patch = bytes_of_hex(bad_headers[i].hex);
		uint8_t bytes[300];
		struct dhcp_message message;
		struct ip4 giaddr;
		struct mac glance;

		print_message("%s\n", bad_headers[i].what);
		assert_int_equal(packet.length, sizeof(bytes));
		memcpy(bytes, packet.bytes, sizeof(bytes));
		memcpy(bytes + bad_headers[i].at, patch.bytes, patch.length);
		assert_int_equal(dhcp_decode((struct span){ bytes, sizeof(bytes) }, &message),
				 bad_headers[i].drop);
		if (bad_headers[i].drop == DHCP_DROP_NOT_A_REQUEST ||
		    bad_headers[i].drop == DHCP_DROP_NOT_ETHERNET)
			assert_false(
				dhcp_peek((struct span){ bytes, sizeof(bytes) }, &glance, &giaddr));
		bytes_free(patch);
		bytes_free(packet);
	}
}

/* The options field as it is, without an END of the test's own. */
static const struct {
	const char *what;
	const char *hex;
	enum dhcp_drop drop;
	const char *options;
} options_fields[] = {
	{ "nothing", "", DHCP_DROP_NONE, "" },
	{ "END alone", "ff", DHCP_DROP_NONE, "" },
	{ "no END", "350101", DHCP_DROP_NONE, "53=01" },
	{ "PAD before, between and behind", "00003501010000 390205dc 00ff00", DHCP_DROP_NONE,
	  "53=01 57=05dc" },
	{ "PAD and no END", "350101000000", DHCP_DROP_NONE, "53=01" },
	{ "what follows END", "350101ff 3c0455426f6f", DHCP_DROP_NONE, "53=01" },
	{ "what follows END and would run past the end", "350101ff 3cff", DHCP_DROP_NONE, "53=01" },
	{ "an option of no octets", "5000 350101ff", DHCP_DROP_NONE, "80= 53=01" },
	{ "an option of no octets at the very end", "3501015000", DHCP_DROP_NONE, "53=01 80=" },
	{ "a repeated option of one length", "350101 350103 ff", DHCP_DROP_NONE, "53=01" },
	{ "another one, empty first", "3200 3204c0a84d01 ff", DHCP_DROP_NONE, "50=" },
	{ "an option in two parts (RFC 3396)", "3c0141 3c0142 ff", DHCP_DROP_NONE, "60='AB'" },
	{ "in three parts, with others between", "3c0141 350101 3c0142 3d0163 3c0143 ff",
	  DHCP_DROP_NONE, "60='ABC' 53=01 61='c'" },
	{ "two options in parts", "3c0141 4d0161 3c0142 4d0162 ff", DHCP_DROP_NONE,
	  "60='AB' 77='ab'" },
	{ "a part of no octets first", "3c00 3c0141 ff", DHCP_DROP_NONE, "60='A'" },
	{ "a part of no octets last", "3c0141 3c00 ff", DHCP_DROP_NONE, "60='A'" },
	{ "parts of no octets", "3c00 3c00 ff", DHCP_DROP_NONE, "60=" },
	{ "a part behind END", "3c0141 ff 3c0142", DHCP_DROP_NONE, "60='A'" },
	{ "a second part that is cut", "3c0141 3c0242", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "the highest code", "fe0107 ff", DHCP_DROP_NONE, "254=07" },
	{ "a value that looks like END and PAD", "3d03ff00ff 350101ff", DHCP_DROP_NONE,
	  "61=ff00ff 53=01" },
	{ "a code without its length", "35", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a length without its value", "3501", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a value cut by one octet", "350101 3204c0a84d", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a length that swallows END", "350101 3c05414243ff", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "the longest length and nothing", "350101 3cff", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "PAD and then a code alone", "00000000003c", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a message type of no octets", "3500 ff", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a message type of two octets", "35020101 ff", DHCP_DROP_BAD_OPTIONS, NULL },
	{ "a message type of 0, which is none", "350100 ff", DHCP_DROP_BAD_OPTIONS, NULL },
};

static struct span packet_with_options_field(const char *hex)
{
	struct span start = packet_bytes(&(struct packet){ 0 });
	struct span field = bytes_of_hex(hex);
	uint8_t bytes[1024];
	size_t length = OPTIONS_AT + field.length;

	memcpy(bytes, start.bytes, OPTIONS_AT);
	memcpy(bytes + OPTIONS_AT, field.bytes, field.length);
	bytes_free(start);
	bytes_free(field);
	return bytes_copy(bytes, length);
}

static void decodes_the_options_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(options_fields); i++) {
		struct span packet = packet_with_options_field(options_fields[i].hex);
		struct dhcp_message message;

		print_message("%s\n", options_fields[i].what);
		assert_int_equal(dhcp_decode(packet, &message), options_fields[i].drop);
		if (options_fields[i].drop == DHCP_DROP_NONE)
			assert_options(&message, options_fields[i].options);
		bytes_free(packet);
	}
}

static void reads_over_long_runs_of_pad(void **state)
{
	static const size_t lengths[] = { 1, 60, 1000, 65000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct span start = packet_bytes(&(struct packet){ 0 });
		size_t size = OPTIONS_AT + lengths[i] + 3;
		uint8_t *bytes = calloc(1, size);
		struct dhcp_message message;

		assert_non_null(bytes);
		memcpy(bytes, start.bytes, OPTIONS_AT);
		memcpy(bytes + size - 3, "\x35\x01\x01", 3);
		assert_int_equal(dhcp_decode((struct span){ bytes, size }, &message),
				 DHCP_DROP_NONE);
		assert_options(&message, "53=01");
		free(bytes);
		bytes_free(start);
	}
}

/* RFC 3396: longer than one option can be. */
static void joins_what_is_longer_than_one_option(void **state)
{
	static const size_t lengths[] = { 256, 300, 510, 511, 1000, 1500 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct span start = packet_bytes(&(struct packet){ 0 });
		uint8_t bytes[2048] = { 0 };
		struct writer out = writer_of(bytes, sizeof(bytes));
		struct dhcp_message message;
		struct span value;

		write_bytes(&out, start.bytes, OPTIONS_AT);
		for (size_t at = 0; at < lengths[i]; at++) {
			if (at % UINT8_MAX == 0) {
				size_t left = lengths[i] - at;

				write_u8(&out, OPTION_VENDOR);
				write_u8(&out, (uint8_t)(left < UINT8_MAX ? left : UINT8_MAX));
			}
			write_u8(&out, (uint8_t)(at * 7));
		}
		assert_int_equal(dhcp_decode((struct span){ bytes, out.used }, &message),
				 DHCP_DROP_NONE);
		value = dhcp_option(&message, OPTION_VENDOR);
		assert_int_equal(value.length, lengths[i]);
		for (size_t at = 0; at < lengths[i]; at++)
			assert_int_equal(value.bytes[at], (uint8_t)(at * 7));
		bytes_free(start);
	}
}

/* No datagram is that long. */
static void refuses_more_parts_than_there_is_room_for(void **state)
{
	struct span start = packet_bytes(&(struct packet){ 0 });
	static uint8_t bytes[OPTIONS_AT + 9 * 257];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct dhcp_message message;

	(void)state;
	write_bytes(&out, start.bytes, OPTIONS_AT);
	for (size_t i = 0; i < 9; i++) {
		write_u8(&out, OPTION_VENDOR);
		write_u8(&out, UINT8_MAX);
		write_zeros(&out, UINT8_MAX);
	}
	assert_int_equal(dhcp_decode((struct span){ bytes, out.used }, &message),
			 DHCP_DROP_BAD_OPTIONS);
	bytes_free(start);
}

/* RFC 2131 section 4.1: the options field first, then file, then sname. The fields are given by how
 * they begin; zeros follow. */
static const struct {
	const char *what;
	const char *options;
	const char *file;
	const char *sname;
	enum dhcp_drop drop;
	const char *expected;
	const char *expected_file;
	const char *expected_sname;
} overloads[] = {
	{ "none: the fields are texts", "350101ff", "612f6200", "626f6f74", DHCP_DROP_NONE, "53=01",
	  "a/b", "boot" },
	{ "the file field", "350101 340101 ff", "3c0141 ff", "626f6f74", DHCP_DROP_NONE,
	  "53=01 52=01 60='A'", "", "boot" },
	{ "the sname field", "350101 340102 ff", "612f62", "3c0141 ff", DHCP_DROP_NONE,
	  "53=01 52=02 60='A'", "a/b", "" },
	{ "both fields", "350101 340103 ff", "3c0141 ff", "4d0142 ff", DHCP_DROP_NONE,
	  "53=01 52=03 60='A' 77='B'", "", "" },
	{ "file counts before sname", "340103 ff", "350101 ff", "350103 ff", DHCP_DROP_NONE,
	  "53=01 52=03", "", "" },
	{ "options count before file", "350103 340101 ff", "350101 ff", "", DHCP_DROP_NONE,
	  "53=03 52=01", "", "" },
	{ "parts in file and sname", "350101 340103 ff", "3c0141 ff", "3c0142 ff", DHCP_DROP_NONE,
	  "53=01 52=03 60='AB'", "", "" },
	{ "parts in all three", "3c0158 340103 ff", "3c0141 ff", "3c0142 ff", DHCP_DROP_NONE,
	  "60='XAB' 52=03", "", "" },
	{ "fields without END", "340103", "3c0141", "4d0142", DHCP_DROP_NONE, "52=03 60='A' 77='B'",
	  "", "" },
	{ "what follows END in a field", "340101 ff", "3c0141 ff 4d0142", "", DHCP_DROP_NONE,
	  "52=01 60='A'", "", "" },
	{ "an overload inside the file field means nothing", "340101 ff", "340103 3c0141 ff",
	  "4d0142 ff", DHCP_DROP_NONE, "52=01 60='A'", "", "M\001B\377" },
	{ "an overload inside the sname field means nothing", "340102 ff", "3c0141 ff",
	  "340101 4d0142 ff", DHCP_DROP_NONE, "52=02 77='B'", "<\001A\377", "" },
	{ "an overload in a field alone means nothing", "350101 ff", "340103 ff", "",
	  DHCP_DROP_NONE, "53=01", "4\001\003\377", "" },
	{ "the value 0", "340100 ff", "6162", "", DHCP_DROP_NONE, "52=00", "ab", "" },
	{ "a value of two octets", "34020103 ff", "6162", "63", DHCP_DROP_NONE, "52=0103", "ab",
	  "c" },
	{ "a value of no octets", "3400 ff", "6162", "63", DHCP_DROP_NONE, "52=", "ab", "c" },
	{ "an option past the file field's end", "340101 ff", "3c80", "", DHCP_DROP_BAD_OPTIONS,
	  NULL, NULL, NULL },
	{ "an option past the sname field's end", "340102 ff", "", "3c40", DHCP_DROP_BAD_OPTIONS,
	  NULL, NULL, NULL },
	{ "a good file field, a bad sname field", "340103 ff", "3c0141 ff", "3cff",
	  DHCP_DROP_BAD_OPTIONS, NULL, NULL, NULL },
	{ "a bad file field, a good sname field", "340103 ff", "3cff", "3c0141 ff",
	  DHCP_DROP_BAD_OPTIONS, NULL, NULL, NULL },
};

static void put_field(uint8_t *at, size_t size, const char *hex)
{
	struct span field = bytes_of_hex(hex);

	assert_true(field.length <= size);
	memset(at, 0, size);
	memcpy(at, field.bytes, field.length);
	bytes_free(field);
}

static void assert_text(struct span text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	if (text.length > 0)
		assert_memory_equal(text.bytes, expected, text.length);
}

static void reads_options_in_file_and_sname(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(overloads); i++) {
		struct span packet = packet_with_options_field(overloads[i].options);
		uint8_t *bytes = (uint8_t *)(uintptr_t)packet.bytes;
		struct dhcp_message message;

		print_message("overload: %s\n", overloads[i].what);
		put_field(bytes + FILE_AT, DHCP_FILE_SIZE, overloads[i].file);
		put_field(bytes + SNAME_AT, DHCP_SNAME_SIZE, overloads[i].sname);
		assert_int_equal(dhcp_decode(packet, &message), overloads[i].drop);
		if (overloads[i].drop == DHCP_DROP_NONE) {
			assert_options(&message, overloads[i].expected);
			assert_text(message.file, overloads[i].expected_file);
			assert_text(message.sname, overloads[i].expected_sname);
		}
		bytes_free(packet);
	}
}

/* The last option of a full field ends where the field does, and not in the next one. */
static void a_field_full_of_options_ends_with_itself(void **state)
{
	struct span packet = packet_with_options_field("340103 ff");
	uint8_t *bytes = (uint8_t *)(uintptr_t)packet.bytes;
	struct dhcp_message message;

	(void)state;
	memset(bytes + FILE_AT, 'f', DHCP_FILE_SIZE);
	memcpy(bytes + FILE_AT, "\x3c\x7e", 2);
	memset(bytes + SNAME_AT, 's', DHCP_SNAME_SIZE);
	memcpy(bytes + SNAME_AT, "\x4d\x3e", 2);
	assert_int_equal(dhcp_decode(packet, &message), DHCP_DROP_NONE);
	assert_options(&message, "52=03 60=126*66 77=62*73");
	bytes_free(packet);
}

static void fields_without_nul_end_with_the_field(void **state)
{
	struct packet packet = { .options = "53=01" };
	char sname[DHCP_SNAME_SIZE + 1];
	char file[DHCP_FILE_SIZE + 1];
	struct dhcp_message message;
	struct span bytes;

	(void)state;
	memset(sname, 's', sizeof(sname));
	memset(file, 'f', sizeof(file));
	packet.sname = sname;
	packet.file = file;
	bytes = packet_bytes(&packet);
	assert_int_equal(dhcp_decode(bytes, &message), DHCP_DROP_NONE);
	assert_int_equal(message.sname.length, DHCP_SNAME_SIZE);
	assert_ptr_equal(message.sname.bytes, bytes.bytes + SNAME_AT);
	assert_int_equal(message.file.length, DHCP_FILE_SIZE);
	assert_ptr_equal(message.file.bytes, bytes.bytes + FILE_AT);
	bytes_free(bytes);
}

/* RFC 951: such a vendor area is the client's own affair, and no reason to ignore it. */
static void without_the_cookie_the_vendor_area_is_no_options(void **state)
{
	static const char *const areas[] = {
		"", "63", "6382", "638253", "63825362350101ff", "00000000350101ff", "ffffffff3cff"
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(areas); i++) {
		struct span start = packet_bytes(&(struct packet){ .file = "unix" });
		struct span area = bytes_of_hex(areas[i]);
		uint8_t bytes[FIXED_PART + 64];
		struct span packet = { bytes, FIXED_PART + area.length };
		struct dhcp_message message;

		memcpy(bytes, start.bytes, FIXED_PART);
		memcpy(bytes + FIXED_PART, area.bytes, area.length);
		assert_int_equal(dhcp_decode(packet, &message), DHCP_DROP_NONE);
		assert_false(message.has_cookie);
		assert_options(&message, "");
		assert_int_equal(dhcp_type(&message), DHCP_NONE);
		assert_text(message.file, "unix");
		bytes_free(area);
		bytes_free(start);
	}
}

static void options_of_a_wrong_length_are_no_values(void **state)
{
	struct span bytes = packet_bytes(&(struct packet){
		.options = "50=c0a84d94 51= 52=c0a84d 54=c0a84d9400 57=05dc 58= 59=05 60=0005dc" });
	struct ip4 address = { 7 };
	struct dhcp_message message;
	uint16_t value = 7;

	(void)state;
	assert_int_equal(dhcp_decode(bytes, &message), DHCP_DROP_NONE);
	assert_false(dhcp_option_address(&message, 51, &address));
	assert_false(dhcp_option_address(&message, 52, &address));
	assert_false(dhcp_option_address(&message, 54, &address));
	assert_false(dhcp_option_address(&message, 61, &address));
	assert_int_equal(address.value, 7);
	assert_true(dhcp_option_address(&message, 50, &address));
	assert_int_equal(address.value, 0xc0a84d94);
	assert_false(dhcp_option_u16(&message, 58, &value));
	assert_false(dhcp_option_u16(&message, 59, &value));
	assert_false(dhcp_option_u16(&message, 60, &value));
	assert_false(dhcp_option_u16(&message, 61, &value));
	assert_int_equal(value, 7);
	assert_true(dhcp_option_u16(&message, 57, &value));
	assert_int_equal(value, 1500);
	bytes_free(bytes);
}

static void every_message_type_has_a_name_of_its_own(void **state)
{
	static const char *const expected[] = { "BOOTP request", "DISCOVER", "OFFER",
						"REQUEST",       "DECLINE",  "ACK",
						"NAK",           "RELEASE",  "INFORM" };

	(void)state;
	for (unsigned type = 0; type < COUNT_OF(expected); type++)
		assert_string_equal(dhcp_type_name(type), expected[type]);
	assert_string_equal(dhcp_type_name(9), "unknown message");
	assert_string_equal(dhcp_type_name(255), "unknown message");
}

static void texts_are_cut_to_their_fields(void **state)
{
	static const struct dhcp_header header = { .op = BOOTP_REPLY };
	char text[200];
	uint8_t bytes[FIXED_PART];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	dhcp_write_header(&out, &header, text, text);
	assert_false(out.is_failed);
	assert_int_equal(out.used, FIXED_PART);
	for (size_t i = 0; i < DHCP_SNAME_SIZE; i++)
		assert_int_equal(bytes[SNAME_AT + i], i < DHCP_SNAME_SIZE - 1 ? 'x' : '\0');
	for (size_t i = 0; i < DHCP_FILE_SIZE; i++)
		assert_int_equal(bytes[FILE_AT + i], i < DHCP_FILE_SIZE - 1 ? 'x' : '\0');
}

static void short_texts_are_filled_up_with_zeros(void **state)
{
	static const struct dhcp_header header = { .op = BOOTP_REPLY };
	uint8_t bytes[FIXED_PART];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	dhcp_write_header(&out, &header, "", "pxelinux.0");
	for (size_t i = 0; i < DHCP_SNAME_SIZE; i++)
		assert_int_equal(bytes[SNAME_AT + i], 0);
	assert_string_equal((const char *)bytes + FILE_AT, "pxelinux.0");
	for (size_t i = strlen("pxelinux.0"); i < DHCP_FILE_SIZE; i++)
		assert_int_equal(bytes[FILE_AT + i], 0);
}

static void a_header_that_does_not_fit_fails_the_writer(void **state)
{
	static const struct dhcp_header header = { .op = BOOTP_REPLY };
	uint8_t bytes[FIXED_PART];

	(void)state;
	for (size_t capacity = 0; capacity < FIXED_PART; capacity++) {
		struct writer out = writer_of(bytes, capacity);

		dhcp_write_header(&out, &header, "server", "file");
		assert_true(out.is_failed);
		assert_true(out.used <= capacity);
	}
}

static void an_option_is_written_whole_or_fails_the_writer(void **state)
{
	uint8_t value[600] = { 0 };
	uint8_t bytes[606];

	(void)state;
	for (size_t length = 0; length <= sizeof(value); length++) {
		struct span span = { value, length };
		size_t parts = length == 0 ? 1 : (length + 254) / 255;
		size_t size = length + 2 * parts;
		struct writer out = writer_of(bytes, size);
		struct writer small = writer_of(bytes, size - 1);

		assert_int_equal(dhcp_option_size(length), size);
		dhcp_write_option(&small, OPTION_VENDOR_CLASS, span);
		assert_true(small.is_failed);
		assert_true(small.used <= size - 1);
		dhcp_write_option(&out, OPTION_VENDOR_CLASS, span);
		assert_false(out.is_failed);
		assert_int_equal(out.used, size);
		assert_int_equal(bytes[0], OPTION_VENDOR_CLASS);
		assert_int_equal(bytes[1], length < 255 ? length : 255);
		assert_int_equal(bytes[(parts - 1) * 257], OPTION_VENDOR_CLASS);
		assert_int_equal(bytes[(parts - 1) * 257 + 1], length - (parts - 1) * 255);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_real_packets),
		cmocka_unit_test(encodes_real_packets_as_they_were),
		cmocka_unit_test(a_packet_cut_at_any_length_is_refused_or_whole),
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(decodes_the_options_field),
		cmocka_unit_test(reads_over_long_runs_of_pad),
		cmocka_unit_test(joins_what_is_longer_than_one_option),
		cmocka_unit_test(refuses_more_parts_than_there_is_room_for),
		cmocka_unit_test(reads_options_in_file_and_sname),
		cmocka_unit_test(a_field_full_of_options_ends_with_itself),
		cmocka_unit_test(fields_without_nul_end_with_the_field),
		cmocka_unit_test(without_the_cookie_the_vendor_area_is_no_options),
		cmocka_unit_test(options_of_a_wrong_length_are_no_values),
		cmocka_unit_test(every_message_type_has_a_name_of_its_own),
		cmocka_unit_test(texts_are_cut_to_their_fields),
		cmocka_unit_test(short_texts_are_filled_up_with_zeros),
		cmocka_unit_test(a_header_that_does_not_fit_fails_the_writer),
		cmocka_unit_test(an_option_is_written_whole_or_fails_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
