/* bootd leases: asks the running daemon for its leases, or has it take one back. */
#ifndef BOOTD_CLI_LEASES_H
#define BOOTD_CLI_LEASES_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdio.h>

struct leases_question {
	const char *config_path;
	bool is_json;
	bool is_release;
	struct ip4 address; /* to release */
};

/* The answer goes to out, what is wrong to complaints. True: the daemon did it. */
bool leases_ask(const struct leases_question *question, FILE *out, FILE *complaints);

#endif
