#include "base/ip.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

/* The first bits of a word; count 0 to 64. */
static uint64_t first_bits(unsigned count)
{
	return count == 0 ? 0 : UINT64_MAX << (64 - count);
}

struct ip ip_network(struct ip address, uint8_t prefix_length)
{
	unsigned in_high = prefix_length < 64 ? prefix_length : 64;

	return (struct ip){ .high = address.high & first_bits(in_high),
			    .low = address.low & first_bits(prefix_length - in_high) };
}

bool ip_is_within(struct ip address, struct ip network, uint8_t prefix_length)
{
	return ip_is_same(ip_network(address, prefix_length), ip_network(network, prefix_length));
}

bool local_ip_is_same(const struct local_ip *one, const struct local_ip *other)
{
	return one->interface == other->interface && strcmp(one->name, other->name) == 0 &&
	       ip_is_same(one->address, other->address) &&
	       one->prefix_length == other->prefix_length;
}

struct ip ip_from_bytes(const uint8_t bytes[16])
{
	uint64_t words[2];

	memcpy(words, bytes, sizeof(words));
	return (struct ip){ .high = be64toh(words[0]), .low = be64toh(words[1]) };
}

void ip_to_bytes(struct ip address, uint8_t out_bytes[16])
{
	uint64_t words[2] = { htobe64(address.high), htobe64(address.low) };

	memcpy(out_bytes, words, sizeof(words));
}

bool ip_parse(const char *text, struct ip *out_address)
{
	uint8_t bytes[16];
	struct ip4 address;

	if (ip4_parse(text, &address)) {
		*out_address = ip_from_4(address);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	*out_address = ip_from_bytes(bytes);
	return true;
}

struct ip_text ip_format(struct ip address)
{
	struct ip_text out = { 0 };
	uint8_t bytes[16];
	size_t used;

	if (ip_is_4(address) || !ip_is_set(address)) {
		(void)text_format(out.text, sizeof(out.text), "%s",
				  ip4_format(ip_to_4(address)).text);
		return out;
	}
	ip_to_bytes(address, bytes);
	(void)inet_ntop(AF_INET6, bytes, out.text, sizeof(out.text));
	used = strlen(out.text);
	if (address.scope != 0)
		(void)text_format(out.text + used, sizeof(out.text) - used, "%%%u", address.scope);
	return out;
}
