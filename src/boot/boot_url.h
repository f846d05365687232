/* Names of boot files as URLs. */
#ifndef BOOTD_BOOT_BOOT_URL_H
#define BOOTD_BOOT_BOOT_URL_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name is a URL of http or https already. */
bool boot_url_is_http(const char *name);
/* The name is a URL of any scheme. */
bool boot_url_has_scheme(const char *name);

/* Where bootd's own HTTP server has the file: what a path cannot have as it is is percent-encoded
 * (RFC 3986 2.1), and the port left out where it is the scheme's own. False: it does not fit. */
bool boot_url_format(struct endpoint server, bool is_tls, const char *name, char *out, size_t size);

#endif
