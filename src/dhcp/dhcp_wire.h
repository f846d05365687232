/* BOOTP and DHCP messages as bytes (RFC 951, RFC 2131 section 2). */
#ifndef BOOTD_DHCP_DHCP_WIRE_H
#define BOOTD_DHCP_DHCP_WIRE_H

#include "base/addr.h"
#include "base/bytes.h"
#include "dhcp/dhcp_options.h"

#include <stdbool.h>
#include <stdint.h>

#define BOOTP_REQUEST        1
#define BOOTP_REPLY          2
#define HARDWARE_ETHERNET    1
#define DHCP_FLAG_BROADCAST  0x8000
#define DHCP_COOKIE          0x63825363 /* RFC 2132 section 2 */
#define DHCP_SNAME_SIZE      64
#define DHCP_FILE_SIZE       128
#define BOOTP_MESSAGE_MIN    300 /* RFC 951: the fixed part and 64 octets of vendor area */
#define DHCP_OPTION_CODE_MAX 255

struct dhcp_header {
	uint8_t op;
	uint8_t hardware_type;
	uint8_t hardware_length;
	uint8_t hops;
	uint32_t xid;
	uint16_t secs;
	uint16_t flags;
	struct ip4 ciaddr;
	struct ip4 yiaddr;
	struct ip4 siaddr;
	struct ip4 giaddr;
	uint8_t chaddr[16];
};

/* Room for the values of options that came in parts: as much as a datagram has for options. */
#define DHCP_JOINED_MAX 1808

/* A decoded message borrows the packet's bytes, and where options came in parts its own: it is not
 * to be copied. */
struct dhcp_message {
	struct dhcp_header header;
	struct mac mac;    /* from chaddr */
	struct span sname; /* up to its NUL; empty where options overload the field */
	struct span file;
	bool has_cookie;
	struct span options[DHCP_OPTION_CODE_MAX]; /* by code; absent: bytes is NULL */
	uint8_t joined[DHCP_JOINED_MAX];
};

enum dhcp_drop {
	DHCP_DROP_NONE,
	DHCP_DROP_TOO_SHORT,
	DHCP_DROP_NOT_A_REQUEST,
	DHCP_DROP_NOT_A_REPLY,
	DHCP_DROP_NOT_ETHERNET,
	DHCP_DROP_BAD_MAC,
	DHCP_DROP_BAD_OPTIONS,
};

/* Decodes a client's message. Options past an END are not read; the parts of a repeated option are
 * one value (RFC 3396), but for those of a fixed length, which count as they came first. Anything
 * but DHCP_DROP_NONE: *message is not to be used. */
enum dhcp_drop dhcp_decode(struct span packet, struct dhcp_message *message);

/* Whose message it is and which relay's, at a glance: a packet that dhcp_decode takes is this
 * machine's. False: it takes it not. */
bool dhcp_peek(struct span packet, struct mac *out_mac, struct ip4 *out_giaddr);

/* As dhcp_decode, for a server's message. */
enum dhcp_drop dhcp_decode_reply(struct span packet, struct dhcp_message *message);

/* The option's value; bytes is NULL where it is absent. */
struct span dhcp_option(const struct dhcp_message *message, enum dhcp_option_code code);
bool dhcp_has_option(const struct dhcp_message *message, enum dhcp_option_code code);

/* False, with the output untouched: the option is absent or not that long. */
bool dhcp_option_address(const struct dhcp_message *message, enum dhcp_option_code code,
			 struct ip4 *out_address);
bool dhcp_option_u16(const struct dhcp_message *message, enum dhcp_option_code code,
		     uint16_t *out_value);

/* Option 53's value, DHCP_NONE without it: then the message is plain BOOTP. */
enum dhcp_message_type dhcp_type(const struct dhcp_message *message);
const char *dhcp_type_name(enum dhcp_message_type type);

/* The fixed part. sname and file are cut to their fields, one octet short of them for the NUL. */
void dhcp_write_header(struct writer *out, const struct dhcp_header *header, const char *sname,
		       const char *file);

/* The octets of an option with a value of that length. */
size_t dhcp_option_size(size_t length);

/* One option; a value of more than 255 octets is several (RFC 3396). One that does not fit fails
 * the writer. */
void dhcp_write_option(struct writer *out, enum dhcp_option_code code, struct span value);

#endif
