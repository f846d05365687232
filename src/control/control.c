#include "control/control.h"

#include "base/bytes.h"
#include "base/text.h"
#include "control/control_json.h"
#include "io/local.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8
#define LINE_MAX_SIZE   512
#define CHUNK_ADDRESSES 128 /* shown in one turn, each with a lease and an offer at most */
#define TRY_AGAIN_MS    5   /* a reader that is slower than this */
#define SILENCE_MS      10000

struct connection {
	struct control *control;
	int fd; /* -1: this place is free */
	struct watch *watch;
	struct timer *timer;
	char request[CONTROL_REQUEST_MAX];
	size_t request_length;
	bool is_listing;
	struct ip4 next; /* to be listed */
	char out[2 * CHUNK_ADDRESSES * LINE_MAX_SIZE];
	size_t out_length;
	size_t out_sent;
	bool ends; /* with what is in out */
	bool waits_for_store;
	uint64_t silent_since_ms;
};

struct control {
	struct loop *loop;
	struct lease_store *leases;
	int fd;
	struct watch *watch;
	struct connection *connections[CONNECTIONS_MAX];
};

static uint64_t now_s(const struct control *control)
{
	return loop_now_ms(control->loop) / 1000;
}

static void hang_up(struct connection *connection)
{
	watch_free(connection->watch);
	connection->watch = NULL;
	timer_stop(connection->timer);
	if (connection->fd >= 0)
		(void)close(connection->fd);
	connection->fd = -1;
}

/* The store may still call back for it. */
static void forget(struct connection *connection)
{
	struct control *control = connection->control;

	hang_up(connection);
	if (connection->waits_for_store)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (control->connections[i] == connection)
			control->connections[i] = NULL;
	}
	timer_free(connection->timer);
	free(connection);
}

static void put_line(struct connection *connection, const char *line)
{
	size_t room = sizeof(connection->out) - connection->out_length;

	if (text_format(connection->out + connection->out_length, room, "%s\n", line))
		connection->out_length += strlen(line) + 1;
}

static void end_with_error(struct connection *connection, const char *sentence)
{
	char line[LINE_MAX_SIZE];

	control_error_format(sentence, line, sizeof(line));
	put_line(connection, line);
	connection->ends = true;
}

/* Leases. */

struct listing {
	struct connection *connection;
	bool has_any;
};

static void list_lease(void *context, const struct lease *lease)
{
	struct listing *listing = context;
	char line[LINE_MAX_SIZE];

	listing->has_any = true;
	listing->connection->next.value = lease->address.value + 1;
	/* What is only held back to be tried is nobody's. */
	if (lease->state == LEASE_OFFERED && lease->owner.length == 0)
		return;
	control_lease_format(lease, now_s(listing->connection->control), line, sizeof(line));
	put_line(listing->connection, line);
}

static void fill_listing(struct connection *connection)
{
	struct lease_store *leases = connection->control->leases;
	struct listing listing = { .connection = connection };

	leases->operations->visit(leases, connection->next, CHUNK_ADDRESSES, list_lease, &listing);
	if (listing.has_any)
		return;
	put_line(connection, "{\"end\": true}");
	connection->is_listing = false;
	connection->ends = true;
}

/* A store in memory calls back at once, while the request is still being looked at: what is to be
 * sent waits for its turn. */
static void on_released(void *context, int error)
{
	struct connection *connection = context;

	connection->waits_for_store = false;
	if (connection->fd < 0) {
		forget(connection);
		return;
	}
	if (error < 0) {
		end_with_error(connection, strerror(-error));
	} else {
		put_line(connection, "{\"end\": true}");
		connection->ends = true;
	}
	timer_start(connection->timer, 0);
}

static void release(struct connection *connection, struct ip4 address)
{
	struct control *control = connection->control;
	struct lease_store *leases = control->leases;
	const struct lease *known = leases->operations->find_address(leases, address);
	struct lease lease;

	if (known == NULL) {
		end_with_error(connection, "there is no lease of that address");
		return;
	}
	lease = *known;
	lease.state = LEASE_RELEASED;
	if (lease.expires_s > now_s(control))
		lease.expires_s = now_s(control);
	connection->waits_for_store = true;
	leases->operations->commit(leases, &lease, on_released, connection);
}

static void answer(struct connection *connection)
{
	struct control_request request;
	struct span line = { (const uint8_t *)connection->request, connection->request_length };

	if (!control_request_parse(line, &request))
		end_with_error(connection, "this is no request that bootd knows");
	else if (connection->control->leases == NULL)
		end_with_error(connection, "this bootd serves no DHCP, and has no leases");
	else if (request.command == CONTROL_LEASES)
		connection->is_listing = true;
	else
		release(connection, request.address);
}

/* Sending. */

/* False: the connection is gone. */
static bool send_some(struct connection *connection)
{
	ssize_t sent =
		send(connection->fd, connection->out + connection->out_sent,
		     connection->out_length - connection->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	uint64_t now_ms = loop_now_ms(connection->control->loop);

	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (sent > 0) {
		connection->out_sent += (size_t)sent;
		connection->silent_since_ms = now_ms;
	}
	return now_ms - connection->silent_since_ms < SILENCE_MS;
}

/* One chunk a turn: others are served between. */
static void pump(struct connection *connection)
{
	bool is_there = true;

	if (connection->is_listing && connection->out_sent == connection->out_length) {
		connection->out_sent = 0;
		connection->out_length = 0;
		fill_listing(connection);
	}
	if (connection->out_sent < connection->out_length)
		is_there = send_some(connection);
	if (!is_there || (connection->ends && connection->out_sent == connection->out_length)) {
		forget(connection);
		return;
	}
	if (connection->is_listing || connection->out_sent < connection->out_length)
		timer_start(connection->timer,
			    connection->out_sent == connection->out_length ? 0 : TRY_AGAIN_MS);
}

/* Receiving. */

static void on_request(void *context)
{
	struct connection *connection = context;
	ssize_t length =
		recv(connection->fd, connection->request + connection->request_length,
		     sizeof(connection->request) - connection->request_length, MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		forget(connection);
		return;
	}
	connection->request_length += (size_t)length;
	if (memchr(connection->request, '\n', connection->request_length) == NULL &&
	    connection->request_length < sizeof(connection->request))
		return;
	/* One request a connection: what follows is not read. */
	watch_free(connection->watch);
	connection->watch = NULL;
	timer_stop(connection->timer);
	connection->silent_since_ms = loop_now_ms(connection->control->loop);
	answer(connection);
	if (!connection->waits_for_store)
		pump(connection);
}

/* While the request is awaited, its time is over; afterwards there is more to send. */
static void on_time(void *context)
{
	struct connection *connection = context;

	if (connection->watch != NULL)
		forget(connection);
	else
		pump(connection);
}

static struct connection *connection_new(struct control *control, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->control = control;
	connection->fd = fd;
	connection->timer = timer_new(control->loop, on_time, connection);
	connection->watch = watch_new(control->loop, fd, on_request, connection);
	if (connection->timer == NULL || connection->watch == NULL) {
		watch_free(connection->watch);
		timer_free(connection->timer);
		free(connection);
		return NULL;
	}
	timer_start(connection->timer, SILENCE_MS);
	return connection;
}

/* With all places taken, the newcomer is sent away. */
static void on_connection(void *context)
{
	struct control *control = context;
	size_t place = 0;
	int fd;

	if (local_accept(control->fd, &fd) < 0)
		return;
	while (place < CONNECTIONS_MAX && control->connections[place] != NULL)
		place++;
	if (place < CONNECTIONS_MAX)
		control->connections[place] = connection_new(control, fd);
	if (place == CONNECTIONS_MAX || control->connections[place] == NULL)
		(void)close(fd);
}

int control_open(struct loop *loop, const char *path, struct lease_store *leases,
		 struct control **out_control)
{
	struct control *control = calloc(1, sizeof(*control));
	int error;

	if (control == NULL)
		return -ENOMEM;
	control->loop = loop;
	control->leases = leases;
	control->fd = -1;
	error = local_listen(path, &control->fd);
	if (error == 0)
		control->watch = watch_new(loop, control->fd, on_connection, control);
	if (error == 0 && control->watch == NULL)
		error = -ENOMEM;
	if (error < 0) {
		control_close(control);
		return error;
	}
	*out_control = control;
	return 0;
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (control->connections[i] != NULL)
			forget(control->connections[i]);
	}
	watch_free(control->watch);
	if (control->fd >= 0)
		(void)close(control->fd);
	free(control);
}
