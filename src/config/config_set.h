/* Puts the value that a text says where the row of its key tells. */
#ifndef BOOTD_CONFIG_CONFIG_SET_H
#define BOOTD_CONFIG_CONFIG_SET_H

#include "config/config.h"
#include "config/config_keys.h"

#include <stdbool.h>

/* A sentence on why a value will not do. */
struct reason {
	char text[400];
};

/* text has no comment and no blanks at its ends. owner is what the row's offset counts in: config,
 * or one of its subnets. False: *out_reason says why not. */
bool config_set(const struct config_key *key, const char *text, struct config *config, void *owner,
		struct reason *out_reason);

#endif
