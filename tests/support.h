/* What several unit tests share: addresses from text, bytes from hexadecimal text and from
 * tests/data, and DHCP messages put together from a list of options in words. Nothing here uses the
 * code that encodes and decodes messages: that is what is tested. */
#ifndef BOOTD_TESTS_SUPPORT_H
#define BOOTD_TESTS_SUPPORT_H

#include "base/bytes.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The machine of every message that names no other. */
#define MACHINE "52-54-00-77-01-01"

/* An IPv4 address among those of both families, where a constant is needed. */
#define IP_MAPPED(value)                                                                           \
	{                                                                                          \
		0, UINT64_C(0xffff) << 32 | (value), 0                                             \
	}

struct ip4 ip4_of(const char *text);
struct ip ip_of(const char *text);
struct mac mac_of(const char *text);

/* The bytes in a block of exactly their size, so that a sanitizer sees a read past them; the caller
 * frees them. */
struct span bytes_copy(const void *bytes, size_t length);
struct span bytes_of_hex(const char *hex);
void bytes_free(struct span bytes);

/* tests/data/NAME.hex: a packet of real firmware. */
struct span bytes_of_file(const char *name);

/* Options are written as CODE=VALUE, with blanks between them; the value is hexadecimal, or text
 * between apostrophes, or COUNT*BYTE: "53=01 60='PXEClient' 80= 82=255*ab". */
struct option_value {
	unsigned code;
	uint8_t bytes[512];
	size_t length;
};

/* Takes the first option off the list. False: it is empty. */
bool option_next(const char **list, struct option_value *out_option);

struct packet {
	const char *mac; /* NULL: MACHINE */
	uint16_t flags;
	const char *ciaddr; /* NULL: 0.0.0.0, as for the other addresses */
	const char *giaddr;
	const char *sname;
	const char *file;
	const char *options;
	bool has_no_cookie;
};

/* A client's message of at least 300 octets, options and END in place; the caller frees it. */
struct span packet_bytes(const struct packet *packet);

#endif
