/* The way of a packet through everything that has no socket: decode, identify, decide, answer. What
 * is known of the machine is drawn from the packet's xid, so that the corpus is plain packets. */
#include "boot/plan.h"
#include "dhcp/bootp_engine.h"
#include "dhcp/dhcp_client.h"
#include "dhcp/dhcp_engine.h"
#include "dhcp/dhcp_reply.h"
#include "dhcp/dhcp_wire.h"
#include "dhcp/proxy_engine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S      1000
#define FIRST      0xc0a84d64
#define LAST       0xc0a84dc7
#define SERVER     0xc0a84d01
#define OPTIONS_AT 240
#define UNTOUCHED  0xa5

#define CHECK(claim)                                                                               \
	do {                                                                                       \
		if (!(claim))                                                                      \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config config = {
	.bootp = { .port = 67, .boot_file = "boot/x86/pxelinux.0", .servername = "boots" },
	.bootfile = { .list = { { .architecture = 7, .file = "efi64/shimx64.efi" } }, .count = 1 },
	.menu = { .prompt = "Press F8",
		  .list = { { .text = "Debian" },
			    { .text = "Memory", .file = "memtest" },
			    { .text = "Disk", .is_local = true } },
		  .count = 3 },
};

static struct address_range pool = { { FIRST }, { LAST } };

static const struct subnet_config subnet = {
	.network = { 0xc0a84d00 },
	.prefix_length = 24,
	.netmask = { 0xffffff00 },
	.ranges = { &pool, 1 },
	.tells_gateway = true,
	.domain = "a-long-one.of-many-labels.that-fills-the-options.example.net",
	.dns = { { 0x08080808 }, { 0x08080404 }, { 0x01010101 } },
	.dns_count = 3,
	.lease_time_s = 3600,
};

/* All that is read lies in the packet. */
static void check_span(struct span span, const uint8_t *data, size_t size)
{
	CHECK(span.bytes != NULL || span.length == 0);
	if (span.bytes != NULL)
		CHECK(span.bytes >= data && span.bytes + span.length <= data + size);
}

/* A value that came in parts is in the message itself. */
static void check_option(const struct dhcp_message *message, struct span value, const uint8_t *data,
			 size_t size)
{
	uintptr_t start = (uintptr_t)message->joined;
	uintptr_t at = (uintptr_t)value.bytes;

	if (at < start || at > start + sizeof(message->joined)) {
		check_span(value, data, size);
		CHECK(value.length <= UINT8_MAX);
	} else {
		CHECK(at + value.length <= start + sizeof(message->joined));
	}
}

static void check_message(const struct dhcp_message *message, const uint8_t *data, size_t size)
{
	CHECK((message->mac.bytes[0] & 1) == 0 && mac_to_number(message->mac) != 0);
	check_span(message->sname, data, size);
	check_span(message->file, data, size);
	CHECK(message->sname.length <= DHCP_SNAME_SIZE && message->file.length <= DHCP_FILE_SIZE);
	for (unsigned code = 0; code < DHCP_OPTION_CODE_MAX; code++) {
		check_option(message, message->options[code], data, size);
		CHECK(message->has_cookie || message->options[code].bytes == NULL);
	}
}

/* A lease in one of the states, or none. */
static const struct lease *draw_lease(uint32_t draw, struct ip4 address, struct mac mac,
				      struct lease *out_lease)
{
	*out_lease = (struct lease){ .address = address,
				     .mac = mac,
				     .state = draw % 5,
				     .expires_s = NOW_S + (draw / 5 % 3) - 1 };
	return draw % 6 == 0 ? NULL : out_lease;
}

static struct dhcp_decision decide(const struct dhcp_message *message,
				   const struct dhcp_request *request, const struct client *client)
{
	uint32_t draw = message->header.xid;
	struct ip4 asked = ip4_is_set(request->requested) ? request->requested : request->ciaddr;
	struct lease held;
	struct dhcp_facts facts = {
		.may_be_served = client->is_boot_stage || draw % 2 == 0,
		.server = { SERVER },
		.held = draw_lease(draw / 2 % 64, (struct ip4){ FIRST + draw % 4 }, request->mac,
				   &held),
		.wanted_is_free =
			asked.value >= FIRST && asked.value <= LAST && draw / 512 % 4 != 0,
		.has_free_address = draw / 128 % 4 != 0,
		.free_address = { FIRST + 5 },
		.store_forgets = draw / 2048 % 2 == 0,
		.store_fails = draw / 4096 % 4 == 0,
		.store_lost = draw / 16384 % 4 == 0,
		.now_s = NOW_S,
	};

	/* A machine's lease is an offer, a binding or what is left of one. */
	if (held.state > LEASE_RELEASED)
		facts.held = NULL;
	if (request->type == DHCP_NONE)
		return bootp_decide(request, &facts, &subnet);
	return dhcp_decide(request, &facts, &subnet);
}

static void check_decision(const struct dhcp_decision *decision)
{
	bool has_reason = decision->reason != DHCP_REASON_NONE;

	CHECK(decision->reason < DHCP_REASON_COUNT);
	CHECK(has_reason ==
	      (decision->verdict == DHCP_VERDICT_IGNORE || decision->verdict == DHCP_VERDICT_NAK));
	CHECK(!has_reason || !decision->must_commit);
	if (decision->must_commit)
		CHECK(decision->lease.address.value >= FIRST &&
		      decision->lease.address.value <= LAST);
}

/* RFC 2132 section 9.10: a datagram of at least 576 octets, its headers of 28 included. */
static size_t limit_of(const struct dhcp_message *message)
{
	uint16_t datagram = 576;

	if (dhcp_type(message) == DHCP_NONE)
		return BOOTP_MESSAGE_MIN;
	(void)dhcp_option_u16(message, OPTION_MAX_MESSAGE_SIZE, &datagram);
	if (datagram < 576)
		datagram = 576;
	return (datagram > 1500 ? 1500 : datagram) - 28;
}

/* Whole options up to END, each once or in parts of which all but the last are full, and zeros
 * behind it. */
static void check_options(const uint8_t *reply, size_t length)
{
	bool is_there[256] = { false };
	size_t at = OPTIONS_AT;
	unsigned going_on = OPTION_PAD;

	while (at < length && reply[at] != OPTION_END) {
		if (reply[at] == OPTION_PAD) {
			at++;
			continue;
		}
		CHECK(!is_there[reply[at]] || reply[at] == going_on);
		is_there[reply[at]] = true;
		CHECK(at + 1 < length);
		going_on = reply[at + 1] == UINT8_MAX ? reply[at] : OPTION_PAD;
		at += 2 + (size_t)reply[at + 1];
	}
	CHECK(at < length);
	for (at++; at < length; at++)
		CHECK(reply[at] == 0);
}

/* The answer is read by the decoder too, once it says that it is a request. */
static void check_read_back(uint8_t *reply, size_t length, const struct dhcp_message *asked,
			    const struct dhcp_decision *decision)
{
	struct span relay = dhcp_option(asked, OPTION_RELAY_AGENT);
	struct dhcp_message message;

	CHECK(reply[0] == BOOTP_REPLY);
	reply[0] = BOOTP_REQUEST;
	CHECK(dhcp_decode((struct span){ reply, length }, &message) == DHCP_DROP_NONE);
	CHECK(message.header.xid == asked->header.xid);
	CHECK(ip4_is_same(message.header.giaddr, asked->header.giaddr));
	CHECK(message.has_cookie == asked->has_cookie);
	if (decision->verdict == DHCP_VERDICT_REPLY)
		return;
	CHECK(dhcp_has_option(&message, OPTION_SERVER_ID));
	/* One that came in parts may be longer than an answer has room for. */
	if (relay.bytes != NULL && relay.length <= UINT8_MAX)
		CHECK(dhcp_option(&message, OPTION_RELAY_AGENT).length == relay.length);
}

static void answer(const struct dhcp_message *message, const struct client *client,
		   const struct dhcp_request *request, const struct dhcp_decision *decision)
{
	struct boot_plan plan = plan_boot(&config, client, NULL);
	bool is_proxied = decision->verdict == DHCP_VERDICT_PROXY_OFFER ||
			  decision->verdict == DHCP_VERDICT_PROXY_ACK;
	struct dhcp_answer_facts facts = { .message = message,
					   .client = client,
					   .decision = decision,
					   .config = &config,
					   .subnet = &subnet,
					   .server = { SERVER },
					   .tftp_server = { SERVER },
					   .boot_file = plan.file,
					   .shape = message->header.xid % SHAPE_COUNT,
					   .menu = plan.menu,
					   .menu_item = request->has_item ? &request->item : NULL,
					   .host_name = "host" };
	uint8_t reply[DHCP_REPLY_MAX];
	struct writer out = writer_of(reply, sizeof(reply));
	struct dhcp_destination destination =
		is_proxied ? proxy_destination(message, 67, message->mac)
			   : dhcp_destination(message, decision, 67, client->hears_only_broadcast);

	CHECK(destination.to.port == 67 || destination.to.port == 68);
	CHECK(ip4_is_set(destination.to.address));
	memset(reply, UNTOUCHED, sizeof(reply));
	dhcp_write_reply(&out, &facts);
	CHECK(!out.is_failed);
	CHECK(out.used >= BOOTP_MESSAGE_MIN && out.used <= limit_of(message));
	for (size_t i = out.used; i < sizeof(reply); i++)
		CHECK(reply[i] == UNTOUCHED);
	if (message->has_cookie)
		check_options(reply, out.used);
	check_read_back(reply, out.used, message, decision);
}

/* The same message as a proxy, or on the boot server's port, takes it. */
static void ask_proxy(const struct dhcp_message *message, const struct client *client,
		      const struct dhcp_request *request)
{
	struct boot_plan plan = plan_boot(&config, client, NULL);
	struct proxy_facts facts = { .client = client,
				     .is_boot_server = message->header.xid & 1,
				     .access = ACCESS_GRANTED,
				     .plan = &plan };
	struct dhcp_decision decision;

	if (proxy_check(request, &facts) != DHCP_REASON_NONE)
		return;
	CHECK(client->is_pxe || (client->is_http && !facts.is_boot_server));
	decision = proxy_decide(request, &facts);
	CHECK(!decision.must_commit && !ip4_is_set(decision.lease.address));
	if (decision.verdict == DHCP_VERDICT_PROXY_ACK)
		CHECK(proxy_file(request, &plan) != NULL);
	if (decision.verdict != DHCP_VERDICT_IGNORE)
		answer(message, client, request, &decision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char description[CLIENT_DESCRIPTION_SIZE];
	struct dhcp_message message;
	struct dhcp_request request;
	struct dhcp_decision decision;
	struct client client;

	if (dhcp_decode_reply((struct span){ data, size }, &message) == DHCP_DROP_NONE)
		check_message(&message, data, size);
	if (dhcp_decode((struct span){ data, size }, &message) != DHCP_DROP_NONE)
		return 0;
	check_message(&message, data, size);
	client = dhcp_identify(&message);
	client_describe(&client, description, sizeof(description));
	CHECK(memchr(description, '\0', sizeof(description)) != NULL);
	request = dhcp_request_of(&message);
	CHECK(dhcp_type_name(request.type) != NULL);
	(void)bootp_is_for(message.sname, config.bootp.servername);
	decision = decide(&message, &request, &client);
	check_decision(&decision);
	if (decision.verdict == DHCP_VERDICT_OFFER || decision.verdict == DHCP_VERDICT_ACK ||
	    decision.verdict == DHCP_VERDICT_NAK || decision.verdict == DHCP_VERDICT_REPLY)
		answer(&message, &client, &request, &decision);
	ask_proxy(&message, &client, &request);
	return 0;
}
