/* Packets whose machines the authority is being asked about: of each machine the newest one. A part
 * of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_WAITING_H
#define BOOTD_DHCP_DHCP_WAITING_H

#include "base/addr.h"
#include "io/udp.h"

struct dhcp_service;
struct dhcp_waiting;

struct waiting_packet {
	struct dhcp_service *service; /* borrowed */
	struct mac mac;
	uint32_t xid;
	bool is_boot_stage; /* what the authority was asked about */
	struct kept_datagram kept;
	uint32_t index;
};

/* NULL: no memory. */
struct dhcp_waiting *dhcp_waiting_new(uint32_t capacity);
void dhcp_waiting_free(struct dhcp_waiting *waiting);

/* The machine's place; NULL: it has none. */
struct waiting_packet *dhcp_waiting_find(struct dhcp_waiting *waiting, struct mac mac);

/* A place for a machine that has none. NULL: all are taken, or no memory. */
struct waiting_packet *dhcp_waiting_add(struct dhcp_waiting *waiting, struct mac mac);

/* Copies the packet into the place, over the one that was there. */
void dhcp_waiting_keep(struct waiting_packet *packet, const struct datagram *datagram,
		       uint32_t xid);

/* Forgets every packet. */
void dhcp_waiting_clear(struct dhcp_waiting *waiting);

void dhcp_waiting_remove(struct dhcp_waiting *waiting, struct waiting_packet *packet);

#endif
