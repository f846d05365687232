/* Asks a real web server, tests/authority/server.py, whose paths say how it behaves. A test that
 * hangs fails by the time limit that the build gives it. */
#include "authority/authority.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SERVER      SOURCE_ROOT "/tests/authority/server.py"
#define REPLIES_MAX 64
#define LONG_MS     3600000 /* never reached */
#define SHORT_MS    300
#define PARALLEL    4
#define WAITING     (PARALLEL * 16)

static const struct mac some_mac = { { 0x00, 0xaa, 0x55, 0x12, 0x34, 0xfe } };
static const struct uuid some_uuid = { { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99,
					 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } };

struct server {
	pid_t pid;
	int input; /* the server ends when it is closed */
	unsigned port;
};

static struct server server;

/* The loop, and the replies in the order in which they came. */
struct asker {
	struct loop *loop;
	struct authority *authority;
	struct authority_reply replies[REPLIES_MAX * 2];
	unsigned reply_count;
	unsigned wanted_count; /* the loop stops with this one */
};

static struct server server_start(const char *option)
{
	char *arguments[] = { "python3", SERVER, (char *)(uintptr_t)option, NULL };
	struct server started = { 0 };
	posix_spawn_file_actions_t actions;
	int input[2];
	int output[2];
	FILE *lines;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	(void)posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
	assert_int_equal(posix_spawnp(&started.pid, "python3", &actions, NULL, arguments, environ),
			 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(input[0]);
	(void)close(output[1]);
	started.input = input[1];
	lines = fdopen(output[0], "r");
	assert_non_null(lines);
	assert_int_equal(fscanf(lines, "%u", &started.port), 1);
	(void)fclose(lines);
	return started;
}

static void server_stop(const struct server *stopped)
{
	int status;

	(void)close(stopped->input);
	assert_int_equal(waitpid(stopped->pid, &status, 0), stopped->pid);
	assert_int_equal(status, 0);
}

static int start_server(void **state)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
					       "all_proxy",  "ALL_PROXY",   "no_proxy",
					       "NO_PROXY" };

	(void)state;
	for (size_t i = 0; i < COUNT(proxies); i++)
		(void)unsetenv(proxies[i]);
	server = server_start(NULL);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

static struct authority *new_authority(struct loop *loop, const char *location, const char *path,
				       uint32_t timeout_ms)
{
	const struct authority_settings settings = {
		.location = location,
		.pxe_path = path,
		.dhcp_path = "/grant/dhcp",
		.timeout_ms = timeout_ms,
		.parallel_max = PARALLEL,
	};
	struct authority *authority = NULL;

	assert_int_equal(authority_new(loop, &settings, &authority), 0);
	assert_non_null(authority);
	return authority;
}

static void asker_open_at(struct asker *asker, const char *location, const char *path,
			  uint32_t timeout_ms)
{
	*asker = (struct asker){ .loop = loop_new() };
	assert_non_null(asker->loop);
	asker->authority = new_authority(asker->loop, location, path, timeout_ms);
}

static void asker_open(struct asker *asker, const char *path, uint32_t timeout_ms)
{
	char location[64];

	assert_true(text_format(location, sizeof(location), "http://127.0.0.1:%u", server.port));
	asker_open_at(asker, location, path, timeout_ms);
}

static void asker_close(struct asker *asker)
{
	authority_free(asker->authority);
	loop_free(asker->loop);
}

static void on_reply(void *context, const struct authority_reply *reply)
{
	struct asker *asker = context;

	assert_in_range(asker->reply_count, 0, COUNT(asker->replies) - 1);
	asker->replies[asker->reply_count++] = *reply;
	if (asker->reply_count == asker->wanted_count)
		loop_stop(asker->loop);
}

static void ask(struct asker *asker)
{
	const struct authority_question question = { .mac = some_mac, .is_boot_stage = true };
	unsigned before = asker->reply_count;

	assert_int_equal(authority_ask(asker->authority, &question, on_reply, asker), 0);
	assert_int_equal(asker->reply_count, before);
}

static void await_replies(struct asker *asker, unsigned count)
{
	asker->wanted_count = count;
	if (asker->reply_count < count)
		loop_run(asker->loop);
	assert_int_equal(asker->reply_count, count);
}

/* One question to this path of the server. */
static struct authority_reply reply_of(const char *path, uint32_t timeout_ms)
{
	struct asker asker;

	asker_open(&asker, path, timeout_ms);
	ask(&asker);
	await_replies(&asker, 1);
	asker_close(&asker);
	return asker.replies[0];
}

static void replies_have_their_meaning(void **state)
{
	static const struct {
		const char *path;
		enum authority_verdict verdict;
		int status;
	} cases[] = {
		{ "/grant", AUTHORITY_GRANTS, 200 },
		{ "/bare", AUTHORITY_GRANTS, 200 },
		{ "/slow", AUTHORITY_GRANTS, 200 },
		{ "/status/201", AUTHORITY_OTHER_STATUS, 201 },
		{ "/status/401", AUTHORITY_DENIES, 401 },
		{ "/status/403", AUTHORITY_DENIES, 403 },
		{ "/status/404", AUTHORITY_OTHER_STATUS, 404 },
		{ "/status/500", AUTHORITY_OTHER_STATUS, 500 },
		{ "/redirect", AUTHORITY_OTHER_STATUS, 302 },
		{ "/close", AUTHORITY_BAD_REPLY, 0 },
		{ "/short", AUTHORITY_BAD_REPLY, 200 },
		{ "/garbage", AUTHORITY_BAD_REPLY, 0 },
		{ "/headers/65536", AUTHORITY_GRANTS, 200 },
		{ "/headers/65537", AUTHORITY_BAD_REPLY, 200 },
		{ "/headers/1048576", AUTHORITY_BAD_REPLY, 200 },
		{ "/header", AUTHORITY_BAD_REPLY, 200 },
		{ "/continue", AUTHORITY_BAD_REPLY, 100 },
		{ "/body/65536", AUTHORITY_GRANTS, 200 },
		{ "/body/65537", AUTHORITY_BAD_REPLY, 200 },
		{ "/endless", AUTHORITY_BAD_REPLY, 200 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authority_reply reply = reply_of(cases[i].path, LONG_MS);

		if (reply.verdict != cases[i].verdict || reply.status != cases[i].status)
			fail_msg("%s: verdict %d, status %d", cases[i].path, (int)reply.verdict,
				 reply.status);
	}
}

static void names_come_only_from_a_granting_reply(void **state)
{
	struct authority_reply reply = reply_of("/grant", LONG_MS);

	(void)state;
	assert_string_equal(reply.client, "machine-7");
	assert_string_equal(reply.file, "/grant?mac=00-AA-55-12-34-FE");

	reply = reply_of("/bare", LONG_MS);
	assert_string_equal(reply.client, "");
	assert_string_equal(reply.file, "");

	reply = reply_of("/status/403", LONG_MS);
	assert_string_equal(reply.client, "");
	assert_string_equal(reply.file, "");

	reply = reply_of("/body/65537", LONG_MS);
	assert_string_equal(reply.client, "");
}

static void stage_and_uuid_are_told(void **state)
{
	struct authority_question question = {
		.mac = some_mac, .has_uuid = true, .uuid = some_uuid, .is_boot_stage = true
	};
	struct asker asker;

	(void)state;
	asker_open(&asker, "/grant/pxe", LONG_MS);
	assert_int_equal(authority_ask(asker.authority, &question, on_reply, &asker), 0);
	await_replies(&asker, 1);
	question.is_boot_stage = false;
	assert_int_equal(authority_ask(asker.authority, &question, on_reply, &asker), 0);
	await_replies(&asker, 2);
	asker_close(&asker);
	assert_string_equal(asker.replies[0].file, "/grant/pxe?mac=00-AA-55-12-34-FE"
						   "&uuid=00112233-4455-6677-8899-aabbccddeeff");
	assert_string_equal(asker.replies[1].file, "/grant/dhcp?mac=00-AA-55-12-34-FE"
						   "&uuid=00112233-4455-6677-8899-aabbccddeeff");
}

static void bootd_says_who_it_is(void **state)
{
	(void)state;
	assert_string_equal(reply_of("/agent", LONG_MS).file, "bootd/" BOOTD_VERSION);
}

static void a_connection_is_used_again(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/port", LONG_MS);
	for (unsigned i = 1; i <= 3; i++) {
		ask(&asker);
		await_replies(&asker, i);
	}
	asker_close(&asker);
	assert_string_not_equal(asker.replies[0].client, "");
	assert_string_equal(asker.replies[1].client, asker.replies[0].client);
	assert_string_equal(asker.replies[2].client, asker.replies[0].client);
}

static void what_takes_too_long_is_given_up(void **state)
{
	struct authority_reply reply = reply_of("/silent", SHORT_MS);

	(void)state;
	assert_int_equal(reply.verdict, AUTHORITY_TIMED_OUT);
	assert_int_equal(reply.status, 0);
	assert_int_equal(reply_of("/drip", SHORT_MS).verdict, AUTHORITY_TIMED_OUT);
}

/* A question that waits for its turn uses up its time too. */
static void waiting_counts(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/silent", SHORT_MS);
	for (unsigned i = 0; i < PARALLEL + 1; i++)
		ask(&asker);
	await_replies(&asker, PARALLEL + 1);
	asker_close(&asker);
	for (unsigned i = 0; i < PARALLEL + 1; i++)
		assert_int_equal(asker.replies[i].verdict, AUTHORITY_TIMED_OUT);
}

/* A port that is taken, where nobody listens. */
static void a_server_that_is_down_is_unreachable(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct asker asker;
	char location[64];

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	assert_true(text_format(location, sizeof(location), "http://127.0.0.1:%u",
				ntohs(address.sin_port)));
	asker_open_at(&asker, location, "/grant", LONG_MS);
	ask(&asker);
	await_replies(&asker, 1);
	asker_close(&asker);
	(void)close(fd);
	assert_int_equal(asker.replies[0].verdict, AUTHORITY_UNREACHABLE);
	assert_int_equal(asker.replies[0].status, 0);
}

static void only_http_and_https_are_spoken(void **state)
{
	struct asker asker;

	(void)state;
	asker_open_at(&asker, "file://" SERVER, "", LONG_MS);
	ask(&asker);
	await_replies(&asker, 1);
	asker_close(&asker);
	assert_int_equal(asker.replies[0].verdict, AUTHORITY_UNREACHABLE);
}

static void a_certificate_that_nobody_signed_is_refused(void **state)
{
	struct server secure = server_start("--tls");
	struct asker asker;
	char location[64];

	(void)state;
	assert_true(text_format(location, sizeof(location), "https://127.0.0.1:%u", secure.port));
	asker_open_at(&asker, location, "/grant", LONG_MS);
	ask(&asker);
	await_replies(&asker, 1);
	asker_close(&asker);
	server_stop(&secure);
	assert_int_equal(asker.replies[0].verdict, AUTHORITY_UNREACHABLE);
	assert_int_equal(asker.replies[0].status, 0);
}

static void the_proxy_of_the_environment_is_used(void **state)
{
	struct asker asker;
	char proxy[64];

	(void)state;
	assert_true(text_format(proxy, sizeof(proxy), "http://127.0.0.1:%u", server.port));
	assert_int_equal(setenv("http_proxy", proxy, 1), 0);
	asker_open_at(&asker, "http://authority.invalid", "/grant", LONG_MS);
	ask(&asker);
	await_replies(&asker, 1);
	asker_close(&asker);
	assert_int_equal(unsetenv("http_proxy"), 0);
	assert_int_equal(asker.replies[0].verdict, AUTHORITY_GRANTS);
	assert_string_equal(asker.replies[0].file,
			    "http://authority.invalid/grant?mac=00-AA-55-12-34-FE");
}

/* The server answers none of them before PARALLEL of them are in, and counts them. */
static void many_are_asked_at_once_up_to_the_bound(void **state)
{
	struct authority_reply most;
	struct asker asker;
	char wanted[16];

	(void)state;
	asker_open(&asker, "/together/4", LONG_MS);
	for (unsigned i = 0; i < PARALLEL * 5; i++)
		ask(&asker);
	await_replies(&asker, PARALLEL * 5);
	asker_close(&asker);
	for (unsigned i = 0; i < PARALLEL * 5; i++)
		assert_int_equal(asker.replies[i].verdict, AUTHORITY_GRANTS);
	most = reply_of("/most", LONG_MS);
	assert_true(text_format(wanted, sizeof(wanted), "most-%d", PARALLEL));
	assert_string_equal(most.client, wanted);
}

static void too_many_are_told_so(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/silent", LONG_MS);
	for (unsigned i = 0; i < PARALLEL + WAITING; i++)
		ask(&asker);
	ask(&asker);
	ask(&asker);
	await_replies(&asker, 2);
	assert_int_equal(asker.replies[0].verdict, AUTHORITY_BUSY);
	assert_int_equal(asker.replies[1].verdict, AUTHORITY_BUSY);
	/* still full */
	ask(&asker);
	await_replies(&asker, 3);
	assert_int_equal(asker.replies[2].verdict, AUTHORITY_BUSY);
	asker_close(&asker);
	assert_int_equal(asker.reply_count, 3);
}

static void room_is_made_by_each_reply(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/bare", LONG_MS);
	for (unsigned round = 1; round <= 2; round++) {
		for (unsigned i = 0; i < PARALLEL + WAITING - 10; i++)
			ask(&asker);
		await_replies(&asker, round * (PARALLEL + WAITING - 10));
	}
	asker_close(&asker);
	for (unsigned i = 0; i < asker.reply_count; i++)
		assert_int_equal(asker.replies[i].verdict, AUTHORITY_GRANTS);
}

static void ask_again(void *context, const struct authority_reply *reply)
{
	struct asker *asker = context;

	on_reply(asker, reply);
	if (asker->reply_count < asker->wanted_count)
		ask(asker);
}

static void a_reply_may_ask_again(void **state)
{
	const struct authority_question question = { .mac = some_mac, .is_boot_stage = true };
	struct asker asker;

	(void)state;
	asker_open(&asker, "/bare", LONG_MS);
	assert_int_equal(authority_ask(asker.authority, &question, ask_again, &asker), 0);
	await_replies(&asker, 2);
	asker_close(&asker);
	assert_int_equal(asker.replies[1].verdict, AUTHORITY_GRANTS);
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

/* Gives what was left behind time to be called. */
static void run_for_a_while(struct loop *loop)
{
	struct timer *timer = timer_new(loop, stop_loop, loop);

	assert_non_null(timer);
	timer_start(timer, 50);
	loop_run(loop);
	timer_free(timer);
}

/* One that waited for the server's answer would wait for an hour. */
static void freeing_waits_for_no_server_and_nothing_is_called_after(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/silent/freed", LONG_MS);
	for (unsigned i = 0; i < PARALLEL * 2; i++)
		ask(&asker);
	assert_int_equal(reply_of("/after/freed", LONG_MS).verdict, AUTHORITY_GRANTS);
	authority_free(asker.authority);
	run_for_a_while(asker.loop);
	loop_free(asker.loop);
	assert_int_equal(asker.reply_count, 0);
}

/* The replies of those that found no room are ready already. */
static void freeing_forgets_replies_that_are_ready(void **state)
{
	struct asker asker;

	(void)state;
	asker_open(&asker, "/silent", LONG_MS);
	for (unsigned i = 0; i < PARALLEL + WAITING + 5; i++)
		ask(&asker);
	authority_free(asker.authority);
	run_for_a_while(asker.loop);
	loop_free(asker.loop);
	assert_int_equal(asker.reply_count, 0);
}

static void wrong_settings_are_refused(void **state)
{
	static char long_path[4096];
	const struct authority_settings good = { "http://127.0.0.1", "/a", "/b", 1000, 1 };
	struct authority_settings settings;
	struct authority *authority = NULL;
	struct loop *loop = loop_new();

	(void)state;
	memset(long_path, '/', sizeof(long_path) - 1);
	settings = good;
	settings.timeout_ms = 0;
	assert_int_equal(authority_new(loop, &settings, &authority), -EINVAL);
	settings = good;
	settings.parallel_max = 0;
	assert_int_equal(authority_new(loop, &settings, &authority), -EINVAL);
	settings = good;
	settings.pxe_path = long_path;
	assert_int_equal(authority_new(loop, &settings, &authority), -ENAMETOOLONG);
	settings = good;
	settings.dhcp_path = long_path;
	assert_int_equal(authority_new(loop, &settings, &authority), -ENAMETOOLONG);
	assert_null(authority);
	authority_free(NULL);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_have_their_meaning),
		cmocka_unit_test(names_come_only_from_a_granting_reply),
		cmocka_unit_test(stage_and_uuid_are_told),
		cmocka_unit_test(bootd_says_who_it_is),
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(what_takes_too_long_is_given_up),
		cmocka_unit_test(waiting_counts),
		cmocka_unit_test(a_server_that_is_down_is_unreachable),
		cmocka_unit_test(only_http_and_https_are_spoken),
		cmocka_unit_test(a_certificate_that_nobody_signed_is_refused),
		cmocka_unit_test(the_proxy_of_the_environment_is_used),
		cmocka_unit_test(many_are_asked_at_once_up_to_the_bound),
		cmocka_unit_test(too_many_are_told_so),
		cmocka_unit_test(room_is_made_by_each_reply),
		cmocka_unit_test(a_reply_may_ask_again),
		cmocka_unit_test(freeing_waits_for_no_server_and_nothing_is_called_after),
		cmocka_unit_test(freeing_forgets_replies_that_are_ready),
		cmocka_unit_test(wrong_settings_are_refused),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
