/* The file of the leases: an SQLite database in WAL mode, of one process at a time, whose every
 * transaction is on the disk when lease_file_write returns. All of it waits for the disk.
 *
 * Expiry is kept in the file by the wall clock and in memory by the monotonic one, which no step of
 * the clock moves. An anchor in the file says what both read at the last transaction: so a restart
 * knows how much time has passed even where the clock was set meanwhile, and a step that is noticed
 * moves all that the file has with it. */
#ifndef BOOTD_LEASE_LEASE_FILE_H
#define BOOTD_LEASE_LEASE_FILE_H

#include "lease/lease.h"

#include <limits.h>

struct lease_file;

#define LEASE_BOOT_ID_SIZE 40

/* Now, by three clocks. */
struct lease_times {
	int64_t wall_s;
	uint64_t boot_s; /* since the machine started, sleep included */
	uint64_t now_s;  /* monotonic: the leases' */
};
typedef struct lease_times lease_clock(void *context);

struct lease_file_settings {
	const char *path;
	uint32_t longest_lease_s; /* that is given */
	/* For tests; NULL, NULL and "" are the system's. */
	const char *vfs;
	lease_clock *clock;
	void *clock_context;
	char boot_id[LEASE_BOOT_ID_SIZE];
};

struct lease_file_report {
	uint32_t lease_count;
	bool was_damaged;
	char damaged_path[PATH_MAX]; /* where the damaged file is now */
	uint64_t lost_until_s;       /* monotonic; 0: nothing is lost */
};

/* What a transaction does with an address. */
struct lease_record {
	struct lease lease;
	bool is_gone; /* nothing is known of it any more */
};

/* Opens the file, or makes one, and shows its leases, the one that ends first first. What is
 * damaged is set aside under another name, and all that can be read of it goes into a new file.
 * Returns 0 with *out_file for the caller to close, or -errno: -EBUSY, another process has it open;
 * -EMEDIUMTYPE, it is a database of something else. */
int lease_file_open(const struct lease_file_settings *settings, lease_visitor *visitor,
		    void *context, struct lease_file **out_file,
		    struct lease_file_report *out_report);

/* All of them, or none: one transaction, durable when 0 is returned, else -errno (-ENOSPC). With no
 * records it still shows that the disk can be written to. */
int lease_file_write(struct lease_file *file, const struct lease_record *records, size_t count);

/* The wall clock was set since the last transaction. */
bool lease_file_has_stepped(const struct lease_file *file);

void lease_file_close(struct lease_file *file);

#endif
