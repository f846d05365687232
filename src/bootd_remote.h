/* The remote root, one for the process: its cache and its threads, from the first setup that has a
 * URL as root to the end. */
#ifndef BOOTD_BOOTD_REMOTE_H
#define BOOTD_BOOTD_REMOTE_H

#include "base/problem.h"

#include <stdbool.h>

struct bootd;
struct setup;

/* Makes the cache's folder if it is needed and not there, while this may still be allowed. */
void bootd_remote_prepare(const struct bootd *bootd, struct problems *problems);

/* Opens the cache and starts the threads, if the setup has a use for them and they do not run yet:
 * once the process is confined. */
void bootd_remote_start(struct bootd *bootd, const struct setup *setup, struct problems *problems);

/* Complains of what the setup changes but a cache that is open cannot. */
void bootd_remote_compare(const struct bootd *bootd, const struct setup *setup,
			  struct problems *problems);

/* Goes on as the setup says. */
void bootd_remote_configure(struct bootd *bootd, const struct setup *setup);

/* What happens there goes to bootd's activity. False: no memory. */
bool bootd_remote_new(struct bootd *bootd);

#endif
