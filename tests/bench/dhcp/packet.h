/* What DHCP and BOOTP clients send, and what they look at in an answer (RFC 951, 2131, 2132). */
#ifndef BOOTD_BENCH_DHCP_PACKET_H
#define BOOTD_BENCH_DHCP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_SIZE 300 /* of what is sent: BOOTP's, which some servers insist on */
#define MAC_SIZE    6

enum dhcp_message { BOOTP, DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK };

/* Addresses are in host order; 0: the field is empty, the option left out. */
struct wish {
	enum dhcp_message type; /* BOOTP: no option says which */
	uint32_t xid;
	uint8_t mac[MAC_SIZE];
	uint32_t ciaddr, giaddr;
	uint32_t requested, server; /* options 50 and 54 */
	bool hears_only_broadcast;
	bool is_firmware; /* marked as PXE's (options 60, 93, 94) */
};

void packet_write(const struct wish *wish, uint8_t out[PACKET_SIZE]);

struct answer {
	enum dhcp_message type;
	uint32_t xid;
	uint8_t mac[MAC_SIZE];
	uint32_t yiaddr;
	uint32_t server;  /* option 54; 0: there is none */
	uint32_t lease_s; /* option 51 */
};

/* False: no whole answer to an Ethernet client. */
bool packet_read(const uint8_t *bytes, size_t length, struct answer *out);

#endif
