/* The kinds of events as text: their counters' names and their log lines. */
#ifndef BOOTD_ACTIVITY_EVENT_TEXT_H
#define BOOTD_ACTIVITY_EVENT_TEXT_H

#include "activity/event.h"
#include "base/log.h"

#include <stddef.h>
#include <stdint.h>

#define EVENT_ONE_A_MINUTE 1

struct event_type {
	const char *name; /* of the counter */
	enum log_level level;
	uint32_t lines_max;        /* in one window of time, or EVENT_ONE_A_MINUTE */
	const char *line_template; /* the line, with {fields} of the event */
};

const struct event_type *event_type(enum event_kind kind);

/* The event's line, cut where it does not fit. */
void event_format(const struct event *event, char *out, size_t size);

#endif
