/* Which folders a configuration has the daemon read from and write to, once it serves. */
#ifndef BOOTD_CONFIG_CONFIG_PATHS_H
#define BOOTD_CONFIG_CONFIG_PATHS_H

#include "config/config.h"

struct path_list {
	char **list;
	size_t count;
};

/* To read: the roots, or the folder of ca_file where one is a URL, the configuration's own folder,
 * the folders that [filters] leads to, iPXE's loaders, those of HTTPS's certificate and key; with
 * symlinks = follow everything, as links may lead anywhere. False: no memory. */
bool config_read_paths(const struct config *config, struct path_list *out_paths);
/* To write: the folders of the log and of the leases. */
bool config_write_paths(const struct config *config, struct path_list *out_paths);

/* The folder that a row of [filters] leads to: what stands before its first variable is known, and
 * a relative name begins in the configuration's folder. False: it does not fit. */
bool config_filter_folder(const struct config *config, const struct filter_rule *rule, char *out,
			  size_t size);

/* The path is one of the list's, or lies beneath one. */
bool path_list_covers(const struct path_list *paths, const char *path);

void path_list_done(struct path_list *paths);

#endif
