/* The answer's octets, taken apart by a reader of the test's own, and where they go. */
#include "dhcp/dhcp_reply.h"

#include "boot/session.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define OPTIONS_AT     240
#define SNAME_AT       44
#define FILE_AT        108
#define REPLY_MIN      300 /* RFC 951 */
#define REPLY_UNASKED  548 /* RFC 2131 section 2: a datagram of 576 octets */
#define HEADERS        28  /* of IP and UDP: option 57 counts them */
#define FRAME_MAX      1500
#define DISCOVER       "53=01 57=05dc"
#define LONGEST_DOMAIN 253
#define LONGEST_FILE   127

/* All that an answer is made of. */
struct setting {
	struct config config;
	struct subnet_config subnet;
	const struct host_config *host;
	struct client client;
	struct dhcp_decision decision;
	char boot_file[BOOT_FILE_SIZE];
	char host_name[SESSION_CLIENT_SIZE];
};

static struct setting setting_of(enum dhcp_verdict verdict)
{
	return (struct setting){
		.config = { .bootp = { .port = 67 } },
		.subnet = { .network = ip4_of("192.168.77.0"),
			    .prefix_length = 24,
			    .netmask = ip4_of("255.255.255.0"),
			    .tells_gateway = true,
			    .lease_time_s = 3600 },
		.decision = { .verdict = verdict,
			      .lease_time_s = 3600,
			      .lease = { .address = ip4_of("192.168.77.148"),
					 .mac = mac_of(MACHINE) } },
		.boot_file = "pxelinux.0",
	};
}

static void fill(char *text, size_t length)
{
	memset(text, 'x', length);
	text[length] = '\0';
}

/* As much of everything as there can be. */
static struct setting fat_setting(enum dhcp_verdict verdict)
{
	struct setting setting = setting_of(verdict);
	struct subnet_config *subnet = &setting.subnet;

	for (subnet->dns_count = 0; subnet->dns_count < CONFIG_DNS_MAX; subnet->dns_count++)
		subnet->dns[subnet->dns_count].value = 0x08080808 + (uint32_t)subnet->dns_count;
	fill(subnet->domain, LONGEST_DOMAIN);
	fill(setting.host_name, SESSION_CLIENT_SIZE - 1);
	fill(setting.config.bootp.servername, SERVER_NAME_SIZE - 1);
	fill(setting.boot_file, LONGEST_FILE);
	return setting;
}

/* An answer and what is in it. The values point into bytes. */
struct reply {
	uint8_t bytes[DHCP_REPLY_MAX];
	size_t length;
	struct span options[256];
	unsigned count;      /* options */
	uint8_t last;        /* code of the last option */
	uint8_t before_last; /* and of the one before */
	size_t pads;         /* before END */
	bool is_pad_after_boot_file;
};

/* Every option is whole and comes once, END is there, and nothing but zeros follows it. */
static void take_apart(struct reply *reply)
{
	size_t at = OPTIONS_AT;

	assert_memory_equal(reply->bytes + 236, "\x63\x82\x53\x63", 4);
	while (at < reply->length && reply->bytes[at] != OPTION_END) {
		uint8_t code = reply->bytes[at];
		size_t length;

		if (code == OPTION_PAD) {
			reply->pads++;
			reply->is_pad_after_boot_file = reply->last == OPTION_BOOT_FILE;
			at++;
			continue;
		}
		assert_true(at + 2 <= reply->length);
		length = reply->bytes[at + 1];
		assert_true(at + 2 + length < reply->length);
		assert_null(reply->options[code].bytes);
		reply->options[code] = (struct span){ reply->bytes + at + 2, length };
		reply->count++;
		reply->before_last = reply->last;
		reply->last = code;
		at += 2 + length;
	}
	assert_true(at < reply->length);
	for (at++; at < reply->length; at++)
		assert_int_equal(reply->bytes[at], 0);
}

/* Writes the answer to the packet; its bytes behind the end must stay as they are. */
static void write_reply(const struct setting *setting, const struct packet *packet,
			struct reply *out_reply)
{
	struct span asked = packet_bytes(packet);
	struct dhcp_message message;
	struct dhcp_answer_facts facts = { .message = &message,
					   .client = &setting->client,
					   .decision = &setting->decision,
					   .config = &setting->config,
					   .subnet = &setting->subnet,
					   .host = setting->host,
					   .server = ip4_of("192.168.77.1"),
					   .server_id = ip4_of("192.168.77.1"),
					   .tftp_server = ip4_of("192.168.77.2"),
					   .boot_file = setting->boot_file,
					   .host_name = setting->host_name };
	struct writer out = writer_of(out_reply->bytes, sizeof(out_reply->bytes));
	uint8_t untouched[DHCP_REPLY_MAX];

	memset(out_reply, 0, sizeof(*out_reply));
	memset(untouched, 0xa5, sizeof(untouched));
	memcpy(out_reply->bytes, untouched, sizeof(untouched));
	assert_int_equal(dhcp_decode(asked, &message), DHCP_DROP_NONE);
	dhcp_write_reply(&out, &facts);
	assert_false(out.is_failed);
	out_reply->length = out.used;
	assert_memory_equal(out_reply->bytes + out.used, untouched, sizeof(untouched) - out.used);
	if (message.has_cookie)
		take_apart(out_reply);
	bytes_free(asked);
}

static void assert_options(const struct reply *reply, const char *list)
{
	struct option_value option;
	unsigned count = 0;

	while (option_next(&list, &option)) {
		struct span value = reply->options[option.code];

		if (value.bytes == NULL)
			fail_msg("option %u is missing", option.code);
		if (value.length != option.length ||
		    memcmp(value.bytes, option.bytes, option.length) != 0)
			fail_msg("option %u has another value", option.code);
		count++;
	}
	assert_int_equal(reply->count, count);
}

#define LEASE   "54=c0a84d01 51=00000e10 58=00000708 59=00000c4e "
#define NETWORK "1=ffffff00 3=c0a84d01 "
#define BOOT    "66='192.168.77.2' 67='pxelinux.0' "

/* What is sent by default, and what each setting adds. Nothing of option 60, 43 or 52. */
static void carries_the_options_of_each_answer(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	write_reply(&setting, &(struct packet){ .options = DISCOVER }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT);
	setting.decision.verdict = DHCP_VERDICT_ACK;
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply, "53=05 " LEASE NETWORK BOOT);
	/* RFC 2131 section 4.3.5: an INFORM's ACK has no lease time. */
	setting.decision.verdict = DHCP_VERDICT_INFORM;
	write_reply(&setting, &(struct packet){ .options = "53=08" }, &reply);
	assert_options(&reply, "53=05 54=c0a84d01 " NETWORK BOOT);
	setting.decision.verdict = DHCP_VERDICT_NAK;
	setting.decision.reason = DHCP_REASON_ADDRESS_TAKEN;
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply, "53=06 54=c0a84d01 56='the address is taken'");
	strcpy(setting.host_name, "gordon");
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply, "53=06 54=c0a84d01 56='the address is taken'");
	setting = setting_of(DHCP_VERDICT_REPLY);
	write_reply(&setting, &(struct packet){ .options = "" }, &reply);
	assert_options(&reply, NETWORK);
	strcpy(setting.host_name, "gordon");
	setting.subnet.tells_gateway = false;
	write_reply(&setting, &(struct packet){ .options = "" }, &reply);
	assert_options(&reply, "1=ffffff00 12='gordon'");
}

static const struct {
	const char *what;
	const char *domain;
	uint32_t gateway;
	size_t dns_count;
	const char *boot_file;
	bool is_microsoft;
	const char *asked;
	const char *options;
	const char *host_name; /* NULL: none */
	bool hides_gateway;    /* set_gateway = no */
} offers[] = {
	/* clang-format off */
	{ "a gateway", "", 0xc0a84dfe, 0, "", false, .asked = DISCOVER,
	  "53=02 " LEASE "1=ffffff00 3=c0a84dfe 66='192.168.77.2'" },
	{ "no boot file: no option 67", "", 0, 0, "", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK "66='192.168.77.2'" },
	{ "one DNS server", "", 0, 1, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK BOOT "6=01010101" },
	{ "eight DNS servers", "", 0, 8, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK BOOT
	  "6=0101010102020202030303030404040405050505060606060707070708080808" },
	{ "a domain", "example.net", 0, 0, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK BOOT "15='example.net'" },
	{ "Microsoft's texts end with NUL", "example.net", 0, 0, "a.0", true, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK "15=6578616d706c652e6e657400 66=3139322e3136382e37372e3200 "
	  "67=612e3000" },
	{ "RFC 2132 3.14: a host name", "", 0, 0, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK BOOT "12='gordon'", .host_name = "gordon" },
	{ "Microsoft's host name ends with NUL", "", 0, 0, "", true, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK "12=676f72646f6e00 66=3139322e3136382e37372e3200",
	  .host_name = "gordon" },
	{ "a host name and a domain", "example.net", 0, 0, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE NETWORK BOOT "12='gordon' 15='example.net'", .host_name = "gordon" },
	{ "set_gateway = no: no option 3", "", 0, 0, "pxelinux.0", false, .asked = DISCOVER,
	  "53=02 " LEASE "1=ffffff00 " BOOT, .hides_gateway = true },
	{ "set_gateway = no: the configured one is not told either", "", 0xc0a84dfe, 0,
	  "pxelinux.0", false, .asked = DISCOVER, "53=02 " LEASE "1=ffffff00 " BOOT,
	  .hides_gateway = true },
	{ "RFC 4578 2.3: option 97 is echoed", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 97=00a1774d560201044385060708090a0101",
	  "53=02 " LEASE NETWORK BOOT "97=00a1774d560201044385060708090a0101" },
	{ "the same where its length is wrong", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 97=00a1774d",
	  "53=02 " LEASE NETWORK BOOT "97=00a1774d" },
	{ "the same where it is empty", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 97=",
	  "53=02 " LEASE NETWORK BOOT "97=" },
	{ "RFC 3046 2.2: option 82 is echoed", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 82=0104deadbeef",
	  "53=02 " LEASE NETWORK BOOT "82=0104deadbeef" },
	{ "the same where it is empty", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 82=",
	  "53=02 " LEASE NETWORK BOOT "82=" },
	{ "PXE's own options are not echoed", "", 0, 0, "pxelinux.0", false,
	  .asked = DISCOVER " 60='PXEClient' 43=470480000000ff 93=0007 94=010201 77='iPXE' 175=b105 52=00",
	  "53=02 " LEASE NETWORK BOOT },
	/* clang-format on */
};

static void carries_what_is_configured(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(offers); i++) {
		struct setting setting = setting_of(DHCP_VERDICT_OFFER);
		struct subnet_config *subnet = &setting.subnet;
		struct reply reply;

		print_message("%s\n", offers[i].what);
		strcpy(subnet->domain, offers[i].domain);
		strcpy(setting.boot_file, offers[i].boot_file);
		setting.subnet.gateway.value = offers[i].gateway;
		for (; subnet->dns_count < offers[i].dns_count; subnet->dns_count++)
			subnet->dns[subnet->dns_count].value =
				0x01010101 * ((uint32_t)subnet->dns_count + 1);
		setting.client.wants_terminated_text = offers[i].is_microsoft;
		subnet->tells_gateway = !offers[i].hides_gateway;
		if (offers[i].host_name != NULL)
			strcpy(setting.host_name, offers[i].host_name);
		write_reply(&setting, &(struct packet){ .options = offers[i].asked }, &reply);
		assert_options(&reply, offers[i].options);
	}
}

static void the_lease_times_do_not_wrap(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_ACK);
	struct reply reply;

	(void)state;
	setting.decision.lease_time_s = UINT32_MAX;
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply,
		       "53=05 54=c0a84d01 51=ffffffff 58=7fffffff 59=dfffffff " NETWORK BOOT);
}

static uint32_t address_at(const struct reply *reply, size_t at)
{
	return ip4_from_bytes(reply->bytes + at).value;
}

/* RFC 2131 table 3, with siaddr the TFTP server (shim reads nothing else). */
static const struct {
	const char *what;
	enum dhcp_verdict verdict;
	struct packet asked;
	uint16_t flags;
	const char *ciaddr;
	const char *yiaddr;
	const char *siaddr;
	const char *giaddr;
	const char *file;
} headers[] = {
	/* clang-format off */
	{ "OFFER", DHCP_VERDICT_OFFER, { .options = "53=01" },
	  0, "0.0.0.0", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "OFFER, the broadcast bit comes back", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .flags = 0x8000 },
	  0x8000, "0.0.0.0", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "OFFER, ciaddr is 0 whatever came", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .ciaddr = "192.168.77.148" },
	  0, "0.0.0.0", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "OFFER by a relay, which wants its bit unchanged", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .giaddr = "192.168.77.9" },
	  0, "0.0.0.0", "192.168.77.148", "192.168.77.2", "192.168.77.9", "pxelinux.0" },
	{ "ACK", DHCP_VERDICT_ACK, { .options = "53=03" },
	  0, "0.0.0.0", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "ACK of a renewal", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "192.168.77.148" },
	  0, "192.168.77.148", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "NAK", DHCP_VERDICT_NAK, { .options = "53=03", .ciaddr = "192.168.77.148" },
	  0, "0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0", "" },
	{ "4.3.2: the server MUST set the broadcast bit in a NAK by a relay", DHCP_VERDICT_NAK,
	  { .options = "53=03", .giaddr = "192.168.77.9" },
	  0x8000, "0.0.0.0", "0.0.0.0", "0.0.0.0", "192.168.77.9", "" },
	{ "BOOTP", DHCP_VERDICT_REPLY, { .options = "" },
	  0, "0.0.0.0", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	{ "BOOTP without the cookie", DHCP_VERDICT_REPLY,
	  { .has_no_cookie = true, .ciaddr = "192.168.77.148", .flags = 0x8000 },
	  0x8000, "192.168.77.148", "192.168.77.148", "192.168.77.2", "0.0.0.0", "pxelinux.0" },
	/* clang-format on */
};

static void fills_in_the_header(void **state)
{
	static const uint8_t chaddr[16] = { 0x52, 0x54, 0x00, 0x77, 0x01, 0x01 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(headers); i++) {
		struct setting setting = setting_of(headers[i].verdict);
		bool is_nak = headers[i].verdict == DHCP_VERDICT_NAK;
		struct reply reply;

		print_message("%s\n", headers[i].what);
		strcpy(setting.config.bootp.servername, "boots");
		write_reply(&setting, &headers[i].asked, &reply);
		/* A reply by Ethernet, no hops, the client's xid, no seconds. */
		assert_memory_equal(reply.bytes, "\x02\x01\x06\x00\x12\x34\x56\x78\x00\x00", 10);
		assert_int_equal(reply.bytes[10] << 8 | reply.bytes[11], headers[i].flags);
		assert_int_equal(address_at(&reply, 12), ip4_of(headers[i].ciaddr).value);
		assert_int_equal(address_at(&reply, 16), ip4_of(headers[i].yiaddr).value);
		assert_int_equal(address_at(&reply, 20), ip4_of(headers[i].siaddr).value);
		assert_int_equal(address_at(&reply, 24), ip4_of(headers[i].giaddr).value);
		assert_memory_equal(reply.bytes + 28, chaddr, sizeof(chaddr));
		assert_string_equal((const char *)reply.bytes + SNAME_AT, is_nak ? "" : "boots");
		assert_string_equal((const char *)reply.bytes + FILE_AT, headers[i].file);
	}
}

static void without_the_cookie_nothing_follows_the_file(void **state)
{
	struct setting setting = fat_setting(DHCP_VERDICT_REPLY);
	struct reply reply;

	(void)state;
	write_reply(&setting, &(struct packet){ .has_no_cookie = true }, &reply);
	assert_int_equal(reply.length, REPLY_MIN);
	for (size_t at = FILE_AT + BOOT_FILE_SIZE; at < reply.length; at++)
		assert_int_equal(reply.bytes[at], 0);
}

/* QUIRKS 1.7: exact length, then PAD, last but for the relay's option. */
static void the_boot_file_is_last_with_a_pad_behind_it(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	write_reply(&setting, &(struct packet){ .options = DISCOVER " 97=0011" }, &reply);
	assert_int_equal(reply.last, OPTION_BOOT_FILE);
	assert_int_equal(reply.pads, 1);
	assert_true(reply.is_pad_after_boot_file);
	write_reply(&setting, &(struct packet){ .options = "82=0102 97=0011 " DISCOVER }, &reply);
	assert_int_equal(reply.last, OPTION_RELAY_AGENT);
	assert_int_equal(reply.before_last, OPTION_BOOT_FILE);
	assert_int_equal(reply.pads, 1);
	assert_true(reply.is_pad_after_boot_file);
}

static void a_raspberry_pi_gets_neither_pad_nor_nul(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	setting.client.is_raspberry_pi = true;
	write_reply(&setting, &(struct packet){ .options = DISCOVER " 82=0102" }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT "82=0102");
	assert_int_equal(reply.pads, 0);
}

/* The most that the answer to this option 57 may hold. */
static size_t limit_of(unsigned asked)
{
	unsigned datagram = asked < 576 ? 576 : asked;

	return (datagram > FRAME_MAX ? FRAME_MAX : datagram) - HEADERS;
}

static void keeps_to_option_57_whatever_it_says(void **state)
{
	struct setting setting = fat_setting(DHCP_VERDICT_OFFER);
	size_t longest = 0;

	(void)state;
	for (unsigned asked = 0; asked <= UINT16_MAX; asked++) {
		char options[32];
		struct reply reply;

		(void)snprintf(options, sizeof(options), "53=01 57=%04x", asked);
		write_reply(&setting, &(struct packet){ .options = options }, &reply);
		assert_true(reply.length >= REPLY_MIN);
		assert_true(reply.length <= limit_of(asked));
		if (reply.length > longest)
			longest = reply.length;
	}
	/* All of it fits one frame. */
	assert_true(longest > REPLY_UNASKED);
}

static void an_option_57_of_a_wrong_length_says_nothing(void **state)
{
	static const char *const asked[] = { "53=01", "53=01 57=", "53=01 57=ff",
					     "53=01 57=00ffff" };
	struct setting setting = fat_setting(DHCP_VERDICT_OFFER);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		struct reply reply;

		write_reply(&setting, &(struct packet){ .options = asked[i] }, &reply);
		assert_true(reply.length <= REPLY_UNASKED);
	}
}

/* Every length of the relay's option, in every kind of answer, with little room and with much. */
static void the_relay_gets_its_option_back_whole(void **state)
{
	static const enum dhcp_verdict verdicts[] = { DHCP_VERDICT_OFFER, DHCP_VERDICT_ACK,
						      DHCP_VERDICT_NAK };

	(void)state;
	for (unsigned i = 0; i < 256U * COUNT_OF(verdicts) * 2; i++) {
		struct setting setting = fat_setting(verdicts[i / 256 % COUNT_OF(verdicts)]);
		unsigned length = i % 256;
		char options[64];
		struct reply reply;

		setting.decision.reason = setting.decision.verdict == DHCP_VERDICT_NAK
						  ? DHCP_REASON_OTHER_ADDRESS
						  : DHCP_REASON_NONE;
		(void)snprintf(options, sizeof(options), "53=03 57=%s 82=%u*ab",
			       i < 256U * COUNT_OF(verdicts) ? "0240" : "05dc", length);
		write_reply(&setting, &(struct packet){ .options = options }, &reply);
		assert_int_equal(reply.last, OPTION_RELAY_AGENT);
		assert_int_equal(reply.options[OPTION_RELAY_AGENT].length, length);
		for (unsigned at = 0; at < length; at++)
			assert_int_equal(reply.options[OPTION_RELAY_AGENT].bytes[at], 0xab);
		/* What every answer must say is there all the same. */
		assert_non_null(reply.options[OPTION_MESSAGE_TYPE].bytes);
		assert_non_null(reply.options[OPTION_SERVER_ID].bytes);
		if (verdicts[i / 256 % COUNT_OF(verdicts)] == DHCP_VERDICT_NAK)
			continue;
		assert_non_null(reply.options[OPTION_LEASE_TIME].bytes);
		assert_non_null(reply.options[OPTION_NETMASK].bytes);
		assert_int_equal(strlen((const char *)reply.bytes + FILE_AT), LONGEST_FILE);
	}
}

/* 64 octets of vendor area; a relay's option that is larger than what is left goes nowhere. */
static void a_bootp_reply_is_of_300_octets(void **state)
{
	struct setting settings[] = { setting_of(DHCP_VERDICT_REPLY),
				      fat_setting(DHCP_VERDICT_REPLY) };

	(void)state;
	for (unsigned i = 0; i < 256U * COUNT_OF(settings); i++) {
		unsigned length = i % 256;
		char options[64];
		struct reply reply;

		(void)snprintf(options, sizeof(options), "57=05dc 82=%u*ab", length);
		write_reply(&settings[i / 256], &(struct packet){ .options = options }, &reply);
		assert_int_equal(reply.length, REPLY_MIN);
		if (reply.options[OPTION_RELAY_AGENT].bytes != NULL)
			assert_int_equal(reply.options[OPTION_RELAY_AGENT].length, length);
		if (length < 32)
			assert_int_equal(reply.last, OPTION_RELAY_AGENT);
	}
}

static void a_bootp_reply_carries_what_fits(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_REPLY);
	struct reply reply;

	(void)state;
	strcpy(setting.subnet.domain, "lan.example");
	setting.subnet.dns_count = 8;
	write_reply(&setting, &(struct packet){ .options = "" }, &reply);
	assert_options(&reply, NETWORK "6=32*00 15='lan.example'");
	strcpy(setting.subnet.domain, "lans.example");
	write_reply(&setting, &(struct packet){ .options = "" }, &reply);
	assert_options(&reply, NETWORK "6=32*00");
}

static void the_longest_boot_file_is_whole_in_both_places(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	fill(setting.boot_file, LONGEST_FILE);
	for (unsigned terminated = 0; terminated < 2; terminated++) {
		setting.client.wants_terminated_text = terminated == 1;
		write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
		assert_int_equal(reply.options[OPTION_BOOT_FILE].length, LONGEST_FILE + terminated);
		assert_memory_equal(reply.options[OPTION_BOOT_FILE].bytes, setting.boot_file,
				    LONGEST_FILE + terminated);
		assert_string_equal((const char *)reply.bytes + FILE_AT, setting.boot_file);
	}
}

static void the_longest_servername_is_whole(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	fill(setting.config.bootp.servername, SERVER_NAME_SIZE - 1);
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_string_equal((const char *)reply.bytes + SNAME_AT, setting.config.bootp.servername);
	/* Option 66 is the TFTP server's address all the same. */
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT);
}

/* RFC 4578 2.3 wants option 97 in every packet, and firmware boots by 66 and 67. A domain is a
 * comfort: where not all fits, it is the one that goes. */
static void a_long_domain_makes_room_for_what_boots(void **state)
{
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	size_t dropped = 0;

	(void)state;
	setting.subnet.dns_count = CONFIG_DNS_MAX;
	fill(setting.host_name, SESSION_CLIENT_SIZE - 1);
	for (size_t length = 0; length <= LONGEST_DOMAIN; length++) {
		struct reply reply;

		fill(setting.subnet.domain, length);
		write_reply(&setting,
			    &(struct packet){ .options = "53=01 97=00a1774d560201044385060708090a"
							 "0101" },
			    &reply);
		if (reply.options[OPTION_TFTP_SERVER].bytes == NULL ||
		    reply.options[OPTION_BOOT_FILE].bytes == NULL ||
		    reply.options[OPTION_HOST_NAME].bytes == NULL ||
		    reply.options[OPTION_MACHINE_UUID].bytes == NULL)
			dropped++;
	}
	assert_int_equal(dropped, 0);
}

/* Every mixture of lengths: take_apart finds each option whole. */
static void no_option_is_ever_cut(void **state)
{
	static const size_t file_lengths[] = { 0, 1, 60, LONGEST_FILE };
	static const unsigned relay_lengths[] = { 0, 1, 100, 255 };

	(void)state;
	for (size_t i = 0; i < 16 * 9; i++) {
		struct setting setting = setting_of(DHCP_VERDICT_OFFER);
		unsigned relay = relay_lengths[i / 4 % 4];
		char options[96];

		fill(setting.boot_file, file_lengths[i % 4]);
		setting.subnet.dns_count = i / 16;
		setting.client.wants_terminated_text = i % 2 == 0;
		(void)snprintf(options, sizeof(options), "53=01 97=17*00 %s=%u*ab",
			       relay == 0 ? "200" : "82", relay);
		for (size_t length = 0; length <= LONGEST_DOMAIN; length++) {
			struct reply reply;

			fill(setting.subnet.domain, length);
			write_reply(&setting, &(struct packet){ .options = options }, &reply);
			assert_true(reply.length <= REPLY_UNASKED);
			assert_int_equal(reply.last == OPTION_RELAY_AGENT, relay != 0);
		}
	}
}

#define SETTING(number, value)                                                                     \
	{                                                                                          \
		.code = (number), .length = sizeof(value) - 1, .bytes = (value)                    \
	}

/* Each of them sets its own, and what the wider ones set, too. */
static uint8_t of_host[] = "host";
static uint8_t of_subnet[] = "net";
static uint8_t of_all[] = "all";
static uint8_t ten_minutes[] = "\x00\x00\x02\x58";
static uint8_t fifteen_minutes[] = "\x00\x00\x03\x84";
static struct option_setting host_options[] = { SETTING(17, of_host) };
static struct option_setting subnet_options[] = { SETTING(17, of_subnet), SETTING(40, of_subnet) };
static struct option_setting general_options[] = { SETTING(17, of_all), SETTING(40, of_all),
						   SETTING(43, of_all), SETTING(58, ten_minutes),
						   SETTING(60, of_all), SETTING(67, of_all),
						   SETTING(100, of_all) };
static const struct host_config host = { .options = { host_options, COUNT_OF(host_options) } };

static struct setting setting_with_options(enum dhcp_verdict verdict)
{
	struct setting setting = setting_of(verdict);

	setting.host = &host;
	setting.subnet.options =
		(struct option_settings){ subnet_options, COUNT_OF(subnet_options) };
	setting.config.options =
		(struct option_settings){ general_options, COUNT_OF(general_options) };
	return setting;
}

static void carries_the_options_of_host_network_and_all(void **state)
{
	struct setting setting = setting_with_options(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_options(&reply, "53=02 54=c0a84d01 51=00000e10 58=00000258 59=00000c4e " NETWORK BOOT
			       "17='host' 40='net' 43='all' 60='all' 100='all'");
	setting.host = NULL;
	setting.boot_file[0] = '\0';
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_options(&reply, "53=02 54=c0a84d01 51=00000e10 58=00000258 59=00000c4e " NETWORK
			       "66='192.168.77.2' 67='all' 17='net' 40='net' 43='all' 60='all' "
			       "100='all'");
	/* 43 and 60 would tell firmware of a PXE server that there is not. */
	setting.boot_file[0] = 'x';
	setting.boot_file[1] = '\0';
	setting.client.is_pxe = true;
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_options(&reply, "53=02 54=c0a84d01 51=00000e10 58=00000258 59=00000c4e " NETWORK
			       "66='192.168.77.2' 67='x' 17='net' 40='net' 100='all'");
}

/* What is left of a lease may be less than they are; then they are the defaults. */
static void configured_times_are_told_as_far_as_the_lease_lasts(void **state)
{
	static const struct {
		uint32_t lease_time_s;
		const char *told;
	} rows[] = {
		{ 901, "51=00000385 58=00000258 59=00000384 " },
		{ 900, "51=00000384 58=00000258 59=00000313 " },
		{ 687, "51=000002af 58=00000258 59=00000259 " },
		{ 686, "51=000002ae 58=00000157 59=00000258 " },
		{ 600, "51=00000258 58=0000012c 59=0000020d " },
		{ 60, "51=0000003c 58=0000001e 59=00000034 " },
		{ UINT32_MAX, "51=ffffffff 58=00000258 59=00000384 " },
	};
	struct option_setting times[] = { SETTING(58, ten_minutes), SETTING(59, fifteen_minutes) };
	struct setting setting = setting_of(DHCP_VERDICT_ACK);

	(void)state;
	setting.config.options = (struct option_settings){ times, COUNT_OF(times) };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char expected[300];
		struct reply reply;

		(void)snprintf(expected, sizeof(expected), "53=05 54=c0a84d01 %s" NETWORK BOOT,
			       rows[i].told);
		setting.decision.lease_time_s = rows[i].lease_time_s;
		write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
		assert_options(&reply, expected);
	}
}

/* A NAK has none, and a proxy leaves them to the server beside it. */
static void only_answers_with_an_address_carry_configured_options(void **state)
{
	struct setting setting = setting_with_options(DHCP_VERDICT_NAK);
	struct reply reply;

	(void)state;
	setting.decision.reason = DHCP_REASON_ADDRESS_TAKEN;
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply, "53=06 54=c0a84d01 56='the address is taken'");
	setting.decision.verdict = DHCP_VERDICT_PROXY_ACK;
	setting.client.is_pxe = true;
	write_reply(&setting, &(struct packet){ .options = "53=03" }, &reply);
	assert_options(&reply, "53=05 54=c0a84d01 60='PXEClient' " BOOT);
	setting.decision.verdict = DHCP_VERDICT_INFORM;
	setting.client.is_pxe = false;
	write_reply(&setting, &(struct packet){ .options = "53=08" }, &reply);
	assert_options(&reply, "53=05 54=c0a84d01 " NETWORK BOOT
			       "17='host' 40='net' 43='all' 58=00000258 60='all' 100='all'");
}

/* RFC 2131 section 4.3.1: the server inserts them in the order in which they are requested. */
static void what_is_requested_comes_in_that_order(void **state)
{
	static const struct {
		const char *asked;
		uint8_t order[16];
	} orders[] = {
		{ "53=01", { 53, 54, 51, 1, 3, 66, 58, 59, 6, 15, 67 } },
		{ "53=01 55=060f0301", { 53, 54, 6, 15, 3, 1, 51, 66, 58, 59, 67 } },
		{ "53=01 55=43420133", { 53, 54, 66, 1, 51, 3, 58, 59, 6, 15, 67 } },
		{ "53=01 55=", { 53, 54, 51, 1, 3, 66, 58, 59, 6, 15, 67 } },
		{ "53=01 55=0000ffff0606", { 53, 54, 6, 51, 1, 3, 66, 58, 59, 15, 67 } },
	};
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);

	(void)state;
	setting.subnet.dns_count = 1;
	strcpy(setting.subnet.domain, "lan");
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		const uint8_t *last = NULL;
		struct reply reply;

		write_reply(&setting, &(struct packet){ .options = orders[i].asked }, &reply);
		assert_int_equal(reply.count, 11);
		for (size_t at = 0; at < 11; at++) {
			const uint8_t *value = reply.options[orders[i].order[at]].bytes;

			assert_non_null(value);
			assert_true(last == NULL || value > last);
			last = value;
		}
	}
}

static uint8_t long_value[600];

/* What "file" and "sname" hold is read by dnsmasq and Kea in the same way: END, then zeros. */
static void what_has_no_room_goes_into_other_fields(void **state)
{
	struct option_setting options[] = {
		{ .code = 17, .length = 200, .bytes = long_value },
		{ .code = 40, .length = 120, .bytes = long_value },
		{ .code = 64, .length = 60, .bytes = long_value },
	};
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct reply reply;

	(void)state;
	memset(long_value, 'v', sizeof(long_value));
	setting.boot_file[0] = '\0';
	setting.config.options = (struct option_settings){ options, COUNT_OF(options) };
	/* 548 octets carry 308 of options. */
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK "66='192.168.77.2' 17=200*76 52=03");
	assert_memory_equal(reply.bytes + FILE_AT, "\x28\x78vvv", 5);
	assert_memory_equal(reply.bytes + FILE_AT + 121, "v\xff\0\0\0\0\0", 7);
	assert_memory_equal(reply.bytes + SNAME_AT, "\x40\x3cvvv", 5);
	assert_memory_equal(reply.bytes + SNAME_AT + 61, "v\xff\0", 3);
	/* The fields have text in them. */
	strcpy(setting.boot_file, "pxelinux.0");
	strcpy(setting.config.bootp.servername, "boots");
	write_reply(&setting, &(struct packet){ .options = "53=01" }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT "17=200*76");
	/* The client takes more. */
	write_reply(&setting, &(struct packet){ .options = "53=01 57=05dc" }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT "17=200*76 40=120*76 64=60*76");
	/* What is asked for goes before what is not. */
	write_reply(&setting, &(struct packet){ .options = "53=01 55=40" }, &reply);
	assert_options(&reply, "53=02 " LEASE NETWORK BOOT "64=60*76 40=120*76");
}

/* RFC 3396: as several options with one code, which the client puts together. */
static void a_long_value_is_several_options(void **state)
{
	struct option_setting option = { .code = 119, .length = 600, .bytes = long_value };
	struct setting setting = setting_of(DHCP_VERDICT_OFFER);
	struct span asked = packet_bytes(&(struct packet){ .options = "53=01 57=05dc" });
	uint8_t bytes[DHCP_REPLY_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	static const uint8_t parts[] = { 255, 255, 90 };
	struct dhcp_message message;
	const uint8_t *at = bytes;

	(void)state;
	memset(long_value, 'v', sizeof(long_value));
	setting.config.options = (struct option_settings){ &option, 1 };
	assert_int_equal(dhcp_decode(asked, &message), DHCP_DROP_NONE);
	dhcp_write_reply(&out, &(struct dhcp_answer_facts){ .message = &message,
							    .client = &setting.client,
							    .decision = &setting.decision,
							    .config = &setting.config,
							    .subnet = &setting.subnet,
							    .boot_file = "",
							    .host_name = "" });
	at = memmem(bytes, out.used, "\x77\xffvvv", 5);
	assert_non_null(at);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		assert_int_equal(at[0], 119);
		assert_int_equal(at[1], parts[i]);
		assert_memory_equal(at + 2, long_value, parts[i]);
		at += 2 + parts[i];
	}
	assert_int_not_equal(at[0], 119);
	bytes_free(asked);
}

/* RFC 2131 section 4.1, in its order. */
static const struct {
	const char *what;
	enum dhcp_verdict verdict;
	struct packet asked;
	const char *to;
	uint16_t port;
	bool is_frame;
	bool is_buggy; /* of [buggy_clients] */
} destinations[] = {
	/* clang-format off */
	{ "giaddr: to the relay's server port", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .giaddr = "192.168.77.9" }, "192.168.77.9", 67, .is_frame = false },
	{ "giaddr before ciaddr and the broadcast bit", DHCP_VERDICT_ACK,
	  { .options = "53=03", .giaddr = "192.168.77.9", .ciaddr = "192.168.77.148",
	    .flags = 0x8000 }, "192.168.77.9", 67, .is_frame = false },
	{ "giaddr: a NAK too", DHCP_VERDICT_NAK,
	  { .options = "53=03", .giaddr = "192.168.77.9" }, "192.168.77.9", 67, .is_frame = false },
	{ "giaddr: BOOTP too", DHCP_VERDICT_REPLY,
	  { .options = "", .giaddr = "192.168.77.9" }, "192.168.77.9", 67, .is_frame = false },
	{ "ciaddr: to the client", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "192.168.77.148" }, "192.168.77.148", 68, .is_frame = false },
	{ "ciaddr before the broadcast bit", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "192.168.77.148", .flags = 0x8000 },
	  "192.168.77.148", 68, .is_frame = false },
	{ "ciaddr: BOOTP too", DHCP_VERDICT_REPLY,
	  { .options = "", .ciaddr = "192.168.77.148" }, "192.168.77.148", 68, .is_frame = false },
	{ "the broadcast bit", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .flags = 0x8000 }, "255.255.255.255", 68, .is_frame = false },
	{ "the broadcast bit beside others", DHCP_VERDICT_ACK,
	  { .options = "53=03", .flags = 0xffff }, "255.255.255.255", 68, .is_frame = false },
	{ "other bits alone are no broadcast bit", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .flags = 0x7fff }, "192.168.77.148", 68, .is_frame = true },
	{ "no broadcast bit: to the client's hardware address", DHCP_VERDICT_OFFER,
	  { .options = "53=01" }, "192.168.77.148", 68, .is_frame = true },
	{ "the same for an ACK", DHCP_VERDICT_ACK,
	  { .options = "53=03" }, "192.168.77.148", 68, .is_frame = true },
	{ "the same for BOOTP", DHCP_VERDICT_REPLY,
	  { .options = "" }, "192.168.77.148", 68, .is_frame = true },
	{ "a NAK is broadcast whatever the bit", DHCP_VERDICT_NAK,
	  { .options = "53=03" }, "255.255.255.255", 68, .is_frame = false },
	{ "a NAK is broadcast whatever ciaddr", DHCP_VERDICT_NAK,
	  { .options = "53=03", .ciaddr = "192.168.77.148" }, "255.255.255.255", 68, .is_frame = false },
	{ "a ciaddr that the lease does not confirm", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "10.0.0.5" }, "192.168.77.148", 68, .is_frame = true },
	{ "the same with the broadcast bit", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "10.0.0.5", .flags = 0x8000 },
	  "255.255.255.255", 68, .is_frame = false },
	{ "buggy_clients: no broadcast bit, broadcast all the same", DHCP_VERDICT_OFFER,
	  { .options = "53=01" }, "255.255.255.255", 68, .is_frame = false, .is_buggy = true },
	{ "buggy_clients: an ACK", DHCP_VERDICT_ACK,
	  { .options = "53=03" }, "255.255.255.255", 68, .is_frame = false, .is_buggy = true },
	{ "buggy_clients: a renewal", DHCP_VERDICT_ACK,
	  { .options = "53=03", .ciaddr = "192.168.77.148" },
	  "255.255.255.255", 68, .is_frame = false, .is_buggy = true },
	{ "buggy_clients: BOOTP", DHCP_VERDICT_REPLY,
	  { .options = "" }, "255.255.255.255", 68, .is_frame = false, .is_buggy = true },
	{ "buggy_clients: a NAK", DHCP_VERDICT_NAK,
	  { .options = "53=03" }, "255.255.255.255", 68, .is_frame = false, .is_buggy = true },
	{ "buggy_clients by a relay: the relay does it", DHCP_VERDICT_OFFER,
	  { .options = "53=01", .giaddr = "192.168.77.9" },
	  "192.168.77.9", 67, .is_frame = false, .is_buggy = true },
	{ "buggy_clients by a relay: a NAK", DHCP_VERDICT_NAK,
	  { .options = "53=03", .giaddr = "192.168.77.9" },
	  "192.168.77.9", 67, .is_frame = false, .is_buggy = true },
	/* clang-format on */
};

static void answers_go_where_rfc_2131_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(destinations); i++) {
		struct setting setting = setting_of(destinations[i].verdict);
		struct span bytes = packet_bytes(&destinations[i].asked);
		struct dhcp_destination destination;
		struct dhcp_message message;

		print_message("%s\n", destinations[i].what);
		assert_int_equal(dhcp_decode(bytes, &message), DHCP_DROP_NONE);
		destination =
			dhcp_destination(&message, &setting.decision, 67, destinations[i].is_buggy);
		assert_string_equal(ip4_format(destination.to.address).text, destinations[i].to);
		assert_int_equal(destination.to.port, destinations[i].port);
		assert_int_equal(destination.is_frame, destinations[i].is_frame);
		if (destination.is_frame)
			assert_string_equal(mac_format(destination.mac).text, MACHINE);
		/* The configured port moves both. */
		destination = dhcp_destination(&message, &setting.decision, 6767,
					       destinations[i].is_buggy);
		assert_int_equal(destination.to.port, destinations[i].port + 6700);
		bytes_free(bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_the_options_of_each_answer),
		cmocka_unit_test(carries_what_is_configured),
		cmocka_unit_test(the_lease_times_do_not_wrap),
		cmocka_unit_test(fills_in_the_header),
		cmocka_unit_test(without_the_cookie_nothing_follows_the_file),
		cmocka_unit_test(the_boot_file_is_last_with_a_pad_behind_it),
		cmocka_unit_test(a_raspberry_pi_gets_neither_pad_nor_nul),
		cmocka_unit_test(keeps_to_option_57_whatever_it_says),
		cmocka_unit_test(an_option_57_of_a_wrong_length_says_nothing),
		cmocka_unit_test(the_relay_gets_its_option_back_whole),
		cmocka_unit_test(a_bootp_reply_is_of_300_octets),
		cmocka_unit_test(a_bootp_reply_carries_what_fits),
		cmocka_unit_test(the_longest_boot_file_is_whole_in_both_places),
		cmocka_unit_test(the_longest_servername_is_whole),
		cmocka_unit_test(a_long_domain_makes_room_for_what_boots),
		cmocka_unit_test(no_option_is_ever_cut),
		cmocka_unit_test(carries_the_options_of_host_network_and_all),
		cmocka_unit_test(configured_times_are_told_as_far_as_the_lease_lasts),
		cmocka_unit_test(only_answers_with_an_address_carry_configured_options),
		cmocka_unit_test(what_is_requested_comes_in_that_order),
		cmocka_unit_test(what_has_no_room_goes_into_other_fields),
		cmocka_unit_test(a_long_value_is_several_options),
		cmocka_unit_test(answers_go_where_rfc_2131_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
