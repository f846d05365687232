/* The sections [host NAME]. */
#ifndef BOOTD_CONFIG_CONFIG_HOSTS_H
#define BOOTD_CONFIG_CONFIG_HOSTS_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* Fills config->hosts; no machine is in two sections, or also in [static_dhcp], which has been
 * applied. Addresses are not yet checked. */
void config_apply_hosts(const struct ini *ini, struct config *config, struct problems *problems);

#endif
