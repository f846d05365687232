/* The sections [subnet NAME]. */
#ifndef BOOTD_CONFIG_CONFIG_SUBNETS_H
#define BOOTD_CONFIG_CONFIG_SUBNETS_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* Fills config->subnets, in the order of the file; what a section leaves out is taken from [bootp],
 * which has been applied. Networks, ranges and gateways are not yet checked against each other. */
void config_apply_subnets(const struct ini *ini, struct config *config, struct problems *problems);

#endif
