#include "dhcp/dhcp_wire.h"

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

bool dhcp_peek_mac(struct span packet, struct mac *out_mac)
{
	struct reader in = reader_of(packet);
	struct dhcp_header header;

	decode_header(&in, &header);
	if (in.is_failed || check_header(&header, BOOTP_REQUEST) != DHCP_DROP_NONE)
		return false;
	memcpy(out_mac->bytes, header.chaddr, sizeof(out_mac->bytes));
	return true;
}

/* RFC 2131 section 4.1: code, length, value, up to END. Firmware exists that leaves END out, and
 * firmware that fills hundreds of octets with PAD. False: an option runs past the end. */
static bool decode_options(struct span bytes, struct span options[DHCP_OPTION_CODE_MAX])
{
	struct reader in = reader_of(bytes);

	while (in.left > 0) {
		uint8_t code = read_u8(&in);
		struct span value;

		if (code == OPTION_END)
			break;
		if (code == OPTION_PAD)
			continue;
		value = read_span(&in, read_u8(&in));
		if (options[code].bytes == NULL)
			options[code] = value;
	}
	return !in.is_failed;
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
static bool decode_overloaded(struct dhcp_message *message, uint8_t overload)
{
	static const struct span empty;
	bool is_whole = true;

	if (overload & OVERLOAD_FILE) {
		is_whole = decode_options(message->file, message->options);
		message->file = empty;
	}
	if (overload & OVERLOAD_SNAME) {
		is_whole = decode_options(message->sname, message->options) && is_whole;
		message->sname = empty;
	}
	return is_whole;
}

/* A message type that is none must not pass for plain BOOTP, which binds for good. */
static bool has_sound_type(const struct dhcp_message *message)
{
	struct span type = dhcp_option(message, OPTION_MESSAGE_TYPE);

	return type.bytes == NULL || (type.length == 1 && type.bytes[0] != DHCP_NONE);
}

static enum dhcp_drop decode_vendor_area(struct reader *in, struct dhcp_message *message)
{
	struct span overload;
	uint8_t fields;

	/* A BOOTP client may use its vendor area as it likes, or send none. */
	message->has_cookie = in->left >= 4 && read_u32(in) == DHCP_COOKIE;
	if (!message->has_cookie)
		return DHCP_DROP_NONE;
	if (!decode_options(read_span(in, in->left), message->options))
		return DHCP_DROP_BAD_OPTIONS;
	overload = dhcp_option(message, OPTION_OVERLOAD);
	fields = overload.length == 1 ? overload.bytes[0] : 0;
	if (!decode_overloaded(message, fields) || !has_sound_type(message))
		return DHCP_DROP_BAD_OPTIONS;
	return DHCP_DROP_NONE;
}

static enum dhcp_drop decode(struct span packet, uint8_t op, struct dhcp_message *out_message)
{
	struct reader in = reader_of(packet);
	struct dhcp_message message = { 0 };
	enum dhcp_drop drop;

	decode_header(&in, &message.header);
	message.sname = read_span(&in, DHCP_SNAME_SIZE);
	message.file = read_span(&in, DHCP_FILE_SIZE);
	if (in.is_failed)
		return DHCP_DROP_TOO_SHORT;
	drop = check_header(&message.header, op);
	if (drop != DHCP_DROP_NONE)
		return drop;
	memcpy(message.mac.bytes, message.header.chaddr, sizeof(message.mac.bytes));
	if (!is_machine(message.mac))
		return DHCP_DROP_BAD_MAC;

	drop = decode_vendor_area(&in, &message);
	if (drop != DHCP_DROP_NONE)
		return drop;
	if (message.sname.length > 0)
		message.sname = up_to_nul(message.sname);
	if (message.file.length > 0)
		message.file = up_to_nul(message.file);
	*out_message = message;
	return DHCP_DROP_NONE;
}

enum dhcp_drop dhcp_decode(struct span packet, struct dhcp_message *out_message)
{
	return decode(packet, BOOTP_REQUEST, out_message);
}

enum dhcp_drop dhcp_decode_reply(struct span packet, struct dhcp_message *out_message)
{
	return decode(packet, BOOTP_REPLY, out_message);
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

void dhcp_write_option(struct writer *out, enum dhcp_option_code code, struct span value)
{
	if (value.length > UINT8_MAX) {
		out->is_failed = true;
		return;
	}
	write_u8(out, (uint8_t)code);
	write_u8(out, (uint8_t)value.length);
	write_bytes(out, value.bytes, value.length);
}
