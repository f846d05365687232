/* ARP (RFC 826): asks who has an address, and hears who does. */
#ifndef BOOTD_IO_ARP_H
#define BOOTD_IO_ARP_H

#include "base/addr.h"
#include "io/loop.h"

struct arp;

/* Somebody on the interface says that the address is its own. */
typedef void arp_callback(void *context, struct ip4 address, struct mac mac);

/* Returns 0 with *out_arp for the caller to close, or -errno (-EPERM: CAP_NET_RAW is missing). It
 * hears nothing before arp_listen. */
int arp_open(struct loop *loop, arp_callback *on_claim, void *context, struct arp **out_arp);
void arp_close(struct arp *arp);

/* From now on this interface. Returns 0 or -errno (-ENODEV). */
int arp_listen(struct arp *arp, unsigned interface);

/* A probe as RFC 5227 section 2.1.1 has it: it comes from no address, so it changes no machine's
 * table. Returns 0 or -errno. */
int arp_probe(struct arp *arp, struct ip4 address);

#endif
