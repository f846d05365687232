/* A lease store on disk: what is acknowledged survives whatever crashes. The disk is waited for in
 * a thread of its own, where all that waits becomes one transaction. */
#ifndef BOOTD_LEASE_LEASE_SQLITE_H
#define BOOTD_LEASE_LEASE_SQLITE_H

#include "lease/lease.h"
#include "lease/lease_file.h"

struct loop;

/* error 0: leases are made durable again; -errno: they cannot be now. */
typedef void lease_health_callback(void *context, int error);

struct lease_sqlite_settings {
	struct lease_file_settings file;
	lease_health_callback *on_health; /* in the loop */
	void *context;
};

/* Opens the file as lease_file_open does. A store without addresses, until it is told its pools.
 * Returns 0 or -errno. */
int lease_sqlite_open(struct loop *loop, const struct lease_sqlite_settings *settings,
		      struct lease_store **out_store, struct lease_file_report *out_report);

/* Starts the thread: once the process is confined. Until then what is committed waits. Returns 0 or
 * -errno. */
int lease_sqlite_start(struct lease_store *store);

#endif
