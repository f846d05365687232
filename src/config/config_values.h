/* From the text of a value to what it means, one function a type. The text has no comment and no
 * blanks at its ends any more. All return false, with the result untouched, for what is none. */
#ifndef BOOTD_CONFIG_CONFIG_VALUES_H
#define BOOTD_CONFIG_CONFIG_VALUES_H

#include "base/addr.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the value, in place, at a ';' or '#' that stands first or after a blank. */
void value_cut_comment(char *text);

/* pybootd's words, in any case: on, true, enable, enabled, yes, high, ok, 1 and their opposites. */
bool value_parse_boolean(const char *text, bool *out_value);

/* A whole number of seconds, or of minutes, hours or days with the unit m, h or d. */
bool value_parse_duration(const char *text, uint64_t *out_seconds);

/* Seconds with up to nine decimals, of which the first three count. */
bool value_parse_real_seconds(const char *text, uint64_t *out_ms);

/* Not 0.0.0.0, which is no machine's address. */
bool value_parse_address(const char *text, struct ip4 *out_address);

/* Addresses with ';', ',' or blanks between them: at least one, at most CONFIG_DNS_MAX. */
bool value_parse_dns(const char *text, struct ip4 out_list[CONFIG_DNS_MAX], size_t *out_count);

/* An address, of an interface or a network's first; 0.0.0.0 for all; or an interface's name. */
bool value_parse_selector(const char *text, struct selector *out_selector);

/* Two ports from 1 to 65535 with '-' between them, the first not after the last. */
bool value_parse_port_range(const char *text, struct port_range *out_range);

/* Addresses with their ports, as in 192.168.1.2:12345, with ';', ',' or blanks between them: at
 * least one, at most CONFIG_NOTIFY_MAX. */
bool value_parse_endpoints(const char *text, struct endpoint out_list[CONFIG_NOTIFY_MAX],
			   size_t *out_count);

/* A value of one line cannot have more. */
#define RANGES_OF_VALUE_MAX 512

/* Addresses, and ranges such as 192.168.1.5 - 192.168.1.9 with the last not before the first, with
 * ';', ',' or blanks between them: at least one. In their order; they may overlap. */
bool value_parse_ranges(const char *text, struct address_range out_list[RANGES_OF_VALUE_MAX],
			size_t *out_count);

/* One of the words up to NULL, in any case. */
bool value_parse_word(const char *text, const char *const *words, unsigned *out_index);

/* Text of at most size - 1 bytes without control characters. */
bool value_parse_text(const char *text, char *out, size_t size);
/* Such text, of printable ASCII without blanks. */
bool value_parse_name(const char *text, char *out, size_t size);
/* Such text, of letters, digits, '-' and '.'. */
bool value_parse_domain(const char *text, char *out, size_t size);

/* The path in folder, unless it is absolute. Like text, and false for a URL. */
bool value_parse_path(const char *text, const char *folder, char *out, size_t size);
bool value_is_url(const char *text);

/* A URL of http or https, with a host and perhaps a path; http:// is put before what has no
 * scheme. Without a slash at its end. */
bool value_parse_location(const char *text, char *out, size_t size);
/* What follows in the URL: it begins with a slash then, whether text did or not. */
bool value_parse_url_path(const char *text, char *out, size_t size);

/* A MAC address, or its first bits as in AA-BB-CC/24: with as many pairs as the prefix needs, or
 * more; bits behind the prefix must be 0. */
bool value_parse_mac_prefix(const char *text, struct mac *out_mac, uint8_t *out_prefix_length);

/* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx; the bytes come in the order of the text. */
bool value_parse_uuid(const char *text, struct uuid *out_uuid);

/* Option 61's bytes: hexadecimal behind "hex:", or the characters between two quotes. */
bool value_parse_client_id(const char *text, uint8_t out_bytes[CLIENT_ID_MAX], uint8_t *out_length);

/* A value in a message: escaped and of bounded length. */
struct value_shown {
	char text[64];
};
struct value_shown value_show(const char *text);

#endif
