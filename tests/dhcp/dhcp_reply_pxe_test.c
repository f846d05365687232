/* The shapes of offers on the wire, held against packets that real servers sent to real firmware:
 * those of tests/data, and traces that people have published, named at each. Nothing that is
 * expected here comes from the code that writes it. */
#include "dhcp/dhcp_reply.h"

#include "dhcp/dhcp_client.h"
#include "dhcp/pxe_wire.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define SERVER     "192.168.77.1"
#define TFTP       "192.168.77.9"
#define OPTIONS_AT 240
#define FLAGS_AT   10
#define CIADDR_AT  12
#define YIADDR_AT  16
#define SIADDR_AT  20
#define FILE_AT    108

static struct config config = { .bootp = { .port = 67 } };
static const struct subnet_config subnet = { .lease_time_s = 3600 };

/* dnsmasq's menu of one entry in tests/data/bios-proxy-proxy-offer. */
static const struct menu_config bootlab = { .prompt = "PXE",
					    .list = { { .text = "bootlab" } },
					    .count = 1 };

struct reply {
	uint8_t bytes[DHCP_REPLY_MAX];
	size_t length;
};

static const char *boot_file = "pxelinux.0";

static void answer(struct span asked, enum dhcp_verdict verdict, enum boot_shape shape,
		   const struct menu_config *menu, struct reply *out_reply)
{
	struct dhcp_message message;
	struct client client;
	struct dhcp_request request;
	struct dhcp_decision decision = { .verdict = verdict, .lease_time_s = 3600 };
	struct writer out = writer_of(out_reply->bytes, sizeof(out_reply->bytes));

	assert_int_equal(dhcp_decode(asked, &message), DHCP_DROP_NONE);
	client = dhcp_identify(&message);
	request = dhcp_request_of(&message);
	if (verdict == DHCP_VERDICT_OFFER || verdict == DHCP_VERDICT_ACK)
		decision.lease.address = ip4_of("192.168.77.148");
	dhcp_write_reply(&out, &(struct dhcp_answer_facts){
				       .message = &message,
				       .client = &client,
				       .decision = &decision,
				       .config = &config,
				       .subnet = &subnet,
				       .server = ip4_of(SERVER),
				       .server_id = ip4_of(SERVER),
				       .tftp_server = ip4_of(TFTP),
				       .boot_file = boot_file,
				       .host_name = "",
				       .shape = shape,
				       .menu = menu,
				       .menu_item = request.has_item ? &request.item : NULL });
	assert_false(out.is_failed);
	out_reply->length = out.used;
}

/* NULL: there is none. A reader of the test's own. */
static const uint8_t *find_option(const uint8_t *bytes, size_t length, uint8_t code)
{
	size_t at = OPTIONS_AT;

	while (at + 1 < length && bytes[at] != 255) {
		if (bytes[at] == code)
			return bytes + at + 1;
		at += bytes[at] == 0 ? 1 : (size_t)2 + bytes[at + 1];
	}
	return NULL;
}

/* Option by option as the list says, in hexadecimal: "60='PXEClient' 43=060108ff". A code without a
 * value, as in "67", must be missing. */
static void assert_options(const struct reply *reply, const char *list, const char *missing)
{
	struct option_value option;

	while (option_next(&list, &option)) {
		const uint8_t *found =
			find_option(reply->bytes, reply->length, (uint8_t)option.code);

		if (found == NULL)
			fail_msg("option %u is missing", option.code);
		assert_int_equal(found[0], option.length);
		assert_memory_equal(found + 1, option.bytes, option.length);
	}
	while (option_next(&missing, &option)) {
		if (find_option(reply->bytes, reply->length, (uint8_t)option.code) != NULL)
			fail_msg("option %u is there", option.code);
	}
}

static void assert_address(const struct reply *reply, size_t at, const char *expected)
{
	assert_string_equal(ip4_format(ip4_from_bytes(reply->bytes + at)).text, expected);
}

/* Every option of the real server's packet is in ours, octet by octet. */
static void assert_same_options(const struct reply *reply, struct span real)
{
	size_t at = OPTIONS_AT;

	while (at + 1 < real.length && real.bytes[at] != 255) {
		const uint8_t *found = find_option(reply->bytes, reply->length, real.bytes[at]);

		print_message("option %u\n", real.bytes[at]);
		assert_non_null(found);
		assert_memory_equal(found, real.bytes + at + 1, (size_t)1 + real.bytes[at + 1]);
		at += (size_t)2 + real.bytes[at + 1];
	}
}

/* Up to the xid, and the flags; dnsmasq repeats the secs between them. */
static void assert_same_header(const struct reply *reply, struct span real)
{
	assert_memory_equal(reply->bytes, real.bytes, 8);
	assert_memory_equal(reply->bytes + FLAGS_AT, real.bytes + FLAGS_AT, 2);
}

/* What dnsmasq said to the iPXE ROM that then booted (captures of bios-proxy). */
static void a_menu_as_dnsmasqs(void **state)
{
	struct span asked = bytes_of_file("bios-proxy-rom-discover");
	struct span real = bytes_of_file("bios-proxy-proxy-offer");
	struct reply reply;

	(void)state;
	answer(asked, DHCP_VERDICT_PROXY_OFFER, SHAPE_MENU, &bootlab, &reply);
	assert_same_options(&reply, real);
	assert_same_header(&reply, real);
	assert_address(&reply, CIADDR_AT, "0.0.0.0");
	assert_address(&reply, YIADDR_AT, "0.0.0.0");
	assert_int_equal(reply.bytes[FILE_AT], 0);
	assert_options(&reply, "", "66= 67= 51=");
	bytes_free(asked);
	bytes_free(real);
}

static void an_entry_on_port_4011_as_dnsmasqs(void **state)
{
	struct span asked = bytes_of_file("bios-proxy-rom-boot-server-request");
	struct span real = bytes_of_file("bios-proxy-boot-server-ack");
	struct reply reply;

	(void)state;
	answer(asked, DHCP_VERDICT_PROXY_ACK, SHAPE_MENU, &bootlab, &reply);
	assert_same_options(&reply, real);
	assert_same_header(&reply, real);
	/* dnsmasq gives the machine its own address; from here comes none. */
	assert_address(&reply, YIADDR_AT, "0.0.0.0");
	assert_address(&reply, SIADDR_AT, TFTP);
	assert_memory_equal(reply.bytes + FILE_AT, real.bytes + FILE_AT, 128);
	bytes_free(asked);
	bytes_free(real);
}

/* How EDK2 sees an offer (PxeBcDhcp4.c, PxeBcParseDhcp4Packet): with 60 = PXEClient and discovery
 * options in 43 it is of PXE 1.0; with the class alone the boot server is asked; otherwise it is
 * DHCP only. Without an address it is a proxy's. */
static const char *class_of(const struct reply *reply)
{
	static char text[32];
	const uint8_t *vendor_class = find_option(reply->bytes, reply->length, 60);
	const uint8_t *vendor = find_option(reply->bytes, reply->length, 43);
	bool is_proxy = reply->bytes[YIADDR_AT] == 0;
	bool is_pxe = vendor_class != NULL && vendor_class[0] >= 9 &&
		      memcmp(vendor_class + 1, "PXEClient", 9) == 0;
	bool has_discovery = is_pxe && vendor != NULL && vendor[1] == 6;

	(void)snprintf(text, sizeof(text), "%s %s", is_proxy ? "proxy" : "dhcp",
		       has_discovery ? "PXE10"
		       : is_pxe      ? "BINL"
				     : "only");
	return text;
}

static const struct {
	const char *what;
	const char *asked; /* of tests/data */
	enum dhcp_verdict verdict;
	enum boot_shape shape;
	const char *seen_as;
	const char *siaddr;
	const char *file;
	const char *options;
	const char *missing;
} shapes[] = {
	/* clang-format off */
	{ "complete DHCP", "uefi-pxe4-rom-discover", DHCP_VERDICT_OFFER, SHAPE_PLAIN, "dhcp only", TFTP,
	  "pxelinux.0", "53=02 66='" TFTP "' 67='pxelinux.0' 97=00a1774d560201044385060708090a0101", "60= 43=" },
	{ "PXE with the file", "uefi-pxe4-rom-discover", DHCP_VERDICT_OFFER, SHAPE_DIRECT, "dhcp PXE10", TFTP,
	  "pxelinux.0", "53=02 60='PXEClient' 43=060108ff 66='" TFTP "' 67='pxelinux.0'", "" },
	{ "a boot server", "uefi-pxe4-rom-discover", DHCP_VERDICT_OFFER, SHAPE_BOOT_SERVER, "dhcp BINL", SERVER,
	  "", "53=02 60='PXEClient' 51=00000e10", "43= 66= 67=" },
	{ "its ACK is of the same shape", "uefi-pxe4-rom-request", DHCP_VERDICT_ACK, SHAPE_BOOT_SERVER,
	  "dhcp BINL", SERVER, "", "53=05 60='PXEClient'", "43= 66= 67=" },
	{ "a menu", "uefi-pxe4-rom-discover", DHCP_VERDICT_OFFER, SHAPE_MENU, "dhcp PXE10", SERVER, "",
	  "43=060103" "0a0400505845" "08078000" "01c0a84d01" "090f8000" "0c4e6574776f726b20626f6f74" "ff",
	  "66= 67=" },
	{ "a proxy's file", "bios-ipxe-rom-discover", DHCP_VERDICT_PROXY_OFFER, SHAPE_DIRECT, "proxy PXE10",
	  TFTP, "pxelinux.0", "53=02 54=c0a84d01 60='PXEClient' 43=060108ff 67='pxelinux.0'", "51= 1= 3=" },
	{ "a proxy's boot server", "uefi-pxe4-rom-discover", DHCP_VERDICT_PROXY_OFFER, SHAPE_BOOT_SERVER,
	  "proxy BINL", SERVER, "", "53=02 60='PXEClient' 97=00a1774d560201044385060708090a0101",
	  "43= 66= 67= 51=" },
	{ "the boot server's answer", "uefi-pxe4-rom-request", DHCP_VERDICT_PROXY_ACK, SHAPE_BOOT_SERVER,
	  "proxy BINL", TFTP, "pxelinux.0", "53=05 60='PXEClient' 67='pxelinux.0'", "43= 51=" },
	/* clang-format on */
};

static void each_shape_is_what_firmware_takes_it_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		struct span asked = bytes_of_file(shapes[i].asked);
		struct reply reply;

		print_message("%s\n", shapes[i].what);
		answer(asked, shapes[i].verdict, shapes[i].shape, NULL, &reply);
		assert_string_equal(class_of(&reply), shapes[i].seen_as);
		assert_address(&reply, SIADDR_AT, shapes[i].siaddr);
		assert_string_equal((const char *)reply.bytes + FILE_AT, shapes[i].file);
		assert_options(&reply, shapes[i].options, shapes[i].missing);
		bytes_free(asked);
	}
}

/* raspberrypi/firmware issue 941, the DISCOVER as tcpdump shows it, and issue 1605, dnsmasq's log
 * of the proxy's offer that a Raspberry Pi 3 booted with: "43 vendor-encap
 * 06:01:03:0a:04:00:50:58:45: 09:14:00:00:11...", 32 octets, of which 17 are "Raspberry Pi Boot".
 */
static void a_raspberry_pi_boots_with_this(void **state)
{
	struct span asked = packet_bytes(
		&(struct packet){ .mac = "B8-27-EB-86-96-F5",
				  .options = "53=01 55=2b3c438081828384858687 93=0000 94=010201 "
					     "97=00f596868df596868df596868df596868d "
					     "60='PXEClient:Arch:00000:UNDI:002001'" });
	struct reply reply;

	(void)state;
	answer(asked, DHCP_VERDICT_PROXY_OFFER, SHAPE_RASPBERRY_PI, NULL, &reply);
	assert_options(&reply,
		       "53=02 60='PXEClient' 97=00f596868df596868df596868df596868d "
		       "43=0601030a0400505845091400001152617370626572727920506920426f6f74ff",
		       "51=");
	assert_int_equal(find_option(reply.bytes, reply.length, 43)[0], 32);
	assert_address(&reply, SIADDR_AT, TFTP);
	bytes_free(asked);
}

/* ipxe/ipxe issue 1374: tcpdump of the REQUEST that iPXE sends from port 68 to 4011, with
 * "Vendor-Option (43), length 7: 71.4.128.0.0.0.255". */
static void ipxe_asks_for_an_entry(void **state)
{
	struct span asked = packet_bytes(&(struct packet){
		.mac = "BC-24-11-9E-91-69",
		.flags = 0x8000,
		.ciaddr = "192.168.1.181",
		.options = "53=03 57=05c0 93=0000 94=010201 60='PXEClient' 77='iPXE' "
			   "43=470480000000ff" });
	struct reply reply;

	(void)state;
	answer(asked, DHCP_VERDICT_PROXY_ACK, SHAPE_MENU, &bootlab, &reply);
	assert_options(&reply, "53=05 60='PXEClient' 43=470480000000ff 67='pxelinux.0'", "");
	assert_address(&reply, CIADDR_AT, "192.168.1.181");
	assert_address(&reply, YIADDR_AT, "0.0.0.0");
	bytes_free(asked);
}

/* What dnsmasq said to OVMF's HTTP boot, which then booted (captures of uefi-http4): every option
 * of it but the broadcast address and the times of the lease, which are the configuration's. */
static void http_boot_as_dnsmasqs(void **state)
{
	static const struct {
		const char *asked;
		const char *real;
		enum dhcp_verdict verdict;
	} messages[] = {
		{ "uefi-http4-rom-discover", "uefi-http4-server-offer", DHCP_VERDICT_OFFER },
		{ "uefi-http4-rom-request", "uefi-http4-server-ack", DHCP_VERDICT_ACK },
	};
	static const uint8_t same[] = { 53, 54, 60 };

	(void)state;
	boot_file = "http://192.168.77.1/uki.efi";
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		struct span asked = bytes_of_file(messages[i].asked);
		struct span real = bytes_of_file(messages[i].real);
		struct reply reply;

		answer(asked, messages[i].verdict, SHAPE_PLAIN, NULL, &reply);
		assert_same_header(&reply, real);
		for (size_t j = 0; j < COUNT_OF(same); j++) {
			const uint8_t *expected = find_option(real.bytes, real.length, same[j]);
			const uint8_t *found = find_option(reply.bytes, reply.length, same[j]);

			print_message("option %u\n", same[j]);
			assert_non_null(found);
			assert_memory_equal(found, expected, (size_t)1 + expected[0]);
		}
		/* dnsmasq puts a NUL behind it. */
		assert_options(&reply, "67='http://192.168.77.1/uki.efi'", "43= 66= 97= 175=");
		assert_string_equal((const char *)reply.bytes + FILE_AT, boot_file);
		bytes_free(asked);
		bytes_free(real);
	}
	boot_file = "pxelinux.0";
}

/* EDK2 takes a proxy's offer by HTTPClient alone (HttpBootDhcp4.c, HttpBootParseDhcp4Packet). */
static void http_boot_by_a_proxy(void **state)
{
	struct span asked = bytes_of_file("uefi-http4-rom-discover");
	struct reply reply;

	(void)state;
	boot_file = "http://192.168.77.1/uki.efi";
	answer(asked, DHCP_VERDICT_PROXY_OFFER, SHAPE_PLAIN, NULL, &reply);
	assert_options(&reply, "53=02 54=c0a84d01 60='HTTPClient' 67='http://192.168.77.1/uki.efi'",
		       "1= 3= 43= 51= 66= 97=");
	assert_address(&reply, YIADDR_AT, "0.0.0.0");
	bytes_free(asked);
	boot_file = "pxelinux.0";
}

/* Half a URL in the field would be a wrong one. */
static void a_long_url_is_in_its_option_alone(void **state)
{
	struct span asked = bytes_of_file("uefi-http4-rom-discover");
	char url[256];
	struct reply reply;
	const uint8_t *found;

	(void)state;
	boot_file = url;
	for (size_t length = 127; length < sizeof(url); length += 128) {
		memset(url, 'u', length);
		url[length] = '\0';
		answer(asked, DHCP_VERDICT_OFFER, SHAPE_PLAIN, NULL, &reply);
		found = find_option(reply.bytes, reply.length, 67);
		assert_non_null(found);
		assert_int_equal(found[0], length);
		assert_int_equal(reply.bytes[FILE_AT], length == 127 ? 'u' : 0);
	}
	bytes_free(asked);
	boot_file = "pxelinux.0";
}

/* iPXE's dhcp.h, DHCP_EB_NO_PXEDHCP: encapsulated option 0xb0 of 175, one octet. */
static void ipxe_does_not_wait_for_a_proxy(void **state)
{
	static const struct {
		const char *asked;
		enum dhcp_verdict verdict;
		enum bootp_mode mode;
		bool is_authoritative;
		const char *boot_file;
		bool is_told;
	} cases[] = {
		{ "ipxe-chain-rom-discover", DHCP_VERDICT_OFFER, MODE_SERVER, true, "f", true },
		{ "ipxe-chain-rom-request", DHCP_VERDICT_ACK, MODE_SERVER, true, "f", true },
		{ "ipxe-chain-rom-discover", DHCP_VERDICT_OFFER, MODE_SERVER, false, "f", false },
		{ "ipxe-chain-rom-discover", DHCP_VERDICT_OFFER, MODE_SERVER, true, "", false },
		{ "ipxe-chain-rom-discover", DHCP_VERDICT_OFFER, MODE_AUTO, true, "f", false },
		{ "ipxe-chain-rom-discover", DHCP_VERDICT_PROXY_OFFER, MODE_PROXY, true, "f",
		  false },
		{ "uefi-pxe4-rom-discover", DHCP_VERDICT_OFFER, MODE_SERVER, true, "f", false },
		{ "ipxe-chain-os-discover", DHCP_VERDICT_OFFER, MODE_SERVER, true, "f", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct span asked = bytes_of_file(cases[i].asked);
		struct reply reply;

		config.bootp.mode = cases[i].mode;
		config.bootp.is_authoritative = cases[i].is_authoritative;
		boot_file = cases[i].boot_file;
		answer(asked, cases[i].verdict, SHAPE_PLAIN, NULL, &reply);
		if (cases[i].is_told)
			assert_options(&reply, "175=b00101", "");
		else
			assert_options(&reply, "", "175=");
		bytes_free(asked);
	}
	config.bootp.mode = MODE_SERVER;
	boot_file = "pxelinux.0";
}

/* A relay's option of any length in an answer of 576 octets, to a ROM that asks for the lease time
 * late or not at all; nothing goes into other fields, because there is text in them. */
static void the_lease_has_room_before_what_boots(void **state)
{
	static const enum boot_shape kinds[] = { SHAPE_PLAIN, SHAPE_DIRECT, SHAPE_BOOT_SERVER,
						 SHAPE_MENU, SHAPE_RASPBERRY_PI };
	static const char *const lists[] = { "3c2b42610103", "3c2b4261010333" };

	(void)state;
	strcpy(config.bootp.servername, "boots");
	for (unsigned i = 0; i < 256U * COUNT_OF(kinds) * COUNT_OF(lists); i++) {
		char options[200];
		struct reply reply;
		struct span asked;

		(void)snprintf(options, sizeof(options),
			       "53=01 57=0240 60='PXEClient' 93=0007 55=%s "
			       "97=00a1774d560201044385060708090a0101 82=%u*ab",
			       lists[i / 256 % COUNT_OF(lists)], i % 256);
		asked = packet_bytes(&(struct packet){ .options = options });
		answer(asked, DHCP_VERDICT_OFFER, kinds[i / 256 / COUNT_OF(lists)], NULL, &reply);
		assert_options(&reply, "53=02 54=c0a84d01 51=00000e10", "");
		bytes_free(asked);
	}
	config.bootp.servername[0] = '\0';
}

/* Whatever does not fit is left out whole, and the size is what the client takes. */
static void the_largest_menu_fits(void **state)
{
	struct menu_config menu = { .prompt = "Press F8 for the boot menu", .count = 15 };
	struct span asked = packet_bytes(&(struct packet){
		.options = "53=01 60='PXEClient' 93=0007 97=00a1774d560201044385060708090a0101" });
	struct reply reply;
	const uint8_t *vendor;

	(void)state;
	for (size_t i = 0; i < menu.count; i++)
		(void)snprintf(menu.list[i].text, MENU_TEXT_SIZE, "%c%s", 'a' + (int)i,
			       i < 14 ? "abc" : "abcdefgh");
	answer(asked, DHCP_VERDICT_PROXY_OFFER, SHAPE_MENU, &menu, &reply);
	assert_true(reply.length <= 548);
	vendor = find_option(reply.bytes, reply.length, 43);
	assert_non_null(vendor);
	assert_int_equal(vendor[vendor[0]], 255);
	bytes_free(asked);
}

static const struct {
	const char *what;
	struct packet packet;
	const char *to;
	uint16_t port;
	bool is_to_all; /* as a frame; otherwise back to where it came from */
} destinations[] = {
	{ "a machine without an address", { .options = "53=01" }, "255.255.255.255", 68, true },
	{ "with or without the flag",
	  { .options = "53=01", .flags = 0x8000 },
	  "255.255.255.255",
	  68,
	  true },
	{ "a DISCOVER is answered to all, whatever address it claims",
	  { .options = "53=01", .ciaddr = "10.0.0.7" },
	  "255.255.255.255",
	  68,
	  true },
	{ "a relay", { .options = "53=01", .giaddr = "10.0.0.9" }, "10.0.0.9", 67, false },
	{ "a machine with an address",
	  { .options = "53=08", .ciaddr = "10.0.0.7" },
	  "10.0.0.7",
	  68,
	  false },
	{ "behind a relay",
	  { .options = "53=08", .ciaddr = "10.0.0.7", .giaddr = "10.0.0.9" },
	  "10.0.0.9",
	  67,
	  false },
};

static void a_proxy_answers_by_frames(void **state)
{
	struct mac from = mac_of("52-54-00-99-99-99");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(destinations); i++) {
		struct span asked = packet_bytes(&destinations[i].packet);
		struct dhcp_message message;
		struct dhcp_destination destination;

		print_message("%s\n", destinations[i].what);
		assert_int_equal(dhcp_decode(asked, &message), DHCP_DROP_NONE);
		destination = proxy_destination(&message, 67, from);
		assert_true(destination.is_frame);
		assert_string_equal(ip4_format(destination.to.address).text, destinations[i].to);
		assert_int_equal(destination.to.port, destinations[i].port);
		assert_true(mac_is_same(destination.mac,
					destinations[i].is_to_all ? MAC_BROADCAST : from));
		bytes_free(asked);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_menu_as_dnsmasqs),
		cmocka_unit_test(an_entry_on_port_4011_as_dnsmasqs),
		cmocka_unit_test(each_shape_is_what_firmware_takes_it_for),
		cmocka_unit_test(a_raspberry_pi_boots_with_this),
		cmocka_unit_test(ipxe_asks_for_an_entry),
		cmocka_unit_test(http_boot_as_dnsmasqs),
		cmocka_unit_test(http_boot_by_a_proxy),
		cmocka_unit_test(a_long_url_is_in_its_option_alone),
		cmocka_unit_test(ipxe_does_not_wait_for_a_proxy),
		cmocka_unit_test(the_lease_has_room_before_what_boots),
		cmocka_unit_test(the_largest_menu_fits),
		cmocka_unit_test(a_proxy_answers_by_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
