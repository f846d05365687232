#include "dhcp/dhcp_reply.h"

#include "config/subnet.h"
#include "dhcp/network_engine.h"
#include "dhcp/pxe_wire.h"
#include "dhcp/reply_wire.h"

#include <assert.h>

#define IP_AND_UDP_HEADERS     28
#define DHCP_DATAGRAM_MIN      576 /* RFC 2131 section 2: what every client takes */
#define DHCP_DATAGRAM_MAX      1500
#define ROOM_FOR_LEASE_OPTIONS 48
#define PXE_CLASS              "PXEClient"
#define HTTP_CLASS             "HTTPClient"

static struct span span_of_text(const char *text, bool is_terminated)
{
	return (struct span){ (const uint8_t *)text, strlen(text) + (is_terminated ? 1 : 0) };
}

/* How long the answer may be. Option 57 counts the IP and UDP headers; some firmware asks for more
 * than any frame carries. Plain BOOTP is of one size only. */
static size_t reply_limit(const struct dhcp_message *message)
{
	uint16_t asked = DHCP_DATAGRAM_MIN;

	if (dhcp_type(message) == DHCP_NONE)
		return BOOTP_MESSAGE_MIN;
	(void)dhcp_option_u16(message, OPTION_MAX_MESSAGE_SIZE, &asked);
	if (asked < DHCP_DATAGRAM_MIN)
		asked = DHCP_DATAGRAM_MIN;
	if (asked > DHCP_DATAGRAM_MAX)
		asked = DHCP_DATAGRAM_MAX;
	return asked - IP_AND_UDP_HEADERS;
}

/* What a machine cannot boot without goes in before what it asks for. */
#define VITAL true

static void add_u8(struct reply_options *options, enum dhcp_option_code code, uint8_t value)
{
	reply_add_copy(options, code, (struct span){ &value, 1 }, VITAL);
}

static void add_u32(struct reply_options *options, enum dhcp_option_code code, uint32_t value)
{
	uint8_t bytes[4];
	struct writer out = writer_of(bytes, sizeof(bytes));

	write_u32(&out, value);
	reply_add_copy(options, code, (struct span){ bytes, out.used }, VITAL);
}

static void add_addresses(struct reply_options *options, enum dhcp_option_code code,
			  const struct ip4 *addresses, size_t count)
{
	uint8_t bytes[4 * CONFIG_DNS_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < count; i++)
		write_u32(&out, addresses[i].value);
	if (count > 0 && !out.is_failed)
		reply_add_copy(options, code, (struct span){ bytes, out.used }, !VITAL);
}

static void add_text(struct reply_options *options, enum dhcp_option_code code, const char *text,
		     bool is_terminated)
{
	if (text[0] != '\0')
		reply_add(options, code, span_of_text(text, is_terminated), !VITAL);
}

/* The boot file is told on port 4011: here it would keep firmware from asking. */
static bool is_told_later(const struct dhcp_answer_facts *facts)
{
	return facts->decision->verdict != DHCP_VERDICT_PROXY_ACK &&
	       (facts->shape == SHAPE_BOOT_SERVER || facts->shape == SHAPE_MENU);
}

static enum dhcp_message_type reply_type(enum dhcp_verdict verdict)
{
	switch (verdict) {
	case DHCP_VERDICT_OFFER:
	case DHCP_VERDICT_PROXY_OFFER:
		return DHCP_OFFER;
	case DHCP_VERDICT_ACK:
	case DHCP_VERDICT_PROXY_ACK:
	case DHCP_VERDICT_INFORM:
		return DHCP_ACK;
	default:
		return DHCP_NAK;
	}
}

/* What every answer begins with, but for plain BOOTP's. */
static void add_server(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	add_u8(options, OPTION_MESSAGE_TYPE, (uint8_t)reply_type(facts->decision->verdict));
	add_u32(options, OPTION_SERVER_ID, facts->server_id.value);
}

/* RFC 2131 table 3. */
static void add_lease(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	uint32_t lease_time_s = facts->decision->lease_time_s;

	/* RFC 2131 section 4.3.5: no lease time for an address that is not given here. */
	if (facts->decision->verdict == DHCP_VERDICT_INFORM)
		return;
	add_u32(options, OPTION_LEASE_TIME, lease_time_s);
}

static void add_network(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	const struct subnet_config *subnet = facts->subnet;
	struct ip4 gateway = network_gateway(subnet, facts->server, facts->message->header.giaddr);

	add_u32(options, OPTION_NETMASK, subnet->netmask.value);
	if (subnet->tells_gateway && ip4_is_set(gateway))
		add_u32(options, OPTION_ROUTER, gateway.value);
}

/* What a machine can boot without: it goes in last, where there is room. */
static void add_names(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	const struct subnet_config *subnet = facts->subnet;

	add_addresses(options, OPTION_DNS, subnet->dns, subnet->dns_count);
	add_text(options, OPTION_HOST_NAME, facts->host_name, facts->client->wants_terminated_text);
	add_text(options, OPTION_DOMAIN, subnet->domain, facts->client->wants_terminated_text);
}

static void add_vendor(struct reply_options *options, const struct pxe_vendor *vendor)
{
	uint8_t bytes[UINT8_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	pxe_write_vendor(&out, vendor);
	if (!out.is_failed)
		reply_add_copy(options, OPTION_VENDOR, (struct span){ bytes, out.used }, VITAL);
}

/* The servers are this one alone, so nobody needs to be looked for by broadcast or multicast. */
static void describe_menu(const struct dhcp_answer_facts *facts,
			  struct pxe_menu_item items[CONFIG_MENU_MAX], struct pxe_vendor *vendor)
{
	const struct menu_config *menu = facts->menu;

	vendor->has_discovery_control = true;
	vendor->discovery_control = PXE_NO_BROADCAST | PXE_NO_MULTICAST;
	vendor->server = facts->server;
	vendor->items = items;
	vendor->item_count = 1;
	items[0] = (struct pxe_menu_item){ PXE_ITEM_FIRST, "Network boot" };
	if (menu == NULL)
		return;
	vendor->prompt = menu->prompt;
	vendor->timeout_s = (uint8_t)menu->timeout_s;
	vendor->item_count = menu->count;
	for (size_t i = 0; i < menu->count; i++)
		items[i] = (struct pxe_menu_item){ menu->list[i].is_local
							   ? PXE_ITEM_LOCAL
							   : (uint16_t)(PXE_ITEM_FIRST + i),
						   menu->list[i].text };
}

/* Option 60 says that 43 speaks of PXE; without 43 it sends firmware to port 4011. */
static void add_pxe(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	static const struct pxe_menu_item raspberry_pi = { PXE_ITEM_LOCAL, "Raspberry Pi Boot" };
	struct pxe_vendor vendor = { .prompt = "PXE" };
	struct pxe_menu_item items[CONFIG_MENU_MAX];

	/* UEFI 2.10 section 24.7.3.1: by this class alone firmware takes the URL for its own. */
	if (facts->client->is_http) {
		reply_add(options, OPTION_VENDOR_CLASS, span_of_text(HTTP_CLASS, false), VITAL);
		return;
	}
	if (facts->decision->verdict == DHCP_VERDICT_PROXY_ACK) {
		vendor.has_item = facts->menu_item != NULL;
		if (vendor.has_item)
			vendor.item = *facts->menu_item;
	} else if (facts->shape == SHAPE_DIRECT) {
		vendor.has_discovery_control = true;
		vendor.discovery_control = PXE_USE_BOOT_FILE;
	} else if (facts->shape == SHAPE_MENU) {
		describe_menu(facts, items, &vendor);
	} else if (facts->shape == SHAPE_RASPBERRY_PI) {
		vendor.has_discovery_control = true;
		vendor.discovery_control = PXE_NO_BROADCAST | PXE_NO_MULTICAST;
		vendor.items = &raspberry_pi;
		vendor.item_count = 1;
	} else if (facts->shape == SHAPE_PLAIN) {
		return;
	}
	reply_add(options, OPTION_VENDOR_CLASS, span_of_text(PXE_CLASS, false), VITAL);
	if (vendor.has_item || vendor.has_discovery_control || vendor.item_count > 0)
		add_vendor(options, &vendor);
}

static void add_boot(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	struct span uuid = dhcp_option(facts->message, OPTION_MACHINE_UUID);
	struct ip4_text server = ip4_format(facts->tftp_server);

	if (facts->client->is_http)
		return;
	if (!is_told_later(facts))
		reply_add_copy(options, OPTION_TFTP_SERVER,
			       span_of_text(server.text, facts->client->wants_terminated_text),
			       VITAL);
	/* Echoed as it came, whatever its length (RFC 4578 section 2.3). */
	if (uuid.bytes != NULL)
		reply_add(options, OPTION_MACHINE_UUID, uuid, VITAL);
}

/* iPXE waits for a proxy's offer unless it is told that there is none, which only the configuration
 * knows: that bootd heard no other server says nothing of proxies. */
static void add_ipxe(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	const struct bootp_config *bootp = &facts->config->bootp;

	if (facts->client->is_ipxe && bootp->mode == MODE_SERVER && bootp->is_authoritative &&
	    facts->boot_file[0] != '\0')
		reply_add(options, OPTION_IPXE, span_of_text(PXE_IPXE_NO_PROXY, false), VITAL);
}

/* Options 43 and 60 that are not PXE's own would lead firmware astray, and what boots it comes from
 * bootd. */
static bool is_for_client(uint8_t code, const struct dhcp_answer_facts *facts)
{
	if (code == OPTION_VENDOR || code == OPTION_VENDOR_CLASS)
		return !facts->client->is_pxe && !facts->client->is_http;
	return code != OPTION_BOOT_FILE || facts->boot_file[0] == '\0';
}

static void add_settings(struct reply_options *options, const struct option_settings *settings,
			 const struct dhcp_answer_facts *facts)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct option_setting *setting = &settings->list[i];
		struct span value = { setting->bytes, setting->length };

		if (is_for_client(setting->code, facts))
			reply_add(options, (enum dhcp_option_code)setting->code, value, !VITAL);
	}
}

#define SCOPES_MAX 3

/* The options of the configuration: the machine's own, then its network's, then everybody's. */
static size_t list_scopes(const struct dhcp_answer_facts *facts,
			  const struct option_settings *out[SCOPES_MAX])
{
	size_t count = 0;

	if (facts->host != NULL)
		out[count++] = &facts->host->options;
	out[count++] = &facts->subnet->options;
	out[count++] = &facts->config->options;
	return count;
}

static void add_configured(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	const struct option_settings *scopes[SCOPES_MAX];
	size_t count = list_scopes(facts, scopes);

	for (size_t i = 0; i < count; i++)
		add_settings(options, scopes[i], facts);
}

/* Of the configuration; UINT32_MAX: it has none. */
static uint32_t configured_time(const struct dhcp_answer_facts *facts, enum dhcp_option_code code)
{
	const struct option_settings *scopes[SCOPES_MAX];
	size_t count = list_scopes(facts, scopes);
	const struct option_setting *setting = NULL;
	struct reader in;

	for (size_t i = 0; i < count && setting == NULL; i++)
		setting = option_settings_find(scopes[i], (uint8_t)code);
	if (setting == NULL || setting->length != sizeof(uint32_t))
		return UINT32_MAX;
	in = reader_of((struct span){ setting->bytes, setting->length });
	return read_u32(&in);
}

/* RFC 2131 section 4.4.5: T1 is before T2, and T2 before the end of the lease. What is left of one
 * may be too short for the times of the configuration; then they are the defaults. */
static void add_lease_times(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	uint32_t lease_time_s = facts->decision->lease_time_s;
	uint32_t renewal_s = configured_time(facts, OPTION_RENEWAL_TIME);
	uint32_t rebinding_s = configured_time(facts, OPTION_REBINDING_TIME);

	if (facts->decision->verdict == DHCP_VERDICT_INFORM)
		return;
	if (rebinding_s >= lease_time_s)
		rebinding_s = (uint32_t)((uint64_t)lease_time_s * 7 / 8);
	if (renewal_s >= rebinding_s)
		renewal_s = lease_time_s / 2;
	add_u32(options, OPTION_RENEWAL_TIME, renewal_s);
	add_u32(options, OPTION_REBINDING_TIME, rebinding_s);
}

/* The end of the options: the boot file, a PAD, the relay's option, END. Old clients read the boot
 * file's name on until a NUL, and EDK2 writes one over the octet behind it: the PAD is that octet.
 * Relays want their option back last (RFC 3046 section 2.2). */
struct reply_end {
	struct span boot_file;
	bool has_pad;
	struct span relay;
};

static size_t end_size(const struct reply_end *end)
{
	size_t size = 1; /* END */

	if (end->boot_file.length > 0)
		size += dhcp_option_size(end->boot_file.length) + (end->has_pad ? 1 : 0);
	if (end->relay.bytes != NULL)
		size += dhcp_option_size(end->relay.length);
	return size;
}

static struct reply_end plan_end(const struct dhcp_answer_facts *facts, size_t room)
{
	enum dhcp_verdict verdict = facts->decision->verdict;
	bool is_bootp = verdict == DHCP_VERDICT_REPLY;
	struct reply_end end = {
		.boot_file = span_of_text(facts->boot_file, facts->client->wants_terminated_text),
		/* A Raspberry Pi stumbles over PAD (QUIRKS 1.7: rpi-eeprom 82). */
		.has_pad = !facts->client->is_raspberry_pi,
		.relay = dhcp_option(facts->message, OPTION_RELAY_AGENT),
	};

	/* A relay's long option must go back; the file field carries the name all the same. */
	if (facts->boot_file[0] == '\0' || is_told_later(facts) || verdict == DHCP_VERDICT_NAK ||
	    is_bootp || end_size(&end) + ROOM_FOR_LEASE_OPTIONS > room)
		end.boot_file = (struct span){ 0 };
	/* Plain BOOTP's 64 octets do not have room for it always, and no relay's fills an answer.
	 */
	if (end_size(&end) + (is_bootp ? 0 : ROOM_FOR_LEASE_OPTIONS) > room)
		end.relay = (struct span){ 0 };
	return end;
}

static void write_end(struct writer *out, const struct reply_end *end)
{
	if (end->boot_file.length > 0) {
		dhcp_write_option(out, OPTION_BOOT_FILE, end->boot_file);
		if (end->has_pad)
			write_u8(out, OPTION_PAD);
	}
	if (end->relay.bytes != NULL)
		dhcp_write_option(out, OPTION_RELAY_AGENT, end->relay);
	write_u8(out, OPTION_END);
}

static void list_dhcp_options(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	add_server(options, facts);
	add_lease(options, facts);
	add_network(options, facts);
	add_pxe(options, facts);
	add_boot(options, facts);
	add_ipxe(options, facts);
	add_lease_times(options, facts);
	add_configured(options, facts);
	add_names(options, facts);
}

/* What to boot, and nothing of an address. */
static void list_proxy_options(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	add_server(options, facts);
	add_pxe(options, facts);
	add_boot(options, facts);
}

/* RFC 2131 section 4.3.2: a NAK carries no lease and no parameters. */
static void list_nak_options(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	add_server(options, facts);
	add_text(options, OPTION_MESSAGE, dhcp_reason_text(facts->decision->reason), false);
}

/* RFC 1497: the network's parameters only. */
static void list_bootp_options(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	add_network(options, facts);
	add_names(options, facts);
	add_configured(options, facts);
}

static void list_options(struct reply_options *options, const struct dhcp_answer_facts *facts)
{
	switch (facts->decision->verdict) {
	case DHCP_VERDICT_NAK:
		list_nak_options(options, facts);
		return;
	case DHCP_VERDICT_REPLY:
		list_bootp_options(options, facts);
		return;
	case DHCP_VERDICT_PROXY_OFFER:
	case DHCP_VERDICT_PROXY_ACK:
		list_proxy_options(options, facts);
		return;
	default:
		list_dhcp_options(options, facts);
	}
}

/* A URL that the field would cut is in option 67 alone. */
static const char *file_field(const struct dhcp_answer_facts *facts)
{
	if (facts->decision->verdict == DHCP_VERDICT_NAK || is_told_later(facts) ||
	    strlen(facts->boot_file) >= DHCP_FILE_SIZE)
		return "";
	return facts->boot_file;
}

static struct dhcp_header reply_header(const struct dhcp_answer_facts *facts)
{
	const struct dhcp_header *asked = &facts->message->header;
	struct dhcp_header header = {
		.op = BOOTP_REPLY,
		.hardware_type = asked->hardware_type,
		.hardware_length = asked->hardware_length,
		.xid = asked->xid,
		.flags = asked->flags,
		.giaddr = asked->giaddr,
	};

	memcpy(header.chaddr, asked->chaddr, sizeof(header.chaddr));
	if (facts->decision->verdict == DHCP_VERDICT_NAK) {
		/* RFC 2131 section 4.3.2: the relay must broadcast it, the client may be elsewhere.
		 */
		if (ip4_is_set(asked->giaddr))
			header.flags |= DHCP_FLAG_BROADCAST;
		return header;
	}
	if (facts->decision->verdict != DHCP_VERDICT_INFORM)
		header.yiaddr = facts->decision->lease.address;
	/* Firmware asks port 4011 at siaddr, before it looks at option 54. */
	header.siaddr = is_told_later(facts) ? facts->server : facts->tftp_server;
	/* A relay has no address to send to but that of everybody. */
	if (facts->decision->verdict == DHCP_VERDICT_PROXY_OFFER)
		header.flags |= DHCP_FLAG_BROADCAST;
	if (facts->decision->verdict != DHCP_VERDICT_OFFER &&
	    facts->decision->verdict != DHCP_VERDICT_PROXY_OFFER)
		header.ciaddr = asked->ciaddr;
	return header;
}

/* Where the answer's parts are, by RFC 2131 section 2. */
#define SNAME_AT 44
#define FILE_AT  108

/* Options in a field that is for text otherwise; the rest of it is zeros already. */
static void write_overloaded(struct writer *reply, const struct reply_options *options,
			     enum reply_field field)
{
	bool is_file = field == FIELD_FILE;
	struct writer out = writer_of(reply->start + (is_file ? FILE_AT : SNAME_AT),
				      is_file ? DHCP_FILE_SIZE : DHCP_SNAME_SIZE);

	reply_write(options, field, &out);
	write_u8(&out, OPTION_END);
	assert(!out.is_failed);
}

/* The rooms of the fields. Plain BOOTP knows of no overload (RFC 1542), and a field with text in it
 * keeps that: old firmware reads the boot file there. */
static void measure(const struct writer *reply, const struct dhcp_answer_facts *facts,
		    const struct reply_end *end, size_t out_room[FIELD_COUNT])
{
	bool may_overload = facts->decision->verdict != DHCP_VERDICT_REPLY &&
			    facts->decision->verdict != DHCP_VERDICT_NAK;

	out_room[FIELD_OPTIONS] = writer_left(reply) - end_size(end);
	out_room[FIELD_FILE] =
		may_overload && file_field(facts)[0] == '\0' ? DHCP_FILE_SIZE - 1 : 0;
	out_room[FIELD_SNAME] = may_overload && facts->config->bootp.servername[0] == '\0'
					? DHCP_SNAME_SIZE - 1
					: 0;
}

static void write_options(struct writer *reply, const struct dhcp_answer_facts *facts)
{
	struct span asked = dhcp_option(facts->message, OPTION_PARAMETERS);
	struct reply_options options;
	size_t room[FIELD_COUNT];
	struct reply_end end;
	uint8_t overload;

	/* A BOOTP client without the cookie reads its vendor area in a way of its own. */
	if (!facts->message->has_cookie)
		return;
	write_u32(reply, DHCP_COOKIE);
	reply_init(&options);
	list_options(&options, facts);
	end = plan_end(facts, writer_left(reply));
	measure(reply, facts, &end, room);
	overload = reply_place(&options, asked, room);
	reply_write(&options, FIELD_OPTIONS, reply);
	if (overload != 0)
		dhcp_write_option(reply, OPTION_OVERLOAD, (struct span){ &overload, 1 });
	if (overload & OVERLOAD_FILE)
		write_overloaded(reply, &options, FIELD_FILE);
	if (overload & OVERLOAD_SNAME)
		write_overloaded(reply, &options, FIELD_SNAME);
	write_end(reply, &end);
}

void dhcp_write_reply(struct writer *out, const struct dhcp_answer_facts *facts)
{
	struct writer reply = writer_of(out->start + out->used, reply_limit(facts->message));
	struct dhcp_header header = reply_header(facts);
	bool is_nak = facts->decision->verdict == DHCP_VERDICT_NAK;

	dhcp_write_header(&reply, &header, is_nak ? "" : facts->config->bootp.servername,
			  file_field(facts));
	write_options(&reply, facts);
	if (reply.used < BOOTP_MESSAGE_MIN)
		write_zeros(&reply, BOOTP_MESSAGE_MIN - reply.used);
	assert(!reply.is_failed); /* every part was asked whether it fits */
	out->used += reply.used;
}

static struct dhcp_destination by_udp(struct ip4 address, uint16_t port)
{
	return (struct dhcp_destination){ .to = { address, port } };
}

struct dhcp_destination proxy_destination(const struct dhcp_message *message, uint16_t server_port,
					  struct mac from_mac)
{
	const struct dhcp_header *asked = &message->header;
	uint16_t client_port = (uint16_t)(server_port + 1);
	struct dhcp_destination destination = { .is_frame = true, .mac = from_mac };

	if (ip4_is_set(asked->giaddr)) {
		destination.to = (struct endpoint){ asked->giaddr, server_port };
	} else if (ip4_is_set(asked->ciaddr) && dhcp_type(message) != DHCP_DISCOVER) {
		destination.to = (struct endpoint){ asked->ciaddr, client_port };
	} else {
		destination.mac = MAC_BROADCAST;
		destination.to = (struct endpoint){ IP4_BROADCAST, client_port };
	}
	return destination;
}

struct dhcp_destination dhcp_destination(const struct dhcp_message *message,
					 const struct dhcp_decision *decision, uint16_t server_port,
					 bool hears_only_broadcast)
{
	const struct dhcp_header *asked = &message->header;
	uint16_t client_port = (uint16_t)(server_port + 1);

	/* RFC 2131 section 4.3.5: past the relay, which would send it to yiaddr. */
	if (decision->verdict == DHCP_VERDICT_INFORM)
		return by_udp(decision->lease.address, client_port);
	if (ip4_is_set(asked->giaddr))
		return by_udp(asked->giaddr, server_port);
	if (decision->verdict == DHCP_VERDICT_NAK || hears_only_broadcast)
		return by_udp(IP4_BROADCAST, client_port);
	/* Only what the lease confirms: a forged ciaddr must not send answers elsewhere. */
	if (ip4_is_set(asked->ciaddr) && ip4_is_same(asked->ciaddr, decision->lease.address))
		return by_udp(asked->ciaddr, client_port);
	/* 255.255.255.255, not the subnet's: Intel's ROMs hear only that. */
	if (asked->flags & DHCP_FLAG_BROADCAST)
		return by_udp(IP4_BROADCAST, client_port);
	return (struct dhcp_destination){ .is_frame = true,
					  .mac = message->mac,
					  .to = { decision->lease.address, client_port } };
}
