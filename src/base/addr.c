#include "base/addr.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

struct ip4 ip4_netmask(uint8_t prefix_length)
{
	if (prefix_length == 0)
		return (struct ip4){ 0 };
	return (struct ip4){ UINT32_MAX << (32 - prefix_length) };
}

struct ip4 ip4_network(struct ip4 address, uint8_t prefix_length)
{
	return (struct ip4){ address.value & ip4_netmask(prefix_length).value };
}

bool local_address_is_same(const struct local_address *one, const struct local_address *other)
{
	return one->interface == other->interface && strcmp(one->name, other->name) == 0 &&
	       ip4_is_same(one->address, other->address) &&
	       one->prefix_length == other->prefix_length;
}

bool ip4_parse(const char *text, struct ip4 *out_address)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	out_address->value = ntohl(parsed.s_addr);
	return true;
}

/* A byte in decimal; returns its end. */
static char *write_decimal(char *at, uint32_t byte)
{
	if (byte >= 100)
		*at++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*at++ = (char)('0' + byte / 10 % 10);
	*at++ = (char)('0' + byte % 10);
	return at;
}

/* Each answer to a machine has one: printf would take three times as long as its other options. */
struct ip4_text ip4_format(struct ip4 address)
{
	struct ip4_text out = { 0 };
	char *at = out.text;

	for (unsigned shift = 32; shift > 0; shift -= 8) {
		if (shift < 32)
			*at++ = '.';
		at = write_decimal(at, address.value >> (shift - 8) & 0xff);
	}
	return out;
}

struct ip4 ip4_from_bytes(const uint8_t bytes[4])
{
	struct reader in = reader_of((struct span){ .bytes = bytes, .length = 4 });

	return (struct ip4){ read_u32(&in) };
}

static bool parse_hex_digit(char digit, uint8_t *out_value)
{
	if (digit >= '0' && digit <= '9')
		*out_value = (uint8_t)(digit - '0');
	else if (digit >= 'a' && digit <= 'f')
		*out_value = (uint8_t)(digit - 'a' + 10);
	else if (digit >= 'A' && digit <= 'F')
		*out_value = (uint8_t)(digit - 'A' + 10);
	else
		return false;
	return true;
}

bool mac_parse(const char *text, struct mac *out_mac)
{
	struct mac mac;
	uint8_t high;
	uint8_t low;

	if (strlen(text) != sizeof(struct mac_text) - 1 || (text[2] != '-' && text[2] != ':'))
		return false;
	for (size_t i = 0; i < sizeof(mac.bytes); i++) {
		const char *pair = text + 3 * i;

		if (i > 0 && pair[-1] != text[2])
			return false;
		if (!parse_hex_digit(pair[0], &high) || !parse_hex_digit(pair[1], &low))
			return false;
		mac.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*out_mac = mac;
	return true;
}

struct mac_text mac_format(struct mac mac)
{
	const uint8_t *b = mac.bytes;
	struct mac_text out = { 0 };

	(void)text_format(out.text, sizeof(out.text), "%02X-%02X-%02X-%02X-%02X-%02X", b[0], b[1],
			  b[2], b[3], b[4], b[5]);
	return out;
}

bool mac_is_same(struct mac one, struct mac other)
{
	return memcmp(one.bytes, other.bytes, sizeof(one.bytes)) == 0;
}

uint64_t mac_to_number(struct mac mac)
{
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(mac.bytes); i++)
		number = number << 8 | mac.bytes[i];
	return number;
}

struct uuid uuid_other_order(struct uuid uuid)
{
	const uint8_t *b = uuid.bytes;

	return (struct uuid){ { b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10],
				b[11], b[12], b[13], b[14], b[15] } };
}

struct uuid_text uuid_format(struct uuid uuid)
{
	const uint8_t *b = uuid.bytes;
	struct uuid_text out = { 0 };

	(void)text_format(out.text, sizeof(out.text),
			  "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			  b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11],
			  b[12], b[13], b[14], b[15]);
	return out;
}
