/* seccomp: which system calls may still be made. */
#ifndef BOOTD_IO_SANDBOX_SECCOMP_H
#define BOOTD_IO_SANDBOX_SECCOMP_H

#include <stdbool.h>

/* Loads the filter for all threads. Needs no_new_privs. Returns 0 or -errno; -ENOSYS: the kernel
 * has no seccomp filters. */
int seccomp_enter(bool may_open_packet_sockets);

#endif
