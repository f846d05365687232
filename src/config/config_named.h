/* Sections that there may be many of, each with a name of its own: what [subnet NAME] and [host
 * NAME] share. */
#ifndef BOOTD_CONFIG_CONFIG_NAMED_H
#define BOOTD_CONFIG_CONFIG_NAMED_H

#include "base/problem.h"
#include "config/config.h"
#include "config/ini.h"

#include <stdbool.h>
#include <stddef.h>

/* The sections of one kind being read. */
struct named_sections {
	const struct ini *ini;
	const char *kind; /* as in config_section_at */
	struct config *config;
	struct problems *problems;
};

/* The next of them at or after *index, which moves behind it; NULL: there is none. */
const struct ini_section *named_next(const struct named_sections *sections, size_t *index);

/* A list with room for all of them, zeroed. NULL: there are none, or a problem says why. */
void *named_new_list(const struct named_sections *sections, size_t size);

/* False: a problem says that the section has no name that will do, or that another has it. */
bool named_take_name(const struct named_sections *sections, const struct ini_section *section,
		     char out_name[CONFIG_NAME_SIZE]);

/* Sets in owner what the section says, by the table of keys. */
void named_apply(const struct named_sections *sections, const struct ini_section *section,
		 void *owner);

#endif
