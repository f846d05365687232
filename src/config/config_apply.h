/* Takes the values of a configuration file into the settings, as the table of keys says. */
#ifndef BOOTD_CONFIG_CONFIG_APPLY_H
#define BOOTD_CONFIG_CONFIG_APPLY_H

#include "base/problem.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ini;
struct ini_entry;

/* What config_apply leaves of a pool_count that is not given: the pool then has what its network
 * has room for. */
#define POOL_COUNT_NOT_GIVEN UINT32_MAX
#define POOL_COUNT_DEFAULT   1000 /* at most, then */

/* Sets every default, then what the ini says. config is all zeros but for config->path: relative
 * paths are relative to its folder. config_done frees it, whatever the problems. */
void config_apply(const struct ini *ini, struct config *config, struct problems *problems);

/* What the entry says, of a section of that kind, is set in owner: config, or the struct of that
 * one section. */
void config_apply_entry(const struct ini *ini, const struct ini_entry *entry, const char *kind,
			struct config *config, void *owner, struct problems *problems);

/* The entry's value without its comment; out has room for INI_LINE_MAX bytes and NUL. */
void config_read_value(const struct ini_entry *entry, char *out, size_t size);

/* Does the entry exist and have more than a comment for a value? */
bool config_is_given(const struct ini_entry *entry);

#endif
