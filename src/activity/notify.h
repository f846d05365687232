/* Notifications: one line in a UDP datagram for each machine that gets or gives back an address. */
#ifndef BOOTD_ACTIVITY_NOTIFY_H
#define BOOTD_ACTIVITY_NOTIFY_H

#include "activity/event.h"
#include "io/loop.h"

#include <stddef.h>

struct notifier;

/* Tells each of the receivers. Returns 0 with *out_notifier, or -errno. */
int notifier_new(struct loop *loop, const struct endpoint *receivers, size_t count,
		 struct notifier **out_notifier);
void notifier_free(struct notifier *notifier);

/* Never waits: a datagram that the system does not take at once is lost. Returns how many were. */
size_t notifier_tell(struct notifier *notifier, const struct event *event);

#define NOTIFICATION_SIZE 96

/* "BOOT,uuid,mac,ip" for a machine that boots, "LEASE,[uuid,]mac,ip" for another, "RELEASE,..." as
 * LEASE. An empty text: nobody is told of such an event. A BOOT whose UUID is not known has an
 * empty field in its place. */
void notification_format(const struct event *event, char out[NOTIFICATION_SIZE]);

#endif
