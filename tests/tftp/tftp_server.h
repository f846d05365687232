/* A server over the loopback interface, with real sockets and files, and clients of it; for the
 * tests of the parts of tftp_service. One thread does all: a client sends, then the loop runs until
 * that client has something to read or until an event is noted. A test program includes this once.
 */
#ifndef BOOTD_TESTS_TFTP_TFTP_SERVER_H
#define BOOTD_TESTS_TFTP_TFTP_SERVER_H

#include "activity/activity.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "boot/session.h"
#include "config/config.h"
#include "content/content.h"
#include "io/loop.h"
#include "support.h"
#include "tftp/tftp_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOPBACK        0x7f000001
#define OTHER_LOOPBACK  0x7f000002
#define STUCK_MS        30000
#define FILE_SIZE       1100 /* two blocks of 512, and 76 bytes */
#define PACKET_SIZE     2000
#define BINARY(literal) literal, sizeof(literal) - 1

/* Stands in for the room activity: remembers the events, and stops the loop at the awaited one. */
struct activity {
	struct loop *loop;
	unsigned counts[EVENT_KIND_COUNT];
	enum event_kind awaited;
	unsigned awaited_count;
	struct event last[EVENT_KIND_COUNT];
	char file[EVENT_KIND_COUNT][300];
	char detail[EVENT_KIND_COUNT][300];
};

void activity_note(struct activity *activity, const struct event *event)
{
	enum event_kind kind = event->kind;

	activity->counts[kind]++;
	activity->last[kind] = *event;
	(void)text_format(activity->file[kind], sizeof(activity->file[kind]), "%s",
			  event->file == NULL ? "" : event->file);
	(void)text_format(activity->detail[kind], sizeof(activity->detail[kind]), "%s",
			  event->detail == NULL ? "" : event->detail);
	if (kind == activity->awaited && activity->counts[kind] == activity->awaited_count)
		loop_stop(activity->loop);
}

struct server {
	char folder[64];
	int folder_fd;
	struct loop *loop;
	struct timer *stuck; /* ends a test that waits for what never comes */
	bool is_stuck;
	struct content *content;
	struct session_table *sessions;
	struct activity activity;
	struct config config;
	struct local_ip served;
	struct tftp_service *service;
};

struct client {
	struct server *server;
	int fd;
	uint16_t port; /* of the server's last packet */
	uint32_t from; /* its address */
	uint8_t packet[PACKET_SIZE];
	size_t length;
};

static inline void on_stuck(void *context)
{
	struct server *server = context;

	server->is_stuck = true;
	loop_stop(server->loop);
}

static inline void stop_loop(void *context)
{
	loop_stop(context);
}

static inline void run(struct server *server)
{
	timer_start(server->stuck, STUCK_MS);
	loop_run(server->loop);
	timer_stop(server->stuck);
}

/* Some turn of the loop, at most a few milliseconds. */
static inline void loop_turn(struct server *server)
{
	struct timer *timer = timer_new(server->loop, stop_loop, server->loop);

	timer_start(timer, 1);
	loop_run(server->loop);
	timer_free(timer);
}

static inline void await(struct server *server, enum event_kind kind, unsigned count)
{
	server->activity.awaited = kind;
	server->activity.awaited_count = count;
	if (server->activity.counts[kind] < count)
		run(server);
	server->activity.awaited = EVENT_KIND_COUNT;
	assert_false(server->is_stuck);
	assert_int_equal(server->activity.counts[kind], count);
}

static inline unsigned count_of(const struct server *server, enum event_kind kind)
{
	return server->activity.counts[kind];
}

static inline uint8_t byte_at(size_t offset)
{
	return (uint8_t)(offset * 7 + offset / 256);
}

static inline void make_file(const struct server *server, const char *name, size_t size)
{
	CLEANUP(close_fd) int fd = openat(server->folder_fd, name, O_CREAT | O_WRONLY, 0644);
	uint8_t bytes[4096];

	assert_true(fd >= 0 && size <= sizeof(bytes));
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_at(i);
	assert_int_equal(write(fd, bytes, size), size);
}

static inline struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(address) };
}

static inline int bind_socket(uint32_t address, uint16_t *out_port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in local = address_of(address, 0);
	socklen_t size = sizeof(local);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	*out_port = ntohs(local.sin_port);
	return fd;
}

static inline struct tftp_service_parts parts_of(struct server *server)
{
	return (struct tftp_service_parts){ .loop = server->loop,
					    .content = server->content,
					    .sessions = server->sessions,
					    .activity = &server->activity,
					    .config = &server->config,
					    .served = &server->served,
					    .served_count = 1,
					    .worker_count = 1 };
}

/* On a port that was free a moment ago. */
static inline void start(struct server *server)
{
	struct tftp_service_parts parts = parts_of(server);
	int error;

	do {
		int fd = bind_socket(0, &server->config.tftp.port);

		close_fd(&fd);
		error = tftp_service_open(&parts, &server->service);
	} while (error == -EADDRINUSE);
	assert_int_equal(error, 0);
	assert_int_equal(tftp_service_run(server->service), 0);
}

static inline void stop(struct server *server)
{
	tftp_service_stop(server->service);
	server->service = NULL;
}

static inline int make_folder(struct server *server)
{
	const char *folder = getenv("TMPDIR");

	if (!text_format(server->folder, sizeof(server->folder), "%s/bootd-XXXXXX",
			 folder == NULL ? "/tmp" : folder) ||
	    mkdtemp(server->folder) == NULL)
		return -1;
	server->folder_fd = open(server->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_file(server, "file", FILE_SIZE);
	make_file(server, "other", 5);
	make_file(server, "empty", 0);
	make_file(server, "whole", 1024);
	return symlinkat("../outside", server->folder_fd, "out");
}

static inline int set_up(void **state)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL || make_folder(server) < 0)
		return -1;
	server->loop = loop_new();
	server->stuck = timer_new(server->loop, on_stuck, server);
	server->sessions = session_table_new(4);
	server->activity.loop = server->loop;
	server->activity.awaited = EVENT_KIND_COUNT;
	server->config.tftp.block_size_max = 1468;
	server->config.tftp.window_max = 64;
	server->config.tftp.timeout_ms = 60000;
	server->config.tftp.transfers_max = 8;
	server->config.bootp.may_unknown_read_files = true;
	server->served = (struct local_ip){ .interface = if_nametoindex("lo"),
					    .name = "lo",
					    .address = IP_MAPPED(LOOPBACK),
					    .prefix_length = 104 };
	if (content_new(&(struct content_settings){ .root = server->folder }, &server->content) < 0)
		return -1;
	start(server);
	*state = server;
	return 0;
}

static inline int tear_down(void **state)
{
	static const char *const names[] = { "file", "other", "empty", "whole", "out" };
	struct server *server = *state;

	tftp_service_stop(server->service);
	content_free(server->content);
	session_table_free(server->sessions);
	timer_free(server->stuck);
	loop_free(server->loop);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)unlinkat(server->folder_fd, names[i], 0);
	close_fd(&server->folder_fd);
	(void)rmdir(server->folder);
	free(server);
	return 0;
}

static inline struct client client_new(struct server *server)
{
	struct client client = { .server = server };
	uint16_t port;

	client.fd = bind_socket(LOOPBACK, &port);
	return client;
}

static inline void client_done(struct client *client)
{
	close_fd(&client->fd);
}

static inline void send_to(const struct client *client, uint32_t address, uint16_t port,
			   const void *bytes, size_t length)
{
	struct sockaddr_in to = address_of(address, port);

	assert_int_equal(sendto(client->fd, bytes, length, 0, (struct sockaddr *)&to, sizeof(to)),
			 length);
}

static inline void request(const struct client *client, const void *bytes, size_t length)
{
	send_to(client, LOOPBACK, client->server->config.tftp.port, bytes, length);
}

static inline void send_ack(const struct client *client, uint16_t block)
{
	uint8_t packet[] = { 0, 4, (uint8_t)(block >> 8), (uint8_t)block };

	send_to(client, client->from, client->port, packet, sizeof(packet));
}

static inline bool take_packet(struct client *client)
{
	struct sockaddr_in from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t length = recvfrom(client->fd, client->packet, sizeof(client->packet), 0,
				  (struct sockaddr *)&from, &size);

	if (length < 0)
		return false;
	client->length = (size_t)length;
	client->port = ntohs(from.sin_port);
	client->from = ntohl(from.sin_addr.s_addr);
	return true;
}

/* Runs the loop until a packet for the client is there. */
static inline void receive(struct client *client)
{
	struct server *server = client->server;
	struct watch *watch;

	if (take_packet(client))
		return;
	watch = watch_new(server->loop, client->fd, stop_loop, server->loop);
	assert_non_null(watch);
	run(server);
	watch_free(watch);
	assert_false(server->is_stuck);
	assert_true(take_packet(client));
}

static inline void expect_bytes(struct client *client, const void *bytes, size_t length)
{
	receive(client);
	assert_int_equal(client->length, length);
	assert_memory_equal(client->packet, bytes, length);
}

static inline void expect_data(struct client *client, uint16_t block, size_t offset, size_t length)
{
	uint8_t header[] = { 0, 3, (uint8_t)(block >> 8), (uint8_t)block };

	receive(client);
	assert_int_equal(client->length, sizeof(header) + length);
	assert_memory_equal(client->packet, header, sizeof(header));
	for (size_t i = 0; i < length; i++)
		assert_int_equal(client->packet[sizeof(header) + i], byte_at(offset + i));
}

static inline void expect_error(struct client *client, uint8_t code, const char *message)
{
	uint8_t header[] = { 0, 5, 0, code };

	receive(client);
	assert_int_equal(client->length, sizeof(header) + strlen(message) + 1);
	assert_memory_equal(client->packet, header, sizeof(header));
	assert_string_equal((const char *)client->packet + sizeof(header), message);
}

static inline void assert_silence(struct client *client)
{
	assert_false(take_packet(client));
}

/* "file" in blocks of 512, up to the last ACK. */
static inline void take_file(struct client *client)
{
	expect_data(client, 1, 0, 512);
	send_ack(client, 1);
	expect_data(client, 2, 512, 512);
	send_ack(client, 2);
	expect_data(client, 3, 1024, 76);
	send_ack(client, 3);
}

#define READ_FILE BINARY("\0\1file\0octet\0")
#define READ_FILE_AND_SIZE                                                                         \
	BINARY("\0\1file\0octet\0tsize\0"                                                          \
	       "0\0")

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
