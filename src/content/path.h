/* A requested name, raw as a client sent it, becomes a clean path below the root, or is refused. */
#ifndef BOOTD_CONTENT_PATH_H
#define BOOTD_CONTENT_PATH_H

#include "base/bytes.h"

#include <stdbool.h>

#define PATH_SIZE          1024 /* of a clean path, NUL included */
#define PATH_COMPONENT_MAX 255  /* NAME_MAX */

enum path_refusal {
	PATH_EMPTY,         /* nothing is left of it */
	PATH_CLIMBS_OUT,    /* ".." above the root */
	PATH_BAD_CHARACTER, /* a control character, NUL among them */
	PATH_TOO_LONG,      /* the whole, or one component */
};

/* Cleans a name: '\' is '/', a leading '/', empty components and "." are dropped, ".." is resolved
 * by the text alone (syslinux asks for efi64/../vmlinuz), and what some firmware leaves behind the
 * name, 0xFF and control characters, is cut off. The result is relative, has no "." or "..", and is
 * not empty; bytes from 0x80 on are left as they are. False: refused, out_path is untouched. */
bool path_clean(struct span name, char out_path[PATH_SIZE], enum path_refusal *out_refusal);

#endif
