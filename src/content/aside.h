/* Where a name is looked for that the root does not have: in a mounted folder, and beside the
 * loader that the machine was told to boot. */
#ifndef BOOTD_CONTENT_ASIDE_H
#define BOOTD_CONTENT_ASIDE_H

#include "content/content.h"
#include "content/path.h"
#include "content/root_local.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define ASIDE_SHOWN_SIZE 256

struct aside {
	struct root_local mount; /* fd is -1: there is none */
	char prefix[32];
	char folder[PATH_MAX];
};

/* Returns 0 or -errno. aside_close is for either. */
int aside_open(const struct content_mount *mount, struct aside *out_aside);
void aside_close(struct aside *aside);

/* The path is one of the mounted folder's names. */
bool aside_covers(const struct aside *aside, const char *path);

/* The next place beside the loader where the root may have a path of a second stage that it does
 * not have. *index counts on from 0. False: there is no more. */
bool aside_find_place(const char *path, const char *loader, size_t *index, char out[PATH_SIZE]);

/* Where a file is, for the log; folder: "" for the root. */
void aside_show(char out[ASIDE_SHOWN_SIZE], const char *folder, const char *path);

/* For a path that a local root does not have. out_path is where the file is, for the log. Waits for
 * the disk. Returns CONTENT_OK with out_file->fd for the caller to close; CONTENT_NOT_FOUND leaves
 * out_sentence as it is; another refusal has its own. */
enum content_refusal aside_open_file(const struct aside *aside, const struct root_local *root,
				     const char *path, const char *loader,
				     struct root_file *out_file, char out_path[ASIDE_SHOWN_SIZE],
				     char out_sentence[ROOT_SENTENCE_SIZE]);

#endif
