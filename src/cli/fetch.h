/* bootd fetch: files are brought into the cache before a machine asks for them. */
#ifndef BOOTD_CLI_FETCH_H
#define BOOTD_CLI_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct content;
struct loop;

struct fetch_order {
	char *const *names; /* as clients send them */
	size_t count;
	bool has_progress_bar; /* out is a terminal */
};

/* Opens the files as the daemon would, one after the other, waits until each is whole, and prints a
 * line for each on out. Runs the loop. True: all of them are kept now. */
bool fetch_files(struct loop *loop, struct content *content, const struct fetch_order *order,
		 FILE *out);

#endif
