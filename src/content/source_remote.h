/* Sources of the remote root: an object of the cache, or a file that is being fetched. */
#ifndef BOOTD_CONTENT_SOURCE_REMOTE_H
#define BOOTD_CONTENT_SOURCE_REMOTE_H

#include "content/download.h"

/* The object becomes the source's, or is let go of. NULL: no memory. */
struct source *source_object_new(struct cache_object *object);
/* Holds the download. NULL: no memory. */
struct source *source_download_new(struct download *download);

/* The version of a file that an upstream describes so. Its own strong tag, where that fits; else
 * one of its date and size, where both are known, as web servers make them. */
struct source_version source_version_of(const char *etag, const char *last_modified, bool has_size,
					uint64_t size_bytes);

#endif
