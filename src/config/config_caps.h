/* What clients are not granted of TFTP's options: [tftp] refuse and the rows of [tftp_clients]. */
#ifndef BOOTD_CONFIG_CONFIG_CAPS_H
#define BOOTD_CONFIG_CONFIG_CAPS_H

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* Names of options with blanks between them. False: one is unknown, or there is none. */
bool caps_parse_options(const char *text, uint8_t *out_refused);

/* The same, where blksize=NUMBER and windowsize=NUMBER do not refuse but cap. */
bool caps_parse(const char *text, struct tftp_caps *out_caps);

/* An address, or a network as in 192.168.1.0/24 or 2001:db8::/32 with nothing behind its prefix; an
 * IPv4 prefix is told with IP_MAPPED_PREFIX. */
bool caps_parse_network(const char *text, struct ip *out_network, uint8_t *out_prefix_length);

#endif
