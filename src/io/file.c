#include "io/file.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
/* The coarsest times of a file system that is in use: FAT's. */
#define SETTLED_NS (2 * NS_PER_S)

/* tmpfs does not say that it never waits. */
static bool is_in_memory(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) == 0 &&
	       (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

int file_read_resident(int fd, uint64_t offset, const struct iovec *parts, int count, size_t length)
{
	ssize_t got;

	do {
		got = preadv2(fd, parts, count, (off_t)offset, RWF_NOWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EOPNOTSUPP && is_in_memory(fd))
		got = preadv(fd, parts, count, (off_t)offset);
	if (got < 0)
		return -errno;
	return (size_t)got == length ? 0 : -EAGAIN;
}

int file_read(int fd, uint64_t offset, uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t got = pread(fd, out, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		out += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

static int64_t to_ns(struct timespec time)
{
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

int file_identify(int fd, struct file_identity *out_identity, bool *out_is_settled)
{
	struct timespec now;
	struct stat info;

	if (fstat(fd, &info) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -errno;
	*out_identity = (struct file_identity){ .device = info.st_dev,
						.inode = info.st_ino,
						.size_bytes = (uint64_t)info.st_size,
						.modified_ns = to_ns(info.st_mtim),
						.changed_ns = to_ns(info.st_ctim) };
	*out_is_settled = out_identity->changed_ns + SETTLED_NS < to_ns(now) &&
			  out_identity->modified_ns + SETTLED_NS < to_ns(now);
	return 0;
}

bool file_identity_is_same(const struct file_identity *one, const struct file_identity *other)
{
	return one->device == other->device && one->inode == other->inode &&
	       one->size_bytes == other->size_bytes && one->modified_ns == other->modified_ns &&
	       one->changed_ns == other->changed_ns;
}
