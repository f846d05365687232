/* Files through a content whose root is a URL, from a real web server on the loopback interface. A
 * test that hangs fails by the time limit that the build gives it. */
#include "content/root_remote.h"

#include "base/text.h"
#include "content/cache.h"
#include "content/web_server.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define LONG_S     3600 /* never reached */

#define OK10      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
#define TAGGED    OK10 "ETag: \"one\"\r\n\r\n"
#define REST      "HTTP/1.1 206 Part\r\nETag: \"one\"\r\nContent-Length: 6\r\n"
#define RIGHT     REST "Content-Range: bytes 4-9/10\r\n\r\n456789"
#define DIGITS    "0123456789"
#define UNCHANGED "HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n"
#define ERROR_500 "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
#define MOVED(to) "HTTP/1.1 302 Found\r\nLocation: " to "\r\nContent-Length: 0\r\n\r\n"
#define CHUNKED   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* All below one server. */
static const struct web_page pages[] = {
	{ "/r/held", { OK10 "\r\n0123\v456789" } },
	{ "/r/held-head", { "HTTP/1.1 200 OK\r\n\vContent-Length: 10\r\n\r\n" DIGITS } },
	{ "/r/tagged", { TAGGED DIGITS, UNCHANGED } },
	{ "/r/changing", { TAGGED DIGITS, OK10 "ETag: \"two\"\r\n\r\nabcdefghij" } },
	{ "/r/going", { TAGGED DIGITS, "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n" } },
	{ "/r/troubled", { TAGGED DIGITS, ERROR_500 } },
	{ "/r/forbidden-now", { TAGGED DIGITS, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" } },
	{ "/r/empty", { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" } },
	{ "/r/chunked", { CHUNKED "4\r\n0123\r\n\v6\r\n456789\r\n0\r\n\r\n" } },
	{ "/r/chunks-cut", { CHUNKED "4\r\n0123\r\n\v6\r\n45" } },
	{ "/r/resumed", { TAGGED "0123", RIGHT } },
	{ "/r/resumed-late", { TAGGED "0123", ERROR_500, RIGHT } },
	{ "/r/resumed-twice",
	  { TAGGED "01", REST "Content-Range: bytes 2-9/10\r\n\r\n23",
	    "HTTP/1.1 206 Part\r\nETag: \"one\"\r\nContent-Length: 8\r\n"
	    "Content-Range: bytes 2-9/10\r\n\r\n23",
	    RIGHT } },
	{ "/r/whole-for-rest", { TAGGED "0123", TAGGED DIGITS } },
	{ "/r/other-rest",
	  { TAGGED "0123", "HTTP/1.1 206 Part\r\nETag: \"two\"\r\nContent-Length: 6\r\n"
			   "Content-Range: bytes 4-9/10\r\n\r\n456789" } },
	{ "/r/cut", { OK10 "\r\n0123\v", OK10 "\r\n" DIGITS } },
	{ "/r/endless", { "HTTP/1.1 200 OK\r\n\r\n" DIGITS } },
	{ "/r/encoded", { OK10 "Content-Encoding: gzip\r\n\r\n" DIGITS } },
	{ "/r/large", { "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" } },
	{ "/r/large-chunks", { CHUNKED "4\r\n0123\r\n\v6\r\n456789\r\n0\r\n\r\n" } },
	{ "/r/forbidden", { "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" } },
	{ "/r/locked", { "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n" } },
	{ "/r/error", { ERROR_500 } },
	{ "/r/moved-1", { MOVED("/r/moved-2") } },
	{ "/r/moved-2", { MOVED("moved-3") } },
	{ "/r/moved-3", { MOVED("/r/moved-4") } },
	{ "/r/moved-4", { MOVED("/r/tagged") } },
	{ "/r/moved-0", { MOVED("/r/moved-1") } },
	{ "/r/moved-out", { MOVED("file:///etc/passwd") } },
	{ "/r/held.ipxe", { "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nfor {mac} \v${mac}" } },
	{ "/r/cut.ipxe", { OK10 "\r\n{mac}\v" } },
	{ "/r/di/grubx64.efi", { TAGGED DIGITS } },
	{ "/r/di/grub/grub.cfg", { TAGGED DIGITS } },
	{ "/r/di/mmx64.efi", { ERROR_500 } },
	{ "/r/moved-nowhere", { "HTTP/1.1 302 Found\r\nContent-Length: 10\r\n\r\n" DIGITS } },
	{ NULL, { NULL } },
};

struct fixture {
	char folder[64];
	struct web_server *server;
	struct root_remote *remote;
	struct content *content;
	struct root_remote_settings settings;
	struct content_asker asker;

	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned events[REMOTE_EVENT_FAILED + 1];
	char detail[256]; /* of the last */
};

/* An opening under way, and what it came to. */
struct result {
	struct fixture *fixture;
	bool is_there;
	struct source *source;
	enum content_refusal refusal;
	char sentence[CONTENT_SENTENCE_SIZE];
	char path[256];
	struct loop *loop; /* to be stopped; NULL: none */
};

static void on_event(void *context, const struct remote_event *event)
{
	struct fixture *fixture = context;

	(void)pthread_mutex_lock(&fixture->lock);
	fixture->events[event->kind]++;
	assert_null(strstr(event->url, "secret"));
	if (event->detail != NULL)
		(void)text_format(fixture->detail, sizeof(fixture->detail), "%s", event->detail);
	(void)pthread_cond_broadcast(&fixture->change);
	(void)pthread_mutex_unlock(&fixture->lock);
}

static void await_event(struct fixture *fixture, enum remote_event_kind kind, unsigned count)
{
	(void)pthread_mutex_lock(&fixture->lock);
	while (fixture->events[kind] < count)
		(void)pthread_cond_wait(&fixture->change, &fixture->lock);
	assert_int_equal(fixture->events[kind], count);
	(void)pthread_mutex_unlock(&fixture->lock);
}

/* script: NULL for no templates. */
static struct content *content_of(const struct fixture *fixture, const char *user,
				  const char *script)
{
	struct content_settings settings = { .remote = fixture->remote, .script = script };
	struct content *content;
	char url[128];

	(void)snprintf(url, sizeof(url), "http://%s127.0.0.1:%u/r/", user,
		       web_server_port(fixture->server));
	settings.root = url;
	assert_int_equal(content_new(&settings, &content), 0);
	return content;
}

static void new_content(struct fixture *fixture, const char *user)
{
	fixture->content = content_of(fixture, user, NULL);
}

static void start_remote(struct fixture *fixture, const char *directory)
{
	const struct cache_settings settings = { .directory = directory,
						 .size_max_bytes = 1 << 20,
						 .memory_max_bytes = 1 << 20 };
	struct cache *cache;

	assert_int_equal(cache_open(&settings, &cache), 0);
	fixture->remote = root_remote_new(on_event, fixture);
	assert_non_null(fixture->remote);
	assert_false(root_remote_is_started(fixture->remote));
	assert_int_equal(root_remote_start(fixture->remote, cache, &fixture->settings), 0);
	assert_true(root_remote_is_started(fixture->remote));
}

static int set_up(void **state)
{
	const char *folder = getenv("TMPDIR");
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "%s/bootd-XXXXXX",
		       folder == NULL ? "/tmp" : folder);
	assert_non_null(mkdtemp(fixture->folder));
	fixture->settings = (struct root_remote_settings){
		.limits = { .connect_timeout_ms = 1000 * LONG_S,
			    .stall_timeout_s = LONG_S,
			    .redirects_max = 4,
			    .parallel_max = 8 },
		.policy = { .size_max_bytes = 1000,
			    .revalidate_after_s = LONG_S,
			    .missing_for_s = LONG_S },
	};
	(void)pthread_mutex_init(&fixture->lock, NULL);
	(void)pthread_cond_init(&fixture->change, NULL);
	fixture->server = web_server_start(pages);
	start_remote(fixture, fixture->folder);
	new_content(fixture, "");
	*state = fixture;
	return 0;
}

static void remove_folder(const char *name)
{
	DIR *folder = opendir(name);
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	(void)closedir(folder);
	assert_int_equal(rmdir(name), 0);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	content_free(fixture->content);
	root_remote_free(fixture->remote);
	web_server_stop(fixture->server);
	remove_folder(fixture->folder);
	free(fixture);
	return 0;
}

static void on_open(void *context, const struct content_answer *answer)
{
	struct result *result = context;
	struct fixture *fixture = result->fixture;
	struct loop *loop = result->loop; /* the result may be gone when it is there */

	(void)pthread_mutex_lock(&fixture->lock);
	assert_false(result->is_there);
	result->is_there = true;
	result->source = answer->source;
	result->refusal = answer->refusal;
	(void)text_copy(result->sentence, sizeof(result->sentence), answer->sentence);
	(void)text_copy(result->path, sizeof(result->path), answer->translated_path);
	(void)pthread_cond_broadcast(&fixture->change);
	(void)pthread_mutex_unlock(&fixture->lock);
	if (loop != NULL)
		loop_stop(loop);
}

static void begin_opening(struct fixture *fixture, const char *name, struct result *out_result)
{
	*out_result = (struct result){ .fixture = fixture };
	assert_int_equal(content_open_here(fixture->content,
					   (struct span){ (const uint8_t *)name, strlen(name) },
					   &fixture->asker, on_open, out_result),
			 0);
}

static void await_answer(struct result *result)
{
	struct fixture *fixture = result->fixture;

	(void)pthread_mutex_lock(&fixture->lock);
	while (!result->is_there)
		(void)pthread_cond_wait(&fixture->change, &fixture->lock);
	(void)pthread_mutex_unlock(&fixture->lock);
}

static struct result open_name(struct fixture *fixture, const char *name)
{
	struct result result;

	begin_opening(fixture, name, &result);
	await_answer(&result);
	return result;
}

static void on_change(void *context)
{
	struct result *result = context;
	struct fixture *fixture = result->fixture;

	(void)pthread_mutex_lock(&fixture->lock);
	result->is_there = true;
	(void)pthread_cond_broadcast(&fixture->change);
	(void)pthread_mutex_unlock(&fixture->lock);
}

/* Waits until so many bytes are there, or the file has ended. */
static struct source_status await_bytes(struct result *result, uint64_t wanted_bytes)
{
	struct source_waiter waiter = { .on_change = on_change, .context = result };

	result->is_there = false;
	if (source_wait(result->source, &waiter, wanted_bytes))
		await_answer(result);
	return source_status(result->source);
}

/* The whole file, which the source comes to; the source is closed. */
static void check_whole(struct result *result, const char *text)
{
	size_t length = strlen(text);
	uint8_t bytes[64] = { 0 };
	struct source_status status;
	uint64_t offset;

	assert_int_equal(result->refusal, CONTENT_OK);
	assert_non_null(result->source);
	status = await_bytes(result, UINT64_MAX);
	assert_int_equal(status.state, SOURCE_WHOLE);
	assert_true(status.has_size);
	assert_int_equal(status.size_bytes, length);
	assert_int_equal(source_read(result->source, 0, bytes, length), 0);
	assert_memory_equal(bytes, text, length);
	assert_true(source_descriptor(result->source, &offset) >= 0);
	assert_true(source_is_unchanged(result->source));
	source_close(result->source);
}

static void check_file(struct fixture *fixture, const char *name, const char *text)
{
	struct result result = open_name(fixture, name);

	check_whole(&result, text);
}

static void check_refused(struct fixture *fixture, const char *name, enum content_refusal refusal,
			  const char *words)
{
	struct result result = open_name(fixture, name);

	assert_null(result.source);
	assert_int_equal(result.refusal, refusal);
	if (strstr(result.sentence, words) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", name, words, result.sentence);
}

/* What is there of it is right, and the rest never comes. */
static void check_broken(struct fixture *fixture, const char *name, enum content_refusal refusal)
{
	struct result result = open_name(fixture, name);
	struct source_status status;
	uint64_t offset;

	assert_int_equal(result.refusal, CONTENT_OK);
	status = await_bytes(&result, UINT64_MAX);
	assert_int_equal(status.state, SOURCE_FAILED);
	assert_int_equal(status.refusal, refusal);
	assert_true(status.available_bytes < 10);
	assert_int_equal(source_descriptor(result.source, &offset), -1);
	source_close(result.source);
}

static void configure(struct fixture *fixture)
{
	root_remote_configure(fixture->remote, &fixture->settings);
}

static void one_fetch_for_all_who_read(void **state)
{
	struct fixture *fixture = *state;
	struct result results[20];
	struct source_status status;
	uint8_t bytes[10];

	for (size_t i = 0; i < COUNT_OF(results); i++) {
		results[i] = open_name(fixture, "held");
		assert_int_equal(results[i].refusal, CONTENT_OK);
		status = await_bytes(&results[i], 4);
		assert_int_equal(status.state, SOURCE_GROWING);
		assert_true(status.has_size);
		assert_int_equal(status.size_bytes, 10);
		assert_int_equal(status.available_bytes, 4);
		assert_int_equal(source_read(results[i].source, 1, bytes, 3), 0);
		assert_memory_equal(bytes, "123", 3);
		assert_int_equal(source_read(results[i].source, 1, bytes, 4), -EAGAIN);
	}
	/* Who leaves stops nothing, and one who waits may think better of it. */
	for (size_t i = 0; i < 10; i++) {
		struct source_waiter waiter = { .on_change = on_change, .context = &results[i] };

		assert_true(source_wait(results[i].source, &waiter, 5));
		source_forget(results[i].source, &waiter);
		source_close(results[i].source);
	}
	web_server_release(fixture->server);
	for (size_t i = 10; i < COUNT_OF(results); i++)
		check_whole(&results[i], DIGITS);
	check_file(fixture, "held", DIGITS);
	assert_int_equal(web_server_count(fixture->server, "/r/held"), 1);
	await_event(fixture, REMOTE_EVENT_STARTED, 1);
	await_event(fixture, REMOTE_EVENT_FINISHED, 1);
}

static void all_wait_for_one_head(void **state)
{
	struct fixture *fixture = *state;
	struct result results[20];

	for (size_t i = 0; i < COUNT_OF(results); i++)
		begin_opening(fixture, "held-head", &results[i]);
	web_server_release(fixture->server);
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		await_answer(&results[i]);
		check_whole(&results[i], DIGITS);
	}
	assert_int_equal(web_server_count(fixture->server, "/r/held-head"), 1);
}

/* Through the loop: at once, from the upstream, and from the cache. */
static void a_loop_is_answered_in_its_turn(void **state)
{
	static const struct content_asker nobody;
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct result result = { .fixture = fixture, .loop = loop_new() };
		struct span name = { (const uint8_t *)"/tagged", strlen("/tagged") };

		assert_int_equal(content_open(fixture->content, result.loop, name, &nobody, on_open,
					      &result),
				 0);
		assert_false(result.is_there);
		loop_run(result.loop);
		assert_true(result.is_there);
		check_whole(&result, DIGITS);
		loop_free(result.loop);
	}
	assert_int_equal(web_server_count(fixture->server, "/r/tagged"), 1);
}

static void what_is_fresh_is_not_asked_about(void **state)
{
	struct fixture *fixture = *state;
	struct source_version first;
	struct result result = open_name(fixture, "tagged");

	first = source_version(result.source);
	assert_string_equal(first.tag, "\"one\"");
	check_whole(&result, DIGITS);
	await_event(fixture, REMOTE_EVENT_FINISHED, 1);
	result = open_name(fixture, "tagged");
	assert_string_equal(source_version(result.source).tag, first.tag);
	check_whole(&result, DIGITS);
	assert_int_equal(web_server_count(fixture->server, "/r/tagged"), 1);
}

static void what_is_old_is_asked_about(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.policy.revalidate_after_s = 0;
	configure(fixture);
	for (unsigned i = 0; i < 3; i++) {
		check_file(fixture, "tagged", DIGITS);
		await_event(fixture, REMOTE_EVENT_REVALIDATED, i);
		await_event(fixture, REMOTE_EVENT_FINISHED, 1);
	}
	assert_true(web_server_was_asked(fixture->server, "If-None-Match: \"one\"\r\n"));
	check_file(fixture, "changing", DIGITS);
	await_event(fixture, REMOTE_EVENT_FINISHED, 2);
	check_file(fixture, "changing", "abcdefghij");
	await_event(fixture, REMOTE_EVENT_FINISHED, 3);
	check_file(fixture, "going", DIGITS);
	await_event(fixture, REMOTE_EVENT_FINISHED, 4);
	check_refused(fixture, "going", CONTENT_NOT_FOUND, "no such file");
	check_refused(fixture, "going", CONTENT_NOT_FOUND, "no such file");
	assert_int_equal(web_server_count(fixture->server, "/r/going"), 2);
	check_file(fixture, "forbidden-now", DIGITS);
	await_event(fixture, REMOTE_EVENT_FINISHED, 5);
	check_refused(fixture, "forbidden-now", CONTENT_FORBIDDEN, "status 403");
}

static void what_is_kept_is_served_while_the_upstream_is_in_trouble(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.policy.revalidate_after_s = 0;
	configure(fixture);
	check_file(fixture, "troubled", DIGITS);
	await_event(fixture, REMOTE_EVENT_FINISHED, 1);
	check_file(fixture, "troubled", DIGITS);
	await_event(fixture, REMOTE_EVENT_STALE, 1);
	web_server_stop(fixture->server);
	fixture->server = NULL;
	check_file(fixture, "troubled", DIGITS);
	await_event(fixture, REMOTE_EVENT_STALE, 2);
	/* Now it is known to be down. */
	check_file(fixture, "troubled", DIGITS);
	await_event(fixture, REMOTE_EVENT_STALE, 3);
	assert_non_null(strstr(fixture->detail, "a moment ago"));
	check_refused(fixture, "other", CONTENT_UNREACHABLE, "onnect");
	fixture->settings.policy.is_offline = true;
	configure(fixture);
	check_file(fixture, "troubled", DIGITS);
	check_refused(fixture, "other", CONTENT_UNREACHABLE, "offline");
	await_event(fixture, REMOTE_EVENT_STALE, 3);
}

static void what_is_missing_is_remembered(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 3; i++)
		check_refused(fixture, "missing", CONTENT_NOT_FOUND, "no such file");
	assert_int_equal(web_server_count(fixture->server, "/r/missing"), 1);
	fixture->settings.policy.missing_for_s = 0;
	configure(fixture);
	for (unsigned i = 0; i < 3; i++)
		check_refused(fixture, "missing-2", CONTENT_NOT_FOUND, "no such file");
	assert_int_equal(web_server_count(fixture->server, "/r/missing-2"), 3);
	assert_int_equal(web_server_count(fixture->server, "/r/missing"), 1);
}

static void only_so_many_missing_names_are_remembered(void **state)
{
	struct fixture *fixture = *state;
	char name[32];

	for (unsigned i = 0; i < 513; i++) {
		(void)snprintf(name, sizeof(name), "missing-%u", i);
		check_refused(fixture, name, CONTENT_NOT_FOUND, "no such file");
	}
	check_refused(fixture, "missing-0", CONTENT_NOT_FOUND, "no such file");
	assert_int_equal(web_server_count(fixture->server, "/r/missing-0"), 2);
	check_refused(fixture, "missing-2", CONTENT_NOT_FOUND, "no such file");
	assert_int_equal(web_server_count(fixture->server, "/r/missing-2"), 1);
}

static void sizes_come_when_they_are_known(void **state)
{
	struct fixture *fixture = *state;
	struct result result = open_name(fixture, "chunked");
	struct source_status status = await_bytes(&result, 4);

	assert_int_equal(status.state, SOURCE_GROWING);
	assert_false(status.has_size);
	assert_int_equal(status.available_bytes, 4);
	web_server_release(fixture->server);
	check_whole(&result, DIGITS);
	check_file(fixture, "empty", "");
}

static void what_breaks_off_is_continued(void **state)
{
	struct fixture *fixture = *state;

	check_file(fixture, "resumed", DIGITS);
	assert_true(web_server_was_asked(fixture->server, "Range: bytes=4-\r\n"));
	assert_true(web_server_was_asked(fixture->server, "If-Range: \"one\"\r\n"));
	assert_false(web_server_was_asked(fixture->server, "If-None-Match"));
	await_event(fixture, REMOTE_EVENT_RESUMED, 1);
	check_file(fixture, "resumed-late", DIGITS);
	await_event(fixture, REMOTE_EVENT_RESUMED, 3);
	assert_int_equal(web_server_count(fixture->server, "/r/resumed-late"), 3);
}

static void what_cannot_be_continued_fails(void **state)
{
	struct fixture *fixture = *state;

	check_broken(fixture, "whole-for-rest", CONTENT_BROKEN);
	check_broken(fixture, "other-rest", CONTENT_BROKEN);
	check_broken(fixture, "resumed-twice", CONTENT_BROKEN);
	await_event(fixture, REMOTE_EVENT_FAILED, 3);
	await_event(fixture, REMOTE_EVENT_FINISHED, 0);
	web_server_release(fixture->server);
	check_broken(fixture, "chunks-cut", CONTENT_BROKEN);
	fixture->settings.policy.size_max_bytes = 9;
	configure(fixture);
	check_broken(fixture, "large-chunks", CONTENT_FORBIDDEN);
}

static void who_comes_after_a_failure_begins_anew(void **state)
{
	struct fixture *fixture = *state;
	struct result before = open_name(fixture, "cut");

	assert_int_equal(await_bytes(&before, 4).available_bytes, 4);
	web_server_release(fixture->server);
	assert_int_equal(await_bytes(&before, 5).state, SOURCE_FAILED);
	check_file(fixture, "cut", DIGITS);
	assert_int_equal(source_status(before.source).state, SOURCE_FAILED);
	source_close(before.source);
}

static void what_is_not_to_be_trusted_is_refused(void **state)
{
	struct fixture *fixture = *state;

	check_refused(fixture, "endless", CONTENT_BROKEN, "neither its length");
	check_refused(fixture, "encoded", CONTENT_BROKEN, "Encoding");
	check_refused(fixture, "large", CONTENT_FORBIDDEN, "max_file_size");
	check_refused(fixture, "forbidden", CONTENT_FORBIDDEN, "forbids");
	check_refused(fixture, "locked", CONTENT_FORBIDDEN, "password");
	check_refused(fixture, "error", CONTENT_UNREACHABLE, "status 500");
	check_refused(fixture, "..", CONTENT_FORBIDDEN, "climbs");
	await_event(fixture, REMOTE_EVENT_REFUSED, 6);
}

static void redirects_are_followed_so_far(void **state)
{
	struct fixture *fixture = *state;

	check_file(fixture, "moved-1", DIGITS);
	check_refused(fixture, "moved-0", CONTENT_UNREACHABLE, "redirects");
	check_refused(fixture, "moved-out", CONTENT_UNREACHABLE, "rotocol");
	check_refused(fixture, "moved-nowhere", CONTENT_BROKEN, "status 302");
	fixture->settings.limits.redirects_max = 0;
	configure(fixture);
	check_refused(fixture, "moved-4", CONTENT_UNREACHABLE, "redirects");
}

static void the_password_is_the_upstreams_alone(void **state)
{
	struct fixture *fixture = *state;

	content_free(fixture->content);
	new_content(fixture, "me:secret@");
	check_file(fixture, "tagged", DIGITS);
	assert_true(web_server_was_asked(fixture->server, "Authorization: Basic bWU6c2VjcmV0\r\n"));
	assert_true(web_server_was_asked(fixture->server, "User-Agent: bootd/"));
	assert_false(web_server_was_asked(fixture->server, "Accept-Encoding"));
	check_refused(fixture, "error", CONTENT_UNREACHABLE, "500");
}

static void silence_is_a_failure(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.limits.stall_timeout_s = 1;
	configure(fixture);
	check_refused(fixture, "held-head", CONTENT_UNREACHABLE, "imeout");
	check_broken(fixture, "held", CONTENT_BROKEN);
}

static void more_than_may_wait_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct result results[1 + ROOT_REMOTE_PLACES];
	char name[32];

	fixture->settings.limits.parallel_max = 1;
	configure(fixture);
	begin_opening(fixture, "held-head", &results[0]);
	for (unsigned i = 1; i < COUNT_OF(results); i++) {
		(void)snprintf(name, sizeof(name), "name-%u", i);
		begin_opening(fixture, name, &results[i]);
	}
	check_refused(fixture, "one-more", CONTENT_OUT_OF_RESOURCES, "max_downloads");
	web_server_release(fixture->server);
	await_answer(&results[0]);
	check_whole(&results[0], DIGITS);
	for (unsigned i = 1; i < COUNT_OF(results); i++) {
		await_answer(&results[i]);
		assert_int_equal(results[i].refusal, CONTENT_NOT_FOUND);
	}
}

static void the_end_is_quick_and_leaves_nobody_waiting(void **state)
{
	struct fixture *fixture = *state;
	struct result reading = open_name(fixture, "held");
	struct result waiting;

	assert_int_equal(await_bytes(&reading, 4).available_bytes, 4);
	begin_opening(fixture, "held-head", &waiting);
	root_remote_stop(fixture->remote);
	await_answer(&waiting);
	assert_int_equal(waiting.refusal, CONTENT_UNREACHABLE);
	assert_int_equal(source_status(reading.source).state, SOURCE_FAILED);
	source_close(reading.source);
	check_refused(fixture, "tagged", CONTENT_OUT_OF_RESOURCES, "ending");
	root_remote_stop(fixture->remote);
}

static void serve_scripts(struct fixture *fixture)
{
	content_free(fixture->content);
	fixture->content = content_of(fixture, "", "/script");
	assert_true(text_copy(fixture->asker.mac.text, sizeof(fixture->asker.mac.text),
			      "52-54-00-12-34-56"));
}

/* Its size is known, and its variables are put in, when all of it is here: for those who wait, for
 * those who find it in the cache, and for each its own. Who wants no script reads it as it grows.
 */
static void a_script_is_made_of_the_whole_file(void **state)
{
	struct fixture *fixture = *state;
	struct result reading = open_name(fixture, "held.ipxe");
	struct result waiting[2];

	assert_int_equal(await_bytes(&reading, 10).available_bytes, 10);
	serve_scripts(fixture);
	begin_opening(fixture, "held.ipxe", &waiting[0]);
	begin_opening(fixture, "/held.ipxe", &waiting[1]);
	assert_false(waiting[0].is_there);
	assert_false(waiting[1].is_there);
	web_server_release(fixture->server);
	for (size_t i = 0; i < COUNT_OF(waiting); i++) {
		await_answer(&waiting[i]);
		check_whole(&waiting[i], "for 52-54-00-12-34-56 ${mac}");
	}
	check_whole(&reading, "for {mac} ${mac}");
	assert_true(text_copy(fixture->asker.mac.text, sizeof(fixture->asker.mac.text), "other"));
	check_file(fixture, "held.ipxe", "for other ${mac}");
	assert_int_equal(web_server_count(fixture->server, "/r/held.ipxe"), 1);
}

static void the_first_who_asks_for_a_script_waits_for_all_of_it(void **state)
{
	struct fixture *fixture = *state;
	struct result waiting;

	serve_scripts(fixture);
	begin_opening(fixture, "held.ipxe", &waiting);
	await_event(fixture, REMOTE_EVENT_STARTED, 1);
	assert_false(waiting.is_there);
	web_server_release(fixture->server);
	await_answer(&waiting);
	check_whole(&waiting, "for 52-54-00-12-34-56 ${mac}");
}

static void half_a_script_is_none(void **state)
{
	struct fixture *fixture = *state;
	struct result waiting;

	serve_scripts(fixture);
	begin_opening(fixture, "cut.ipxe", &waiting);
	web_server_release(fixture->server);
	await_answer(&waiting);
	assert_null(waiting.source);
	assert_int_equal(waiting.refusal, CONTENT_BROKEN);
	assert_int_not_equal(waiting.sentence[0], '\0');
}

static void nobody_waits_for_a_script_for_ever(void **state)
{
	struct fixture *fixture = *state;
	struct result waiting;

	serve_scripts(fixture);
	begin_opening(fixture, "held.ipxe", &waiting);
	await_event(fixture, REMOTE_EVENT_STARTED, 1);
	root_remote_stop(fixture->remote);
	await_answer(&waiting);
	assert_null(waiting.source);
	assert_int_equal(waiting.refusal, CONTENT_UNREACHABLE);
}

static void a_second_stage_is_looked_for_beside_the_first(void **state)
{
	struct fixture *fixture = *state;
	struct result result;

	check_refused(fixture, "grubx64.efi", CONTENT_NOT_FOUND, "");
	assert_true(text_copy(fixture->asker.loader, sizeof(fixture->asker.loader),
			      "/di/bootnetx64.efi"));
	for (unsigned i = 0; i < 2; i++) {
		result = open_name(fixture, "EFI/grubx64.efi");
		assert_string_equal(result.path, "di/grubx64.efi");
		check_whole(&result, DIGITS);
	}
	assert_int_equal(web_server_count(fixture->server, "/r/EFI/grubx64.efi"), 1);
	assert_int_equal(web_server_count(fixture->server, "/r/di/grubx64.efi"), 1);
	/* Two places, and the second has it. */
	result = open_name(fixture, "grub.cfg");
	assert_string_equal(result.path, "di/grub/grub.cfg");
	check_whole(&result, DIGITS);
	assert_int_equal(web_server_count(fixture->server, "/r/di/grub.cfg"), 1);
	/* Its own place is asked once. */
	check_refused(fixture, "di/fbx64.efi", CONTENT_NOT_FOUND, "");
	assert_int_equal(web_server_count(fixture->server, "/r/di/fbx64.efi"), 1);
	/* An upstream in trouble has not said that there is none. */
	result = open_name(fixture, "mmx64.efi");
	assert_int_equal(result.refusal, CONTENT_UNREACHABLE);
	assert_string_equal(result.path, "");
	check_refused(fixture, "linux", CONTENT_NOT_FOUND, "");
	assert_int_equal(web_server_count(fixture->server, "/r/di/linux"), 0);
}

/* Nothing is on the disk, and nothing stays but while it is read. */
static void without_a_folder_it_works_as_well(void **state)
{
	struct fixture *fixture = *state;
	struct result result;

	content_free(fixture->content);
	root_remote_free(fixture->remote);
	start_remote(fixture, NULL);
	new_content(fixture, "");
	result = open_name(fixture, "tagged");
	await_event(fixture, REMOTE_EVENT_NOT_KEPT, 1);
	check_file(fixture, "tagged", DIGITS);
	check_whole(&result, DIGITS);
	assert_int_equal(web_server_count(fixture->server, "/r/tagged"), 1);
}

/* A storm from several threads: nothing is fetched twice, nothing is wrong. */
static void *storm(void *context)
{
	static const char *const names[] = { "tagged", "resumed", "empty", "missing", "error" };
	struct fixture *fixture = context;

	for (unsigned i = 0; i < 40; i++) {
		const char *name = names[i % COUNT_OF(names)];
		struct result result = open_name(fixture, name);

		if (result.refusal == CONTENT_OK)
			check_whole(&result, strcmp(name, "empty") == 0 ? "" : DIGITS);
		else
			assert_true(result.refusal == CONTENT_NOT_FOUND ||
				    result.refusal == CONTENT_UNREACHABLE);
	}
	return NULL;
}

static void many_threads_open_at_once(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[8];

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, fixture), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(web_server_count(fixture->server, "/r/tagged"), 1);
	assert_int_equal(web_server_count(fixture->server, "/r/resumed"), 2);
	assert_int_equal(web_server_count(fixture->server, "/r/missing"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const char *const proxies[] = { "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy" };
	const struct CMUnitTest tests[] = {
		TEST(one_fetch_for_all_who_read),
		TEST(all_wait_for_one_head),
		TEST(a_loop_is_answered_in_its_turn),
		TEST(what_is_fresh_is_not_asked_about),
		TEST(what_is_old_is_asked_about),
		TEST(what_is_kept_is_served_while_the_upstream_is_in_trouble),
		TEST(what_is_missing_is_remembered),
		TEST(only_so_many_missing_names_are_remembered),
		TEST(sizes_come_when_they_are_known),
		TEST(what_breaks_off_is_continued),
		TEST(what_cannot_be_continued_fails),
		TEST(who_comes_after_a_failure_begins_anew),
		TEST(what_is_not_to_be_trusted_is_refused),
		TEST(redirects_are_followed_so_far),
		TEST(the_password_is_the_upstreams_alone),
		TEST(silence_is_a_failure),
		TEST(more_than_may_wait_are_refused),
		TEST(the_end_is_quick_and_leaves_nobody_waiting),
		TEST(a_script_is_made_of_the_whole_file),
		TEST(the_first_who_asks_for_a_script_waits_for_all_of_it),
		TEST(half_a_script_is_none),
		TEST(nobody_waits_for_a_script_for_ever),
		TEST(a_second_stage_is_looked_for_beside_the_first),
		TEST(without_a_folder_it_works_as_well),
		TEST(many_threads_open_at_once),
	};

	for (size_t i = 0; i < COUNT_OF(proxies); i++)
		(void)unsetenv(proxies[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
