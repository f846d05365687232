/* Which folders a configuration has the daemon read from and write to, once it serves. */
#ifndef BOOTD_CONFIG_CONFIG_PATHS_H
#define BOOTD_CONFIG_CONFIG_PATHS_H

#include "config/config.h"

struct path_list {
	char **list;
	size_t count;
};

/* To read: the root, the configuration's own folder, the folders that [filters] leads to; with
 * symlinks = follow everything, as links may lead anywhere. False: no memory. */
bool config_read_paths(const struct config *config, struct path_list *out_paths);
/* To write: the folder of the log. */
bool config_write_paths(const struct config *config, struct path_list *out_paths);

void path_list_done(struct path_list *paths);

#endif
