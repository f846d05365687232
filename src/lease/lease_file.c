#include "lease/lease_file.h"

#include "base/text.h"
#include "lease/lease_file_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x626f6f74 /* "boot" */
#define ROUNDING_S     2 /* clocks are read in whole seconds: never keep less than was promised */
#define STEP_S         2 /* less is the clocks' own rounding */

static struct lease_times system_clock(void *context)
{
	struct timespec wall;
	struct timespec boot;
	struct timespec now;

	(void)context;
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct lease_times){ .wall_s = wall.tv_sec,
				     .boot_s = (uint64_t)boot.tv_sec,
				     .now_s = (uint64_t)now.tv_sec };
}

/* "": there is none to read; then every start counts as one after a boot. */
static void read_boot_id(char out[LEASE_BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, out, LEASE_BOOT_ID_SIZE - 1);

	if (fd >= 0)
		(void)close(fd);
	out[length < 0 ? 0 : length] = '\0';
}

int lease_file_error(int result, sqlite3 *database)
{
	int system_error = database == NULL ? 0 : sqlite3_system_errno(database);

	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
		return system_error != 0 ? -system_error : -ENOENT;
	default:
		return system_error == ENOSPC || system_error == EDQUOT ? -ENOSPC : -EIO;
	}
}

int lease_file_run(sqlite3 *database, const char *sql)
{
	return lease_file_error(sqlite3_exec(database, sql, NULL, NULL, NULL), database);
}

static int prepare(sqlite3 *database, const char *sql, sqlite3_stmt **out_statement)
{
	return lease_file_error(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT,
						   out_statement, NULL),
				database);
}

static int prepare_all(struct lease_file *file)
{
	int error = prepare(file->database, "BEGIN IMMEDIATE", &file->begin);

	if (error == 0)
		error = prepare(file->database, "COMMIT", &file->commit);
	if (error == 0)
		error = prepare(file->database,
				"REPLACE INTO lease (address, state, owner, mac, expires) "
				"VALUES (?, ?, ?, ?, ?)",
				&file->put);
	if (error == 0)
		error = prepare(file->database, "DELETE FROM lease WHERE address = ?",
				&file->remove);
	if (error == 0)
		error = prepare(file->database,
				"REPLACE INTO anchor (one, boot_id, boot_s, wall_s, lost_until, "
				"longest) VALUES (1, ?, ?, ?, ?, ?)",
				&file->put_anchor);
	if (error == 0)
		error = prepare(file->database,
				"UPDATE lease SET expires = expires + ? WHERE expires IS NOT NULL",
				&file->shift);
	return error;
}

/* A statement that returns no rows. */
static int run_prepared(struct lease_file *file, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return lease_file_error(result, file->database);
}

/* Writing. */

static int write_anchor(struct lease_file *file, const struct anchor *anchor)
{
	sqlite3_stmt *put = file->put_anchor;

	(void)sqlite3_bind_text(put, 1, anchor->boot_id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(put, 2, (int64_t)anchor->boot_s);
	(void)sqlite3_bind_int64(put, 3, anchor->wall_s);
	(void)sqlite3_bind_int64(put, 4, anchor->lost_until_s);
	(void)sqlite3_bind_int64(put, 5, (int64_t)anchor->longest_s);
	return run_prepared(file, put);
}

static int put_lease(struct lease_file *file, const struct lease *lease,
		     const struct lease_times *times, int64_t wall_s)
{
	int64_t expires_s = wall_s + ROUNDING_S + (int64_t)(lease->expires_s - times->now_s);
	int owner_length = lease->owner.length;
	sqlite3_stmt *put = file->put;

	(void)sqlite3_bind_int64(put, 1, lease->address.value);
	(void)sqlite3_bind_int(put, 2, (int)lease->state);
	(void)sqlite3_bind_blob(put, 3, lease->owner.bytes, owner_length, SQLITE_STATIC);
	(void)sqlite3_bind_blob(put, 4, lease->mac.bytes, sizeof(lease->mac.bytes), SQLITE_STATIC);
	if (lease->expires_s == LEASE_FOR_EVER)
		(void)sqlite3_bind_null(put, 5);
	else
		(void)sqlite3_bind_int64(put, 5, expires_s);
	return run_prepared(file, put);
}

/* wall_s: now, by the file's clock. */
static int write_record(struct lease_file *file, const struct lease_record *record,
			const struct lease_times *times, int64_t wall_s)
{
	if (!record->is_gone)
		return put_lease(file, &record->lease, times, wall_s);
	(void)sqlite3_bind_int64(file->remove, 1, record->lease.address.value);
	return run_prepared(file, file->remove);
}

/* By how much the wall clock was set since the anchor. */
static int64_t step_since(const struct anchor *anchor, const struct lease_times *times)
{
	int64_t passed_s = (int64_t)(times->boot_s - anchor->boot_s);
	int64_t step_s = times->wall_s - (anchor->wall_s + passed_s);

	return step_s < STEP_S && step_s > -STEP_S ? 0 : step_s;
}

static int shift_all(struct lease_file *file, struct anchor *anchor, int64_t step_s)
{
	if (step_s == 0)
		return 0;
	if (anchor->lost_until_s != 0)
		anchor->lost_until_s += step_s;
	(void)sqlite3_bind_int64(file->shift, 1, step_s);
	return run_prepared(file, file->shift);
}

static void note_longest(struct anchor *anchor, const struct lease *lease,
			 const struct lease_times *times)
{
	if (lease->state == LEASE_BOUND && lease->expires_s != LEASE_FOR_EVER &&
	    lease->expires_s > times->now_s + anchor->longest_s)
		anchor->longest_s = lease->expires_s - times->now_s;
}

static bool is_same_anchor(const struct anchor *one, const struct anchor *other)
{
	return strcmp(one->boot_id, other->boot_id) == 0 && one->boot_s == other->boot_s &&
	       one->wall_s == other->wall_s && one->lost_until_s == other->lost_until_s &&
	       one->longest_s == other->longest_s;
}

/* Within a second the anchor stays the same, and so does its page, which would be a third of what a
 * small transaction writes. */
static int write_all(struct lease_file *file, const struct lease_record *records, size_t count,
		     const struct lease_times *times, struct anchor *anchor, int64_t step_s)
{
	int error = shift_all(file, anchor, step_s);

	for (size_t i = 0; i < count && error == 0; i++) {
		note_longest(anchor, &records[i].lease, times);
		error = write_record(file, &records[i], times, anchor->wall_s);
	}
	if (error < 0 || (file->has_written && is_same_anchor(anchor, &file->written)))
		return error;
	return write_anchor(file, anchor);
}

/* file_now_s: what the file's clock reads; step_s: what it is moved by, and all that is in the
 * file. A step too small to be told from rounding moves neither, and counts with the next one. */
static int transact(struct lease_file *file, const struct lease_record *records, size_t count,
		    const struct lease_times *times, int64_t file_now_s, int64_t step_s)
{
	struct anchor anchor = file->anchor;
	int error = run_prepared(file, file->begin);

	anchor.boot_s = times->boot_s;
	anchor.wall_s = file_now_s + step_s;
	if (error == 0)
		error = write_all(file, records, count, times, &anchor, step_s);
	if (error == 0)
		error = run_prepared(file, file->commit);
	file->has_written = error == 0;
	if (error == 0)
		file->anchor = file->written = anchor;
	else if (sqlite3_get_autocommit(file->database) == 0)
		(void)lease_file_run(file->database, "ROLLBACK");
	return error;
}

int lease_file_write(struct lease_file *file, const struct lease_record *records, size_t count)
{
	struct lease_times times = file->settings.clock(file->settings.clock_context);

	return transact(file, records, count, &times,
			file->anchor.wall_s + (int64_t)(times.boot_s - file->anchor.boot_s),
			step_since(&file->anchor, &times));
}

bool lease_file_has_stepped(const struct lease_file *file)
{
	struct lease_times times = file->settings.clock(file->settings.clock_context);

	return step_since(&file->anchor, &times) != 0;
}

/* Opening. */

static int read_number(sqlite3 *database, const char *sql, int64_t *out_number)
{
	sqlite3_stmt *statement = NULL;
	int error = prepare(database, sql, &statement);
	int result = error == 0 ? sqlite3_step(statement) : SQLITE_OK;

	if (result == SQLITE_ROW)
		*out_number = sqlite3_column_int64(statement, 0);
	else if (error == 0)
		error = result == SQLITE_DONE ? -ENOENT : lease_file_error(result, database);
	(void)sqlite3_finalize(statement);
	return error;
}

/* synchronous = FULL has every COMMIT wait for the disk. The log stays at the end, and is empty
 * then: a confined process may not remove it. A commit writes the pages that its leases are on: of
 * a new file, small ones. */
static int set_modes(sqlite3 *database)
{
	int persistent = 1;
	int error = lease_file_run(database, "PRAGMA page_size = 1024;"
					     "PRAGMA temp_store = MEMORY;"
					     "PRAGMA journal_mode = WAL;"
					     "PRAGMA journal_size_limit = 16777216;"
					     "PRAGMA synchronous = FULL;"
					     "PRAGMA cell_size_check = ON");

	(void)sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &persistent);
	return error;
}

static int make_tables(sqlite3 *database)
{
	return lease_file_run(
		database, "BEGIN IMMEDIATE;"
			  "PRAGMA application_id = 0x626f6f74;"
			  "PRAGMA user_version = 1;"
			  "CREATE TABLE lease (address INTEGER PRIMARY KEY, state INTEGER NOT NULL,"
			  " owner BLOB NOT NULL, mac BLOB NOT NULL, expires INTEGER);"
			  "CREATE TABLE anchor (one INTEGER PRIMARY KEY, boot_id TEXT NOT NULL,"
			  " boot_s INTEGER NOT NULL, wall_s INTEGER NOT NULL,"
			  " lost_until INTEGER NOT NULL, longest INTEGER NOT NULL);"
			  "COMMIT");
}

/* -EMEDIUMTYPE: it is somebody else's. */
static int check_kind(sqlite3 *database, bool *out_is_empty)
{
	int64_t application = 0;
	int64_t tables = 0;
	int error = read_number(database, "PRAGMA application_id", &application);

	if (error == 0)
		error = read_number(database, "SELECT count(*) FROM sqlite_schema", &tables);
	if (error < 0)
		return error;
	*out_is_empty = application == 0 && tables == 0;
	return *out_is_empty || application == APPLICATION_ID ? 0 : -EMEDIUMTYPE;
}

static int check_whole(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	int error = prepare(database, "PRAGMA quick_check(1)", &statement);
	const unsigned char *text;

	if (error == 0 && sqlite3_step(statement) != SQLITE_ROW)
		error = lease_file_error(sqlite3_errcode(database), database);
	text = error == 0 ? sqlite3_column_text(statement, 0) : NULL;
	if (error == 0 && (text == NULL || strcmp((const char *)text, "ok") != 0))
		error = -EBADMSG;
	(void)sqlite3_finalize(statement);
	return error;
}

int lease_file_read_anchor(sqlite3 *database, struct anchor *out_anchor)
{
	sqlite3_stmt *statement = NULL;
	int error =
		prepare(database, "SELECT boot_id, boot_s, wall_s, lost_until, longest FROM anchor",
			&statement);
	int result = error == 0 ? sqlite3_step(statement) : SQLITE_OK;
	const unsigned char *boot_id;

	if (result == SQLITE_ROW) {
		boot_id = sqlite3_column_text(statement, 0);
		if (boot_id != NULL)
			(void)text_copy(out_anchor->boot_id, sizeof(out_anchor->boot_id),
					(const char *)boot_id);
		out_anchor->boot_s = (uint64_t)sqlite3_column_int64(statement, 1);
		out_anchor->wall_s = sqlite3_column_int64(statement, 2);
		out_anchor->lost_until_s = sqlite3_column_int64(statement, 3);
		out_anchor->longest_s = (uint64_t)sqlite3_column_int64(statement, 4);
	} else if (error == 0) {
		error = result == SQLITE_DONE ? -ENOENT : lease_file_error(result, database);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

/* What the file's clock reads now. In the boot of the anchor the time that passed is known,
 * whatever became of the wall clock; else that is believed, unless it went back. */
static int64_t time_of_file(const struct anchor *anchor, const struct lease_file *file,
			    const struct lease_times *times)
{
	const char *boot_id = file->settings.boot_id;

	if (boot_id[0] != '\0' && strcmp(anchor->boot_id, boot_id) == 0 &&
	    times->boot_s >= anchor->boot_s)
		return anchor->wall_s + (int64_t)(times->boot_s - anchor->boot_s);
	return times->wall_s > anchor->wall_s ? times->wall_s : anchor->wall_s;
}

/* A wall time of the file as a monotonic one; what is past is no earlier than 0. */
static uint64_t to_monotonic(int64_t wall_s, const struct stored_leases *leases)
{
	int64_t time_s = (int64_t)leases->times.now_s + (wall_s - leases->file_now_s);

	return time_s < 0 ? 0 : (uint64_t)time_s;
}

bool lease_file_read_row(sqlite3_stmt *row, struct stored_lease *out_lease)
{
	struct stored_lease stored = { .never_expires = sqlite3_column_type(row, 4) == SQLITE_NULL,
				       .expires_s = sqlite3_column_int64(row, 4) };
	struct lease *lease = &stored.lease;
	int64_t address = sqlite3_column_int64(row, 0);
	int64_t state = sqlite3_column_int64(row, 1);
	int owner_length = sqlite3_column_bytes(row, 2);

	if (address <= 0 || address > UINT32_MAX || state < LEASE_BOUND || state > LEASE_DECLINED ||
	    owner_length > LEASE_IDENTITY_MAX ||
	    sqlite3_column_bytes(row, 3) != (int)sizeof(lease->mac.bytes))
		return false;
	lease->address.value = (uint32_t)address;
	lease->state = (enum lease_state)state;
	lease->owner.length = (uint8_t)owner_length;
	if (owner_length > 0)
		memcpy(lease->owner.bytes, sqlite3_column_blob(row, 2), (size_t)owner_length);
	memcpy(lease->mac.bytes, sqlite3_column_blob(row, 3), sizeof(lease->mac.bytes));
	*out_lease = stored;
	return true;
}

int stored_leases_add(struct stored_leases *leases, const struct stored_lease *stored)
{
	if (leases->count == leases->capacity) {
		size_t capacity = leases->capacity == 0 ? 1024 : 2 * leases->capacity;
		struct stored_lease *list = reallocarray(leases->list, capacity, sizeof(*list));

		if (list == NULL)
			return -ENOMEM;
		leases->list = list;
		leases->capacity = capacity;
	}
	leases->list[leases->count++] = *stored;
	return 0;
}

/* The longest that a lease of these still runs, or least_s. */
static uint64_t longest_of(const struct stored_leases *leases, uint64_t least_s)
{
	uint64_t longest_s = least_s;

	for (size_t i = 0; i < leases->count; i++) {
		int64_t left_s = leases->list[i].expires_s - leases->file_now_s;

		if (!leases->list[i].never_expires && leases->list[i].lease.state == LEASE_BOUND &&
		    left_s > (int64_t)longest_s)
			longest_s = (uint64_t)left_s;
	}
	return longest_s;
}

/* -EBADMSG: there is a row that cannot be one. */
static int read_leases(struct lease_file *file, struct stored_leases *leases)
{
	sqlite3_stmt *row = NULL;
	int error = prepare(file->database,
			    "SELECT address, state, owner, mac, expires FROM lease "
			    "ORDER BY expires NULLS LAST",
			    &row);
	struct stored_lease stored;
	int result = SQLITE_DONE;

	while (error == 0 && (result = sqlite3_step(row)) == SQLITE_ROW) {
		error = -EBADMSG;
		if (lease_file_read_row(row, &stored))
			error = stored_leases_add(leases, &stored);
	}
	if (error == 0)
		error = lease_file_error(result, file->database);
	(void)sqlite3_finalize(row);
	return error;
}

/* Reads all, and begins anew with the anchor at now. */
static int load(struct lease_file *file, struct stored_leases *leases)
{
	int error = lease_file_read_anchor(file->database, &file->anchor);

	leases->times = file->settings.clock(file->settings.clock_context);
	if (error == -ENOENT)
		file->anchor = (struct anchor){ .wall_s = leases->times.wall_s };
	else if (error < 0)
		return error;
	leases->file_now_s = time_of_file(&file->anchor, file, &leases->times);
	error = read_leases(file, leases);
	if (error < 0)
		return error;
	if (file->anchor.lost_until_s > leases->file_now_s)
		leases->lost_until_s = file->anchor.lost_until_s;
	file->anchor.lost_until_s = leases->lost_until_s;
	file->anchor.longest_s = longest_of(leases, file->settings.longest_lease_s);
	(void)text_copy(file->anchor.boot_id, sizeof(file->anchor.boot_id), file->settings.boot_id);
	return transact(file, NULL, 0, &leases->times, leases->file_now_s,
			leases->times.wall_s - leases->file_now_s);
}

int lease_file_connect(struct lease_file *file)
{
	int result =
		sqlite3_open_v2(file->settings.path, &file->database,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				file->settings.vfs);

	if (file->database == NULL)
		return -ENOMEM;
	(void)sqlite3_extended_result_codes(file->database, 1);
	return lease_file_error(result, file->database);
}

void lease_file_disconnect(struct lease_file *file)
{
	(void)sqlite3_finalize(file->begin);
	(void)sqlite3_finalize(file->commit);
	(void)sqlite3_finalize(file->put);
	(void)sqlite3_finalize(file->remove);
	(void)sqlite3_finalize(file->put_anchor);
	(void)sqlite3_finalize(file->shift);
	file->begin = NULL;
	file->commit = NULL;
	file->put = NULL;
	file->remove = NULL;
	file->put_anchor = NULL;
	file->shift = NULL;
	file->has_written = false;
	(void)sqlite3_close(file->database);
	file->database = NULL;
}

static int open_whole(struct lease_file *file, struct stored_leases *leases)
{
	bool is_empty = false;
	int error = lease_file_connect(file);

	/* First of all: where the lock is not exclusive before the log is read, the log is shared
	 * through another file. */
	if (error == 0)
		error = lease_file_run(file->database, "PRAGMA locking_mode = EXCLUSIVE");
	if (error == 0)
		error = check_kind(file->database, &is_empty);
	if (error == 0)
		error = set_modes(file->database);
	if (error == 0 && is_empty)
		error = make_tables(file->database);
	if (error == 0)
		error = check_whole(file->database);
	if (error == 0)
		error = prepare_all(file);
	if (error == 0)
		error = load(file, leases);
	return error;
}

static struct lease to_lease(const struct stored_leases *leases, size_t i)
{
	struct lease lease = leases->list[i].lease;

	lease.expires_s = leases->list[i].never_expires
				  ? LEASE_FOR_EVER
				  : to_monotonic(leases->list[i].expires_s, leases);
	return lease;
}

/* Whatever else the damaged file knew may run as long as the longest lease that it gave. */
static int write_salvaged(struct lease_file *file, const struct stored_leases *leases)
{
	struct lease_record *records = calloc(leases->count + 1, sizeof(*records));
	int error;

	if (records == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < leases->count; i++)
		records[i].lease = to_lease(leases, i);
	file->anchor.longest_s = longest_of(leases, file->settings.longest_lease_s);
	if (leases->longest_s > file->anchor.longest_s)
		file->anchor.longest_s = leases->longest_s;
	file->anchor.lost_until_s = file->anchor.wall_s + (int64_t)file->anchor.longest_s;
	error = lease_file_write(file, records, leases->count);
	free(records);
	return error;
}

/* A new file of what can be read of the damaged one, which is set aside. */
static int recover(struct lease_file *file, struct stored_leases *leases,
		   struct lease_file_report *report)
{
	struct stored_leases fresh = { 0 };
	struct anchor anchor = { 0 };
	int error;

	lease_file_disconnect(file);
	leases->count = 0;
	error = lease_file_salvage(file, leases, &anchor);
	leases->times = file->settings.clock(file->settings.clock_context);
	leases->file_now_s = time_of_file(&anchor, file, &leases->times);
	leases->longest_s = anchor.longest_s;
	if (error == 0)
		error = lease_file_set_aside(file, leases->times.wall_s, report->damaged_path,
					     sizeof(report->damaged_path));
	if (error == 0)
		error = open_whole(file, &fresh);
	if (error == 0)
		error = write_salvaged(file, leases);
	/* The new file's clock is the wall's. */
	leases->lost_until_s = leases->file_now_s + (int64_t)file->anchor.longest_s;
	report->was_damaged = true;
	free(fresh.list);
	return error;
}

/* A recovery that did not come to its end is begun again: what it leaves may look whole. */
static int open_leases(struct lease_file *file, struct stored_leases *leases,
		       struct lease_file_report *report)
{
	int error = -EBADMSG;

	if (!lease_file_is_recovering(file) && !lease_file_is_cut(file))
		error = open_whole(file, leases);
	if (error == -EBADMSG)
		error = lease_file_mark_recovery(file, true);
	if (error == 0 && lease_file_is_recovering(file))
		error = recover(file, leases, report);
	if (error == 0 && report->was_damaged)
		error = lease_file_mark_recovery(file, false);
	if (error < 0)
		return error;
	report->lease_count = (uint32_t)leases->count;
	if (leases->lost_until_s != 0)
		report->lost_until_s = to_monotonic(leases->lost_until_s, leases);
	return 0;
}

static void fill_settings(struct lease_file *file)
{
	if (file->settings.clock == NULL)
		file->settings.clock = system_clock;
	if (file->settings.boot_id[0] == '\0')
		read_boot_id(file->settings.boot_id);
}

int lease_file_open(const struct lease_file_settings *settings, lease_visitor *visitor,
		    void *context, struct lease_file **out_file,
		    struct lease_file_report *out_report)
{
	struct lease_file *file = calloc(1, sizeof(*file));
	struct stored_leases leases = { 0 };
	int error;

	if (file == NULL)
		return -ENOMEM;
	*out_report = (struct lease_file_report){ 0 };
	file->settings = *settings;
	fill_settings(file);
	error = open_leases(file, &leases, out_report);
	for (size_t i = 0; i < leases.count && error == 0; i++) {
		struct lease lease = to_lease(&leases, i);

		visitor(context, &lease);
	}
	free(leases.list);
	if (error < 0)
		lease_file_close(file);
	else
		*out_file = file;
	return error;
}

void lease_file_close(struct lease_file *file)
{
	if (file == NULL)
		return;
	lease_file_disconnect(file);
	free(file);
}
