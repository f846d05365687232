#include "http/http_connections.h"

#include "base/hash.h"
#include "base/table.h"

#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct http_connections {
	pthread_mutex_t lock;
	struct http_connections_limits limits;
	struct http_connection *first;
	uint32_t count;
	struct hash_key key;
	struct table *counts; /* by address */
	bool is_ending;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct http_connections *http_connections_new(const struct http_connections_limits *limits)
{
	struct http_connections *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	(void)pthread_mutex_init(&table->lock, NULL);
	table->limits = *limits;
	table->counts = table_new(limits->connections_max);
	if (table->counts == NULL || !hash_key_init(&table->key)) {
		http_connections_free(table);
		return NULL;
	}
	return table;
}

void http_connections_free(struct http_connections *table)
{
	if (table == NULL)
		return;
	table_free(table->counts);
	(void)pthread_mutex_destroy(&table->lock);
	free(table);
}

static uint64_t key_of(const struct http_connections *table, struct ip address)
{
	return hash_ip(&table->key, &(struct ip_endpoint){ .address = address });
}

static uint32_t count_of(const struct http_connections *table, struct ip address)
{
	uint32_t count = 0;

	(void)table_find(table->counts, key_of(table, address), &count);
	return count;
}

static void set_count(struct http_connections *table, struct ip address, uint32_t count)
{
	if (count == 0)
		table_remove(table->counts, key_of(table, address));
	else
		(void)table_put(table->counts, key_of(table, address),
				count); /* a key a connection */
}

bool http_connections_may_add(struct http_connections *table, struct ip address)
{
	bool has_room;

	(void)pthread_mutex_lock(&table->lock);
	has_room = count_of(table, address) < table->limits.each_max;
	(void)pthread_mutex_unlock(&table->lock);
	return has_room;
}

struct http_connection *http_connections_add(struct http_connections *table,
					     struct MHD_Connection *handle, struct ip address,
					     int fd, bool *out_is_full)
{
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->table = table;
	connection->handle = handle;
	connection->address = address;
	connection->fd = fd;
	connection->deadline_ms = now_ms() + HTTP_HEADERS_MS;
	(void)pthread_mutex_lock(&table->lock);
	connection->next = table->first;
	if (table->first != NULL)
		table->first->previous = connection;
	table->first = connection;
	*out_is_full = ++table->count == table->limits.connections_max;
	set_count(table, address, count_of(table, address) + 1);
	(void)pthread_mutex_unlock(&table->lock);
	return connection;
}

void http_connections_remove(struct http_connection *connection)
{
	struct http_connections *table = connection->table;

	(void)pthread_mutex_lock(&table->lock);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		table->first = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	table->count--;
	set_count(table, connection->address, count_of(table, connection->address) - 1);
	(void)pthread_mutex_unlock(&table->lock);
	free(connection);
}

uint64_t http_connection_acknowledged(const struct http_connection *connection)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

/* To connect to nobody disconnects: Linux sends a reset and drops what waits to be sent. */
void http_connection_reset(const struct http_connection *connection)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	(void)connect(connection->fd, &nobody, sizeof(nobody));
}

uint64_t http_connection_begin_answer(struct http_connection *connection)
{
	struct http_connections *table = connection->table;
	uint64_t acknowledged = http_connection_acknowledged(connection);

	(void)pthread_mutex_lock(&table->lock);
	connection->has_asked = true;
	connection->is_answering = true;
	connection->acknowledged_bytes = acknowledged;
	connection->deadline_ms = now_ms() + table->limits.timeout_ms;
	if (table->is_ending)
		http_connection_reset(connection);
	(void)pthread_mutex_unlock(&table->lock);
	return acknowledged;
}

enum http_cut http_connection_cut(const struct http_connection *connection)
{
	enum http_cut cut;

	(void)pthread_mutex_lock(&connection->table->lock);
	cut = connection->cut;
	(void)pthread_mutex_unlock(&connection->table->lock);
	return cut;
}

bool http_connection_has_stalled(const struct http_connection *connection)
{
	bool has_stalled;

	(void)pthread_mutex_lock(&connection->table->lock);
	has_stalled = connection->has_stalled;
	(void)pthread_mutex_unlock(&connection->table->lock);
	return has_stalled;
}

void http_connection_end_answer(struct http_connection *connection)
{
	struct http_connections *table = connection->table;

	(void)pthread_mutex_lock(&table->lock);
	connection->is_answering = false;
	connection->deadline_ms = now_ms() + HTTP_HEADERS_MS;
	(void)pthread_mutex_unlock(&table->lock);
}

bool http_connection_suspend(struct http_connection *connection, uint64_t wait_ms)
{
	struct http_connections *table = connection->table;
	bool may_suspend;

	(void)pthread_mutex_lock(&table->lock);
	may_suspend = !table->is_ending;
	if (may_suspend) {
		connection->is_suspended = true;
		connection->has_stalled = false;
		connection->resume_ms = now_ms() + wait_ms;
		MHD_suspend_connection(connection->handle);
	}
	(void)pthread_mutex_unlock(&table->lock);
	return may_suspend;
}

/* With the lock held. What waits for us does not make a client slow. */
static void resume(struct http_connection *connection)
{
	connection->is_suspended = false;
	connection->deadline_ms = now_ms() + connection->table->limits.timeout_ms;
	MHD_resume_connection(connection->handle);
}

void http_connection_resume(struct http_connection *connection)
{
	struct http_connections *table = connection->table;

	(void)pthread_mutex_lock(&table->lock);
	if (connection->is_suspended)
		resume(connection);
	(void)pthread_mutex_unlock(&table->lock);
}

static void tend_answer(struct http_connection *connection, uint64_t now)
{
	uint64_t acknowledged = http_connection_acknowledged(connection);
	uint64_t timeout_ms = connection->table->limits.timeout_ms;
	uint64_t wanted = HTTP_BYTES_PER_S_MIN * timeout_ms / 1000;

	if (acknowledged - connection->acknowledged_bytes >= wanted) {
		connection->acknowledged_bytes = acknowledged;
		connection->deadline_ms = now + timeout_ms;
		return;
	}
	connection->cut = HTTP_CUT_SLOW;
	http_connection_reset(connection);
}

static void tend(struct http_connection *connection, uint64_t now)
{
	if (connection->is_suspended) {
		if (now >= connection->resume_ms) {
			connection->has_stalled = true;
			resume(connection);
		}
	} else if (connection->cut == HTTP_CUT_NOT && now >= connection->deadline_ms) {
		if (connection->is_answering) {
			tend_answer(connection, now);
		} else {
			if (!connection->has_asked)
				connection->cut = HTTP_CUT_NO_REQUEST;
			(void)shutdown(connection->fd, SHUT_RDWR);
		}
	}
}

void http_connections_tend(struct http_connections *table)
{
	uint64_t now = now_ms();

	(void)pthread_mutex_lock(&table->lock);
	for (struct http_connection *at = table->first; at != NULL; at = at->next)
		tend(at, now);
	(void)pthread_mutex_unlock(&table->lock);
}

void http_connections_end(struct http_connections *table)
{
	(void)pthread_mutex_lock(&table->lock);
	table->is_ending = true;
	for (struct http_connection *at = table->first; at != NULL; at = at->next) {
		if (at->is_answering)
			http_connection_reset(at);
		if (at->is_suspended)
			resume(at);
	}
	(void)pthread_mutex_unlock(&table->lock);
}
