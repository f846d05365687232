/* The control socket over a store in memory: a client of the test's own, in the same loop's turns.
 */
#include "control/control.h"

#include "io/local.h"
#include "lease/lease_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST      0x0a000001
#define ADDRESSES  5000
#define ANSWER_MAX (1 << 20)

struct fixture {
	char folder[64];
	char path[80];
	struct loop *loop;
	struct lease_store *leases;
	struct control *control;
	struct watch *watch;
	int fd; /* the client's end */
	char *answer;
	size_t length;
};

static struct fixture fixture;

static int set_up(void **state)
{
	struct address_range range = { { FIRST }, { FIRST + ADDRESSES - 1 } };
	struct lease_pool pool = { &range, 1 };

	(void)state;
	fixture = (struct fixture){ .folder = "/tmp/bootd-control-XXXXXX", .fd = -1 };
	fixture.answer = calloc(1, ANSWER_MAX);
	if (mkdtemp(fixture.folder) == NULL || fixture.answer == NULL)
		return -1;
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/control", fixture.folder);
	fixture.loop = loop_new();
	fixture.leases = lease_memory_new();
	if (fixture.leases->operations->set_pools(fixture.leases, &pool, 1, NULL, 0) < 0)
		return -1;
	return control_open(fixture.loop, fixture.path, fixture.leases, &fixture.control);
}

static int tear_down(void **state)
{
	(void)state;
	watch_free(fixture.watch);
	if (fixture.fd >= 0)
		(void)close(fixture.fd);
	if (fixture.leases != NULL)
		fixture.leases->operations->close(fixture.leases);
	control_close(fixture.control);
	loop_free(fixture.loop);
	(void)unlink(fixture.path);
	(void)rmdir(fixture.folder);
	free(fixture.answer);
	return 0;
}

static void on_kept(void *context, int error)
{
	*(int *)context = error;
}

static void keep(uint32_t number, enum lease_state state, bool is_owned)
{
	struct lease lease = { .address = { FIRST + number },
			       .mac = { { 2, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number } },
			       .state = state,
			       .expires_s = LEASE_FOR_EVER };
	int error = -1;

	if (is_owned)
		lease.owner = lease_identity_of_mac(lease.mac);
	fixture.leases->operations->commit(fixture.leases, &lease, on_kept, &error);
	assert_int_equal(error, 0);
}

/* Reads on to the end of the connection. */
static void on_answer(void *context)
{
	ssize_t length = recv(fixture.fd, fixture.answer + fixture.length,
			      ANSWER_MAX - 1 - fixture.length, MSG_DONTWAIT);

	(void)context;
	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0) {
		watch_free(fixture.watch);
		fixture.watch = NULL;
		loop_stop(fixture.loop);
		return;
	}
	fixture.length += (size_t)length;
}

static void connect_client(void)
{
	fixture.length = 0;
	memset(fixture.answer, 0, ANSWER_MAX);
	if (fixture.fd >= 0)
		(void)close(fixture.fd);
	assert_int_equal(local_connect(fixture.path, &fixture.fd), 0);
	fixture.watch = watch_new(fixture.loop, fixture.fd, on_answer, NULL);
	assert_non_null(fixture.watch);
}

static const char *ask(const char *request)
{
	connect_client();
	assert_int_equal(send(fixture.fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	loop_run(fixture.loop);
	return fixture.answer;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void leases_are_listed_by_address(void **state)
{
	const char *answer;

	(void)state;
	assert_string_equal(ask("{\"command\": \"leases\"}\n"), "{\"end\": true}\n");
	keep(300, LEASE_BOUND, true);
	keep(2, LEASE_OFFERED, true);
	keep(4, LEASE_DECLINED, false);
	keep(5, LEASE_OFFERED, false); /* held back, to be tried */
	answer = ask("{\"command\": \"leases\"}\n");
	assert_int_equal(count_lines(answer), 4);
	assert_non_null(strstr(answer, "{\"address\": \"10.0.0.3\""));
	assert_true(strstr(answer, "\"10.0.0.3\"") < strstr(answer, "\"10.0.0.5\""));
	assert_true(strstr(answer, "\"10.0.0.5\"") < strstr(answer, "\"10.0.1.45\""));
	assert_string_equal(strstr(answer, "{\"end\""), "{\"end\": true}\n");
}

/* More than goes into one turn, or into the socket. */
static void thousands_of_leases_are_listed_once_each(void **state)
{
	const char *answer;
	uint32_t expected = 0;
	char address[32];

	(void)state;
	for (uint32_t i = 0; i < ADDRESSES; i++)
		keep(i, LEASE_BOUND, true);
	answer = ask("{\"command\": \"leases\"}\n");
	assert_int_equal(count_lines(answer), ADDRESSES + 1);
	for (const char *line = answer; expected < ADDRESSES; expected++) {
		(void)snprintf(address, sizeof(address), "{\"address\": \"%s\"",
			       ip4_format((struct ip4){ FIRST + expected }).text);
		assert_memory_equal(line, address, strlen(address));
		line = strchr(line, '\n') + 1;
	}
}

static void a_lease_is_released(void **state)
{
	const struct lease *lease;

	(void)state;
	keep(7, LEASE_BOUND, true);
	assert_string_equal(ask("{\"command\": \"release\", \"address\": \"10.0.0.8\"}\n"),
			    "{\"end\": true}\n");
	lease = fixture.leases->operations->find_address(fixture.leases, (struct ip4){ FIRST + 7 });
	assert_non_null(lease);
	assert_int_equal(lease->state, LEASE_RELEASED);
	assert_true(lease->expires_s <= loop_now_ms(fixture.loop) / 1000);
	assert_string_equal(ask("{\"command\": \"release\", \"address\": \"10.0.0.9\"}\n"),
			    "{\"error\": \"there is no lease of that address\"}\n");
	assert_string_equal(ask("{\"command\": \"release\", \"address\": \"10.9.0.9\"}\n"),
			    "{\"error\": \"there is no lease of that address\"}\n");
}

static void what_is_no_request_is_told_so(void **state)
{
	static const char wrong[] = "{\"error\": \"this is no request that bootd knows\"}\n";
	char endless[CONTROL_REQUEST_MAX + 1];

	(void)state;
	assert_string_equal(ask("\n"), wrong);
	assert_string_equal(ask("{\"command\": \"end\"}\n"), wrong);
	memset(endless, ' ', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_string_equal(ask(endless), wrong);
	/* What follows the first line is not read. */
	assert_string_equal(ask("{\"command\": \"leases\"}\n{\"command\": \"no\"}\n"),
			    "{\"end\": true}\n");
}

static void a_client_that_leaves_is_forgotten(void **state)
{
	(void)state;
	/* One by one they would take all places. */
	for (unsigned i = 0; i < 30; i++) {
		connect_client();
		assert_int_equal(send(fixture.fd, "{", 1, MSG_NOSIGNAL), 1);
		watch_free(fixture.watch);
		fixture.watch = NULL;
		assert_string_equal(ask("{\"command\": \"leases\"}\n"), "{\"end\": true}\n");
	}
}

static void a_bootd_without_leases_says_so(void **state)
{
	(void)state;
	control_close(fixture.control);
	fixture.leases->operations->close(fixture.leases);
	fixture.leases = NULL;
	assert_int_equal(control_open(fixture.loop, fixture.path, NULL, &fixture.control), 0);
	assert_string_equal(ask("{\"command\": \"leases\"}\n"),
			    "{\"error\": \"this bootd serves no DHCP, and has no leases\"}\n");
}

static void one_socket_is_one_bootds(void **state)
{
	struct control *other = NULL;

	(void)state;
	assert_int_equal(control_open(fixture.loop, fixture.path, fixture.leases, &other),
			 -EADDRINUSE);
	assert_null(other);
	assert_int_equal(control_open(fixture.loop, fixture.folder, fixture.leases, &other),
			 -EEXIST);
	/* What a bootd that is gone left behind is taken over. */
	control_close(fixture.control);
	assert_int_equal(control_open(fixture.loop, fixture.path, fixture.leases, &fixture.control),
			 0);
	assert_string_equal(ask("{\"command\": \"leases\"}\n"), "{\"end\": true}\n");
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CONTROL_TEST(leases_are_listed_by_address),
		CONTROL_TEST(thousands_of_leases_are_listed_once_each),
		CONTROL_TEST(a_lease_is_released),
		CONTROL_TEST(what_is_no_request_is_told_so),
		CONTROL_TEST(a_client_that_leaves_is_forgotten),
		CONTROL_TEST(a_bootd_without_leases_says_so),
		CONTROL_TEST(one_socket_is_one_bootds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
