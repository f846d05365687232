/* Shows that the confinement holds on this machine: bootd --sandbox-selftest. */
#ifndef BOOTD_IO_SANDBOX_SELFTEST_H
#define BOOTD_IO_SANDBOX_SELFTEST_H

#include <stdbool.h>
#include <stdio.h>

/* Confines a process of its own as the daemon is confined, tries what must fail and what must
 * work, and prints a line for each. Needs root. True: all is as it should be. */
bool sandbox_selftest(const char *user, const char *fallback_user, FILE *out);

#endif
