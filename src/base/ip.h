/* Addresses of either family, for what is served over both: TFTP and HTTP. DHCP has struct ip4. */
#ifndef BOOTD_BASE_IP_H
#define BOOTD_BASE_IP_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define IP_MAPPED_PREFIX 96 /* what goes before an IPv4 address */

/* As a number of 128 bits. IPv4's are those that IPv6 has for them, ::ffff:a.b.c.d (RFC 4291,
 * 2.5.5.2), so comparing takes no look at the family. All zeros: no address. */
struct ip {
	uint64_t high;
	uint64_t low;
	unsigned scope; /* the interface of a link-local address; 0 for others */
};

struct ip_endpoint {
	struct ip address;
	uint16_t port;
};

/* One address, of either family, of one interface of this machine. */
struct local_ip {
	unsigned interface;
	char name[INTERFACE_NAME_SIZE];
	struct ip address;
	uint8_t prefix_length; /* of an IPv4 address with IP_MAPPED_PREFIX: 96 to 128 */
};

bool local_ip_is_same(const struct local_ip *one, const struct local_ip *other);

enum ip_families { IP_ONLY_4, IP_ONLY_6, IP_BOTH };

/* The longest of IPv6, and the number of an interface behind '%'. */
struct ip_text {
	char text[57];
};

static inline struct ip ip_from_4(struct ip4 address)
{
	return (struct ip){ .low = UINT64_C(0xffff) << 32 | address.value };
}

static inline bool ip_is_4(struct ip address)
{
	return address.high == 0 && address.low >> 32 == 0xffff;
}

/* An IPv6 address is none: 0. */
static inline struct ip4 ip_to_4(struct ip address)
{
	return (struct ip4){ ip_is_4(address) ? (uint32_t)address.low : 0 };
}

static inline bool ip_is_same(struct ip one, struct ip other)
{
	return one.low == other.low && one.high == other.high && one.scope == other.scope;
}

/* Neither :: nor 0.0.0.0. */
static inline bool ip_is_set(struct ip address)
{
	return address.high != 0 || (address.low != 0 && address.low != UINT64_C(0xffff) << 32);
}

static inline bool ip_is_link_local(struct ip address)
{
	return address.high >> 54 == 0xfe80 >> 6;
}

static inline bool ip_is_multicast(struct ip address)
{
	return address.high >> 56 == 0xff;
}

static inline struct local_ip local_ip_from_4(const struct local_address *local)
{
	struct local_ip out = { .interface = local->interface,
				.address = ip_from_4(local->address),
				.prefix_length =
					(uint8_t)(IP_MAPPED_PREFIX + local->prefix_length) };

	memcpy(out.name, local->name, sizeof(out.name));
	return out;
}

static inline struct ip_endpoint ip_endpoint_from_4(struct endpoint endpoint)
{
	return (struct ip_endpoint){ ip_from_4(endpoint.address), endpoint.port };
}

static inline struct endpoint ip_endpoint_to_4(struct ip_endpoint endpoint)
{
	return (struct endpoint){ ip_to_4(endpoint.address), endpoint.port };
}

/* prefix_length 0 to 128. The scope plays no part: a network is that of any interface. */
struct ip ip_network(struct ip address, uint8_t prefix_length);
bool ip_is_within(struct ip address, struct ip network, uint8_t prefix_length);

struct ip ip_from_bytes(const uint8_t bytes[16]);
void ip_to_bytes(struct ip address, uint8_t out_bytes[16]);

/* IPv4's dotted form, or IPv6's (RFC 4291, 2.2), without a scope. */
bool ip_parse(const char *text, struct ip *out_address);
/* IPv6 by RFC 5952, a link-local address as fe80::1%2. */
struct ip_text ip_format(struct ip address);

#endif
