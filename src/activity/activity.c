#include "activity/activity.h"

#include "activity/event_text.h"
#include "activity/notify.h"
#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define WINDOW_S    10 /* how long a kind's lines are counted together */
#define MINUTE_S    60
#define LINE_SIZE   512
#define TOTALS_SIZE 800
#define TOTAL_SIZE  64 /* one counter */

struct kind_state {
	uint64_t count;
	uint64_t window_start_s;
	uint32_t shown;  /* lines in this window */
	uint32_t hidden; /* events in this window that were not shown */
};

struct activity {
	pthread_mutex_t lock;
	struct notifier *notifier;
	struct kind_state kinds[EVENT_KIND_COUNT];
	/* Of all transfers by TFTP that have ended. */
	uint64_t tftp_bytes;
	uint64_t tftp_resent_count;
};

struct activity *activity_new(void)
{
	struct activity *activity = calloc(1, sizeof(*activity));

	if (activity != NULL)
		(void)pthread_mutex_init(&activity->lock, NULL);
	return activity;
}

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec;
}

static void tell_hidden(struct kind_state *state, const struct event_type *type)
{
	if (state->hidden > 0)
		log_write(type->level, "%s: %u more that are not shown", type->name, state->hidden);
	state->hidden = 0;
}

/* May this event be shown, or have enough of its kind been in this window? */
static bool take_turn(struct kind_state *state, const struct event_type *type)
{
	uint64_t window_s = type->lines_max == EVENT_ONE_A_MINUTE ? MINUTE_S : WINDOW_S;
	uint64_t now = now_s();

	if (now - state->window_start_s >= window_s) {
		tell_hidden(state, type);
		state->window_start_s = now;
		state->shown = 0;
	}
	if (state->shown == type->lines_max) {
		state->hidden++;
		return false;
	}
	state->shown++;
	return true;
}

void activity_set_notifier(struct activity *activity, struct notifier *notifier)
{
	(void)pthread_mutex_lock(&activity->lock);
	activity->notifier = notifier;
	(void)pthread_mutex_unlock(&activity->lock);
}

static void notify(struct activity *activity, const struct event *event)
{
	if (activity->notifier != NULL)
		activity->kinds[EVENT_NOTIFICATION_LOST].count +=
			notifier_tell(activity->notifier, event);
}

static bool ends_tftp_transfer(enum event_kind kind)
{
	switch (kind) {
	case EVENT_TFTP_SENT:
	case EVENT_TFTP_ABORTED:
	case EVENT_TFTP_TIMED_OUT:
	case EVENT_TFTP_CLIENT_ERROR:
	case EVENT_TFTP_READ_FAILED:
	case EVENT_TFTP_FILE_CHANGED:
	case EVENT_TFTP_SUPERSEDED:
		return true;
	default:
		return false;
	}
}

static void add_transfer(struct activity *activity, const struct event *event)
{
	if (!ends_tftp_transfer(event->kind))
		return;
	activity->tftp_bytes += event->bytes;
	activity->tftp_resent_count += event->resent_count;
}

/* Counts the event. True: it is to be logged. */
static bool count(struct activity *activity, const struct event *event)
{
	const struct event_type *type = event_type(event->kind);
	struct kind_state *state = &activity->kinds[event->kind];
	bool is_shown;

	(void)pthread_mutex_lock(&activity->lock);
	state->count++;
	add_transfer(activity, event);
	notify(activity, event);
	is_shown = log_is_shown(type->level) && take_turn(state, type);
	(void)pthread_mutex_unlock(&activity->lock);
	return is_shown;
}

void activity_note(struct activity *activity, const struct event *event)
{
	char line[LINE_SIZE];

	if (!count(activity, event))
		return;
	event_format(event, line, sizeof(line));
	log_write(event_type(event->kind)->level, "%s", line);
}

uint64_t activity_count(struct activity *activity, enum event_kind kind)
{
	uint64_t count_now;

	(void)pthread_mutex_lock(&activity->lock);
	count_now = activity->kinds[kind].count;
	(void)pthread_mutex_unlock(&activity->lock);
	return count_now;
}

static void log_tftp_totals(const struct activity *activity)
{
	if (activity->tftp_bytes > 0 || activity->tftp_resent_count > 0)
		log_write(LOG_AT_INFO,
			  "totals: tftp-bytes %" PRIu64 ", tftp-packets-resent %" PRIu64,
			  activity->tftp_bytes, activity->tftp_resent_count);
}

/* "dhcp-offer 3, dhcp-ack 3, tftp-sent 12", on as many lines as it takes. */
void activity_log_totals(struct activity *activity)
{
	char line[TOTALS_SIZE] = "";
	size_t used = 0;

	(void)pthread_mutex_lock(&activity->lock);
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		if (activity->kinds[kind].count == 0)
			continue;
		tell_hidden(&activity->kinds[kind], event_type(kind));
		if (used > TOTALS_SIZE - TOTAL_SIZE) {
			log_write(LOG_AT_INFO, "totals: %s", line);
			used = 0;
		}
		(void)text_format(line + used, sizeof(line) - used, "%s%s %" PRIu64,
				  used == 0 ? "" : ", ", event_type(kind)->name,
				  activity->kinds[kind].count);
		used = strlen(line);
	}
	log_tftp_totals(activity);
	(void)pthread_mutex_unlock(&activity->lock);
	log_write(LOG_AT_INFO, "totals: %s", used == 0 ? "nothing happened" : line);
}

void activity_free(struct activity *activity)
{
	if (activity == NULL)
		return;
	(void)pthread_mutex_destroy(&activity->lock);
	free(activity);
}
