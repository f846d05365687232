/* An option's value, as an administrator writes it, becomes the bytes of the wire. */
#ifndef BOOTD_DHCP_OPTION_TEXT_H
#define BOOTD_DHCP_OPTION_TEXT_H

#include "base/bytes.h"
#include "dhcp/iana_options.h"

#include <stdbool.h>

/* Writes the value of that form. "hex:" and pairs of digits, which blanks, colons or dashes may
 * part, stand for a value of any form that may be set. Lists are parted by blanks, commas or
 * semicolons. False: *out_problem is a sentence about what was expected; out has failed or holds a
 * part of it. */
bool option_parse(enum option_form form, const char *text, struct writer *out,
		  const char **out_problem);

#endif
