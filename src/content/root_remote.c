/* A job is in the table from the first who asks for its file until the file is kept or refused, so
 * that everybody else joins it: there are never two fetches of one URL. Its way: who opened it
 * looks the file up in the cache (remote_job_begin), the fetcher's thread asks and writes, the
 * keeper's thread syncs. */
#include "content/root_remote.h"

#include "base/text.h"
#include "content/remote_job.h"
#include "content/root_remote_parts.h"
#include "content/source_remote.h"
#include "io/thread.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, to compare URLs quickly; who makes two alike gains nothing. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return hash;
}

static struct source *source_of(const struct remote_result *result)
{
	if (result->download != NULL)
		return source_download_new(result->download);
	if (result->object == NULL)
		return NULL;
	cache_object_hold(result->object);
	return source_object_new(result->object);
}

void root_remote_answer(struct remote_opening *openings, const struct remote_result *result)
{
	struct remote_opening *next;

	for (; openings != NULL; openings = next) {
		struct remote_found found = { .source = source_of(result),
					      .refusal = result->refusal };

		next = openings->next; /* the opening is its owner's when it is answered */
		if (result->sentence != NULL)
			(void)text_format(found.sentence, sizeof(found.sentence), "%s",
					  result->sentence);
		if (found.source == NULL && found.refusal == CONTENT_OK) {
			found.refusal = CONTENT_OUT_OF_RESOURCES;
			(void)text_format(found.sentence, sizeof(found.sentence),
					  "there is not enough memory");
		}
		openings->on_found(openings->context, &found);
	}
}

struct remote_opening *root_remote_take_out(struct remote_job *job)
{
	struct root_remote *remote = job->remote;
	struct remote_job **at = &remote->jobs;
	struct remote_opening *openings;

	(void)pthread_mutex_lock(&remote->lock);
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	remote->job_count--;
	openings = job->openings;
	job->openings = NULL;
	(void)pthread_mutex_unlock(&remote->lock);
	return openings;
}

/* Takes out of the list who can read a file while it grows. */
static struct remote_opening *take_readers(struct remote_opening **openings)
{
	struct remote_opening *taken = NULL;
	struct remote_opening *opening;

	while ((opening = *openings) != NULL) {
		if (opening->needs_whole) {
			openings = &opening->next;
			continue;
		}
		*openings = opening->next;
		opening->next = taken;
		taken = opening;
	}
	return taken;
}

struct remote_opening *root_remote_set_download(struct remote_job *job, struct download *download)
{
	struct remote_opening *openings;

	(void)pthread_mutex_lock(&job->remote->lock);
	job->download = download;
	openings = take_readers(&job->openings);
	(void)pthread_mutex_unlock(&job->remote->lock);
	return openings;
}

/* After the stop, its sweep has every job that was handed over before, so the fetcher is not asked
 * whether it took it. */
bool root_remote_hand_over(struct remote_job *job)
{
	struct root_remote *remote = job->remote;
	bool is_running;

	(void)pthread_mutex_lock(&remote->lock);
	is_running = remote->is_running;
	if (is_running)
		job->is_looked_up = true;
	(void)pthread_mutex_unlock(&remote->lock);
	if (is_running)
		(void)fetcher_add(remote->fetcher, &job->fetch);
	return is_running;
}

void root_remote_put_to_keep(struct remote_job *job)
{
	struct root_remote *remote = job->remote;
	struct remote_job **at = &remote->to_keep;

	(void)pthread_mutex_lock(&remote->lock);
	while (*at != NULL)
		at = &(*at)->next_kept;
	*at = job;
	(void)pthread_cond_signal(&remote->has_news);
	(void)pthread_mutex_unlock(&remote->lock);
}

void root_remote_remember_missing(struct remote_job *job)
{
	struct root_remote *remote = job->remote;
	struct missing_name name = { .url = strdup(job->url),
				     .hash = job->hash,
				     .until_ms = fetch_now_ms() +
						 UINT64_C(1000) * job->policy.missing_for_s };

	(void)pthread_mutex_lock(&remote->lock);
	free(remote->missing[remote->missing_next].url);
	remote->missing[remote->missing_next] = name;
	remote->missing_next = (remote->missing_next + 1) % MISSING_MAX;
	(void)pthread_mutex_unlock(&remote->lock);
}

static bool is_missing(const struct root_remote *remote, const char *url, uint64_t hash)
{
	uint64_t now = fetch_now_ms();

	for (size_t i = 0; i < MISSING_MAX; i++) {
		const struct missing_name *name = &remote->missing[i];

		if (name->url != NULL && name->hash == hash && now < name->until_ms &&
		    strcmp(name->url, url) == 0)
			return true;
	}
	return false;
}

void root_remote_remember_down(struct remote_job *job)
{
	struct root_remote *remote = job->remote;

	(void)pthread_mutex_lock(&remote->lock);
	remote->down_place = job->place_hash;
	remote->down_until_ms = fetch_now_ms() + UINT64_C(1000) * job->policy.missing_for_s;
	(void)pthread_mutex_unlock(&remote->lock);
}

bool root_remote_is_down(struct remote_job *job)
{
	struct root_remote *remote = job->remote;
	bool is_down;

	(void)pthread_mutex_lock(&remote->lock);
	is_down = remote->down_place == job->place_hash && fetch_now_ms() < remote->down_until_ms;
	(void)pthread_mutex_unlock(&remote->lock);
	return is_down;
}

static struct remote_job *find_job(const struct root_remote *remote, const char *url, uint64_t hash)
{
	struct remote_job *job = remote->jobs;

	while (job != NULL && (job->hash != hash || strcmp(job->url, url) != 0))
		job = job->next;
	return job;
}

static struct remote_job *add_job(struct root_remote *remote, const struct remote_place *place,
				  const char *url, uint64_t hash)
{
	struct remote_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->remote = remote;
	job->hash = hash;
	job->place_hash = hash_of(place->base);
	(void)text_copy(job->url, sizeof(job->url), url);
	(void)text_copy(job->user, sizeof(job->user), place->user);
	(void)text_copy(job->password, sizeof(job->password), place->password);
	job->policy = remote->policy;
	job->next = remote->jobs;
	remote->jobs = job;
	remote->job_count++;
	return job;
}

/* The answer that is known already; otherwise the opening waits for a job, which is returned if it
 * is a new one. With the root's lock held. */
static struct remote_job *admit(struct root_remote *remote, const struct remote_place *place,
				const char *url, struct remote_opening *opening,
				struct remote_result *out_result)
{
	uint64_t hash = hash_of(url);
	struct remote_job *job = find_job(remote, url, hash);
	bool is_new = job == NULL;

	*out_result = (struct remote_result){ .refusal = CONTENT_OUT_OF_RESOURCES };
	if (!remote->is_running)
		out_result->sentence = "nothing is fetched any more: bootd is ending";
	else if (is_missing(remote, url, hash))
		*out_result = (struct remote_result){ .refusal = CONTENT_NOT_FOUND,
						      .sentence = "the upstream has no such file" };
	else if (is_new && remote->job_count >= remote->job_max)
		out_result->sentence = "too many files wait to be fetched, see [cache] "
				       "max_downloads";
	else if (is_new && (job = add_job(remote, place, url, hash)) == NULL)
		out_result->sentence = "there is not enough memory";
	if (out_result->sentence != NULL)
		return NULL;
	out_result->refusal = CONTENT_OK;
	if (job->download != NULL && !opening->needs_whole) {
		out_result->download = job->download;
		download_hold(job->download);
		return NULL;
	}
	opening->next = job->openings;
	job->openings = opening;
	return is_new ? job : NULL;
}

void root_remote_open(struct root_remote *remote, const struct remote_place *place,
		      const char *path, struct remote_opening *opening)
{
	struct remote_result result = { .refusal = CONTENT_BAD_NAME,
					.sentence = "the name is too long for a URL" };
	struct remote_job *job = NULL;
	char url[REMOTE_URL_SIZE];

	opening->next = NULL;
	if (remote_url_format(place, path, url)) {
		(void)pthread_mutex_lock(&remote->lock);
		job = admit(remote, place, url, opening, &result);
		(void)pthread_mutex_unlock(&remote->lock);
	}
	if (job != NULL)
		remote_job_begin(job);
	else if (result.refusal != CONTENT_OK || result.download != NULL)
		root_remote_answer(opening, &result);
	download_release(result.download);
}

/* Syncing takes its time, and what else is being fetched must not wait for it. */
static void *run_keeper(void *context)
{
	struct root_remote *remote = context;

	(void)pthread_mutex_lock(&remote->lock);
	while (remote->is_running) {
		struct remote_job *job = remote->to_keep;

		if (job == NULL) {
			(void)pthread_cond_wait(&remote->has_news, &remote->lock);
			continue;
		}
		remote->to_keep = job->next_kept;
		(void)pthread_mutex_unlock(&remote->lock);
		remote_job_keep(job);
		(void)pthread_mutex_lock(&remote->lock);
	}
	(void)pthread_mutex_unlock(&remote->lock);
	return NULL;
}

struct root_remote *root_remote_new(remote_event_callback *on_event, void *context)
{
	struct root_remote *remote = calloc(1, sizeof(*remote));

	if (remote == NULL)
		return NULL;
	remote->on_event = on_event;
	remote->context = context;
	(void)pthread_mutex_init(&remote->lock, NULL);
	(void)pthread_cond_init(&remote->has_news, NULL);
	return remote;
}

bool root_remote_is_started(const struct root_remote *remote)
{
	return remote->fetcher != NULL;
}

int root_remote_start(struct root_remote *remote, struct cache *cache,
		      const struct root_remote_settings *settings)
{
	int error = fetcher_new(&settings->limits, &remote->fetcher);

	remote->cache = cache;
	if (error < 0)
		return error;
	root_remote_configure(remote, settings);
	remote->is_running = true; /* nobody opens anything yet */
	error = thread_start(run_keeper, remote, &remote->keeper);
	if (error < 0)
		remote->is_running = false;
	return error;
}

void root_remote_configure(struct root_remote *remote, const struct root_remote_settings *settings)
{
	fetcher_set_limits(remote->fetcher, &settings->limits);
	(void)pthread_mutex_lock(&remote->lock);
	remote->policy = settings->policy;
	remote->job_max = settings->limits.parallel_max * (1 + ROOT_REMOTE_PLACES);
	remote->down_until_ms = 0;
	(void)pthread_mutex_unlock(&remote->lock);
}

/* Any job that was handed over; those that are being looked up drop themselves. */
static struct remote_job *find_handed_over(struct root_remote *remote)
{
	struct remote_job *job;

	(void)pthread_mutex_lock(&remote->lock);
	job = remote->jobs;
	while (job != NULL && !job->is_looked_up)
		job = job->next;
	(void)pthread_mutex_unlock(&remote->lock);
	return job;
}

void root_remote_stop(struct root_remote *remote)
{
	struct remote_job *job;
	bool was_running;

	(void)pthread_mutex_lock(&remote->lock);
	was_running = remote->is_running;
	remote->is_running = false;
	(void)pthread_cond_signal(&remote->has_news);
	(void)pthread_mutex_unlock(&remote->lock);
	if (!was_running)
		return;
	fetcher_stop(remote->fetcher);
	(void)pthread_join(remote->keeper, NULL);
	while ((job = find_handed_over(remote)) != NULL)
		remote_job_drop(job);
}

void root_remote_free(struct root_remote *remote)
{
	if (remote == NULL)
		return;
	root_remote_stop(remote);
	assert(remote->jobs == NULL);
	fetcher_free(remote->fetcher);
	if (remote->cache != NULL)
		cache_close(remote->cache);
	for (size_t i = 0; i < MISSING_MAX; i++)
		free(remote->missing[i].url);
	(void)pthread_cond_destroy(&remote->has_news);
	(void)pthread_mutex_destroy(&remote->lock);
	free(remote);
}
