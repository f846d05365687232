#include "content/web_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define PATHS_MAX    256
#define REQUEST_SIZE 8192

static const char not_found[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

struct web_server {
	const struct web_page *pages;
	int listener;
	unsigned port;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t change;
	bool is_released;
	unsigned connections; /* that are being served */
	struct {
		char path[256];
		unsigned count;
	} asked[PATHS_MAX];
	char last[REQUEST_SIZE];
};

struct connection {
	struct web_server *server;
	int fd;
};

static unsigned note_request(struct web_server *server, const char *path, const char *request)
{
	unsigned before = 0;

	(void)pthread_mutex_lock(&server->lock);
	(void)snprintf(server->last, sizeof(server->last), "%s", request);
	for (size_t i = 0; i < PATHS_MAX; i++) {
		if (server->asked[i].count == 0)
			(void)snprintf(server->asked[i].path, sizeof(server->asked[i].path), "%s",
				       path);
		if (strcmp(server->asked[i].path, path) == 0) {
			before = server->asked[i].count++;
			break;
		}
	}
	(void)pthread_mutex_unlock(&server->lock);
	return before;
}

static const char *find_answer(const struct web_server *server, const char *path, unsigned number)
{
	for (const struct web_page *page = server->pages; page->path != NULL; page++) {
		size_t last = 0;

		if (strcmp(page->path, path) != 0)
			continue;
		while (last + 1 < WEB_ANSWERS_MAX && page->answers[last + 1] != NULL)
			last++;
		return page->answers[number < last ? number : last];
	}
	return not_found;
}

static void send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void wait_for_release(struct web_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	while (!server->is_released)
		(void)pthread_cond_wait(&server->change, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
}

static void send_answer(const struct connection *connection, const char *answer)
{
	for (;;) {
		size_t length = strcspn(answer, "\v");

		send_all(connection->fd, answer, length);
		if (answer[length] == '\0')
			return;
		wait_for_release(connection->server);
		answer += length + 1;
	}
}

static void *serve(void *context)
{
	struct connection *connection = context;
	struct web_server *server = connection->server;
	char request[REQUEST_SIZE] = "";
	char path[256] = "";
	size_t used = 0;

	while (strstr(request, "\r\n\r\n") == NULL && used + 1 < sizeof(request)) {
		ssize_t got = recv(connection->fd, request + used, sizeof(request) - 1 - used, 0);

		if (got <= 0)
			break;
		used += (size_t)got;
		request[used] = '\0';
	}
	if (sscanf(request, "GET %255s", path) == 1)
		send_answer(connection,
			    find_answer(server, path, note_request(server, path, request)));
	(void)shutdown(connection->fd, SHUT_RDWR);
	(void)close(connection->fd);
	free(connection);
	(void)pthread_mutex_lock(&server->lock);
	server->connections--;
	(void)pthread_cond_broadcast(&server->change);
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}

static void *run(void *context)
{
	struct web_server *server = context;
	int fd;

	while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = malloc(sizeof(*connection));
		pthread_t thread;

		if (connection == NULL)
			abort();
		*connection = (struct connection){ server, fd };
		(void)pthread_mutex_lock(&server->lock);
		server->connections++;
		(void)pthread_mutex_unlock(&server->lock);
		if (pthread_create(&thread, NULL, serve, connection) != 0)
			abort();
		(void)pthread_detach(thread);
	}
	return NULL;
}

struct web_server *web_server_start(const struct web_page *pages)
{
	struct web_server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);

	assert_non_null(server);
	server->pages = pages;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, 256), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_cond_init(&server->change, NULL);
	assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
	return server;
}

void web_server_stop(struct web_server *server)
{
	if (server == NULL)
		return;
	web_server_release(server);
	(void)shutdown(server->listener, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listener);
	(void)pthread_mutex_lock(&server->lock);
	while (server->connections > 0)
		(void)pthread_cond_wait(&server->change, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
	(void)pthread_mutex_destroy(&server->lock);
	(void)pthread_cond_destroy(&server->change);
	free(server);
}

unsigned web_server_port(const struct web_server *server)
{
	return server->port;
}

void web_server_release(struct web_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	server->is_released = true;
	(void)pthread_cond_broadcast(&server->change);
	(void)pthread_mutex_unlock(&server->lock);
}

unsigned web_server_count(struct web_server *server, const char *path)
{
	unsigned count = 0;

	(void)pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < PATHS_MAX && server->asked[i].count > 0; i++) {
		if (strcmp(server->asked[i].path, path) == 0)
			count = server->asked[i].count;
	}
	(void)pthread_mutex_unlock(&server->lock);
	return count;
}

int web_server_was_asked(struct web_server *server, const char *text)
{
	int was_asked;

	(void)pthread_mutex_lock(&server->lock);
	was_asked = strstr(server->last, text) != NULL;
	(void)pthread_mutex_unlock(&server->lock);
	return was_asked;
}
