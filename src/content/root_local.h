/* The local root: a folder that is held open, and whose files are opened without leaving it. */
#ifndef BOOTD_CONTENT_ROOT_LOCAL_H
#define BOOTD_CONTENT_ROOT_LOCAL_H

#include "content/content.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define ROOT_SENTENCE_SIZE 256

struct root_local {
	int fd;
	bool may_follow_links; /* out of the root, too */
};

/* A regular file, open for reading, and what it was at that moment. */
struct root_file {
	int fd;
	uint64_t size_bytes;
	struct timespec modified;
};

/* Returns 0 with *out_root for the caller to close, or -errno: -ENOSYS is a kernel without openat2
 * (before Linux 5.6). */
int root_local_open(const char *folder, bool may_follow_links, struct root_local *out_root);
void root_local_close(struct root_local *root);

/* Opens the file at a path of path_clean's or, where links may be followed, at any path, of which
 * an absolute one is taken as it is. It may wait for the disk, never for a FIFO's writer.
 * Returns CONTENT_OK with out_file->fd for the caller to close, or the refusal with a sentence that
 * is safe to log. May be called from several threads at once. */
enum content_refusal root_local_open_file(const struct root_local *root, const char *path,
					  struct root_file *out_file,
					  char out_sentence[ROOT_SENTENCE_SIZE]);

/* The file has the size and the time of modification that it was opened with. */
bool root_file_is_unchanged(const struct root_file *file);

#endif
