/* Router discovery: the two messages of RFC 4861 that a booting machine waits for. */
#ifndef BOOTD_NDP_NDP_WIRE_H
#define BOOTD_NDP_NDP_WIRE_H

#include "base/addr.h"
#include "base/bytes.h"

#include <stdbool.h>

#define NDP_ADVERTISEMENT_SIZE 16

/* Decodes a Router Solicitation (RFC 4861 4.1), checked as 6.1.1 says but for the hop limit and the
 * checksum, which the socket knows. False: it is malformed, or does not tell its sender's MAC
 * address, as firmware does. */
bool ndp_decode_solicitation(struct span message, struct mac *out_mac);

/* Writes a Router Advertisement (RFC 4861 4.2) that says nothing: no router here (a lifetime of 0),
 * no prefix, no parameters, no options. The kernel fills in the checksum. */
void ndp_encode_no_router(struct writer *out);

#endif
