/* pybootd's ini dialect: from text to sections, keys and values with their lines. What a value
 * means, and where a comment ends it, is up to its reader. */
#ifndef BOOTD_CONFIG_INI_H
#define BOOTD_CONFIG_INI_H

#include "base/bytes.h"
#include "base/problem.h"

#include <stddef.h>

#define INI_FILE_MAX     16777216 /* bytes: 16 MiB */
#define INI_LINE_MAX     4096     /* bytes, without the line's end */
#define INI_ENTRIES_MAX  524288
#define INI_SECTIONS_MAX 65536

struct ini;

struct ini_section {
	/* Lower case, with single blanks; "bootp" also for [bootpd], "tftp" for [tftpd]. */
	const char *name;
	unsigned line;      /* where it first begins */
	unsigned next_line; /* where it begins again; 0: nowhere */
	size_t first_entry; /* of the entries that follow there, if there are any */
};

struct ini_entry {
	const char *section; /* the name of an ini_section */
	const char *key;     /* as it is written */
	const char *value;   /* without blanks at its ends; comments are still in it */
	unsigned line;
};

/* Reads the text of a file; file_name is for the problems. Whatever is wrong becomes a problem and
 * the rest is read on. The caller frees the result; NULL: no memory. */
struct ini *ini_parse(const char *file_name, struct span text, struct problems *problems);
void ini_free(struct ini *ini);

/* All sections and all entries, in the file's order; NULL past the last. */
const struct ini_section *ini_section_at(const struct ini *ini, size_t index);
const struct ini_entry *ini_entry_at(const struct ini *ini, size_t index);

/* The section as in ini_section; the key in any case, but in [filters], whose keys are names of
 * files. NULL: the file does not have it. */
const struct ini_entry *ini_find(const struct ini *ini, const char *section, const char *key);

/* Adds a problem with the entry's place. An entry that is not in the file has line 0; one without
 * a key speaks of its section. */
__attribute__((format(printf, 4, 5))) void ini_complain(const struct ini *ini,
							const struct ini_entry *entry,
							struct problems *problems,
							const char *format, ...);
/* The same, as a warning. */
__attribute__((format(printf, 4, 5))) void ini_warn(const struct ini *ini,
						    const struct ini_entry *entry,
						    struct problems *problems, const char *format,
						    ...);

#endif
