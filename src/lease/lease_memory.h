/* A lease store in memory: an address stays with its machine as long as the daemon runs. */
#ifndef BOOTD_LEASE_LEASE_MEMORY_H
#define BOOTD_LEASE_LEASE_MEMORY_H

#include "lease/lease.h"

/* A store without addresses, until it is told its pool. NULL: no memory. */
struct lease_store *lease_memory_new(void);

#endif
