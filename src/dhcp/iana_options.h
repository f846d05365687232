/* The DHCPv4 options that IANA has registered and that an administrator may set: by name and code,
 * each with the form of its value. */
#ifndef BOOTD_DHCP_IANA_OPTIONS_H
#define BOOTD_DHCP_IANA_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum option_form {
	FORM_FLAG, /* yes or no: one byte */
	FORM_U8,   /* unsigned numbers */
	FORM_U16,
	FORM_U32,
	FORM_S32, /* a signed number */
	FORM_U16_LIST,
	FORM_ADDRESS, /* one IPv4 address */
	FORM_ADDRESSES,
	FORM_ADDRESS_PAIRS,
	FORM_ROUTES,  /* RFC 3442: networks with their routers */
	FORM_TEXT,    /* without a NUL (RFC 2132 2) */
	FORM_DOMAINS, /* RFC 3397: names in the wire's form, uncompressed */
	FORM_DOMAIN,  /* the same, one name */
	FORM_SIP,     /* RFC 3361: addresses or names, told by a byte before them */
	FORM_BYTES,   /* hexadecimal only */
	FORM_OWN,     /* bootd's or the client's: not to be set */
};

struct iana_option {
	const char *name;
	enum option_form form;
	uint8_t code;
};

/* In any case. NULL: no option has the name. */
const struct iana_option *iana_option_find(const char *name);
/* NULL: no option of that code has a name here. */
const struct iana_option *iana_option_of(uint8_t code);
/* In the order of the codes; NULL past the last. */
const struct iana_option *iana_option_at(size_t index);

#endif
