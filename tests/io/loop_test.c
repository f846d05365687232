#include "io/loop.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_S     60
#define SIGNALS_MAX 8

/* What a callback works on: it writes its letter down and does what it is told. */
struct note {
	struct loop *loop;
	char letter;
	char *text; /* of all notes, in the order of the calls */
	bool ends;
	struct timer *timer; /* its own */
	struct timer *to_stop;
	struct timer *to_free;
	unsigned restarts;
	struct watch *watch;
	int fd;
	unsigned reads; /* left, until it ends the loop */
};

static int new_loop(void **state)
{
	/* Whoever waits for ever ends here. */
	(void)alarm(STUCK_S);
	*state = loop_new();
	return *state == NULL ? -1 : 0;
}

static int free_loop(void **state)
{
	loop_free(*state);
	return 0;
}

static void on_time(void *context)
{
	struct note *note = context;
	size_t length = strlen(note->text);

	note->text[length] = note->letter;
	note->text[length + 1] = '\0';
	if (note->to_stop != NULL)
		timer_stop(note->to_stop);
	timer_free(note->to_free);
	note->to_free = NULL;
	if (note->restarts > 0) {
		note->restarts--;
		timer_start(note->timer, 1);
	}
	if (note->ends)
		loop_stop(note->loop);
}

/* A timer that notes its letter; the caller frees it. */
static struct timer *timer_for(struct note *note, struct loop *loop, char letter, char *text)
{
	*note = (struct note){ .loop = loop, .letter = letter, .text = text };
	note->timer = timer_new(loop, on_time, note);
	assert_non_null(note->timer);
	return note->timer;
}

static void timers_fire_once_and_in_order(void **state)
{
	static const uint64_t delays_ms[] = { 30, 0, 20, 10, 40 };
	struct note notes[COUNT_OF(delays_ms)];
	char text[20] = "";

	for (size_t i = 0; i < COUNT_OF(delays_ms); i++)
		timer_start(timer_for(&notes[i], *state, (char)('a' + i), text), delays_ms[i]);
	notes[4].ends = true;
	loop_run(*state);
	assert_string_equal(text, "bdcae");
	for (size_t i = 0; i < COUNT_OF(delays_ms); i++)
		timer_free(notes[i].timer);
}

static void a_timer_fires_not_before_its_time(void **state)
{
	struct note note;
	char text[20] = "";
	uint64_t start_ms = loop_now_ms(*state);

	timer_start(timer_for(&note, *state, 'a', text), 25);
	note.ends = true;
	loop_run(*state);
	assert_true(loop_now_ms(*state) >= start_ms + 25);
	timer_free(note.timer);
}

static void a_timer_may_start_itself_again(void **state)
{
	struct note again;
	struct note last;
	char text[20] = "";

	timer_start(timer_for(&again, *state, 'a', text), 1);
	again.restarts = 3;
	timer_start(timer_for(&last, *state, 'z', text), 100);
	last.ends = true;
	loop_run(*state);
	assert_string_equal(text, "aaaaz");
	timer_free(again.timer);
	timer_free(last.timer);
}

static void starting_a_running_timer_moves_it(void **state)
{
	struct note moved;
	struct note other;
	char text[20] = "";

	timer_start(timer_for(&moved, *state, 'm', text), 5);
	timer_start(timer_for(&other, *state, 'o', text), 20);
	timer_start(moved.timer, 40);
	moved.ends = true;
	loop_run(*state);
	assert_string_equal(text, "om");
	timer_free(moved.timer);
	timer_free(other.timer);
}

static void a_callback_may_stop_and_free_timers(void **state)
{
	struct note first;
	struct note stopped;
	struct note freed;
	struct note own;
	struct note last;
	char text[20] = "";

	timer_start(timer_for(&first, *state, 'f', text), 1);
	timer_start(timer_for(&stopped, *state, 's', text), 10);
	timer_start(timer_for(&freed, *state, 'x', text), 10);
	timer_start(timer_for(&own, *state, 'o', text), 20);
	timer_start(timer_for(&last, *state, 'l', text), 30);
	first.to_stop = stopped.timer;
	first.to_free = freed.timer;
	own.to_free = own.timer;
	last.ends = true;
	loop_run(*state);
	assert_string_equal(text, "fol");
	timer_free(first.timer);
	timer_free(stopped.timer);
	timer_free(last.timer);
}

static void stopping_and_freeing_what_does_not_run_is_fine(void **state)
{
	struct note note;
	char text[20] = "";

	timer_stop(timer_for(&note, *state, 'a', text));
	timer_stop(note.timer);
	timer_free(note.timer);
	timer_free(NULL);
	watch_free(NULL);
	loop_free(NULL);
}

static void the_loop_runs_again_after_a_stop(void **state)
{
	struct note note;
	char text[20] = "";

	(void)timer_for(&note, *state, 'a', text);
	note.ends = true;
	for (int i = 0; i < 3; i++) {
		timer_start(note.timer, 1);
		loop_run(*state);
	}
	assert_string_equal(text, "aaa");
	timer_free(note.timer);
}

static void on_readable(void *context)
{
	struct note *note = context;
	char byte;

	if (read(note->fd, &byte, 1) == 1) {
		size_t length = strlen(note->text);

		note->text[length] = byte;
		note->text[length + 1] = '\0';
	}
	if (--note->reads == 0)
		loop_stop(note->loop);
}

static void a_watch_calls_as_long_as_there_is_something_to_read(void **state)
{
	char text[20] = "";
	int ends[2];
	struct note note = { .loop = *state, .text = text, .reads = 5 };

	assert_int_equal(pipe(ends), 0);
	note.fd = ends[0];
	note.watch = watch_new(*state, ends[0], on_readable, &note);
	assert_non_null(note.watch);
	assert_int_equal(write(ends[1], "abcde", 5), 5);
	loop_run(*state);
	assert_string_equal(text, "abcde");
	watch_free(note.watch);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void the_end_of_a_pipe_is_readable(void **state)
{
	char text[20] = "";
	int ends[2];
	struct note note = { .loop = *state, .text = text, .reads = 1 };

	assert_int_equal(pipe(ends), 0);
	note.fd = ends[0];
	note.watch = watch_new(*state, ends[0], on_readable, &note);
	(void)close(ends[1]);
	loop_run(*state);
	assert_int_equal(note.reads, 0);
	watch_free(note.watch);
	(void)close(ends[0]);
}

static void on_readable_once(void *context)
{
	struct note *note = context;

	note->reads++;
	watch_free(note->watch);
	(void)close(note->fd);
}

static void a_watch_may_be_freed_in_its_callback(void **state)
{
	char text[20] = "";
	int ends[2];
	struct note note = { .loop = *state };
	struct note last;

	assert_int_equal(pipe(ends), 0);
	note.fd = ends[0];
	note.watch = watch_new(*state, ends[0], on_readable_once, &note);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	timer_start(timer_for(&last, *state, 'z', text), 20);
	last.ends = true;
	loop_run(*state);
	assert_int_equal(note.reads, 1);
	timer_free(last.timer);
	(void)close(ends[1]);
}

static void what_cannot_be_watched_has_no_watch(void **state)
{
	struct note note = { .loop = *state };
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(file >= 0);
	assert_null(watch_new(*state, file, on_readable, &note));
	(void)close(file);
	assert_null(watch_new(*state, file, on_readable, &note));
}

/* A UDP socket of the loopback interface, on a port of its own; *out_address is where it is. */
static int loopback_socket(struct sockaddr_in *out_address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*out_address);

	*out_address = (struct sockaddr_in){ .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)out_address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)out_address, &length), 0);
	return fd;
}

/* "Calls on_readable while fd is readable": an error that was pending is read away by the first
 * call, and what comes after it is told too. */
static void a_watch_outlives_an_error_of_its_socket(void **state)
{
	struct sockaddr_in here;
	struct sockaddr_in there;
	struct note note = { .loop = *state, .reads = 1 };
	char text[20] = "";
	struct note guard;
	int other = loopback_socket(&there);

	note.fd = loopback_socket(&here);
	note.text = text;
	assert_int_equal(connect(note.fd, (struct sockaddr *)&there, sizeof(there)), 0);
	(void)close(other); /* nobody is there: the kernel says so */
	assert_int_equal(send(note.fd, "x", 1, 0), 1);
	note.watch = watch_new(*state, note.fd, on_readable, &note);
	assert_non_null(note.watch);
	loop_run(*state);
	assert_string_equal(text, "");
	/* Now somebody is. */
	other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(other, (struct sockaddr *)&there, sizeof(there)), 0);
	assert_int_equal(sendto(other, "y", 1, 0, (struct sockaddr *)&here, sizeof(here)), 1);
	note.reads = 1;
	timer_start(timer_for(&guard, *state, '-', text), 10000);
	guard.ends = true;
	loop_run(*state);
	watch_free(note.watch);
	timer_free(guard.timer);
	(void)close(other);
	(void)close(note.fd);
	assert_string_equal(text, "y");
}

static void on_signal(void *context)
{
	struct note *note = context;

	note->reads++;
	loop_stop(note->loop);
}

static void a_signal_comes_in_the_loop(void **state)
{
	struct note one = { .loop = *state };
	struct note two = { .loop = *state };

	assert_int_equal(loop_on_signal(*state, SIGUSR1, on_signal, &one), 0);
	assert_int_equal(loop_on_signal(*state, SIGUSR2, on_signal, &two), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(one.reads, 0);
	loop_run(*state);
	assert_int_equal(one.reads, 1);
	assert_int_equal(two.reads, 0);
	assert_int_equal(raise(SIGUSR2), 0);
	loop_run(*state);
	assert_int_equal(two.reads, 1);
}

static void a_signal_that_cannot_be_watched_is_an_error(void **state)
{
	struct note note = { .loop = *state };

	assert_int_equal(loop_on_signal(*state, SIGKILL, on_signal, &note), -EINVAL);
	assert_int_equal(loop_on_signal(*state, 0, on_signal, &note), -EINVAL);
}

static void signals_are_bounded(void **state)
{
	struct note note = { .loop = *state };

	for (int i = 0; i < SIGNALS_MAX; i++)
		assert_int_equal(loop_on_signal(*state, SIGUSR1, on_signal, &note), 0);
	assert_int_equal(loop_on_signal(*state, SIGUSR1, on_signal, &note), -ENOSPC);
}

struct mail {
	struct loop *loop;
	struct letter letter;
	unsigned arrivals;
	pthread_t reader;
};

static void on_letter(void *context)
{
	struct mail *mail = context;

	mail->arrivals++;
	mail->reader = pthread_self();
	loop_stop(mail->loop);
}

static void *post_often(void *context)
{
	struct mail *mail = context;

	for (int i = 0; i < 1000; i++)
		loop_post(mail->loop, &mail->letter);
	return NULL;
}

static void a_letter_from_a_thread_arrives_in_the_loop(void **state)
{
	struct mail mail = { .loop = *state, .letter = { .on_arrival = on_letter } };
	pthread_t thread;

	mail.letter.context = &mail;
	assert_int_equal(pthread_create(&thread, NULL, post_often, &mail), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(mail.arrivals, 0);
	loop_run(*state);
	assert_int_equal(mail.arrivals, 1);
	assert_true(pthread_equal(mail.reader, pthread_self()));
	loop_post(*state, &mail.letter);
	loop_run(*state);
	assert_int_equal(mail.arrivals, 2);
}

static void on_note_letter(void *context)
{
	struct note *note = context;
	size_t length = strlen(note->text);

	note->text[length] = note->letter;
	note->text[length + 1] = '\0';
	if (note->ends)
		loop_stop(note->loop);
}

static void letters_arrive_in_the_order_of_their_posts(void **state)
{
	char text[8] = "";
	struct note notes[3];
	struct letter letters[3];

	for (int i = 0; i < 3; i++) {
		notes[i] = (struct note){
			.loop = *state, .letter = (char)('a' + i), .text = text, .ends = i == 2
		};
		letters[i] = (struct letter){ .on_arrival = on_note_letter, .context = &notes[i] };
		loop_post(*state, &letters[i]);
	}
	loop_run(*state);
	assert_string_equal(text, "abc");
}

static void a_letter_under_way_arrives_at_the_loops_end(void **state)
{
	struct mail mail = { .loop = loop_new(), .letter = { .on_arrival = on_letter } };

	(void)state;
	assert_non_null(mail.loop);
	mail.letter.context = &mail;
	loop_post(mail.loop, &mail.letter);
	loop_free(mail.loop);
	assert_int_equal(mail.arrivals, 1);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, new_loop, free_loop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_LOOP(timers_fire_once_and_in_order),
		WITH_LOOP(a_timer_fires_not_before_its_time),
		WITH_LOOP(a_timer_may_start_itself_again),
		WITH_LOOP(starting_a_running_timer_moves_it),
		WITH_LOOP(a_callback_may_stop_and_free_timers),
		WITH_LOOP(stopping_and_freeing_what_does_not_run_is_fine),
		WITH_LOOP(the_loop_runs_again_after_a_stop),
		WITH_LOOP(a_watch_calls_as_long_as_there_is_something_to_read),
		WITH_LOOP(the_end_of_a_pipe_is_readable),
		WITH_LOOP(a_watch_may_be_freed_in_its_callback),
		WITH_LOOP(what_cannot_be_watched_has_no_watch),
		WITH_LOOP(a_watch_outlives_an_error_of_its_socket),
		WITH_LOOP(a_signal_comes_in_the_loop),
		WITH_LOOP(a_signal_that_cannot_be_watched_is_an_error),
		WITH_LOOP(signals_are_bounded),
		WITH_LOOP(a_letter_from_a_thread_arrives_in_the_loop),
		WITH_LOOP(letters_arrive_in_the_order_of_their_posts),
		cmocka_unit_test(a_letter_under_way_arrives_at_the_loops_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
