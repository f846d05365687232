/* Counters and rate limits, with a clock that stands still until the test moves it. */
#include "activity/activity.h"

#include "activity/event_text.h"
#include "base/log.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_S 10 /* in which the lines of a kind are counted */
#define LOG_SIZE (4 * 1024 * 1024)
#define SHORT    (&(struct event){ .kind = EVENT_DHCP_TOO_SHORT })

static time_t now_s;
static char log_path[4096];
static char log_text[LOG_SIZE];

/* In place of the C library's: the clock of the rate limit is the test's. */
int clock_gettime(clockid_t clock, struct timespec *out_time)
{
	if (clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, out_time);
	*out_time = (struct timespec){ .tv_sec = now_s };
	return 0;
}

static int open_log(void **state)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	(void)snprintf(log_path, sizeof(log_path), "%s/bootd-XXXXXX",
		       folder == NULL ? "/tmp" : folder);
	fd = mkstemp(log_path);
	if (fd < 0)
		return -1;
	(void)close(fd);
	now_s = 1000;
	*state = activity_new();
	return *state == NULL ? -1 : log_open(LOG_TO_FILE, log_path, LOG_AT_INFO);
}

static int close_log(void **state)
{
	activity_free(*state);
	log_close();
	return unlink(log_path);
}

/* The log as it is now. */
static const char *read_log(void)
{
	FILE *file = fopen(log_path, "re");
	size_t length;

	assert_non_null(file);
	length = fread(log_text, 1, sizeof(log_text) - 1, file);
	(void)fclose(file);
	log_text[length] = '\0';
	return log_text;
}

static unsigned count_in_log(const char *text)
{
	unsigned count = 0;

	for (const char *at = strstr(read_log(), text); at != NULL; at = strstr(at + 1, text))
		count++;
	return count;
}

static void note_many(struct activity *activity, enum event_kind kind, unsigned count)
{
	struct event event = { .kind = kind };

	for (unsigned i = 0; i < count; i++)
		activity_note(activity, &event);
}

static void counts_every_kind_by_itself(void **state)
{
	struct activity *activity = *state;

	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		assert_int_equal(activity_count(activity, kind), 0);
		note_many(activity, kind, kind + 1);
	}
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++)
		assert_int_equal(activity_count(activity, kind), kind + 1);
}

static void shows_an_event_as_its_line(void **state)
{
	activity_note(*state, &(struct event){ .kind = EVENT_TFTP_NOT_FOUND,
					       .address = IP_MAPPED(0xc0a84d94),
					       .file = "a%sb",
					       .detail = "why" });
	assert_int_equal(count_in_log("tftp: 192.168.77.148: a%sb: not found: why\n"), 1);
}

static void shows_as_many_lines_as_its_kind_may(void **state)
{
	uint32_t most = event_type(EVENT_DHCP_TOO_SHORT)->lines_max;

	note_many(*state, EVENT_DHCP_TOO_SHORT, most);
	assert_int_equal(count_in_log("too short"), most);
	note_many(*state, EVENT_DHCP_TOO_SHORT, 5);
	assert_int_equal(count_in_log("too short"), most);
	assert_int_equal(activity_count(*state, EVENT_DHCP_TOO_SHORT), most + 5);
}

static void another_kind_has_lines_of_its_own(void **state)
{
	note_many(*state, EVENT_DHCP_TOO_SHORT, 1000);
	note_many(*state, EVENT_DHCP_BAD_MAC, 1);
	assert_int_equal(count_in_log("is no machine's"), 1);
}

static void a_new_window_tells_what_was_not_shown(void **state)
{
	uint32_t most = event_type(EVENT_DHCP_TOO_SHORT)->lines_max;

	note_many(*state, EVENT_DHCP_TOO_SHORT, most + 7);
	assert_int_equal(count_in_log("more that are not shown"), 0);
	now_s += WINDOW_S - 1;
	activity_note(*state, SHORT);
	assert_int_equal(count_in_log("too short"), most);
	now_s += 1;
	activity_note(*state, SHORT);
	assert_int_equal(count_in_log("dhcp-too-short: 8 more that are not shown\n"), 1);
	assert_int_equal(count_in_log("too short"), most + 1);
	/* The window begins with the event that opened it. */
	note_many(*state, EVENT_DHCP_TOO_SHORT, most);
	assert_int_equal(count_in_log("too short"), 2 * most);
	now_s += WINDOW_S;
	activity_note(*state, SHORT);
	assert_int_equal(count_in_log("dhcp-too-short: 1 more that are not shown\n"), 1);
	now_s += WINDOW_S;
	activity_note(*state, SHORT);
	assert_int_equal(count_in_log("more that are not shown"), 2);
}

static void what_the_level_hides_is_counted_and_is_no_gap(void **state)
{
	uint32_t most = event_type(EVENT_TFTP_PROGRESS)->lines_max;

	note_many(*state, EVENT_TFTP_PROGRESS, most + 10);
	now_s += WINDOW_S;
	note_many(*state, EVENT_TFTP_PROGRESS, 1);
	assert_int_equal(activity_count(*state, EVENT_TFTP_PROGRESS), most + 11);
	assert_string_equal(read_log(), "");
}

static void the_totals_of_nothing(void **state)
{
	activity_log_totals(*state);
	assert_int_equal(count_in_log("totals: nothing happened\n"), 1);
}

static void the_totals_name_every_counter_that_is_not_zero(void **state)
{
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind += 2)
		note_many(*state, kind, 12345);
	activity_log_totals(*state);
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		const char *name = event_type(kind)->name;
		char first[80];
		char later[80];
		unsigned count;

		(void)snprintf(first, sizeof(first), "totals: %s 12345", name);
		(void)snprintf(later, sizeof(later), ", %s 12345", name);
		count = count_in_log(first) + count_in_log(later);
		assert_int_equal(count, kind % 2 == 0 ? 1 : 0);
	}
}

static void the_totals_tell_what_was_not_shown(void **state)
{
	note_many(*state, EVENT_DHCP_BAD_MAC, event_type(EVENT_DHCP_BAD_MAC)->lines_max + 3);
	activity_log_totals(*state);
	assert_int_equal(count_in_log("dhcp-bad-mac: 3 more that are not shown\n"), 1);
	activity_log_totals(*state);
	assert_int_equal(count_in_log("more that are not shown"), 1);
}

/* A stranger's long names cost one line of bounded length. */
static void a_long_line_is_cut(void **state)
{
	char name[4000];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	activity_note(*state, &(struct event){ .kind = EVENT_TFTP_NOT_FOUND, .file = name });
	assert_true(strlen(read_log()) < 1000);
	assert_int_equal(count_in_log("\n"), 1);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, open_log, close_log)

/* A pool that is exhausted stays so for long: one line a minute is enough. */
static void a_kind_may_have_a_window_of_its_own(void **state)
{
	struct event event = { .kind = EVENT_DHCP_POOL_EXHAUSTED, .message = "DISCOVER" };

	activity_note(*state, &event);
	now_s += 59;
	activity_note(*state, &event);
	assert_int_equal(count_in_log("ignored DISCOVER"), 1);
	now_s += 1;
	activity_note(*state, &event);
	assert_int_equal(count_in_log("ignored DISCOVER"), 2);
	assert_int_equal(count_in_log("1 more"), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_LOG(counts_every_kind_by_itself),
		WITH_LOG(shows_an_event_as_its_line),
		WITH_LOG(shows_as_many_lines_as_its_kind_may),
		WITH_LOG(another_kind_has_lines_of_its_own),
		WITH_LOG(a_new_window_tells_what_was_not_shown),
		WITH_LOG(a_kind_may_have_a_window_of_its_own),
		WITH_LOG(what_the_level_hides_is_counted_and_is_no_gap),
		WITH_LOG(the_totals_of_nothing),
		WITH_LOG(the_totals_name_every_counter_that_is_not_zero),
		WITH_LOG(the_totals_tell_what_was_not_shown),
		WITH_LOG(a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
