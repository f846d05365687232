/* What can be read of a damaged file. Rows are read in the order of their addresses; behind a page
 * that cannot be read, the search goes on at addresses further and further away, and then from the
 * other end. */
#include "base/text.h"
#include "lease/lease_file_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLES_MAX 1000 /* pages that cannot be read, one after another */

struct search {
	struct stored_leases *leases;
	int64_t last; /* the address read last */
	int error;    /* no memory */
};

/* Reads rows behind search->last. True: up to the end. */
static bool read_on(sqlite3 *database, struct search *search, int64_t after)
{
	struct stored_lease stored;
	sqlite3_stmt *row = NULL;
	int result;

	if (sqlite3_prepare_v2(database,
			       "SELECT address, state, owner, mac, expires FROM lease "
			       "WHERE address > ? ORDER BY address",
			       -1, &row, NULL) != SQLITE_OK)
		return true; /* not even the table is there */
	(void)sqlite3_bind_int64(row, 1, after);
	while ((result = sqlite3_step(row)) == SQLITE_ROW && search->error == 0) {
		int64_t address = sqlite3_column_int64(row, 0);

		/* A damaged page may send the search back to where it was. */
		if (address <= search->last)
			break;
		search->last = address;
		if (lease_file_read_row(row, &stored))
			search->error = stored_leases_add(search->leases, &stored);
	}
	(void)sqlite3_finalize(row);
	return result == SQLITE_DONE || search->error < 0;
}

static int read_rows(sqlite3 *database, struct stored_leases *leases)
{
	struct search search = { .leases = leases };
	int64_t skip = 1;
	int64_t after = 0;

	for (unsigned holes = 0; holes < HOLES_MAX && after <= UINT32_MAX; holes++) {
		int64_t before = search.last;

		if (read_on(database, &search, after))
			break;
		skip = search.last > before ? 1 : 2 * skip;
		after = (search.last > after ? search.last : after) + skip;
	}
	return search.error;
}

static off_t size_of(const char *path)
{
	struct stat info;

	return stat(path, &info) < 0 ? -1 : info.st_size;
}

bool lease_file_is_cut(const struct lease_file *file)
{
	char log[PATH_MAX];

	return text_format(log, sizeof(log), "%s-wal", file->settings.path) &&
	       size_of(file->settings.path) == 0 && size_of(log) > 0;
}

int lease_file_salvage(struct lease_file *file, struct stored_leases *leases,
		       struct anchor *out_anchor)
{
	int error;

	/* There is nothing to read, and SQLite would remove the log. */
	if (lease_file_is_cut(file))
		return 0;
	error = lease_file_connect(file);
	if (error == 0) {
		/* It is to be read, not trusted. */
		(void)lease_file_run(file->database, "PRAGMA locking_mode = EXCLUSIVE;"
						     "PRAGMA writable_schema = ON");
		(void)lease_file_read_anchor(file->database, out_anchor);
		error = read_rows(file->database, leases);
	}
	lease_file_disconnect(file);
	return error == -ENOMEM ? error : 0;
}

static int move(const char *path, const char *to, const char *ending)
{
	char from[PATH_MAX];
	char target[PATH_MAX];

	if (!text_format(from, sizeof(from), "%s%s", path, ending) ||
	    !text_format(target, sizeof(target), "%s%s", to, ending))
		return -ENAMETOOLONG;
	return rename(from, target) < 0 ? -errno : 0;
}

int lease_file_set_aside(const struct lease_file *file, int64_t wall_s, char *out_path, size_t size)
{
	const char *path = file->settings.path;
	int error;

	if (!text_format(out_path, size, "%s.damaged-%" PRId64, path, wall_s))
		return -ENAMETOOLONG;
	/* The log first: with another file of that name it would be taken for that file's. */
	error = move(path, out_path, "-wal");
	if (error == 0 || error == -ENOENT)
		error = move(path, out_path, "");
	return error;
}

static bool mark_path(const struct lease_file *file, char out[PATH_MAX])
{
	return text_format(out, PATH_MAX, "%s.recovering", file->settings.path);
}

bool lease_file_is_recovering(const struct lease_file *file)
{
	char path[PATH_MAX];

	return mark_path(file, path) && access(path, F_OK) == 0;
}

int lease_file_mark_recovery(const struct lease_file *file, bool is_recovering)
{
	char path[PATH_MAX];
	int error = 0;
	int fd;

	if (!mark_path(file, path))
		return -ENAMETOOLONG;
	if (!is_recovering)
		return unlink(path) < 0 ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fsync(fd) < 0)
		error = -errno;
	if (fd >= 0)
		(void)close(fd);
	return error;
}
