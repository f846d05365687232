#include "dhcp/dhcp_wire.h"

#define OPTION_OVERHEAD 2 /* code and length */

static struct ip4 read_address(struct reader *in)
{
	return (struct ip4){ read_u32(in) };
}

static void decode_header(struct reader *in, struct dhcp_header *header)
{
	struct span chaddr;

	header->op = read_u8(in);
	header->hardware_type = read_u8(in);
	header->hardware_length = read_u8(in);
	header->hops = read_u8(in);
	header->xid = read_u32(in);
	header->secs = read_u16(in);
	header->flags = read_u16(in);
	header->ciaddr = read_address(in);
	header->yiaddr = read_address(in);
	header->siaddr = read_address(in);
	header->giaddr = read_address(in);
	chaddr = read_span(in, sizeof(header->chaddr));
	if (chaddr.bytes != NULL)
		memcpy(header->chaddr, chaddr.bytes, chaddr.length);
}

/* A multicast address or zeros name no machine. */
static bool is_machine(struct mac mac)
{
	static const struct mac nobody;

	return (mac.bytes[0] & 1) == 0 && !mac_is_same(mac, nobody);
}

static enum dhcp_drop check_header(const struct dhcp_header *header, uint8_t op)
{
	if (header->op != op)
		return op == BOOTP_REQUEST ? DHCP_DROP_NOT_A_REQUEST : DHCP_DROP_NOT_A_REPLY;
	if (header->hardware_type != HARDWARE_ETHERNET ||
	    header->hardware_length != sizeof(struct mac))
		return DHCP_DROP_NOT_ETHERNET;
	return DHCP_DROP_NONE;
}

bool dhcp_peek(struct span packet, struct mac *out_mac, struct ip4 *out_giaddr)
{
	struct reader in = reader_of(packet);
	struct dhcp_header header;

	decode_header(&in, &header);
	if (in.is_failed || check_header(&header, BOOTP_REQUEST) != DHCP_DROP_NONE)
		return false;
	memcpy(out_mac->bytes, header.chaddr, sizeof(out_mac->bytes));
	*out_giaddr = header.giaddr;
	return true;
}

/* Where options are, in the order in which their parts are one value: the options field, then
 * "file", then "sname" (RFC 3396 section 5). */
struct option_fields {
	struct span list[3];
	size_t count;
};

/* The next option of a field; out_code is OPTION_PAD where a value runs past its end. False: there
 * is none. */
static bool next_option(struct reader *in, uint8_t *out_code, struct span *out_value)
{
	/* RFC 2131 section 4.1: code, length, value, up to END. Firmware exists that leaves END
	 * out, and firmware that fills hundreds of octets with PAD. */
	do {
		if (in->left == 0)
			return false;
		*out_code = read_u8(in);
	} while (*out_code == OPTION_PAD);
	if (*out_code == OPTION_END)
		return false;
	*out_value = read_span(in, read_u8(in));
	return !in->is_failed;
}

/* Those have one length; a second one is a mistake, and no second half. */
static bool is_in_one_part(uint8_t code)
{
	switch (code) {
	case OPTION_REQUESTED_ADDRESS:
	case OPTION_LEASE_TIME:
	case OPTION_OVERLOAD:
	case OPTION_MESSAGE_TYPE:
	case OPTION_SERVER_ID:
	case OPTION_MAX_MESSAGE_SIZE:
		return true;
	default:
		return false;
	}
}

/* How many octets each option has in all its parts. */
typedef uint16_t option_totals[DHCP_OPTION_CODE_MAX];

/* Each option as it comes first. False: one runs past the end of its field. */
static bool read_first_parts(struct span field, struct dhcp_message *message, option_totals totals,
			     bool *has_parts)
{
	struct reader in = reader_of(field);
	struct span value;
	uint8_t code;

	while (next_option(&in, &code, &value)) {
		if (message->options[code].bytes == NULL)
			message->options[code] = value;
		else if (!is_in_one_part(code))
			*has_parts = true;
		totals[code] = (uint16_t)(totals[code] + value.length);
	}
	return !in.is_failed;
}

/* An option with several parts gets room of its own, and is empty there; the others' totals are 0
 * then. False: there is no room. */
static bool make_room(struct dhcp_message *message, option_totals totals)
{
	struct writer room = writer_of(message->joined, sizeof(message->joined));

	for (unsigned code = 0; code < DHCP_OPTION_CODE_MAX; code++) {
		if (is_in_one_part((uint8_t)code) ||
		    totals[code] == message->options[code].length) {
			totals[code] = 0;
			continue;
		}
		message->options[code] = (struct span){ write_room(&room, totals[code]), 0 };
	}
	return !room.is_failed;
}

static void join_parts(struct span field, struct dhcp_message *message, const option_totals totals)
{
	struct reader in = reader_of(field);
	struct span value;
	uint8_t code;

	while (next_option(&in, &code, &value)) {
		struct span *joined = &message->options[code];

		if (totals[code] == 0 || value.length == 0)
			continue;
		memcpy(message->joined + (joined->bytes - message->joined) + joined->length,
		       value.bytes, value.length);
		joined->length += value.length;
	}
}

static struct span up_to_nul(struct span field)
{
	const uint8_t *nul = memchr(field.bytes, 0, field.length);

	if (nul != NULL)
		field.length = (size_t)(nul - field.bytes);
	return field;
}

/* RFC 2131 section 4.1: "file" is read before "sname". An overload option inside them means
 * nothing, so this cannot loop. */
static void add_overloaded(struct dhcp_message *message, struct option_fields *fields)
{
	static const struct span empty;
	struct span overload = dhcp_option(message, OPTION_OVERLOAD);
	uint8_t which = overload.length == 1 ? overload.bytes[0] : 0;

	if (which & OVERLOAD_FILE) {
		fields->list[fields->count++] = message->file;
		message->file = empty;
	}
	if (which & OVERLOAD_SNAME) {
		fields->list[fields->count++] = message->sname;
		message->sname = empty;
	}
}

/* False: an option is cut, or there are more parts than a datagram carries. */
static bool decode_options(struct span bytes, struct dhcp_message *message)
{
	struct option_fields fields = { .list = { bytes }, .count = 1 };
	option_totals totals = { 0 };
	bool has_parts = false;

	if (!read_first_parts(bytes, message, totals, &has_parts))
		return false;
	add_overloaded(message, &fields);
	for (size_t i = 1; i < fields.count; i++) {
		if (!read_first_parts(fields.list[i], message, totals, &has_parts))
			return false;
	}
	if (!has_parts)
		return true;
	if (!make_room(message, totals))
		return false;
	for (size_t i = 0; i < fields.count; i++)
		join_parts(fields.list[i], message, totals);
	return true;
}

/* A message type that is none must not pass for plain BOOTP, which binds for good. */
static bool has_sound_type(const struct dhcp_message *message)
{
	struct span type = dhcp_option(message, OPTION_MESSAGE_TYPE);

	return type.bytes == NULL || (type.length == 1 && type.bytes[0] != DHCP_NONE);
}

static enum dhcp_drop decode_vendor_area(struct reader *in, struct dhcp_message *message)
{
	/* A BOOTP client may use its vendor area as it likes, or send none. */
	message->has_cookie = in->left >= 4 && read_u32(in) == DHCP_COOKIE;
	if (!message->has_cookie)
		return DHCP_DROP_NONE;
	if (!decode_options(read_span(in, in->left), message) || !has_sound_type(message))
		return DHCP_DROP_BAD_OPTIONS;
	return DHCP_DROP_NONE;
}

static enum dhcp_drop decode(struct span packet, uint8_t op, struct dhcp_message *message)
{
	struct reader in = reader_of(packet);
	enum dhcp_drop drop;

	memset(message, 0, offsetof(struct dhcp_message, joined));
	decode_header(&in, &message->header);
	message->sname = read_span(&in, DHCP_SNAME_SIZE);
	message->file = read_span(&in, DHCP_FILE_SIZE);
	if (in.is_failed)
		return DHCP_DROP_TOO_SHORT;
	drop = check_header(&message->header, op);
	if (drop != DHCP_DROP_NONE)
		return drop;
	memcpy(message->mac.bytes, message->header.chaddr, sizeof(message->mac.bytes));
	if (!is_machine(message->mac))
		return DHCP_DROP_BAD_MAC;

	drop = decode_vendor_area(&in, message);
	if (drop != DHCP_DROP_NONE)
		return drop;
	if (message->sname.length > 0)
		message->sname = up_to_nul(message->sname);
	if (message->file.length > 0)
		message->file = up_to_nul(message->file);
	return DHCP_DROP_NONE;
}

enum dhcp_drop dhcp_decode(struct span packet, struct dhcp_message *message)
{
	return decode(packet, BOOTP_REQUEST, message);
}

enum dhcp_drop dhcp_decode_reply(struct span packet, struct dhcp_message *message)
{
	return decode(packet, BOOTP_REPLY, message);
}

struct span dhcp_option(const struct dhcp_message *message, enum dhcp_option_code code)
{
	return message->options[code];
}

bool dhcp_has_option(const struct dhcp_message *message, enum dhcp_option_code code)
{
	return message->options[code].bytes != NULL;
}

bool dhcp_option_address(const struct dhcp_message *message, enum dhcp_option_code code,
			 struct ip4 *out_address)
{
	struct span value = dhcp_option(message, code);

	if (value.length != 4)
		return false;
	*out_address = ip4_from_bytes(value.bytes);
	return true;
}

bool dhcp_option_u16(const struct dhcp_message *message, enum dhcp_option_code code,
		     uint16_t *out_value)
{
	struct span value = dhcp_option(message, code);
	struct reader in = reader_of(value);

	if (value.length != 2)
		return false;
	*out_value = read_u16(&in);
	return true;
}

enum dhcp_message_type dhcp_type(const struct dhcp_message *message)
{
	struct span value = dhcp_option(message, OPTION_MESSAGE_TYPE);

	return value.length == 1 ? (enum dhcp_message_type)value.bytes[0] : DHCP_NONE;
}

const char *dhcp_type_name(enum dhcp_message_type type)
{
	static const char *const names[] = {
		[DHCP_NONE] = "BOOTP request",
		[DHCP_DISCOVER] = "DISCOVER",
		[DHCP_OFFER] = "OFFER",
		[DHCP_REQUEST] = "REQUEST",
		[DHCP_DECLINE] = "DECLINE",
		[DHCP_ACK] = "ACK",
		[DHCP_NAK] = "NAK",
		[DHCP_RELEASE] = "RELEASE",
		[DHCP_INFORM] = "INFORM",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown message";
}

/* The text and zeros to the field's end; at least one, which is the NUL. */
static void write_field(struct writer *out, const char *text, size_t size)
{
	size_t length = strnlen(text, size - 1);

	write_bytes(out, text, length);
	write_zeros(out, size - length);
}

void dhcp_write_header(struct writer *out, const struct dhcp_header *header, const char *sname,
		       const char *file)
{
	write_u8(out, header->op);
	write_u8(out, header->hardware_type);
	write_u8(out, header->hardware_length);
	write_u8(out, header->hops);
	write_u32(out, header->xid);
	write_u16(out, header->secs);
	write_u16(out, header->flags);
	write_u32(out, header->ciaddr.value);
	write_u32(out, header->yiaddr.value);
	write_u32(out, header->siaddr.value);
	write_u32(out, header->giaddr.value);
	write_bytes(out, header->chaddr, sizeof(header->chaddr));
	write_field(out, sname, DHCP_SNAME_SIZE);
	write_field(out, file, DHCP_FILE_SIZE);
}

size_t dhcp_option_size(size_t length)
{
	size_t parts = (length + UINT8_MAX - 1) / UINT8_MAX;

	return length + OPTION_OVERHEAD * (parts > 0 ? parts : 1);
}

void dhcp_write_option(struct writer *out, enum dhcp_option_code code, struct span value)
{
	struct reader in = reader_of(value);

	do {
		struct span part = read_span(&in, in.left < UINT8_MAX ? in.left : UINT8_MAX);

		write_u8(out, (uint8_t)code);
		write_u8(out, (uint8_t)part.length);
		write_bytes(out, part.bytes, part.length);
	} while (in.left > 0 && !out->is_failed);
}
