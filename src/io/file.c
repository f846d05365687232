#include "io/file.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/statfs.h>
#include <unistd.h>

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
