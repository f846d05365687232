/* Addresses: IPv4, MAC, UUID, and a pair of address and port. */
#ifndef BOOTD_BASE_ADDR_H
#define BOOTD_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_NAME_SIZE 16 /* IFNAMSIZ */

/* In host byte order, so that addresses can be counted and compared. 0 is "no address". */
struct ip4 {
	uint32_t value;
};

#define IP4_BROADCAST ((struct ip4){ UINT32_MAX })

struct mac {
	uint8_t bytes[6];
};

#define MAC_BROADCAST ((struct mac){ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } })

/* The 16 bytes as the client sent them. */
struct uuid {
	uint8_t bytes[16];
};

struct endpoint {
	struct ip4 address;
	uint16_t port;
};

/* One IPv4 address of one interface of this machine. */
struct local_address {
	unsigned interface;
	char name[INTERFACE_NAME_SIZE];
	struct ip4 address;
	uint8_t prefix_length;
};

/* Formatted addresses are returned by value: mac_format(mac).text lives to the end of the
 * expression, which is what a log line needs. */
struct ip4_text {
	char text[16];
};
struct mac_text {
	char text[18];
};
struct uuid_text {
	char text[37];
};

static inline bool ip4_is_same(struct ip4 one, struct ip4 other)
{
	return one.value == other.value;
}

static inline bool ip4_is_set(struct ip4 address)
{
	return address.value != 0;
}

bool local_address_is_same(const struct local_address *one, const struct local_address *other);

/* prefix_length 0 to 32. */
struct ip4 ip4_netmask(uint8_t prefix_length);
struct ip4 ip4_network(struct ip4 address, uint8_t prefix_length);
bool ip4_is_within(struct ip4 address, struct ip4 network, uint8_t prefix_length);

/* The dotted form, four decimal numbers, nothing else. */
bool ip4_parse(const char *text, struct ip4 *out_address);
struct ip4_text ip4_format(struct ip4 address);
struct ip4 ip4_from_bytes(const uint8_t bytes[4]);

/* Six pairs of hexadecimal digits, all joined by '-' or all by ':'. */
bool mac_parse(const char *text, struct mac *out_mac);
/* AA-BB-CC-DD-EE-FF, the seed's spelling. */
struct mac_text mac_format(struct mac mac);
bool mac_is_same(struct mac one, struct mac other);
/* The 48 bits as a number, for keys. */
uint64_t mac_to_number(struct mac mac);

/* The first three fields with their bytes turned around, which SMBIOS keeps little-endian. */
struct uuid uuid_other_order(struct uuid uuid);

/* The SMBIOS form: the first three fields are little-endian on the wire (RFC 4578, QUIRKS 4). */
struct uuid_text uuid_format(struct uuid uuid);

#endif
