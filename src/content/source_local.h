/* A source that is a regular file, whole from the start. */
#ifndef BOOTD_CONTENT_SOURCE_LOCAL_H
#define BOOTD_CONTENT_SOURCE_LOCAL_H

#include "content/root_local.h"
#include "content/source.h"

/* The file becomes the source's, or is closed. NULL: no memory. */
struct source *source_local_new(const struct root_file *file);

#endif
