#include "content/fetch.h"

#include "base/text.h"
#include "content/fetch_slot.h"
#include "io/thread.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define POLL_MS 60000 /* libcurl wakes earlier for its own deadlines */

struct fetcher {
	/* of the thread */
	pthread_t thread;
	bool has_thread;
	CURLM *multi;
	struct fetch_slot slots[FETCH_PARALLEL_MAX];
	uint32_t busy_count;

	pthread_mutex_t lock;  /* of what follows */
	struct fetch *waiting; /* in the order in which they came */
	struct fetch_limits limits;
	bool is_ending;
};

uint64_t fetch_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The thread. */

static struct fetch_slot *get_idle_slot(struct fetcher *fetcher)
{
	struct fetch_slot *slot = fetcher->slots;

	while (slot->fetch != NULL)
		slot++;
	return slot;
}

/* The first whose time has come; *out_wait_ms is shortened to the time until the next one's. */
static struct fetch *take_waiting(struct fetcher *fetcher, struct fetch_limits *out_limits,
				  uint64_t *out_wait_ms)
{
	struct fetch **at = &fetcher->waiting;
	struct fetch *taken = NULL;
	uint64_t now = fetch_now_ms();

	(void)pthread_mutex_lock(&fetcher->lock);
	*out_limits = fetcher->limits;
	for (; *at != NULL && fetcher->busy_count < fetcher->limits.parallel_max;
	     at = &(*at)->next) {
		if ((*at)->not_before_ms <= now) {
			taken = *at;
			*at = taken->next;
			break;
		}
		if ((*at)->not_before_ms - now < *out_wait_ms)
			*out_wait_ms = (*at)->not_before_ms - now;
	}
	(void)pthread_mutex_unlock(&fetcher->lock);
	return taken;
}

/* Returns in how many ms it is to be called again. */
static uint64_t start_waiting(struct fetcher *fetcher)
{
	struct fetch_limits limits;
	struct fetch *fetch;
	uint64_t wait_ms = POLL_MS;

	while ((fetch = take_waiting(fetcher, &limits, &wait_ms)) != NULL) {
		struct fetch_end end = { .is_local_fault = true };

		if (fetch_slot_start(get_idle_slot(fetcher), fetcher->multi, fetch, &limits) == 0) {
			fetcher->busy_count++;
			continue;
		}
		(void)text_format(end.sentence, sizeof(end.sentence), "there is not enough memory");
		fetch->calls->on_end(fetch->context, &end);
	}
	return wait_ms;
}

static void finish(struct fetcher *fetcher, struct fetch_slot *slot, CURLcode result)
{
	/* What its owner adds when it is told finds a place. */
	fetcher->busy_count--;
	if (!fetch_slot_finish(slot, fetcher->multi, result))
		fetcher->busy_count++;
}

/* Returns whether one ended, so that another may begin. */
static bool collect(struct fetcher *fetcher)
{
	const CURLMsg *message;
	bool has_ended = false;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		finish(fetcher, fetch_slot_of(message->easy_handle), message->data.result);
		has_ended = true;
	}
	return has_ended;
}

/* Ends those from which nothing came for too long. Returns in how many ms the next may have
 * stalled. */
static uint64_t end_stalled(struct fetcher *fetcher)
{
	uint64_t wait_ms = POLL_MS;
	uint64_t now = fetch_now_ms();

	for (size_t i = 0; i < FETCH_PARALLEL_MAX; i++) {
		struct fetch_slot *slot = &fetcher->slots[i];
		uint64_t patience_ms;

		if (slot->fetch == NULL)
			continue;
		patience_ms = fetch_slot_patience_ms(slot, now);
		if (patience_ms == 0)
			finish(fetcher, slot, CURLE_OPERATION_TIMEDOUT);
		else if (patience_ms < wait_ms)
			wait_ms = patience_ms;
	}
	return wait_ms;
}

static uint64_t least(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static bool must_end(struct fetcher *fetcher)
{
	bool is_ending;

	(void)pthread_mutex_lock(&fetcher->lock);
	is_ending = fetcher->is_ending;
	(void)pthread_mutex_unlock(&fetcher->lock);
	return is_ending;
}

static void *run(void *context)
{
	struct fetcher *fetcher = context;
	uint64_t wait_ms;
	int running;

	while (!must_end(fetcher)) {
		wait_ms = least(end_stalled(fetcher), start_waiting(fetcher));
		(void)curl_multi_perform(fetcher->multi, &running);
		/* A wake-up that came meanwhile ends the poll at once. */
		if (!collect(fetcher))
			(void)curl_multi_poll(fetcher->multi, NULL, 0, (int)wait_ms, NULL);
	}
	return NULL;
}

/* Any thread. */

int fetcher_new(const struct fetch_limits *limits, struct fetcher **out_fetcher)
{
	struct fetcher *fetcher;
	int error;

	/* It must happen before the thread starts, and is counted, as the clean-up is. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	fetcher = calloc(1, sizeof(*fetcher));
	if (fetcher == NULL) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&fetcher->lock, NULL); /* it cannot fail */
	fetcher->limits = *limits;
	fetcher->multi = curl_multi_init();
	error = fetcher->multi == NULL ? -ENOMEM : thread_start(run, fetcher, &fetcher->thread);
	if (error < 0) {
		fetcher_free(fetcher);
		return error;
	}
	fetcher->has_thread = true;
	*out_fetcher = fetcher;
	return 0;
}

void fetcher_set_limits(struct fetcher *fetcher, const struct fetch_limits *limits)
{
	(void)pthread_mutex_lock(&fetcher->lock);
	fetcher->limits = *limits;
	(void)pthread_mutex_unlock(&fetcher->lock);
	(void)curl_multi_wakeup(fetcher->multi);
}

static void put_last(struct fetch **list, struct fetch *fetch)
{
	while (*list != NULL)
		list = &(*list)->next;
	fetch->next = NULL;
	*list = fetch;
}

bool fetcher_add(struct fetcher *fetcher, struct fetch *fetch)
{
	bool is_ending;

	(void)pthread_mutex_lock(&fetcher->lock);
	is_ending = fetcher->is_ending;
	if (!is_ending) {
		fetch->not_before_ms = fetch_now_ms() + fetch->delay_ms;
		put_last(&fetcher->waiting, fetch);
	}
	(void)pthread_mutex_unlock(&fetcher->lock);
	if (!is_ending)
		(void)curl_multi_wakeup(fetcher->multi);
	return !is_ending;
}

void fetcher_stop(struct fetcher *fetcher)
{
	(void)pthread_mutex_lock(&fetcher->lock);
	fetcher->is_ending = true;
	(void)pthread_mutex_unlock(&fetcher->lock);
	if (!fetcher->has_thread)
		return;
	(void)curl_multi_wakeup(fetcher->multi);
	(void)pthread_join(fetcher->thread, NULL);
	fetcher->has_thread = false;
	for (size_t i = 0; i < FETCH_PARALLEL_MAX; i++)
		fetch_slot_done(&fetcher->slots[i], fetcher->multi);
}

void fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	fetcher_stop(fetcher);
	(void)curl_multi_cleanup(fetcher->multi);
	(void)pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
	curl_global_cleanup();
}
