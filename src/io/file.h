/* Reading a file, also without waiting for its disk, and telling two of them apart. */
#ifndef BOOTD_IO_FILE_H
#define BOOTD_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Reads all of the parts, length bytes together, if they are in memory. Returns 0; -EAGAIN where
 * they are not, or the file is shorter, both of which file_read tells apart; or another -errno
 * (-EOPNOTSUPP: this file system always waits). */
int file_read_resident(int fd, uint64_t offset, const struct iovec *parts, int count,
		       size_t length);

/* Reads length bytes, all of them, and waits for the disk. Returns 0, -EIO where the file is
 * shorter, or another -errno. */
int file_read(int fd, uint64_t offset, uint8_t *out, size_t length);

/* Which file, in which state. */
struct file_identity {
	uint64_t device, inode, size_bytes;
	int64_t modified_ns, changed_ns; /* since 1970 */
};

/* *out_is_settled: its last change is so long ago that another one gives it other times, and so
 * another identity. Returns 0 or -errno. */
int file_identify(int fd, struct file_identity *out_identity, bool *out_is_settled);

bool file_identity_is_same(const struct file_identity *one, const struct file_identity *other);

#endif
