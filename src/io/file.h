/* Reading a file without waiting for its disk. */
#ifndef BOOTD_IO_FILE_H
#define BOOTD_IO_FILE_H

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

#endif
