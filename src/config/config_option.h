/* The keys option.NAME and option.CODE, which set a DHCP option for all, for a network or a host.
 */
#ifndef BOOTD_CONFIG_CONFIG_OPTION_H
#define BOOTD_CONFIG_CONFIG_OPTION_H

#include "base/problem.h"
#include "config/config.h"

struct ini;
struct ini_entry;

#define OPTION_KEY_PREFIX "option."

/* Adds to settings what the entry of a section of that kind says; whatever is wrong becomes a
 * problem. */
void config_apply_option(const struct ini *ini, const struct ini_entry *entry, const char *kind,
			 struct option_settings *settings, struct problems *problems);

#endif
