/* What PXE adds to DHCP: architecture, UUID, and the marks of boot loaders (RFC 4578). */
#ifndef BOOTD_DHCP_PXE_WIRE_H
#define BOOTD_DHCP_PXE_WIRE_H

#include "dhcp/dhcp_wire.h"

/* The architecture's number: the first of option 93 or, without one, the text "Arch:nnnnn" of
 * option 60 (RFC 4578 sections 2.1 and 3.1). False: the message tells neither. */
bool pxe_architecture(const struct dhcp_message *message, uint16_t *out_architecture);

/* Option 97: a type octet of 0 and 16 octets (RFC 4578 section 2.3). False: none, or another
 * length, or an identifier that names no machine: zeros, ones, one word repeated. */
bool pxe_uuid(const struct dhcp_message *message, struct uuid *out_uuid);

/* The user class says iPXE, as RFC 3004 wants it or as the bare text that iPXE really sends. */
bool pxe_is_ipxe(const struct dhcp_message *message);

/* The vendor class starts with this text. */
bool pxe_has_vendor_class(const struct dhcp_message *message, const char *start);

#endif
