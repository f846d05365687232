/* bootd fetch: the daemon's way to its cache, without its ports. */
#include "bootd_parts.h"
#include "bootd_remote.h"
#include "cli/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What makes fetching pointless. */
static void check_use(const struct bootd *bootd, struct problems *problems)
{
	const struct config *config = &bootd->setup->config;

	if (!config->tftp.is_root_remote)
		setup_complain(bootd->setup, problems, "[tftp] root",
			       "this is a folder of this machine, of which nothing is fetched: "
			       "'bootd fetch' is for a root that is a URL");
	else if (config->cache.size_mib == 0)
		setup_complain(bootd->setup, problems, "[cache] size",
			       "nothing is kept with size = 0: say how much may be");
	else if (config->cache.is_offline)
		setup_complain(bootd->setup, problems, "[cache] offline",
			       "nothing is fetched with offline = yes");
}

/* As who fetches from now on. */
static void check_folder(const struct bootd *bootd, struct problems *problems)
{
	const struct config *config = &bootd->setup->config;

	if (access(config->cache.directory, R_OK | W_OK | X_OK) < 0)
		problems_add(problems,
			     (struct place){ .file = config->path, .key = "[cache] directory" },
			     "%s cannot be written to: %s; start 'bootd fetch' with sudo, so that "
			     "it becomes the user that bootd is",
			     config->cache.directory, strerror(errno));
}

bool bootd_fetch(struct bootd *bootd, const struct fetch_order *order, struct problems *problems)
{
	check_use(bootd, problems);
	if (problems->count == 0)
		bootd_remote_prepare(bootd, problems);
	if (problems->count == 0)
		bootd_confine(bootd, problems);
	if (problems->count == 0)
		check_folder(bootd, problems);
	if (problems->count == 0)
		bootd_remote_start(bootd, bootd->setup, problems);
	return problems->count == 0 &&
	       fetch_files(bootd->loop, bootd->setup->content, order, stdout);
}
