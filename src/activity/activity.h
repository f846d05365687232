/* What happened: one event becomes a counter and a log line. Every packet that is ignored and every
 * transfer that fails has an event kind of its own, so nothing goes wrong without a name. Events
 * may come from any thread. */
#ifndef BOOTD_ACTIVITY_ACTIVITY_H
#define BOOTD_ACTIVITY_ACTIVITY_H

#include "activity/event.h"

#include <stdint.h>

struct activity;
struct notifier;

/* NULL: no memory. */
struct activity *activity_new(void);

/* From now on this one tells others what happens; NULL: nobody does. It is borrowed. */
void activity_set_notifier(struct activity *activity, struct notifier *notifier);
void activity_free(struct activity *activity);

/* Counts the event and logs it, at most so many lines of a kind in a window of time; what was left
 * out is told by number. */
void activity_note(struct activity *activity, const struct event *event);

/* Lines with every counter that is not zero, and what TFTP has sent in all: at the end, when no
 * other thread notes events. */
void activity_log_totals(struct activity *activity);

uint64_t activity_count(struct activity *activity, enum event_kind kind);

#endif
