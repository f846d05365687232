/* Packets of machines that have no address yet, while more come than can be answered: they wait
 * until those of known machines have been served. The oldest goes when there is no room. A part of
 * dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_CROWD_H
#define BOOTD_DHCP_DHCP_CROWD_H

#include "io/udp.h"

#define DHCP_CROWD_MAX 2048 /* packets */

struct dhcp_crowd;

/* NULL: no memory. */
struct dhcp_crowd *dhcp_crowd_new(void);
void dhcp_crowd_free(struct dhcp_crowd *crowd);

/* Copies the packet. False: it took the place of the oldest one, which is lost. */
bool dhcp_crowd_put(struct dhcp_crowd *crowd, const struct datagram *datagram);

/* The oldest packet, valid until the next put; NULL: there is none. */
const struct datagram *dhcp_crowd_take(struct dhcp_crowd *crowd);

#endif
