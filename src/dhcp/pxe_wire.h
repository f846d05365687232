/* What PXE adds to DHCP: architecture, UUID, and the marks of boot loaders (RFC 4578). */
#ifndef BOOTD_DHCP_PXE_WIRE_H
#define BOOTD_DHCP_PXE_WIRE_H

#include "dhcp/dhcp_wire.h"

/* The architecture's number: the first of option 93 or, without one, the text "Arch:nnnnn" of
 * option 60 (RFC 4578 sections 2.1 and 3.1). False: the message tells neither. */
bool pxe_architecture(const struct dhcp_message *message, uint16_t *out_architecture);

/* All that option 93 lists, the first first, as many as there is room for; where it lists none, the
 * one of pxe_architecture. Returns how many. */
size_t pxe_architectures(const struct dhcp_message *message, uint16_t *out_list, size_t capacity);

/* Option 97: a type octet of 0 and 16 octets (RFC 4578 section 2.3). False: none, or another
 * length, or an identifier that names no machine: zeros, ones, one word repeated. */
bool pxe_uuid(const struct dhcp_message *message, struct uuid *out_uuid);

/* The user class says iPXE, as RFC 3004 wants it or as the bare text that iPXE really sends; or
 * option 175 tells iPXE's version or features and there is no user class: FlexBoot and other
 * makers' iPXE send none. */
bool pxe_is_ipxe(const struct dhcp_message *message);

/* Option 175 tells iPXE's features, and HTTP is none of them. */
bool pxe_lacks_http(const struct dhcp_message *message);

/* The value of option 175 that has iPXE not wait for a proxy's offer (its no-pxedhcp). */
#define PXE_IPXE_NO_PROXY "\xb0\x01\x01"

/* The vendor class starts with this text. */
bool pxe_has_vendor_class(const struct dhcp_message *message, const char *start);

/* What one menu entry stands for: option 43, sub-option 71 (PXE 2.1, table 2-1). */
struct pxe_item {
	uint16_t type;
	uint16_t layer; /* PXE_LAYER_CREDENTIALS, and which part of the entry */
};

#define PXE_ITEM_LOCAL        0      /* the machine's own disk */
#define PXE_ITEM_FIRST        0x8000 /* the first type that is left to each site */
#define PXE_LAYER_CREDENTIALS 0x8000

/* False: the message asks for no entry. */
bool pxe_boot_item(const struct dhcp_message *message, struct pxe_item *out_item);

/* Discovery control, sub-option 6. */
#define PXE_NO_BROADCAST  1
#define PXE_NO_MULTICAST  2
#define PXE_LISTED_ONLY   4
#define PXE_USE_BOOT_FILE 8 /* of this message, without menu or boot server */

struct pxe_menu_item {
	uint16_t type;
	const char *text;
};

/* What option 43 says to a machine. */
struct pxe_vendor {
	uint8_t discovery_control;
	bool has_discovery_control;
	const struct pxe_menu_item *items;
	size_t item_count; /* 0: no menu, and neither prompt nor servers */
	const char *prompt;
	uint8_t timeout_s;
	struct ip4 server; /* of every entry but local ones; 0: none is listed */
	bool has_item;     /* the entry that was asked for is told back */
	struct pxe_item item;
};

/* The value of option 43, with an END of its own. One that does not fit fails the writer. */
void pxe_write_vendor(struct writer *out, const struct pxe_vendor *vendor);

#endif
