/* Landlock, by system call: which files may still be opened. */
#ifndef BOOTD_IO_SANDBOX_LANDLOCK_H
#define BOOTD_IO_SANDBOX_LANDLOCK_H

#include "io/sandbox.h"

/* Gathers the rules while every path can still be seen. Returns 0 with the caller's *out_fd, which
 * is -1 where the kernel has no Landlock; fills the report's landlock_abi and lacks. Or -errno. */
int landlock_prepare(const struct sandbox_options *options, struct sandbox_report *report,
		     int *out_fd);

/* Needs no_new_privs. Returns 0 or -errno. */
int landlock_enforce(int fd);

#endif
