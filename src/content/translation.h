/* What [filters] make of one request's name: which file is opened in its stead. */
#ifndef BOOTD_CONTENT_TRANSLATION_H
#define BOOTD_CONTENT_TRANSLATION_H

#include "content/content.h"
#include "content/path.h"
#include "content/root_local.h"

#include <limits.h>
#include <stdbool.h>

/* The configuration file's folder, which relative names are taken from. What is opened by it may
 * lie anywhere: the administrator wrote the names. */
struct translation_folder {
	struct root_local root;
	char path[PATH_MAX]; /* as it is shown */
};

struct translation {
	unsigned line;     /* of the row in [filters]; 0: none matches, and the rest is unused */
	bool is_from_file; /* the row is in brackets: path names the file that holds the pattern */
	char path[PATH_MAX]; /* absolute, or relative to the folder */
};

/* Finds the row that matches the name, path_clean's, and expands it. False: the row's variables
 * refuse it; *out_refusal and out_sentence say why. */
bool translation_find(const struct filter_rules *rules, const char *name,
		      const struct content_asker *asker, struct translation *out_translation,
		      enum content_refusal *out_refusal, char out_sentence[CONTENT_SENTENCE_SIZE]);

/* Opens the file of a translation that has found a row; one in brackets is first read, which
 * replaces its path. Waits for the disk. Returns CONTENT_OK with out_file->fd for the caller to
 * close, or the refusal with a sentence that names row and file. */
enum content_refusal translation_open(const struct translation_folder *folder, const char *name,
				      const struct content_asker *asker,
				      struct translation *translation, struct root_file *out_file,
				      char out_sentence[CONTENT_SENTENCE_SIZE]);

/* The whole path, for a person: its strange bytes escaped. */
void translation_format_path(const struct translation_folder *folder,
			     const struct translation *translation, char *out, size_t size);

#endif
