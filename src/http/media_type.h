/* The media type of a file, by the end of its name. Pure. */
#ifndef BOOTD_HTTP_MEDIA_TYPE_H
#define BOOTD_HTTP_MEDIA_TYPE_H

/* application/octet-stream for what has no type of its own. */
const char *media_type_of(const char *name);

#endif
