/* What a message says is not read: it would be a second way to what the list of addresses tells,
 * and none that can be trusted, because the kernel drops messages when many come at once. */
#include "io/netif_watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#define GROUPS   (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
#define TURN_MAX 64 /* messages in one turn of the loop */

struct netif_watch {
	struct loop *loop;
	struct mnl_socket *socket;
	struct watch *watch;
	struct timer *timer;
	bool is_awaited; /* the timer runs */
	uint64_t pause_end_ms;
	loop_callback *on_change;
	void *context;
};

/* Not begun anew by what comes meanwhile, or a flapping interface would put it off for ever. */
static void await_end(struct netif_watch *watch)
{
	uint64_t now_ms = loop_now_ms(watch->loop);
	uint64_t end_ms = now_ms + NETIF_WATCH_BURST_MS;

	if (watch->is_awaited)
		return;
	if (end_ms < watch->pause_end_ms)
		end_ms = watch->pause_end_ms;
	watch->is_awaited = true;
	timer_start(watch->timer, end_ms - now_ms);
}

static void on_time(void *context)
{
	struct netif_watch *watch = context;

	watch->is_awaited = false;
	watch->pause_end_ms = loop_now_ms(watch->loop) + NETIF_WATCH_PAUSE_MS;
	watch->on_change(watch->context);
}

/* ENOBUFS: messages were dropped, which is a change as well. */
static void on_readable(void *context)
{
	struct netif_watch *watch = context;
	int fd = mnl_socket_get_fd(watch->socket);
	char byte;
	ssize_t length = 0;

	for (unsigned i = 0; i < TURN_MAX && length >= 0; i++) {
		length = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);
		if (length >= 0 || errno == ENOBUFS)
			await_end(watch);
	}
}

static int open_socket(struct netif_watch *watch)
{
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (watch->socket == NULL)
		return -errno;
	return mnl_socket_bind(watch->socket, GROUPS, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

static int open_parts(struct netif_watch *watch)
{
	int error = open_socket(watch);

	if (error < 0)
		return error;
	watch->timer = timer_new(watch->loop, on_time, watch);
	watch->watch = watch_new(watch->loop, mnl_socket_get_fd(watch->socket), on_readable, watch);
	return watch->timer == NULL || watch->watch == NULL ? -ENOMEM : 0;
}

int netif_watch_open(struct loop *loop, loop_callback *on_change, void *context,
		     struct netif_watch **out_watch)
{
	struct netif_watch *watch = calloc(1, sizeof(*watch));
	int error;

	if (watch == NULL)
		return -ENOMEM;
	watch->loop = loop;
	watch->on_change = on_change;
	watch->context = context;
	error = open_parts(watch);
	if (error < 0) {
		netif_watch_close(watch);
		return error;
	}
	await_end(watch);
	*out_watch = watch;
	return 0;
}

void netif_watch_again(struct netif_watch *watch)
{
	await_end(watch);
}

void netif_watch_close(struct netif_watch *watch)
{
	if (watch == NULL)
		return;
	watch_free(watch->watch);
	timer_free(watch->timer);
	if (watch->socket != NULL)
		(void)mnl_socket_close(watch->socket);
	free(watch);
}
