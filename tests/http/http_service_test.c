/* What real clients cannot bring about at will: files that grow, stop, fail or are opened late. The
 * content is scripted here; sockets, threads and libmicrohttpd are real. Local files and real
 * clients are in tests/e2e/http_test.py. */
#include "http/http_service.h"

#include "activity/activity.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/session.h"
#include "config/config.h"
#include "content/content.h"
#include "io/loop.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LOOPBACK   0x7f000001
#define STUCK_S    30
#define FILE_SIZE  200000
#define ANSWER_MAX (FILE_SIZE + 4096)

/* The one file that there is. */
struct source {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct source_status status;
	struct source_version version;
	struct source_waiter *waiter;
	bool is_changed;
	unsigned open_count;
	unsigned wait_count;
};

/* How it is opened. */
static struct {
	enum content_refusal refusal;
	bool is_late;
	content_callback *on_open; /* of the one that is late */
	void *context;
	bool has_come;
} opening;

static struct source file = { .lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER };

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 7 + offset / 256);
}

static void answer_opening(content_callback *on_open, void *context)
{
	struct content_answer answer = { .refusal = opening.refusal,
					 .sentence = "so it was scripted",
					 .translated_path = "" };

	if (opening.refusal == CONTENT_OK) {
		answer.source = &file;
		(void)pthread_mutex_lock(&file.lock);
		file.open_count++;
		(void)pthread_mutex_unlock(&file.lock);
	}
	on_open(context, &answer);
}

int content_open_here(struct content *content, struct span name, const struct content_asker *asker,
		      content_callback *on_open, void *context)
{
	(void)content;
	(void)name;
	(void)asker;
	if (!opening.is_late) {
		answer_opening(on_open, context);
		return 0;
	}
	(void)pthread_mutex_lock(&file.lock);
	opening.on_open = on_open;
	opening.context = context;
	opening.has_come = true;
	(void)pthread_cond_broadcast(&file.news);
	(void)pthread_mutex_unlock(&file.lock);
	return 0;
}

struct content *content_hold(struct content *content)
{
	return content;
}

void content_free(struct content *content)
{
	(void)content;
}

struct source_status source_status(const struct source *source)
{
	struct source_status status;

	(void)pthread_mutex_lock(&file.lock);
	status = source->status;
	(void)pthread_mutex_unlock(&file.lock);
	return status;
}

struct source_version source_version(const struct source *source)
{
	return source->version;
}

int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length)
{
	if (offset + length > source_status(source).available_bytes)
		return -EAGAIN;
	for (size_t i = 0; i < length; i++)
		out[i] = byte_at(offset + i);
	return 0;
}

int source_descriptor(const struct source *source, uint64_t *out_offset)
{
	(void)source;
	(void)out_offset;
	return -1;
}

bool source_is_unchanged(const struct source *source)
{
	return !source->is_changed;
}

static bool is_reached(const struct source_status *status, uint64_t wanted_bytes)
{
	return status->available_bytes >= wanted_bytes || status->state != SOURCE_GROWING;
}

bool source_wait(struct source *source, struct source_waiter *waiter, uint64_t wanted_bytes)
{
	bool must_wait;

	(void)pthread_mutex_lock(&file.lock);
	must_wait = !is_reached(&source->status, wanted_bytes);
	if (must_wait) {
		waiter->wanted_bytes = wanted_bytes;
		waiter->is_waiting = true;
		source->waiter = waiter;
		source->wait_count++;
		(void)pthread_cond_broadcast(&file.news);
	}
	(void)pthread_mutex_unlock(&file.lock);
	return must_wait;
}

void source_forget(struct source *source, struct source_waiter *waiter)
{
	(void)pthread_mutex_lock(&file.lock);
	if (source->waiter == waiter)
		source->waiter = NULL;
	waiter->is_waiting = false;
	(void)pthread_mutex_unlock(&file.lock);
}

void source_close(struct source *source)
{
	if (source == NULL)
		return;
	(void)pthread_mutex_lock(&file.lock);
	source->open_count--;
	(void)pthread_cond_broadcast(&file.news);
	(void)pthread_mutex_unlock(&file.lock);
}

/* The script. */

static void grow(enum source_state state, uint64_t available_bytes)
{
	struct source_waiter *waiter;

	(void)pthread_mutex_lock(&file.lock);
	file.status.state = state;
	file.status.available_bytes = available_bytes;
	if (state == SOURCE_WHOLE) {
		file.status.has_size = true;
		file.status.size_bytes = available_bytes;
	}
	waiter = file.waiter;
	if (waiter != NULL && is_reached(&file.status, waiter->wanted_bytes)) {
		file.waiter = NULL;
		waiter->is_waiting = false;
		waiter->on_change(waiter->context);
	}
	(void)pthread_mutex_unlock(&file.lock);
}

static struct timespec stuck_time(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	time.tv_sec += STUCK_S;
	return time;
}

/* Until *number, which the lock guards, is what it should be. */
static void await_number(const unsigned *number, unsigned expected)
{
	struct timespec time = stuck_time();
	int error = 0;

	(void)pthread_mutex_lock(&file.lock);
	while (*number != expected && error == 0)
		error = pthread_cond_timedwait(&file.news, &file.lock, &time);
	(void)pthread_mutex_unlock(&file.lock);
	assert_int_equal(error, 0);
}

static unsigned number_of(const unsigned *number)
{
	unsigned value;

	(void)pthread_mutex_lock(&file.lock);
	value = *number;
	(void)pthread_mutex_unlock(&file.lock);
	return value;
}

static void await_opening(void)
{
	struct timespec time = stuck_time();
	int error = 0;

	(void)pthread_mutex_lock(&file.lock);
	while (!opening.has_come && error == 0)
		error = pthread_cond_timedwait(&file.news, &file.lock, &time);
	(void)pthread_mutex_unlock(&file.lock);
	assert_int_equal(error, 0);
}

/* The server. */

struct server {
	struct loop *loop;
	struct activity *activity;
	struct session_table *sessions;
	struct http_service *service;
	struct config config;
};

static int bind_to(uint16_t port, uint16_t *out_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in local = { .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(LOOPBACK) };
	socklen_t size = sizeof(local);

	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	*out_port = ntohs(local.sin_port);
	return fd;
}

static int set_up(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	struct http_service_parts parts;
	int error;

	assert_non_null(server);
	(void)log_open(LOG_TO_NOWHERE, NULL, LOG_AT_CRITICAL);
	server->loop = loop_new();
	server->activity = activity_new();
	server->sessions = session_table_new(4);
	server->config.httpd = (struct httpd_config){
		.connections_max = 8, .connections_each_max = 4, .timeout_ms = 60000, .workers = 2
	};
	server->config.bootp.may_unknown_read_files = true;
	parts = (struct http_service_parts){ .loop = server->loop,
					     .sessions = server->sessions,
					     .activity = server->activity,
					     .config = &server->config };
	do { /* on a port that was free a moment ago */
		int fd = bind_to(0, &server->config.httpd.port);

		close_fd(&fd);
		error = http_service_open(&parts, &server->service);
	} while (error == -EADDRINUSE);
	assert_int_equal(error, 0);
	assert_int_equal(http_service_start(server->service), 0);
	memset(&opening, 0, sizeof(opening));
	file.status = (struct source_status){ .has_size = true, .size_bytes = FILE_SIZE };
	file.version = (struct source_version){ .tag = "\"v\"", .modified_s = 784111777 };
	file.waiter = NULL;
	file.is_changed = false;
	file.wait_count = 0;
	*state = server;
	return 0;
}

static void stop(struct server *server)
{
	http_service_stop(server->service);
	server->service = NULL;
}

static int tear_down(void **state)
{
	struct server *server = *state;

	stop(server);
	assert_int_equal(file.open_count, 0);
	loop_free(server->loop);
	session_table_free(server->sessions);
	activity_free(server->activity);
	free(server);
	return 0;
}

/* The client. */

static int connect_to(const struct server *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(server->config.httpd.port),
				  .sin_addr.s_addr = htonl(LOOPBACK) };
	struct timeval stuck = { .tv_sec = STUCK_S };

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stuck, sizeof(stuck)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int request(const struct server *server, const char *text)
{
	int fd = connect_to(server);

	send_text(fd, text);
	return fd;
}

#define GET "GET /file HTTP/1.1\r\nHost: h\r\n\r\n"

/* The headers, byte by byte, so that nothing of the body is taken. */
static void read_headers(int fd, char headers[1024])
{
	size_t length = 0;

	while (length < 4 || memcmp(headers + length - 4, "\r\n\r\n", 4) != 0) {
		assert_true(length < 1023);
		assert_int_equal(recv(fd, headers + length, 1, 0), 1);
		length++;
	}
	headers[length] = '\0';
}

static void assert_has(const char *headers, const char *line)
{
	if (strstr(headers, line) == NULL)
		fail_msg("\"%s\" is not in: %s", line, headers);
}

static void expect_bytes(int fd, uint64_t offset, size_t length)
{
	static uint8_t bytes[FILE_SIZE];

	assert_true(length <= sizeof(bytes));
	assert_int_equal(recv(fd, bytes, length, MSG_WAITALL), length);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != byte_at(offset + i))
			fail_msg("byte %zu is wrong", (size_t)(offset + i));
	}
}

/* The end of the connection: 0, or the errno. */
static int end_of(int fd)
{
	static char bytes[4096];
	ssize_t count;

	while ((count = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		;
	return count == 0 ? 0 : errno;
}

static void expect_text(int fd, const char *text)
{
	char bytes[512];

	assert_true(strlen(text) < sizeof(bytes));
	assert_int_equal(recv(fd, bytes, strlen(text), MSG_WAITALL), strlen(text));
	assert_memory_equal(bytes, text, strlen(text));
}

/* Counters rise once the client has its bytes; there is nothing to wait for but them. */
static void await_event(const struct server *server, enum event_kind kind, unsigned count)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < STUCK_S * 1000 && activity_count(server->activity, kind) < count; i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(activity_count(server->activity, kind), count);
}

/* The tests. */

static void a_growing_file_is_sent_as_it_comes(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd;

	grow(SOURCE_GROWING, 10);
	fd = request(server, GET);
	read_headers(fd, headers);
	assert_has(headers, "200 OK\r\n");
	assert_has(headers, "Content-Length: 200000\r\n");
	assert_has(headers, "ETag: \"v\"\r\n");
	expect_bytes(fd, 0, 10);
	await_number(&file.wait_count, 1);
	grow(SOURCE_GROWING, 70000);
	expect_bytes(fd, 10, 70000 - 10);
	await_number(&file.wait_count, 2);
	grow(SOURCE_WHOLE, FILE_SIZE);
	expect_bytes(fd, 70000, FILE_SIZE - 70000);
	await_event(server, EVENT_HTTP_SENT, 1);
	/* And the connection goes on. */
	send_text(fd, GET);
	read_headers(fd, headers);
	expect_bytes(fd, 0, FILE_SIZE);
	close_fd(&fd);
}

static void a_part_of_a_growing_file_waits_for_its_bytes(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd;

	grow(SOURCE_GROWING, 10);
	fd = request(server, "GET /file HTTP/1.1\r\nHost: h\r\nRange: bytes=50-59\r\n\r\n");
	await_number(&file.wait_count, 1);
	grow(SOURCE_GROWING, 55);
	read_headers(fd, headers);
	assert_has(headers, "206 Partial Content\r\n");
	assert_has(headers, "Content-Range: bytes 50-59/200000\r\n");
	expect_bytes(fd, 50, 5);
	await_number(&file.wait_count, 2);
	grow(SOURCE_GROWING, 1000);
	expect_bytes(fd, 55, 5);
	await_event(server, EVENT_HTTP_SENT, 1);
	close_fd(&fd);
}

static void without_a_size_the_body_is_chunked(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd;

	file.status.has_size = false;
	grow(SOURCE_GROWING, 3);
	fd = request(server, GET);
	read_headers(fd, headers);
	assert_has(headers, "Transfer-Encoding: chunked\r\n");
	assert_null(strstr(headers, "Content-Length"));
	assert_null(strstr(headers, "Accept-Ranges"));
	expect_text(fd, "3\r\n");
	expect_bytes(fd, 0, 3);
	await_number(&file.wait_count, 1);
	grow(SOURCE_WHOLE, 5);
	expect_text(fd, "\r\n2\r\n");
	expect_bytes(fd, 3, 2);
	expect_text(fd, "\r\n0\r\n\r\n");
	await_event(server, EVENT_HTTP_SENT, 1);
	close_fd(&fd);
}

static void without_chunks_the_end_of_the_connection_is_the_files(void **state)
{
	char headers[1024];
	int fd;

	file.status.has_size = false;
	grow(SOURCE_GROWING, 3);
	fd = request(*state, "GET /file HTTP/1.0\r\n\r\n");
	read_headers(fd, headers);
	assert_null(strstr(headers, "chunked"));
	expect_bytes(fd, 0, 3);
	await_number(&file.wait_count, 1);
	grow(SOURCE_WHOLE, 5);
	expect_bytes(fd, 3, 2);
	assert_int_equal(end_of(fd), 0);
	close_fd(&fd);
}

static void what_breaks_off_never_looks_whole(void **state)
{
	static const struct {
		const char *request;
		bool has_size;
	} rows[] = {
		{ GET, true },
		{ GET, false },
		{ "GET /file HTTP/1.0\r\n\r\n", true },
		{ "GET /file HTTP/1.0\r\n\r\n", false },
	};
	struct server *server = *state;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		char headers[1024];
		int fd;

		file.status = (struct source_status){ .has_size = rows[i].has_size,
						      .size_bytes = FILE_SIZE,
						      .refusal = CONTENT_BROKEN };
		file.wait_count = 0;
		grow(SOURCE_GROWING, 10);
		fd = request(server, rows[i].request);
		read_headers(fd, headers);
		await_number(&file.wait_count, 1);
		grow(SOURCE_FAILED, 10);
		assert_int_equal(end_of(fd), ECONNRESET);
		close_fd(&fd);
		await_event(server, EVENT_HTTP_READ_FAILED, i + 1);
	}
	assert_int_equal(activity_count(server->activity, EVENT_HTTP_SENT), 0);
}

static void a_head_waits_for_no_bytes(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd = request(server, "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n");

	read_headers(fd, headers);
	assert_has(headers, "Content-Length: 200000\r\n");
	await_event(server, EVENT_HTTP_ASKED, 1);
	assert_int_equal(file.wait_count, 0);
	close_fd(&fd);
}

static void what_the_client_has_is_told_with_its_size(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd = request(server, "GET /file HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"v\"\r\n\r\n");

	read_headers(fd, headers);
	assert_has(headers, "304 Not Modified\r\n");
	assert_has(headers, "ETag: \"v\"\r\n");
	assert_null(strstr(headers, "Content-Length: 0"));
	await_event(server, EVENT_HTTP_ASKED, 1);
	close_fd(&fd);
}

static void no_header_is_empty(void **state)
{
	char headers[1024];
	int fd;

	file.version = (struct source_version){ .tag = "" };
	grow(SOURCE_WHOLE, 10);
	fd = request(*state, GET);
	read_headers(fd, headers);
	assert_null(strstr(headers, "ETag"));
	assert_null(strstr(headers, "Last-Modified"));
	assert_null(strstr(headers, ": \r\n"));
	close_fd(&fd);
}

static void every_refusal_has_its_status(void **state)
{
	static const struct {
		enum content_refusal refusal;
		const char *status;
		enum event_kind event;
	} rows[] = {
		{ CONTENT_BAD_NAME, "404 ", EVENT_HTTP_NOT_FOUND },
		{ CONTENT_NOT_FOUND, "404 ", EVENT_HTTP_NOT_FOUND },
		{ CONTENT_FORBIDDEN, "403 ", EVENT_HTTP_REFUSED },
		{ CONTENT_OUT_OF_RESOURCES, "503 ", EVENT_HTTP_BUSY },
		{ CONTENT_UNREADABLE, "500 ", EVENT_HTTP_READ_FAILED },
		{ CONTENT_UNREACHABLE, "504 ", EVENT_HTTP_READ_FAILED },
		{ CONTENT_BROKEN, "502 ", EVENT_HTTP_READ_FAILED },
	};
	struct server *server = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t before = activity_count(server->activity, rows[i].event);
		char headers[1024];
		int fd;

		opening.refusal = rows[i].refusal;
		fd = request(server, GET);
		read_headers(fd, headers);
		assert_has(headers, rows[i].status);
		assert_has(headers, "Content-Type: text/plain; charset=utf-8\r\n");
		assert_int_equal(activity_count(server->activity, rows[i].event), before + 1);
		close_fd(&fd);
	}
}

static void a_file_may_be_opened_later(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd;

	opening.is_late = true;
	grow(SOURCE_WHOLE, 10);
	fd = request(server, GET);
	await_opening();
	answer_opening(opening.on_open, opening.context);
	read_headers(fd, headers);
	assert_has(headers, "Content-Length: 10\r\n");
	expect_bytes(fd, 0, 10);
	await_event(server, EVENT_HTTP_SENT, 1);
	close_fd(&fd);
}

static void a_client_that_leaves_lets_go_of_the_file(void **state)
{
	char headers[1024];
	int fd;

	grow(SOURCE_GROWING, 10);
	fd = request(*state, GET);
	read_headers(fd, headers);
	await_number(&file.wait_count, 1);
	close_fd(&fd);
	grow(SOURCE_GROWING, 20);
	/* The first bytes are sent to nobody, which the next ones notice. */
	for (uint64_t size = 30; size < 1000 && number_of(&file.open_count) > 0; size++)
		grow(SOURCE_GROWING, size);
	grow(SOURCE_FAILED, 1000);
	await_number(&file.open_count, 0);
}

static void the_end_waits_for_nobody(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int growing;
	int late;

	grow(SOURCE_GROWING, 10);
	growing = request(server, GET);
	read_headers(growing, headers);
	await_number(&file.wait_count, 1);
	opening.is_late = true;
	late = request(server, GET);
	await_opening();
	stop(server);
	assert_int_equal(file.open_count, 0);
	assert_int_equal(end_of(growing), ECONNRESET);
	close_fd(&growing);
	close_fd(&late);
	/* Its content answers all the same. */
	answer_opening(opening.on_open, opening.context);
	assert_int_equal(file.open_count, 0);
}

static void a_file_that_changed_is_not_told_as_sent(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fd;

	grow(SOURCE_WHOLE, FILE_SIZE);
	file.is_changed = true;
	fd = request(server, GET);
	read_headers(fd, headers);
	(void)end_of(fd);
	await_event(server, EVENT_HTTP_FILE_CHANGED, 1);
	assert_int_equal(activity_count(server->activity, EVENT_HTTP_SENT), 0);
	close_fd(&fd);
}

static void one_address_has_its_share_of_connections(void **state)
{
	struct server *server = *state;
	char headers[1024];
	int fds[5];

	grow(SOURCE_WHOLE, 1);
	for (size_t i = 0; i < 4; i++) {
		fds[i] = request(server, GET);
		read_headers(fds[i], headers);
	}
	fds[4] = connect_to(server);
	(void)end_of(fds[4]);
	await_event(server, EVENT_HTTP_TOO_MANY, 1);
	close_fd(&fds[0]);
	/* Until the server has seen that one go, others may still be refused. */
	do {
		close_fd(&fds[4]);
		fds[4] = request(server, GET);
	} while (recv(fds[4], headers, 1, 0) != 1);
	for (size_t i = 1; i < 5; i++)
		close_fd(&fds[i]);
}

static void denied_and_unknown_machines_get_nothing(void **state)
{
	struct server *server = *state;
	uint64_t now_s;
	struct timespec now;
	struct session *session;
	char headers[1024];
	int fd;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	now_s = (uint64_t)now.tv_sec;
	grow(SOURCE_WHOLE, 1);
	session_lock(server->sessions);
	session = session_open(server->sessions, mac_of(MACHINE), now_s);
	session_set_address(server->sessions, session, (struct ip4){ LOOPBACK }, 0);
	session->is_denied = true;
	session_unlock(server->sessions);
	fd = request(server, GET);
	read_headers(fd, headers);
	assert_has(headers, "403 Forbidden\r\n");
	close_fd(&fd);
	assert_int_equal(activity_count(server->activity, EVENT_HTTP_DENIED), 1);
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_growing_file_is_sent_as_it_comes),
		SERVER_TEST(a_part_of_a_growing_file_waits_for_its_bytes),
		SERVER_TEST(without_a_size_the_body_is_chunked),
		SERVER_TEST(without_chunks_the_end_of_the_connection_is_the_files),
		SERVER_TEST(what_breaks_off_never_looks_whole),
		SERVER_TEST(a_head_waits_for_no_bytes),
		SERVER_TEST(what_the_client_has_is_told_with_its_size),
		SERVER_TEST(no_header_is_empty),
		SERVER_TEST(every_refusal_has_its_status),
		SERVER_TEST(a_file_may_be_opened_later),
		SERVER_TEST(a_client_that_leaves_lets_go_of_the_file),
		SERVER_TEST(the_end_waits_for_nobody),
		SERVER_TEST(a_file_that_changed_is_not_told_as_sent),
		SERVER_TEST(one_address_has_its_share_of_connections),
		SERVER_TEST(denied_and_unknown_machines_get_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
