#include "config/config_paths.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool add(struct path_list *paths, const char *path, size_t length)
{
	char **list = reallocarray(paths->list, paths->count + 1, sizeof(*list));

	if (list == NULL)
		return false;
	paths->list = list;
	list[paths->count] = strndup(path, length);
	return list[paths->count] != NULL && ++paths->count > 0;
}

/* The length of the folder's name in a file's: 1 for the root's, 0 for none. */
static size_t folder_length(const char *file, size_t length)
{
	while (length > 0 && file[length - 1] != '/')
		length--;
	return length > 1 ? length - 1 : length;
}

static bool add_folder_of(struct path_list *paths, const char *file)
{
	size_t length = folder_length(file, strlen(file));

	return length == 0 ? add(paths, ".", 1) : add(paths, file, length);
}

bool config_filter_folder(const struct config *config, const struct filter_rule *rule, char *out,
			  size_t size)
{
	size_t length = folder_length(rule->replacement, strcspn(rule->replacement, "{"));
	size_t own = folder_length(config->path, strlen(config->path));

	if (rule->replacement[0] == '/')
		return text_format(out, size, "%.*s", (int)length, rule->replacement);
	return text_format(out, size, "%.*s/%.*s", own == 0 ? 1 : (int)own,
			   own == 0 ? "." : config->path, (int)length, rule->replacement);
}

static bool add_filter(struct path_list *paths, const struct config *config,
		       const struct filter_rule *rule)
{
	char path[2 * PATH_MAX];

	if (!config_filter_folder(config, rule, path, sizeof(path)))
		return true; /* longer than any path that could be opened */
	return add(paths, path, strlen(path));
}

static bool add_root(struct path_list *paths, const struct config *config, const char *root,
		     bool is_remote)
{
	if (is_remote)
		return config->tftp.ca_file[0] == '\0' ||
		       add_folder_of(paths, config->tftp.ca_file);
	return config->tftp.symlinks == SYMLINKS_FOLLOW ? add(paths, "/", 1)
							: add(paths, root, strlen(root));
}

/* A certificate is renewed by putting another file into its place. */
static bool add_httpd(struct path_list *paths, const struct config *config)
{
	const struct httpd_config *httpd = &config->httpd;

	return add_root(paths, config, httpd->root, httpd->is_root_remote) &&
	       (httpd->certificate[0] == '\0' ||
		(add_folder_of(paths, httpd->certificate) && add_folder_of(paths, httpd->key)));
}

static bool add_all(struct path_list *paths, const struct config *config)
{
	const struct tftp_config *tftp = &config->tftp;

	if (!add_folder_of(paths, config->path))
		return false;
	for (size_t i = 0; i < config->filters.count; i++) {
		if (!add_filter(paths, config, &config->filters.list[i]))
			return false;
	}
	if (config->has_tftp && !add_root(paths, config, tftp->root, tftp->is_root_remote))
		return false;
	if (config->ipxe.is_enabled &&
	    !add(paths, config->ipxe.binaries, strlen(config->ipxe.binaries)))
		return false;
	return !config->has_http || add_httpd(paths, config);
}

bool config_read_paths(const struct config *config, struct path_list *out_paths)
{
	struct path_list paths = { .count = 0 };

	if (!add_all(&paths, config)) {
		path_list_done(&paths);
		return false;
	}
	*out_paths = paths;
	return true;
}

bool config_write_paths(const struct config *config, struct path_list *out_paths)
{
	struct path_list paths = { .count = 0 };

	if ((config->logger.type == LOG_TO_FILE && !add_folder_of(&paths, config->logger.file)) ||
	    (config_has_lease_file(config) && !add_folder_of(&paths, config->leases.file))) {
		path_list_done(&paths);
		return false;
	}
	*out_paths = paths;
	return true;
}

void path_list_done(struct path_list *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
	*paths = (struct path_list){ .count = 0 };
}

static bool is_beneath(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strcmp(folder, "/") == 0 || (strncmp(path, folder, length) == 0 &&
					    (path[length] == '\0' || path[length] == '/'));
}

bool path_list_covers(const struct path_list *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (is_beneath(path, paths->list[i]))
			return true;
	}
	return false;
}
