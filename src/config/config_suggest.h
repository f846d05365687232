/* "Did you mean": of all names that there are, the one that a mistyped one is nearest to. */
#ifndef BOOTD_CONFIG_CONFIG_SUGGEST_H
#define BOOTD_CONFIG_CONFIG_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *typed;
	const char *best; /* borrowed; NULL: nothing is near enough */
	size_t distance;  /* of best */
};

/* Considers one name more. Near enough are two letters added, left out, changed or swapped with
 * their neighbour, in any case; one letter for names of up to three. */
void suggestion_consider(struct suggestion *suggestion, const char *name);

struct suggestion_text {
	char text[64];
};

/* "; did you mean boot_file?", or nothing. */
struct suggestion_text suggestion_show(const struct suggestion *suggestion);

#endif
