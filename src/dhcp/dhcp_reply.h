/* From a decision to the bytes of the answer and to where they go. */
#ifndef BOOTD_DHCP_DHCP_REPLY_H
#define BOOTD_DHCP_DHCP_REPLY_H

#include "base/bytes.h"
#include "boot/client.h"
#include "boot/shape.h"
#include "config/config.h"
#include "dhcp/dhcp_engine.h"
#include "dhcp/dhcp_wire.h"

#define DHCP_REPLY_MAX 1472 /* what one Ethernet frame carries: 1500 less IP and UDP headers */

/* What an answer is made of. */
struct dhcp_answer_facts {
	const struct dhcp_message *message; /* the one that is answered */
	const struct client *client;
	const struct dhcp_decision *decision; /* OFFER, ACK, NAK, REPLY, or a proxy's */
	const struct config *config;
	const struct subnet_config *subnet; /* NULL: a proxy's answer, which tells of none */
	const struct host_config *host;     /* NULL: none is the machine's */
	struct ip4 server;                  /* this server's address: option 54 */
	struct ip4 tftp_server;             /* siaddr and option 66 */
	const char *boot_file;              /* "": none */
	const char *host_name;              /* option 12; "": none */
	enum boot_shape shape;
	const struct menu_config *menu;   /* of SHAPE_MENU; NULL: one entry, the boot file's */
	const struct pxe_item *menu_item; /* that the machine asked for; NULL: none */
};

/* Writes the answer: at least 300 octets, at most what the client takes (option 57, RFC 2132
 * section 9.10), and never an option cut in two: what does not fit is left out, what boots the
 * machine last. Where space is short, fields without text hold options, too (option 52). out has
 * room for DHCP_REPLY_MAX. */
void dhcp_write_reply(struct writer *out, const struct dhcp_answer_facts *facts);

struct dhcp_destination {
	bool is_frame; /* by a raw frame to mac: the machine has no address yet to answer ARP with
			*/
	struct mac mac;
	struct endpoint to;
};

/* Where a proxy's answer goes, by a frame: from port 67 whoever has it. To the relay; to the
 * machine that has an address, by the way that its message came (from_mac); otherwise to
 * 255.255.255.255, whatever the flag says: the machine has no address yet, and gets none from here.
 */
struct dhcp_destination proxy_destination(const struct dhcp_message *message, uint16_t server_port,
					  struct mac from_mac);

/* RFC 2131 section 4.1 and, for relays, RFC 1542 section 4.1. hears_only_broadcast: the machine is
 * one of [buggy_clients], whose firmware misses what is sent to it alone. */
struct dhcp_destination dhcp_destination(const struct dhcp_message *message,
					 const struct dhcp_decision *decision, uint16_t server_port,
					 bool hears_only_broadcast);

#endif
