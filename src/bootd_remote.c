#include "bootd_remote.h"

#include "base/text.h"
#include "bootd_parts.h"
#include "content/cache.h"
#include "content/root_remote.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL_SHOWN_SIZE 240
#define MIB            (UINT64_C(1) << 20)
#define FOLDER_MODE    0755

static void on_event(void *context, const struct remote_event *happened)
{
	static const enum event_kind kinds[] = {
		[REMOTE_EVENT_STARTED] = EVENT_FETCH_STARTED,
		[REMOTE_EVENT_RESUMED] = EVENT_FETCH_RESUMED,
		[REMOTE_EVENT_FINISHED] = EVENT_FETCH_FINISHED,
		[REMOTE_EVENT_NOT_KEPT] = EVENT_FETCH_NOT_KEPT,
		[REMOTE_EVENT_REVALIDATED] = EVENT_FETCH_REVALIDATED,
		[REMOTE_EVENT_STALE] = EVENT_FETCH_STALE,
		[REMOTE_EVENT_MISSING] = EVENT_FETCH_MISSING,
		[REMOTE_EVENT_REFUSED] = EVENT_FETCH_REFUSED,
		[REMOTE_EVENT_FAILED] = EVENT_FETCH_FAILED,
	};
	const struct bootd *bootd = context;
	char url[URL_SHOWN_SIZE];
	char size[32] = "of unknown size";
	struct event event = { .kind = kinds[happened->kind],
			       .file = url,
			       .detail = happened->detail,
			       .bytes = happened->bytes,
			       .duration_ms = happened->duration_ms };

	text_escape(url, sizeof(url),
		    (struct span){ (const uint8_t *)happened->url, strlen(happened->url) });
	if (happened->has_size)
		(void)text_format(size, sizeof(size), "%" PRIu64 " bytes", happened->size_bytes);
	if (happened->kind == REMOTE_EVENT_STARTED)
		event.detail = size;
	activity_note(bootd->activity, &event);
}

bool bootd_remote_new(struct bootd *bootd)
{
	bootd->remote = root_remote_new(on_event, bootd);
	return bootd->remote != NULL;
}

static bool is_needed(const struct setup *setup)
{
	return setup->config.has_tftp && setup->config.tftp.is_root_remote;
}

static void complain_of_folder(const struct setup *setup, int error, struct problems *problems)
{
	const struct config *config = &setup->config;

	problems_add(problems, (struct place){ .file = config->path, .key = "[cache] directory" },
		     "%s cannot be used: %s; create it and make it %s's, or name another folder, "
		     "or set size = 0 to keep nothing",
		     config->cache.directory, strerror(error),
		     config->daemon.user[0] != '\0' ? config->daemon.user : "bootd");
}

void bootd_remote_prepare(const struct bootd *bootd, struct problems *problems)
{
	const struct cache_config *cache = &bootd->setup->config.cache;

	if (!is_needed(bootd->setup) || cache->size_mib == 0)
		return;
	if (mkdir(cache->directory, FOLDER_MODE) < 0 && errno != EEXIST)
		complain_of_folder(bootd->setup, errno, problems);
}

static struct root_remote_settings settings_of(const struct config *config)
{
	const struct cache_config *cache = &config->cache;
	struct root_remote_settings settings = {
		.limits = { .connect_timeout_ms = cache->connect_timeout_ms,
			    .stall_timeout_s = cache->stall_timeout_s,
			    .redirects_max = cache->redirects_max,
			    .parallel_max = cache->downloads_max },
		.policy = { .size_max_bytes = cache->file_size_max_mib * MIB,
			    .revalidate_after_s = cache->revalidate_after_s,
			    .missing_for_s = cache->remember_missing_s,
			    .is_offline = cache->is_offline },
	};

	(void)text_copy(settings.limits.ca_file, sizeof(settings.limits.ca_file),
			config->tftp.ca_file);
	return settings;
}

static void start_threads(struct bootd *bootd, const struct setup *setup, struct cache *cache,
			  struct problems *problems)
{
	struct root_remote_settings settings = settings_of(&setup->config);
	int error = root_remote_start(bootd->remote, cache, &settings);

	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = setup->config.path, .key = "[tftp] root" },
			     "the threads that fetch files cannot be started: %s",
			     strerror(-error));
	else
		bootd->cache_in_use = setup->config.cache;
}

static void refuse_folder(const struct setup *setup, struct cache *cache, int error,
			  struct problems *problems)
{
	cache_close(cache);
	complain_of_folder(setup, error, problems);
}

void bootd_remote_start(struct bootd *bootd, const struct setup *setup, struct problems *problems)
{
	const struct cache_config *config = &setup->config.cache;
	struct cache_settings settings = { .directory =
						   config->size_mib > 0 ? config->directory : NULL,
					   .size_max_bytes = config->size_mib * MIB,
					   .memory_max_bytes = config->memory_mib * MIB };
	struct cache *cache;
	int error;

	if (!is_needed(setup) || root_remote_is_started(bootd->remote))
		return;
	error = cache_open(&settings, &cache);
	if (error < 0)
		complain_of_folder(setup, -error, problems);
	else if (settings.directory != NULL && access(settings.directory, W_OK | X_OK) < 0)
		refuse_folder(setup, cache, errno, problems);
	else
		start_threads(bootd, setup, cache, problems);
}

void bootd_remote_compare(const struct bootd *bootd, const struct setup *setup,
			  struct problems *problems)
{
	static const char sentence[] =
		"a reload cannot change this: restart bootd, or put the old value back";
	const struct cache_config *before = &bootd->cache_in_use;
	const struct cache_config *after = &setup->config.cache;

	if (!is_needed(setup) || !root_remote_is_started(bootd->remote))
		return;
	if (strcmp(before->directory, after->directory) != 0)
		setup_complain(setup, problems, "[cache] directory", sentence);
	if (before->size_mib != after->size_mib)
		setup_complain(setup, problems, "[cache] size", sentence);
	if (before->memory_mib != after->memory_mib)
		setup_complain(setup, problems, "[cache] memory", sentence);
}

void bootd_remote_configure(struct bootd *bootd, const struct setup *setup)
{
	struct root_remote_settings settings = settings_of(&setup->config);

	if (is_needed(setup) && root_remote_is_started(bootd->remote))
		root_remote_configure(bootd->remote, &settings);
}
