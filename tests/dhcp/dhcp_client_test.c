#include "dhcp/dhcp_client.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define NO_ARCHITECTURE -1

static struct client identify(struct span bytes)
{
	struct dhcp_message message;

	assert_int_equal(dhcp_decode(bytes, &message), DHCP_DROP_NONE);
	return dhcp_identify(&message);
}

static struct client identify_packet(const struct packet *packet)
{
	struct span bytes = packet_bytes(packet);
	struct client client = identify(bytes);

	bytes_free(bytes);
	return client;
}

/* Each mark alone, and what is none. */
static const struct {
	const char *options;
	bool is_boot_stage;
} marks[] = {
	{ "53=01 60='PXEClient'", true },
	{ "53=01 60='PXEClient:Arch:00000:UNDI:002001'", true },
	{ "53=01 60='HTTPClient'", true },
	{ "53=01 60='HTTPClient:Arch:00016:UNDI:003000'", true },
	{ "53=01 60='U-Boot'", true },
	{ "53=01 60='U-Boot.armv8'", true },
	{ "53=01 93=0000", true },
	{ "53=01 93=", true },
	{ "53=01 97=00a1774d560201044385060708090a0101", true },
	{ "53=01 97=0000000000000000000000000000000000", true }, /* no identity, but a mark */
	{ "53=01 97=", true },
	{ "53=01 77='iPXE'", true },
	{ "53=01 77=0469505845", true },
	{ "53=01 175=b105011af41000", true },
	{ "53=01 175=", true },
	{ "53=01", false },
	{ "", false },
	{ "53=01 60='pxeclient'", false },
	{ "53=01 60='PXEClien'", false },
	{ "53=01 60='my PXEClient'", false },
	{ "53=01 60='U-Boo'", false },
	{ "53=01 60='MSFT 5.0'", false },
	{ "53=01 60='udhcp 1.35.0'", false },
	{ "53=01 60='dhcpcd-9.4.1:Linux-6.1.0:x86_64'", false },
	{ "53=01 77='RRAS.Microsoft'", false },
	{ "53=01 43=470480000000ff", false },
	{ "53=01 61=00a1774d560201044385060708090a0101", false },
	{ "53=01 94=010201", false },
	{ "53=01 55=0102030c0f42435d61af", false }, /* asking for options is no mark */
	{ "53=01 57=0240 55=0103060c0f1c2a4243 12='bootvm' 60='udhcp 1.35.0' 61=01525400770101",
	  false },
};

static void each_mark_alone_makes_a_boot_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		struct packet packet = { .options = marks[i].options };

		print_message("%s\n", marks[i].options);
		assert_int_equal(identify_packet(&packet).is_boot_stage, marks[i].is_boot_stage);
	}
}

static const struct {
	const char *file;
	bool is_boot_stage;
	bool is_ipxe;
	int architecture;
	bool has_uuid;
} real_clients[] = {
	{ "bios-ipxe-rom-discover", true, true, 0, true },
	{ "bios-ipxe-rom-request", true, true, 0, true },
	{ "bios-proxy-rom-boot-server-request", true, true, 0, true },
	{ "bios-ipxe-os-discover", false, false, NO_ARCHITECTURE, false },
	{ "bios-ipxe-os-request", false, false, NO_ARCHITECTURE, false },
	{ "uefi-pxe4-rom-discover", true, false, 7, true },
	{ "uefi-pxe4-rom-request", true, false, 7, true },
	{ "uefi-http4-rom-discover", true, false, 16, true },
	{ "uefi-http4-rom-request", true, false, 16, true },
	{ "uboot-x86-rom-discover", true, false, NO_ARCHITECTURE, false },
	{ "uboot-x86-rom-request", true, false, NO_ARCHITECTURE, false },
};

static void knows_real_clients(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(real_clients); i++) {
		struct span bytes = bytes_of_file(real_clients[i].file);
		struct client client = identify(bytes);

		print_message("%s\n", real_clients[i].file);
		assert_string_equal(mac_format(client.mac).text, MACHINE);
		assert_int_equal(client.is_boot_stage, real_clients[i].is_boot_stage);
		assert_int_equal(client.is_ipxe, real_clients[i].is_ipxe);
		assert_int_equal(client.has_architecture,
				 real_clients[i].architecture != NO_ARCHITECTURE);
		if (client.has_architecture)
			assert_int_equal(client.architecture, real_clients[i].architecture);
		assert_int_equal(client.has_uuid, real_clients[i].has_uuid);
		if (client.has_uuid)
			assert_string_equal(uuid_format(client.uuid).text,
					    "564d77a1-0102-4304-8506-0708090a0101");
		assert_int_equal(client.is_http,
				 strncmp(real_clients[i].file, "uefi-http4-rom", 14) == 0);
		assert_false(client.lacks_http);
		assert_false(client.is_raspberry_pi);
		assert_false(client.wants_terminated_text);
		bytes_free(bytes);
	}
}

static const struct {
	const char *mac;
	bool is_raspberry_pi;
} machines[] = {
	{ "B8-27-EB-00-00-01", true },  { "DC-A6-32-00-00-01", true },
	{ "E4-5F-01-FF-FF-FF", true },  { "28-CD-C1-00-00-00", true },
	{ "D8-3A-DD-12-34-56", true },  { "52-54-00-77-01-01", false },
	{ "B8-27-EC-00-00-01", false }, { "DC-A6-33-00-00-01", false },
	{ "52-54-B8-27-EB-01", false },
};

static void knows_the_raspberry_pi_by_its_mac(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(machines); i++) {
		struct client client = identify_packet(
			&(struct packet){ .mac = machines[i].mac, .options = "53=01 93=0000" });

		print_message("%s\n", machines[i].mac);
		assert_int_equal(client.is_raspberry_pi, machines[i].is_raspberry_pi);
		assert_true(mac_is_same(client.mac, mac_of(machines[i].mac)));
	}
}

static void microsoft_reads_texts_up_to_a_nul(void **state)
{
	static const struct {
		const char *options;
		bool wants_terminated_text;
	} rows[] = {
		{ "53=01 60='MSFT 5.0'", true },    { "53=01 60='MSFT 98'", true },
		{ "53=01 60='MSFT'", true },        { "53=01 60='MSF'", false },
		{ "53=01 60='a MSFT 5.0'", false }, { "53=01 77='MSFT 5.0'", false },
		{ "53=01 60='PXEClient'", false },  { "53=01", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet packet = { .options = rows[i].options };

		print_message("%s\n", rows[i].options);
		assert_int_equal(identify_packet(&packet).wants_terminated_text,
				 rows[i].wants_terminated_text);
	}
}

static void without_option_93_the_vendor_class_tells_the_architecture(void **state)
{
	struct client client =
		identify_packet(&(struct packet){ .options = "60='PXEClient:Arch:00011:UNDI:3'" });

	(void)state;
	assert_true(client.has_architecture);
	assert_int_equal(client.architecture, 11);
}

static const struct {
	const char *what;
	struct packet packet;
	enum dhcp_message_type type;
	const char *ciaddr;
	const char *requested;
	const char *server; /* NULL: it names none */
} requests[] = {
	{ "DISCOVER", { .options = "53=01" }, DHCP_DISCOVER, "0.0.0.0", "0.0.0.0", NULL },
	{ "DISCOVER of a certain address",
	  { .options = "53=01 50=c0a84d94" },
	  DHCP_DISCOVER,
	  "0.0.0.0",
	  "192.168.77.148",
	  NULL },
	{ "REQUEST of an offer",
	  { .options = "53=03 50=c0a84d94 54=c0a84d01" },
	  DHCP_REQUEST,
	  "0.0.0.0",
	  "192.168.77.148",
	  "192.168.77.1" },
	{ "REQUEST to renew",
	  { .options = "53=03", .ciaddr = "192.168.77.148" },
	  DHCP_REQUEST,
	  "192.168.77.148",
	  "0.0.0.0",
	  NULL },
	{ "RELEASE",
	  { .options = "53=07 54=c0a84d01", .ciaddr = "192.168.77.148" },
	  DHCP_RELEASE,
	  "192.168.77.148",
	  "0.0.0.0",
	  "192.168.77.1" },
	{ "DECLINE",
	  { .options = "53=04 50=c0a84d94 54=c0a84d01" },
	  DHCP_DECLINE,
	  "0.0.0.0",
	  "192.168.77.148",
	  "192.168.77.1" },
	{ "addresses of wrong lengths",
	  { .options = "53=03 50=c0a84d 54=c0a84d0100" },
	  DHCP_REQUEST,
	  "0.0.0.0",
	  "0.0.0.0",
	  NULL },
	{ "a server of zeros",
	  { .options = "53=03 54=00000000" },
	  DHCP_REQUEST,
	  "0.0.0.0",
	  "0.0.0.0",
	  "0.0.0.0" },
	{ "plain BOOTP", { .has_no_cookie = true }, DHCP_NONE, "0.0.0.0", "0.0.0.0", NULL },
	{ "BOOTP with options",
	  { .options = "12='diskless'" },
	  DHCP_NONE,
	  "0.0.0.0",
	  "0.0.0.0",
	  NULL },
	{ "an unknown type", { .options = "53=2a" }, 42, "0.0.0.0", "0.0.0.0", NULL },
};

static void reads_what_is_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		struct span bytes = packet_bytes(&requests[i].packet);
		struct dhcp_message message;
		struct dhcp_request request;

		print_message("%s\n", requests[i].what);
		assert_int_equal(dhcp_decode(bytes, &message), DHCP_DROP_NONE);
		request = dhcp_request_of(&message);
		assert_int_equal(request.type, requests[i].type);
		assert_string_equal(mac_format(request.mac).text, MACHINE);
		assert_string_equal(ip4_format(request.ciaddr).text, requests[i].ciaddr);
		assert_string_equal(ip4_format(request.requested).text, requests[i].requested);
		assert_int_equal(request.names_server, requests[i].server != NULL);
		if (request.names_server)
			assert_string_equal(ip4_format(request.server).text, requests[i].server);
		bytes_free(bytes);
	}
}

static uint32_t marks_of_file(const char *program, const char *message)
{
	char name[64];
	struct span bytes;
	uint32_t found;

	(void)snprintf(name, sizeof(name), "%s-%s", program, message);
	bytes = bytes_of_file(name);
	found = identify(bytes).marks;
	bytes_free(bytes);
	return found;
}

/* One program asks in the same way all the time, another in another. */
static void marks_tell_programs_apart(void **state)
{
	static const char *const programs[] = { "bios-ipxe-rom", "uefi-pxe4-rom", "uefi-http4-rom",
						"uboot-x86-rom", "bios-ipxe-os" };
	uint32_t found[COUNT_OF(programs)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		found[i] = marks_of_file(programs[i], "discover");
		assert_int_equal(marks_of_file(programs[i], "request"), found[i]);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(found[j], found[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mark_alone_makes_a_boot_stage),
		cmocka_unit_test(knows_real_clients),
		cmocka_unit_test(marks_tell_programs_apart),
		cmocka_unit_test(knows_the_raspberry_pi_by_its_mac),
		cmocka_unit_test(microsoft_reads_texts_up_to_a_nul),
		cmocka_unit_test(without_option_93_the_vendor_class_tells_the_architecture),
		cmocka_unit_test(reads_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
