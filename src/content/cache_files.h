/* The files of the cache's folder: KEY.object and NUMBER.draft, each 16 hexadecimal digits. Files
 * of other names are left alone. Who uses one holds a shared lock on it (flock), and who removes
 * one takes the exclusive lock first, so several processes can use a folder. */
#ifndef BOOTD_CONTENT_CACHE_FILES_H
#define BOOTD_CONTENT_CACHE_FILES_H

#include "content/cache_header.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CACHE_NAME_SIZE 24 /* NUL included */

struct cache_file {
	int fd;
	ino_t inode;
	uint64_t size_bytes; /* header included */
	int64_t used_ns;     /* since 1970: the file's time of access */
	struct cache_header header;
};

enum cache_name { CACHE_NAME_FOREIGN, CACHE_NAME_OBJECT, CACHE_NAME_DRAFT };

void cache_name_format(uint64_t key, char out[CACHE_NAME_SIZE]);
enum cache_name cache_name_parse(const char *name, uint64_t *out_key);

/* Opens the object, checks all that can be checked without reading the body, and locks it. Returns
 * 0, the file then being the caller's to close; -EBADMSG: it is damaged, and was removed; -ENOENT,
 * or another -errno. */
int cache_file_open(int folder_fd, uint64_t key, struct cache_file *out_file);

/* Makes an empty draft, locked. Returns 0 with its descriptor, or -errno. */
int cache_file_create(int folder_fd, char out_name[CACHE_NAME_SIZE], int *out_fd);

/* Removes the file unless it is locked, or was used after used_ns. Returns 0, also where there is
 * none; -EBUSY, with *out_used_ns; or another -errno. */
int cache_file_remove_unused(int folder_fd, const char *name, int64_t used_ns,
			     int64_t *out_used_ns);

/* Sets the times of last use and last check, but for one that is 0. Where that is not allowed, the
 * file is somebody else's, and nothing is lost but the order of eviction and a question to the
 * upstream. */
void cache_file_set_times(int fd, int64_t used_ns, int64_t checked_s);

/* Writes all of it. Returns 0 or -errno. */
int cache_file_write(int fd, uint64_t offset, struct span bytes);

/* Calls visit for each name in the folder. Returns 0 or -errno. */
int cache_files_visit(int folder_fd, void (*visit)(void *context, const char *name), void *context);

#endif
