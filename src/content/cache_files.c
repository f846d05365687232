#include "content/cache_files.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define KEY_DIGITS    16
#define OBJECT_SUFFIX ".object"
#define DRAFT_SUFFIX  ".draft"

#define NS_PER_S         INT64_C(1000000000)
#define CREATE_TRIES_MAX 16
#define FILE_MODE        0644

void cache_name_format(uint64_t key, char out[CACHE_NAME_SIZE])
{
	(void)text_format(out, CACHE_NAME_SIZE, "%016" PRIx64 OBJECT_SUFFIX, key);
}

enum cache_name cache_name_parse(const char *name, uint64_t *out_key)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t key = 0;

	for (int i = 0; i < KEY_DIGITS; i++) {
		const char *digit = name[i] == '\0' ? NULL : strchr(digits, name[i]);

		if (digit == NULL)
			return CACHE_NAME_FOREIGN;
		key = key << 4 | (uint64_t)(digit - digits);
	}
	*out_key = key;
	if (strcmp(name + KEY_DIGITS, OBJECT_SUFFIX) == 0)
		return CACHE_NAME_OBJECT;
	return strcmp(name + KEY_DIGITS, DRAFT_SUFFIX) == 0 ? CACHE_NAME_DRAFT : CACHE_NAME_FOREIGN;
}

/* Without marking it as used, which only the owner may ask for; and without waiting, whatever has
 * taken the name. */
static int open_file(int folder_fd, const char *name, int flags)
{
	int all = flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(folder_fd, name, all | O_NOATIME, FILE_MODE);

	if (fd < 0 && errno == EPERM)
		fd = openat(folder_fd, name, all, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

/* A file system without locks has them free: nothing wrong is served for lack of one. */
static bool try_lock(int fd, int kind)
{
	int result;

	do
		result = flock(fd, kind | LOCK_NB);
	while (result < 0 && errno == EINTR);
	return result == 0 || errno != EWOULDBLOCK;
}

static int64_t ns_of(const struct timespec *time)
{
	if (time->tv_sec <= 0 || time->tv_sec > INT64_MAX / NS_PER_S - 1)
		return 0;
	return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static bool is_header_right(struct cache_file *file, const uint8_t bytes[CACHE_HEADER_SIZE],
			    uint64_t key)
{
	return cache_header_decode(bytes, &file->header) &&
	       file->header.size_bytes == file->size_bytes - CACHE_HEADER_SIZE &&
	       cache_header_key(file->header.url) == key;
}

static int check(struct cache_file *file, uint64_t key)
{
	uint8_t bytes[CACHE_HEADER_SIZE];
	struct stat info;
	int error;

	if (fstat(file->fd, &info) < 0)
		return -errno;
	if (info.st_nlink == 0)
		return -ENOENT;
	file->inode = info.st_ino;
	file->size_bytes = (uint64_t)info.st_size;
	file->used_ns = ns_of(&info.st_atim);
	if (!S_ISREG(info.st_mode) || info.st_size < CACHE_HEADER_SIZE)
		return -EBADMSG;
	/* Not the body's first part, too: the start reads the headers of all objects. */
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_RANDOM);
	error = file_read(file->fd, 0, bytes, sizeof(bytes));
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_NORMAL);
	if (error < 0)
		return error;
	if (!is_header_right(file, bytes, key))
		return -EBADMSG;
	file->header.facts.checked_s = info.st_mtim.tv_sec;
	return 0;
}

int cache_file_open(int folder_fd, uint64_t key, struct cache_file *out_file)
{
	char name[CACHE_NAME_SIZE];
	CLEANUP(close_fd) int fd = -1;
	struct cache_file file;
	int error;

	cache_name_format(key, name);
	fd = open_file(folder_fd, name, O_RDONLY);
	if (fd < 0) {
		/* A symbolic link or a socket. */
		if (fd == -ELOOP || fd == -ENXIO)
			(void)unlinkat(folder_fd, name, 0);
		return fd;
	}
	file.fd = fd;
	if (!try_lock(fd, LOCK_SH))
		return -ENOENT; /* somebody is about to remove it */
	error = check(&file, key);
	if (error == -EBADMSG)
		(void)unlinkat(folder_fd, name, 0);
	if (error < 0)
		return error;
	*out_file = file;
	(void)take_fd(&fd);
	return 0;
}

/* Between making and locking it, a clean-up in another process may have taken it for forgotten. */
static int create_once(int folder_fd, const char *name, int *out_fd)
{
	CLEANUP(close_fd) int fd = open_file(folder_fd, name, O_RDWR | O_CREAT | O_EXCL);
	struct stat info;

	if (fd < 0)
		return fd;
	if (!try_lock(fd, LOCK_SH) || fstat(fd, &info) < 0 || info.st_nlink == 0) {
		(void)unlinkat(folder_fd, name, 0);
		return -EEXIST;
	}
	*out_fd = take_fd(&fd);
	return 0;
}

int cache_file_create(int folder_fd, char out_name[CACHE_NAME_SIZE], int *out_fd)
{
	int error = -EEXIST;

	for (int tries = 0; tries < CREATE_TRIES_MAX && error == -EEXIST; tries++) {
		uint64_t number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -EIO;
		(void)text_format(out_name, CACHE_NAME_SIZE, "%016" PRIx64 DRAFT_SUFFIX, number);
		error = create_once(folder_fd, out_name, out_fd);
	}
	return error;
}

/* Opened for writing, because NFS gives the exclusive lock to nobody else. */
int cache_file_remove_unused(int folder_fd, const char *name, int64_t used_ns, int64_t *out_used_ns)
{
	CLEANUP(close_fd) int fd = open_file(folder_fd, name, O_RDWR);
	struct stat info;

	if (fd == -ENOENT)
		return 0;
	if (fd >= 0 && fstat(fd, &info) == 0) {
		*out_used_ns = ns_of(&info.st_atim);
		if (*out_used_ns > used_ns || !try_lock(fd, LOCK_EX))
			return -EBUSY;
	}
	return unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

void cache_file_set_times(int fd, int64_t used_ns, int64_t checked_s)
{
	struct timespec times[2] = {
		{ .tv_sec = used_ns / NS_PER_S, .tv_nsec = used_ns % NS_PER_S },
		{ .tv_sec = checked_s },
	};

	if (used_ns == 0)
		times[0].tv_nsec = UTIME_OMIT;
	if (checked_s == 0)
		times[1].tv_nsec = UTIME_OMIT;
	(void)futimens(fd, times);
}

int cache_file_write(int fd, uint64_t offset, struct span bytes)
{
	while (bytes.length > 0) {
		ssize_t count = pwrite(fd, bytes.bytes, bytes.length, (off_t)offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : -EIO;
		bytes.bytes += count;
		bytes.length -= (size_t)count;
		offset += (uint64_t)count;
	}
	return 0;
}

int cache_files_visit(int folder_fd, void (*visit)(void *context, const char *name), void *context)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int error;

	if (folder == NULL) {
		error = -errno;
		close_fd(&fd);
		return error;
	}
	do {
		errno = 0;
		entry = readdir(folder);
		error = -errno;
		if (entry != NULL)
			visit(context, entry->d_name);
	} while (entry != NULL);
	(void)closedir(folder);
	return error;
}
