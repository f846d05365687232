/* What comes to the port of requests: each becomes a transfer, or a refusal. A part of
 * tftp_worker. */
#ifndef BOOTD_TFTP_TFTP_REQUESTS_H
#define BOOTD_TFTP_TFTP_REQUESTS_H

#include "io/udp.h"

/* A udp_callback, with a struct tftp_worker. */
void tftp_requests_on_packets(void *context, const struct datagram *batch, size_t count);

/* The request that was postponed: a loop_callback, with a struct tftp_worker. */
void tftp_requests_on_postponed(void *context);

#endif
