#include "content/aside.h"

#include "base/text.h"
#include "content/known_names.h"

#include <errno.h>
#include <string.h>

int aside_open(const struct content_mount *mount, struct aside *out_aside)
{
	out_aside->mount.fd = -1;
	if (mount->prefix == NULL)
		return 0;
	if (!text_copy(out_aside->prefix, sizeof(out_aside->prefix), mount->prefix) ||
	    !text_copy(out_aside->folder, sizeof(out_aside->folder), mount->folder))
		return -ENAMETOOLONG;
	return root_local_open(mount->folder, false, &out_aside->mount);
}

void aside_close(struct aside *aside)
{
	root_local_close(&aside->mount);
}

bool aside_covers(const struct aside *aside, const char *path)
{
	return aside->mount.fd >= 0 && strncmp(path, aside->prefix, strlen(aside->prefix)) == 0;
}

void aside_show(char out[ASIDE_SHOWN_SIZE], const char *folder, const char *path)
{
	size_t used;

	(void)text_format(out, ASIDE_SHOWN_SIZE, "%s%s", folder, folder[0] == '\0' ? "" : "/");
	used = strlen(out);
	text_escape(out + used, ASIDE_SHOWN_SIZE - used,
		    (struct span){ (const uint8_t *)path, strlen(path) });
}

static enum content_refusal open_mounted(const struct aside *aside, const char *path,
					 struct root_file *out_file,
					 char out_path[ASIDE_SHOWN_SIZE],
					 char out_sentence[ROOT_SENTENCE_SIZE])
{
	const char *name = path + strlen(aside->prefix);

	aside_show(out_path, aside->folder, name);
	return root_local_open_file(&aside->mount, name, out_file, out_sentence);
}

bool aside_find_place(const char *path, const char *loader, size_t *index, char out[PATH_SIZE])
{
	char place[PATH_SIZE];
	enum path_refusal refusal;

	while (known_name_beside(path, loader, *index, place, sizeof(place))) {
		struct span name = { (const uint8_t *)place, strlen(place) };

		(*index)++;
		if (path_clean(name, out, &refusal) && strcmp(out, path) != 0)
			return true;
	}
	return false;
}

static enum content_refusal open_beside(const struct root_local *root, const char *path,
					const char *loader, struct root_file *out_file,
					char out_path[ASIDE_SHOWN_SIZE])
{
	char sentence[ROOT_SENTENCE_SIZE];
	char place[PATH_SIZE];
	size_t index = 0;

	while (aside_find_place(path, loader, &index, place)) {
		if (root_local_open_file(root, place, out_file, sentence) != CONTENT_OK)
			continue;
		aside_show(out_path, "", place);
		return CONTENT_OK;
	}
	return CONTENT_NOT_FOUND;
}

enum content_refusal aside_open_file(const struct aside *aside, const struct root_local *root,
				     const char *path, const char *loader,
				     struct root_file *out_file, char out_path[ASIDE_SHOWN_SIZE],
				     char out_sentence[ROOT_SENTENCE_SIZE])
{
	enum content_refusal refusal;

	if (aside_covers(aside, path))
		refusal = open_mounted(aside, path, out_file, out_path, out_sentence);
	else
		refusal = open_beside(root, path, loader, out_file, out_path);
	if (refusal != CONTENT_OK)
		out_path[0] = '\0';
	return refusal;
}
