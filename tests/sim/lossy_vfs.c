#include "sim/lossy_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX  8
#define NAME_SIZE  64
#define WRITES_MAX 200000

/* What is not synced yet, in its order; no bytes: the file is cut to the offset. */
struct change {
	size_t offset;
	size_t length;
	uint8_t *bytes;
};

struct content {
	uint8_t *bytes;
	size_t size;
};

struct memory_file {
	char name[NAME_SIZE];
	struct content now;
	struct content synced;
	struct change *changes;
	size_t change_count;
};

struct handle {
	sqlite3_file base;
	struct memory_file *file;
};

static struct memory_file files[FILES_MAX];
static unsigned (*draw)(unsigned count);
static unsigned operations_left;
static bool has_failed;
static bool lies;

static void content_write(struct content *content, const struct change *change)
{
	size_t end = change->bytes == NULL ? change->offset : change->offset + change->length;

	if (end > content->size || change->bytes == NULL) {
		content->bytes = realloc(content->bytes, end + 1);
		assert(content->bytes != NULL);
		if (end > content->size)
			memset(content->bytes + content->size, 0, end - content->size);
		content->size = end;
	}
	if (change->bytes != NULL)
		memcpy(content->bytes + change->offset, change->bytes, change->length);
}

static void forget_changes(struct memory_file *file)
{
	for (size_t i = 0; i < file->change_count; i++)
		free(file->changes[i].bytes);
	file->change_count = 0;
}

static void forget_file(struct memory_file *file)
{
	forget_changes(file);
	free(file->changes);
	free(file->now.bytes);
	free(file->synced.bytes);
	memset(file, 0, sizeof(*file));
}

static bool fails(void)
{
	if (operations_left > 0 && --operations_left == 0)
		has_failed = true;
	return has_failed;
}

static int add_change(struct memory_file *file, struct change change)
{
	if (fails()) {
		free(change.bytes);
		return SQLITE_IOERR;
	}
	if (file->changes == NULL)
		file->changes = calloc(WRITES_MAX, sizeof(*file->changes));
	assert(file->changes != NULL && file->change_count < WRITES_MAX);
	file->changes[file->change_count++] = change;
	content_write(&file->now, &change);
	return SQLITE_OK;
}

static struct memory_file *file_of(sqlite3_file *base)
{
	return ((struct handle *)base)->file;
}

static int close_file(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *out, int length, sqlite3_int64 offset)
{
	const struct content *content = &file_of(base)->now;
	size_t there = (size_t)offset < content->size ? content->size - (size_t)offset : 0;

	memset(out, 0, (size_t)length);
	if (there > (size_t)length)
		there = (size_t)length;
	if (there > 0)
		memcpy(out, content->bytes + offset, there);
	return there < (size_t)length ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int write_file(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 offset)
{
	struct change change = { .offset = (size_t)offset, .length = (size_t)length };

	change.bytes = malloc((size_t)length);
	assert(change.bytes != NULL);
	memcpy(change.bytes, bytes, (size_t)length);
	return add_change(file_of(base), change);
}

static int cut_file(sqlite3_file *base, sqlite3_int64 size)
{
	return add_change(file_of(base), (struct change){ .offset = (size_t)size });
}

static int sync_file(sqlite3_file *base, int flags)
{
	struct memory_file *file = file_of(base);

	(void)flags;
	if (fails())
		return SQLITE_IOERR_FSYNC;
	if (lies)
		return SQLITE_OK;
	for (size_t i = 0; i < file->change_count; i++)
		content_write(&file->synced, &file->changes[i]);
	forget_changes(file);
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
	*out_size = (sqlite3_int64)file_of(base)->now.size;
	return SQLITE_OK;
}

static int lock_file(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int check_lock(sqlite3_file *base, int *out_is_locked)
{
	(void)base;
	*out_is_locked = 0;
	return SQLITE_OK;
}

static int control_file(sqlite3_file *base, int operation, void *argument)
{
	(void)base;
	(void)operation;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
	(void)base;
	return 512;
}

static int characteristics(sqlite3_file *base)
{
	(void)base;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = cut_file,
	.xSync = sync_file,
	.xFileSize = file_size,
	.xLock = lock_file,
	.xUnlock = lock_file,
	.xCheckReservedLock = check_lock,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
};

static struct memory_file *find_file(const char *name)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	}
	return NULL;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
		     int *out_flags)
{
	struct handle *handle = (struct handle *)base;

	(void)vfs;
	assert(name != NULL && strlen(name) < NAME_SIZE);
	handle->file = find_file(name);
	if (handle->file == NULL) {
		handle->file = find_file("");
		assert(handle->file != NULL);
		strcpy(handle->file->name, name);
	}
	handle->base.pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int syncs_folder)
{
	struct memory_file *file = find_file(name);

	(void)vfs;
	(void)syncs_folder;
	if (fails())
		return SQLITE_IOERR_DELETE;
	if (file != NULL)
		forget_file(file);
	return SQLITE_OK;
}

static int check_access(sqlite3_vfs *vfs, const char *name, int flags, int *out_is_there)
{
	(void)vfs;
	(void)flags;
	*out_is_there = find_file(name) != NULL;
	return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	assert(strlen(name) < (size_t)size);
	strcpy(out, name);
	return SQLITE_OK;
}

static int fill_random(sqlite3_vfs *vfs, int length, char *out)
{
	(void)vfs;
	for (int i = 0; i < length; i++)
		out[i] = (char)draw(256);
	return length;
}

static int tell_time(sqlite3_vfs *vfs, sqlite3_int64 *out_ms)
{
	(void)vfs;
	*out_ms = 0;
	return SQLITE_OK;
}

static sqlite3_vfs vfs = {
	.iVersion = 2,
	.szOsFile = sizeof(struct handle),
	.mxPathname = NAME_SIZE,
	.zName = LOSSY_VFS,
	.xOpen = open_file,
	.xDelete = delete_file,
	.xAccess = check_access,
	.xFullPathname = full_path,
	.xRandomness = fill_random,
	.xCurrentTimeInt64 = tell_time,
};

void lossy_vfs_init(unsigned (*random)(unsigned count))
{
	int result = sqlite3_vfs_register(&vfs, 0);

	assert(result == SQLITE_OK);
	(void)result;
	draw = random;
}

void lossy_vfs_reset(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		forget_file(&files[i]);
	lossy_vfs_fail_after(0);
	lies = false;
}

void lossy_vfs_fail_after(unsigned count)
{
	operations_left = count;
	has_failed = false;
}

bool lossy_vfs_has_failed(void)
{
	return has_failed;
}

void lossy_vfs_lie(bool is_lying)
{
	lies = is_lying;
}

void lossy_vfs_crash(void)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct memory_file *file = &files[i];
		struct change all = { .bytes = NULL };

		for (size_t change = 0; change < file->change_count; change++) {
			if (draw(2) == 0)
				content_write(&file->synced, &file->changes[change]);
		}
		forget_changes(file);
		content_write(&file->now, &all);
		all = (struct change){ .length = file->synced.size, .bytes = file->synced.bytes };
		if (file->synced.size > 0)
			content_write(&file->now, &all);
	}
}
