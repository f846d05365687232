#include "dhcp/iana_options.h"

#include "base/text.h"

/* IANA's registry "BOOTP Vendor Extensions and DHCP Options". The names are its own, in lower case
 * with dashes, or, where those are cryptic, the ones that other servers made common. */
static const struct iana_option options[] = {
	/* clang-format off */
	{ 1, "subnet-mask", FORM_OWN },
	{ 2, "time-offset", FORM_S32 },
	{ 3, "routers", FORM_ADDRESSES },
	{ 4, "time-servers", FORM_ADDRESSES },
	{ 5, "name-servers", FORM_ADDRESSES },
	{ 6, "domain-name-servers", FORM_ADDRESSES },
	{ 7, "log-servers", FORM_ADDRESSES },
	{ 8, "cookie-servers", FORM_ADDRESSES },
	{ 9, "lpr-servers", FORM_ADDRESSES },
	{ 10, "impress-servers", FORM_ADDRESSES },
	{ 11, "resource-location-servers", FORM_ADDRESSES },
	{ 12, "host-name", FORM_TEXT },
	{ 13, "boot-size", FORM_U16 },
	{ 14, "merit-dump", FORM_TEXT },
	{ 15, "domain-name", FORM_TEXT },
	{ 16, "swap-server", FORM_ADDRESS },
	{ 17, "root-path", FORM_TEXT },
	{ 18, "extensions-path", FORM_TEXT },
	{ 19, "ip-forwarding", FORM_FLAG },
	{ 20, "non-local-source-routing", FORM_FLAG },
	{ 21, "policy-filter", FORM_ADDRESS_PAIRS },
	{ 22, "max-dgram-reassembly", FORM_U16 },
	{ 23, "default-ip-ttl", FORM_U8 },
	{ 24, "path-mtu-aging-timeout", FORM_U32 },
	{ 25, "path-mtu-plateau-table", FORM_U16_LIST },
	{ 26, "interface-mtu", FORM_U16 },
	{ 27, "all-subnets-local", FORM_FLAG },
	{ 28, "broadcast-address", FORM_ADDRESS },
	{ 29, "perform-mask-discovery", FORM_FLAG },
	{ 30, "mask-supplier", FORM_FLAG },
	{ 31, "router-discovery", FORM_FLAG },
	{ 32, "router-solicitation-address", FORM_ADDRESS },
	{ 33, "static-routes", FORM_ADDRESS_PAIRS },
	{ 34, "trailer-encapsulation", FORM_FLAG },
	{ 35, "arp-cache-timeout", FORM_U32 },
	{ 36, "ethernet-encapsulation", FORM_FLAG },
	{ 37, "default-tcp-ttl", FORM_U8 },
	{ 38, "tcp-keepalive-interval", FORM_U32 },
	{ 39, "tcp-keepalive-garbage", FORM_FLAG },
	{ 40, "nis-domain", FORM_TEXT },
	{ 41, "nis-servers", FORM_ADDRESSES },
	{ 42, "ntp-servers", FORM_ADDRESSES },
	{ 43, "vendor-encapsulated-options", FORM_BYTES },
	{ 44, "netbios-name-servers", FORM_ADDRESSES },
	{ 45, "netbios-dd-servers", FORM_ADDRESSES },
	{ 46, "netbios-node-type", FORM_U8 },
	{ 47, "netbios-scope", FORM_TEXT },
	{ 48, "font-servers", FORM_ADDRESSES },
	{ 49, "x-display-managers", FORM_ADDRESSES },
	{ 50, "requested-address", FORM_OWN },
	{ 51, "lease-time", FORM_OWN },
	{ 52, "option-overload", FORM_OWN },
	{ 53, "message-type", FORM_OWN },
	{ 54, "server-identifier", FORM_OWN },
	{ 55, "parameter-request-list", FORM_OWN },
	{ 56, "message", FORM_OWN },
	{ 57, "max-message-size", FORM_OWN },
	{ 58, "renewal-time", FORM_U32 },
	{ 59, "rebinding-time", FORM_U32 },
	{ 60, "vendor-class-identifier", FORM_TEXT },
	{ 61, "client-identifier", FORM_OWN },
	{ 62, "netware-domain", FORM_TEXT },
	{ 63, "netware-options", FORM_BYTES },
	{ 64, "nisplus-domain", FORM_TEXT },
	{ 65, "nisplus-servers", FORM_ADDRESSES },
	{ 66, "tftp-server-name", FORM_TEXT },
	{ 67, "bootfile-name", FORM_TEXT },
	{ 68, "mobile-ip-home-agents", FORM_ADDRESSES },
	{ 69, "smtp-servers", FORM_ADDRESSES },
	{ 70, "pop-servers", FORM_ADDRESSES },
	{ 71, "nntp-servers", FORM_ADDRESSES },
	{ 72, "www-servers", FORM_ADDRESSES },
	{ 73, "finger-servers", FORM_ADDRESSES },
	{ 74, "irc-servers", FORM_ADDRESSES },
	{ 75, "streettalk-servers", FORM_ADDRESSES },
	{ 76, "streettalk-directory-servers", FORM_ADDRESSES },
	{ 77, "user-class", FORM_OWN },
	{ 78, "slp-directory-agents", FORM_BYTES },
	{ 79, "slp-service-scope", FORM_BYTES },
	{ 80, "rapid-commit", FORM_OWN },
	{ 81, "client-fqdn", FORM_OWN },
	{ 82, "relay-agent-information", FORM_OWN },
	{ 83, "isns", FORM_BYTES },
	{ 85, "nds-servers", FORM_ADDRESSES },
	{ 86, "nds-tree-name", FORM_TEXT },
	{ 87, "nds-context", FORM_TEXT },
	{ 88, "bcmcs-domains", FORM_DOMAINS },
	{ 89, "bcmcs-addresses", FORM_ADDRESSES },
	{ 90, "authentication", FORM_OWN },
	{ 91, "client-last-transaction-time", FORM_OWN },
	{ 92, "associated-ip", FORM_OWN },
	{ 93, "client-architecture", FORM_OWN },
	{ 94, "client-interface", FORM_OWN },
	{ 97, "client-uuid", FORM_OWN },
	{ 98, "user-authentication", FORM_TEXT },
	{ 99, "geoconf-civic", FORM_BYTES },
	{ 100, "posix-timezone", FORM_TEXT },
	{ 101, "tz-timezone", FORM_TEXT },
	{ 108, "ipv6-only-preferred", FORM_U32 },
	{ 112, "netinfo-servers", FORM_ADDRESSES },
	{ 113, "netinfo-tag", FORM_TEXT },
	{ 114, "captive-portal", FORM_TEXT },
	{ 116, "auto-config", FORM_U8 },
	{ 117, "name-service-search", FORM_U16_LIST },
	{ 118, "subnet-selection", FORM_OWN },
	{ 119, "domain-search", FORM_DOMAINS },
	{ 120, "sip-servers", FORM_SIP },
	{ 121, "classless-static-routes", FORM_ROUTES },
	{ 122, "cablelabs-client-configuration", FORM_BYTES },
	{ 123, "geoconf", FORM_BYTES },
	{ 124, "vendor-class", FORM_BYTES },
	{ 125, "vendor-options", FORM_BYTES },
	{ 136, "pana-agents", FORM_ADDRESSES },
	{ 137, "lost-server", FORM_DOMAIN },
	{ 138, "capwap-access-controllers", FORM_ADDRESSES },
	{ 139, "mos-addresses", FORM_BYTES },
	{ 140, "mos-domains", FORM_BYTES },
	{ 141, "sip-ua-configuration-domains", FORM_DOMAINS },
	{ 142, "andsf-servers", FORM_ADDRESSES },
	{ 143, "sztp-redirect", FORM_BYTES },
	{ 144, "geoloc", FORM_BYTES },
	{ 145, "forcerenew-nonce-capable", FORM_OWN },
	{ 146, "rdnss-selection", FORM_BYTES },
	{ 147, "dots-agent", FORM_DOMAIN },
	{ 148, "dots-addresses", FORM_ADDRESSES },
	{ 150, "tftp-server-addresses", FORM_ADDRESSES },
	{ 151, "status-code", FORM_OWN },
	{ 159, "portparams", FORM_BYTES },
	{ 161, "mud-url", FORM_OWN },
	{ 162, "encrypted-dns", FORM_BYTES },
	{ 175, "ipxe-encapsulated-options", FORM_BYTES },
	{ 208, "pxelinux-magic", FORM_BYTES },
	{ 209, "pxelinux-config-file", FORM_TEXT },
	{ 210, "pxelinux-path-prefix", FORM_TEXT },
	{ 211, "pxelinux-reboot-time", FORM_U32 },
	{ 212, "6rd", FORM_BYTES },
	{ 213, "access-domain", FORM_DOMAIN },
	{ 220, "subnet-allocation", FORM_OWN },
	{ 221, "virtual-subnet-selection", FORM_OWN },
	{ 249, "microsoft-classless-static-routes", FORM_ROUTES },
	{ 252, "web-proxy-auto-discovery", FORM_TEXT },
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
