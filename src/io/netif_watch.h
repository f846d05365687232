/* Tells when the interfaces of this machine or their IPv4 addresses change, by rtnetlink. */
#ifndef BOOTD_IO_NETIF_WATCH_H
#define BOOTD_IO_NETIF_WATCH_H

#include "io/loop.h"

#define NETIF_WATCH_BURST_MS 200  /* what changes within this time is told at once */
#define NETIF_WATCH_PAUSE_MS 1000 /* between two calls, however much changes */

struct netif_watch;

/* Calls on_change from the loop when something may have changed: once for a burst, and where the
 * kernel had to drop messages of it, too. The first call comes soon in any case, for what changed
 * before. Returns 0 with *out_watch for the caller to close, or -errno. */
int netif_watch_open(struct loop *loop, loop_callback *on_change, void *context,
		     struct netif_watch **out_watch);

/* What has changed could not be looked at now: calls on_change once more, after the pause. */
void netif_watch_again(struct netif_watch *watch);

/* NULL is allowed. */
void netif_watch_close(struct netif_watch *watch);

#endif
