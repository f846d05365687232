/* Takes the values of a configuration file into the settings, as the table of keys says. */
#ifndef BOOTD_CONFIG_CONFIG_APPLY_H
#define BOOTD_CONFIG_CONFIG_APPLY_H

#include "base/problem.h"
#include "config/config.h"

#include <stdbool.h>

struct ini;
struct ini_entry;

/* Sets every default, then what the ini says. config is all zeros but for config->path: relative
 * paths are relative to its folder. */
void config_apply(const struct ini *ini, struct config *config, struct problems *problems);

/* Does the entry exist and have more than a comment for a value? */
bool config_is_given(const struct ini_entry *entry);

#endif
