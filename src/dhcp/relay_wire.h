/* The relay agent information option (RFC 3046): what a server takes from it. The whole of it is
 * sent back as it came. */
#ifndef BOOTD_DHCP_RELAY_WIRE_H
#define BOOTD_DHCP_RELAY_WIRE_H

#include "base/addr.h"
#include "base/bytes.h"

struct relay_info {
	struct ip4 link;      /* RFC 3527: the machine's network is this address'; 0: giaddr's */
	struct ip4 server_id; /* RFC 5107: what option 54 of the answers says; 0: nothing special */
};

/* The value of option 82. Unknown sub-options and those of a wrong length are passed over; of one
 * that is repeated the first counts; where one runs past the end, none counts. */
struct relay_info relay_decode(struct span option);

#endif
