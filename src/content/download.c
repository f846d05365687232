#include "content/download.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct download {
	atomic_size_t holder_count;
	/* Set once: who sees it reads without the lock. */
	_Atomic(struct cache_object *) object;
	struct cache_draft
		*draft; /* written by one thread, without the lock; it outlives readers */
	struct source_version version;

	pthread_mutex_t lock; /* of what follows */
	struct source_status status;
	struct source_waiter *waiters;
};

struct download *download_new(struct cache_draft *draft, bool has_size, uint64_t size_bytes,
			      const struct source_version *version)
{
	struct download *download = calloc(1, sizeof(*download));

	if (download == NULL) {
		cache_draft_close(draft);
		return NULL;
	}
	atomic_init(&download->holder_count, 1);
	atomic_init(&download->object, NULL);
	(void)pthread_mutex_init(&download->lock, NULL);
	download->draft = draft;
	download->version = *version;
	download->status.has_size = has_size;
	download->status.size_bytes = size_bytes;
	return download;
}

void download_hold(struct download *download)
{
	(void)atomic_fetch_add(&download->holder_count, 1);
}

void download_release(struct download *download)
{
	if (download == NULL || atomic_fetch_sub(&download->holder_count, 1) > 1)
		return;
	assert(download->waiters == NULL);
	cache_draft_close(download->draft);
	cache_object_release(atomic_load(&download->object));
	(void)pthread_mutex_destroy(&download->lock);
	free(download);
}

static bool is_served(const struct source_status *status, const struct source_waiter *waiter)
{
	return status->state != SOURCE_GROWING || status->available_bytes >= waiter->wanted_bytes;
}

/* With the lock held, so that nobody forgets a waiter while it is called. */
static void call_waiters(struct download *download)
{
	struct source_waiter **at = &download->waiters;

	while (*at != NULL) {
		struct source_waiter *waiter = *at;

		if (!is_served(&download->status, waiter)) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		waiter->is_waiting = false;
		waiter->on_change(waiter->context);
	}
}

int download_append(struct download *download, struct span bytes)
{
	int error = cache_draft_append(download->draft, bytes);

	if (error < 0)
		return error;
	(void)pthread_mutex_lock(&download->lock);
	download->status.available_bytes += bytes.length;
	call_waiters(download);
	(void)pthread_mutex_unlock(&download->lock);
	return 0;
}

void download_set_size(struct download *download, uint64_t size_bytes)
{
	(void)pthread_mutex_lock(&download->lock);
	download->status.has_size = true;
	download->status.size_bytes = size_bytes;
	(void)pthread_mutex_unlock(&download->lock);
}

static void end(struct download *download, enum source_state state, enum content_refusal refusal)
{
	(void)pthread_mutex_lock(&download->lock);
	download->status.state = state;
	download->status.refusal = refusal;
	if (state == SOURCE_WHOLE) {
		download->status.has_size = true;
		download->status.size_bytes = download->status.available_bytes;
	}
	call_waiters(download);
	(void)pthread_mutex_unlock(&download->lock);
}

bool download_finish(struct download *download, const struct cache_facts *facts)
{
	struct cache_object *object = cache_draft_finish(download->draft, facts);

	if (object == NULL) {
		end(download, SOURCE_FAILED, CONTENT_OUT_OF_RESOURCES);
		return false;
	}
	atomic_store(&download->object, object);
	end(download, SOURCE_WHOLE, CONTENT_OK);
	return true;
}

void download_fail(struct download *download, enum content_refusal refusal)
{
	end(download, SOURCE_FAILED, refusal);
}

struct source_status download_status(struct download *download)
{
	struct source_status status;

	(void)pthread_mutex_lock(&download->lock);
	status = download->status;
	(void)pthread_mutex_unlock(&download->lock);
	return status;
}

struct source_version download_version(struct download *download)
{
	return download->version;
}

int download_read(struct download *download, uint64_t offset, uint8_t *out, size_t length)
{
	return cache_draft_read(download->draft, offset, out, length);
}

bool download_wait(struct download *download, struct source_waiter *waiter, uint64_t wanted_bytes)
{
	bool must_wait;

	(void)pthread_mutex_lock(&download->lock);
	assert(!waiter->is_waiting);
	waiter->wanted_bytes = wanted_bytes;
	must_wait = !is_served(&download->status, waiter);
	if (must_wait) {
		waiter->is_waiting = true;
		waiter->next = download->waiters;
		download->waiters = waiter;
	}
	(void)pthread_mutex_unlock(&download->lock);
	return must_wait;
}

void download_forget(struct download *download, struct source_waiter *waiter)
{
	struct source_waiter **at = &download->waiters;

	(void)pthread_mutex_lock(&download->lock);
	while (waiter->is_waiting && *at != waiter)
		at = &(*at)->next;
	if (waiter->is_waiting)
		*at = waiter->next;
	waiter->is_waiting = false;
	(void)pthread_mutex_unlock(&download->lock);
}

struct cache_object *download_object(struct download *download)
{
	return atomic_load(&download->object);
}
