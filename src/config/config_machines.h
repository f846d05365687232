/* The sections whose rows are about machines: [mac], [uuid], [buggy_clients],
 * [static_dhcp] and [tftp_clients]. */
#ifndef BOOTD_CONFIG_CONFIG_MACHINES_H
#define BOOTD_CONFIG_CONFIG_MACHINES_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* Fills config->mac, uuid, buggy_clients, static_dhcp and tftp_clients, each in its order. */
void config_apply_machines(const struct ini *ini, struct config *config, struct problems *problems);

#endif
