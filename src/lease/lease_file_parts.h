/* What the files of lease_file share. Nobody else includes it. */
#ifndef BOOTD_LEASE_LEASE_FILE_PARTS_H
#define BOOTD_LEASE_LEASE_FILE_PARTS_H

#include "lease/lease_file.h"

#include <sqlite3.h>

/* What the clocks read at the last transaction. */
struct anchor {
	char boot_id[LEASE_BOOT_ID_SIZE];
	uint64_t boot_s;
	int64_t wall_s;
	int64_t lost_until_s; /* wall; 0: nothing is lost */
	uint64_t longest_s;   /* that a lease was given for */
};

struct lease_file {
	struct lease_file_settings settings;
	sqlite3 *database;
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	sqlite3_stmt *put;
	sqlite3_stmt *remove;
	sqlite3_stmt *put_anchor;
	sqlite3_stmt *shift;
	struct anchor anchor;
	bool has_written; /* the last transaction succeeded; then the file has this anchor: */
	struct anchor written;
};

/* A lease with its expiry by the file's clock. */
struct stored_lease {
	struct lease lease;
	bool never_expires;
	int64_t expires_s;
};

/* Those of a file, and when they were read. */
struct stored_leases {
	struct stored_lease *list;
	size_t count;
	size_t capacity;
	struct lease_times times;
	int64_t file_now_s;   /* what the file's clock read then */
	int64_t lost_until_s; /* by the file's clock; 0: nothing is lost */
	uint64_t longest_s;
};

int stored_leases_add(struct stored_leases *leases, const struct stored_lease *stored);

/* A result of SQLite as 0 or -errno; -EBADMSG: the file is damaged. database may be NULL. */
int lease_file_error(int result, sqlite3 *database);
int lease_file_run(sqlite3 *database, const char *sql);
int lease_file_connect(struct lease_file *file);
void lease_file_disconnect(struct lease_file *file);

/* -ENOENT: there is none; *out_anchor is untouched then. */
int lease_file_read_anchor(sqlite3 *database, struct anchor *out_anchor);

/* False: this is no row of bootd's. */
bool lease_file_read_row(sqlite3_stmt *row, struct stored_lease *out_lease);

/* The file is empty and its log is not: somebody cut it, because the log begins when the file's
 * first page is on the disk. SQLite would take it for a new one. */
bool lease_file_is_cut(const struct lease_file *file);

/* Adds all rows that can be read of the damaged file, and fills the anchor if it can be. Returns 0
 * or -ENOMEM. */
int lease_file_salvage(struct lease_file *file, struct stored_leases *leases,
		       struct anchor *out_anchor);

/* A mark beside the file says that a recovery is under way. Returns 0 or -errno. */
bool lease_file_is_recovering(const struct lease_file *file);
int lease_file_mark_recovery(const struct lease_file *file, bool is_recovering);

/* Renames the file, and what belongs to it, to a name with the time in it. */
int lease_file_set_aside(const struct lease_file *file, int64_t wall_s, char *out_path,
			 size_t size);

#endif
