#include "dhcp/iana_options.h"

#include "base/text.h"

/* IANA's registry "BOOTP Vendor Extensions and DHCP Options". The names are its own, in lower case
 * with dashes, or, where those are cryptic, the ones that other servers made common. */
static const struct iana_option options[] = {
	/* clang-format off */
	{ "subnet-mask", FORM_OWN, 1 },
	{ "time-offset", FORM_S32, 2 },
	{ "routers", FORM_ADDRESSES, 3 },
	{ "time-servers", FORM_ADDRESSES, 4 },
	{ "name-servers", FORM_ADDRESSES, 5 },
	{ "domain-name-servers", FORM_ADDRESSES, 6 },
	{ "log-servers", FORM_ADDRESSES, 7 },
	{ "cookie-servers", FORM_ADDRESSES, 8 },
	{ "lpr-servers", FORM_ADDRESSES, 9 },
	{ "impress-servers", FORM_ADDRESSES, 10 },
	{ "resource-location-servers", FORM_ADDRESSES, 11 },
	{ "host-name", FORM_TEXT, 12 },
	{ "boot-size", FORM_U16, 13 },
	{ "merit-dump", FORM_TEXT, 14 },
	{ "domain-name", FORM_TEXT, 15 },
	{ "swap-server", FORM_ADDRESS, 16 },
	{ "root-path", FORM_TEXT, 17 },
	{ "extensions-path", FORM_TEXT, 18 },
	{ "ip-forwarding", FORM_FLAG, 19 },
	{ "non-local-source-routing", FORM_FLAG, 20 },
	{ "policy-filter", FORM_ADDRESS_PAIRS, 21 },
	{ "max-dgram-reassembly", FORM_U16, 22 },
	{ "default-ip-ttl", FORM_U8, 23 },
	{ "path-mtu-aging-timeout", FORM_U32, 24 },
	{ "path-mtu-plateau-table", FORM_U16_LIST, 25 },
	{ "interface-mtu", FORM_U16, 26 },
	{ "all-subnets-local", FORM_FLAG, 27 },
	{ "broadcast-address", FORM_ADDRESS, 28 },
	{ "perform-mask-discovery", FORM_FLAG, 29 },
	{ "mask-supplier", FORM_FLAG, 30 },
	{ "router-discovery", FORM_FLAG, 31 },
	{ "router-solicitation-address", FORM_ADDRESS, 32 },
	{ "static-routes", FORM_ADDRESS_PAIRS, 33 },
	{ "trailer-encapsulation", FORM_FLAG, 34 },
	{ "arp-cache-timeout", FORM_U32, 35 },
	{ "ethernet-encapsulation", FORM_FLAG, 36 },
	{ "default-tcp-ttl", FORM_U8, 37 },
	{ "tcp-keepalive-interval", FORM_U32, 38 },
	{ "tcp-keepalive-garbage", FORM_FLAG, 39 },
	{ "nis-domain", FORM_TEXT, 40 },
	{ "nis-servers", FORM_ADDRESSES, 41 },
	{ "ntp-servers", FORM_ADDRESSES, 42 },
	{ "vendor-encapsulated-options", FORM_BYTES, 43 },
	{ "netbios-name-servers", FORM_ADDRESSES, 44 },
	{ "netbios-dd-servers", FORM_ADDRESSES, 45 },
	{ "netbios-node-type", FORM_U8, 46 },
	{ "netbios-scope", FORM_TEXT, 47 },
	{ "font-servers", FORM_ADDRESSES, 48 },
	{ "x-display-managers", FORM_ADDRESSES, 49 },
	{ "requested-address", FORM_OWN, 50 },
	{ "lease-time", FORM_OWN, 51 },
	{ "option-overload", FORM_OWN, 52 },
	{ "message-type", FORM_OWN, 53 },
	{ "server-identifier", FORM_OWN, 54 },
	{ "parameter-request-list", FORM_OWN, 55 },
	{ "message", FORM_OWN, 56 },
	{ "max-message-size", FORM_OWN, 57 },
	{ "renewal-time", FORM_U32, 58 },
	{ "rebinding-time", FORM_U32, 59 },
	{ "vendor-class-identifier", FORM_TEXT, 60 },
	{ "client-identifier", FORM_OWN, 61 },
	{ "netware-domain", FORM_TEXT, 62 },
	{ "netware-options", FORM_BYTES, 63 },
	{ "nisplus-domain", FORM_TEXT, 64 },
	{ "nisplus-servers", FORM_ADDRESSES, 65 },
	{ "tftp-server-name", FORM_TEXT, 66 },
	{ "bootfile-name", FORM_TEXT, 67 },
	{ "mobile-ip-home-agents", FORM_ADDRESSES, 68 },
	{ "smtp-servers", FORM_ADDRESSES, 69 },
	{ "pop-servers", FORM_ADDRESSES, 70 },
	{ "nntp-servers", FORM_ADDRESSES, 71 },
	{ "www-servers", FORM_ADDRESSES, 72 },
	{ "finger-servers", FORM_ADDRESSES, 73 },
	{ "irc-servers", FORM_ADDRESSES, 74 },
	{ "streettalk-servers", FORM_ADDRESSES, 75 },
	{ "streettalk-directory-servers", FORM_ADDRESSES, 76 },
	{ "user-class", FORM_OWN, 77 },
	{ "slp-directory-agents", FORM_BYTES, 78 },
	{ "slp-service-scope", FORM_BYTES, 79 },
	{ "rapid-commit", FORM_OWN, 80 },
	{ "client-fqdn", FORM_OWN, 81 },
	{ "relay-agent-information", FORM_OWN, 82 },
	{ "isns", FORM_BYTES, 83 },
	{ "nds-servers", FORM_ADDRESSES, 85 },
	{ "nds-tree-name", FORM_TEXT, 86 },
	{ "nds-context", FORM_TEXT, 87 },
	{ "bcmcs-domains", FORM_DOMAINS, 88 },
	{ "bcmcs-addresses", FORM_ADDRESSES, 89 },
	{ "authentication", FORM_OWN, 90 },
	{ "client-last-transaction-time", FORM_OWN, 91 },
	{ "associated-ip", FORM_OWN, 92 },
	{ "client-architecture", FORM_OWN, 93 },
	{ "client-interface", FORM_OWN, 94 },
	{ "client-uuid", FORM_OWN, 97 },
	{ "user-authentication", FORM_TEXT, 98 },
	{ "geoconf-civic", FORM_BYTES, 99 },
	{ "posix-timezone", FORM_TEXT, 100 },
	{ "tz-timezone", FORM_TEXT, 101 },
	{ "ipv6-only-preferred", FORM_U32, 108 },
	{ "netinfo-servers", FORM_ADDRESSES, 112 },
	{ "netinfo-tag", FORM_TEXT, 113 },
	{ "captive-portal", FORM_TEXT, 114 },
	{ "auto-config", FORM_U8, 116 },
	{ "name-service-search", FORM_U16_LIST, 117 },
	{ "subnet-selection", FORM_OWN, 118 },
	{ "domain-search", FORM_DOMAINS, 119 },
	{ "sip-servers", FORM_SIP, 120 },
	{ "classless-static-routes", FORM_ROUTES, 121 },
	{ "cablelabs-client-configuration", FORM_BYTES, 122 },
	{ "geoconf", FORM_BYTES, 123 },
	{ "vendor-class", FORM_BYTES, 124 },
	{ "vendor-options", FORM_BYTES, 125 },
	{ "pana-agents", FORM_ADDRESSES, 136 },
	{ "lost-server", FORM_DOMAIN, 137 },
	{ "capwap-access-controllers", FORM_ADDRESSES, 138 },
	{ "mos-addresses", FORM_BYTES, 139 },
	{ "mos-domains", FORM_BYTES, 140 },
	{ "sip-ua-configuration-domains", FORM_DOMAINS, 141 },
	{ "andsf-servers", FORM_ADDRESSES, 142 },
	{ "sztp-redirect", FORM_BYTES, 143 },
	{ "geoloc", FORM_BYTES, 144 },
	{ "forcerenew-nonce-capable", FORM_OWN, 145 },
	{ "rdnss-selection", FORM_BYTES, 146 },
	{ "dots-agent", FORM_DOMAIN, 147 },
	{ "dots-addresses", FORM_ADDRESSES, 148 },
	{ "tftp-server-addresses", FORM_ADDRESSES, 150 },
	{ "status-code", FORM_OWN, 151 },
	{ "portparams", FORM_BYTES, 159 },
	{ "mud-url", FORM_OWN, 161 },
	{ "encrypted-dns", FORM_BYTES, 162 },
	{ "ipxe-encapsulated-options", FORM_BYTES, 175 },
	{ "pxelinux-magic", FORM_BYTES, 208 },
	{ "pxelinux-config-file", FORM_TEXT, 209 },
	{ "pxelinux-path-prefix", FORM_TEXT, 210 },
	{ "pxelinux-reboot-time", FORM_U32, 211 },
	{ "6rd", FORM_BYTES, 212 },
	{ "access-domain", FORM_DOMAIN, 213 },
	{ "subnet-allocation", FORM_OWN, 220 },
	{ "virtual-subnet-selection", FORM_OWN, 221 },
	{ "microsoft-classless-static-routes", FORM_ROUTES, 249 },
	{ "web-proxy-auto-discovery", FORM_TEXT, 252 },
	/* clang-format on */
};

#define COUNT (sizeof(options) / sizeof(options[0]))

const struct iana_option *iana_option_at(size_t index)
{
	return index < COUNT ? &options[index] : NULL;
}

const struct iana_option *iana_option_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (text_is_same(options[i].name, name))
			return &options[i];
	}
	return NULL;
}

const struct iana_option *iana_option_of(uint8_t code)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (options[i].code == code)
			return &options[i];
	}
	return NULL;
}
