#include "io/loop.h"
#include "io/loop_uv.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#define SIGNALS_MAX 8

struct signal_watch {
	uv_signal_t handle;
	loop_callback *on_signal;
	void *context;
};

struct loop {
	uv_loop_t uv;
	struct signal_watch signals[SIGNALS_MAX];
	size_t signal_count;
	uv_async_t letterbox;
	pthread_mutex_t letters_lock;
	struct letter *letters; /* the newest first */
};

struct timer {
	uv_timer_t handle;
	loop_callback *on_time;
	void *context;
};

struct watch {
	uv_poll_t handle;
	loop_callback *on_readable;
	void *context;
};

/* All letters that are there, in the order in which they were posted. */
static struct letter *take_letters(struct loop *loop)
{
	struct letter *letter;
	struct letter *oldest = NULL;

	(void)pthread_mutex_lock(&loop->letters_lock);
	letter = loop->letters;
	loop->letters = NULL;
	while (letter != NULL) {
		struct letter *older = letter->next;

		letter->next = oldest;
		oldest = letter;
		letter = older;
	}
	(void)pthread_mutex_unlock(&loop->letters_lock);
	return oldest;
}

static void deliver_letters(struct loop *loop)
{
	struct letter *letter = take_letters(loop);

	while (letter != NULL) {
		struct letter *next = letter->next;

		(void)pthread_mutex_lock(&loop->letters_lock);
		letter->is_under_way = false;
		(void)pthread_mutex_unlock(&loop->letters_lock);
		letter->on_arrival(letter->context);
		letter = next;
	}
}

static void on_letters(uv_async_t *letterbox)
{
	deliver_letters(letterbox->data);
}

void loop_post(struct loop *loop, struct letter *letter)
{
	bool is_new;

	(void)pthread_mutex_lock(&loop->letters_lock);
	is_new = !letter->is_under_way;
	if (is_new) {
		letter->is_under_way = true;
		letter->next = loop->letters;
		loop->letters = letter;
	}
	(void)pthread_mutex_unlock(&loop->letters_lock);
	if (is_new)
		(void)uv_async_send(&loop->letterbox);
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	if (uv_loop_init(&loop->uv) < 0) {
		free(loop);
		return NULL;
	}
	if (uv_async_init(&loop->uv, &loop->letterbox, on_letters) < 0) {
		(void)uv_loop_close(&loop->uv);
		free(loop);
		return NULL;
	}
	loop->letterbox.data = loop;
	(void)pthread_mutex_init(&loop->letters_lock, NULL);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	for (size_t i = 0; i < loop->signal_count; i++)
		uv_close((uv_handle_t *)&loop->signals[i].handle, NULL);
	/* Closed handles are only let go of in a turn of the loop; work under way ends in one too,
	 * and what it reports to may stop the loop once more. The letterbox waits for nothing. */
	uv_unref((uv_handle_t *)&loop->letterbox);
	do
		deliver_letters(loop);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0 || loop->letters != NULL);
	uv_close((uv_handle_t *)&loop->letterbox, NULL);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop->uv);
	(void)pthread_mutex_destroy(&loop->letters_lock);
	free(loop);
}

void loop_run(struct loop *loop)
{
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

uint64_t loop_clock_us(void)
{
	return uv_hrtime() / 1000;
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

static void on_uv_signal(uv_signal_t *handle, int signal_number)
{
	const struct signal_watch *signal = handle->data;

	(void)signal_number;
	signal->on_signal(signal->context);
}

int loop_on_signal(struct loop *loop, int signal_number, loop_callback *on_signal, void *context)
{
	struct signal_watch *signal = &loop->signals[loop->signal_count];
	int error;

	if (loop->signal_count == SIGNALS_MAX)
		return -ENOSPC;
	error = uv_signal_init(&loop->uv, &signal->handle);
	if (error < 0)
		return error;
	signal->on_signal = on_signal;
	signal->context = context;
	signal->handle.data = signal;
	loop->signal_count++;
	return uv_signal_start(&signal->handle, on_uv_signal, signal_number);
}

struct timer *timer_new(struct loop *loop, loop_callback *on_time, void *context)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return NULL;
	timer->on_time = on_time;
	timer->context = context;
	(void)uv_timer_init(&loop->uv, &timer->handle); /* it cannot fail */
	timer->handle.data = timer;
	return timer;
}

static void on_uv_time(uv_timer_t *handle)
{
	const struct timer *timer = handle->data;

	timer->on_time(timer->context);
}

void timer_start(struct timer *timer, uint64_t delay_ms)
{
	(void)uv_timer_start(&timer->handle, on_uv_time, delay_ms, 0);
}

void timer_stop(struct timer *timer)
{
	(void)uv_timer_stop(&timer->handle);
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void timer_free(struct timer *timer)
{
	if (timer != NULL)
		uv_close((uv_handle_t *)&timer->handle, free_closed);
}

static void on_uv_readable(uv_poll_t *handle, int status, int events)
{
	const struct watch *watch = handle->data;

	(void)events;
	/* An error that is pending on the socket, such as its interface going down, makes libuv
	 * stop watching. Reading the socket takes the error away, so the watch goes on. */
	if (status < 0)
		(void)uv_poll_start(handle, UV_READABLE, on_uv_readable);
	watch->on_readable(watch->context);
}

struct watch *watch_new(struct loop *loop, int fd, loop_callback *on_readable, void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->on_readable = on_readable;
	watch->context = context;
	if (uv_poll_init(&loop->uv, &watch->handle, fd) < 0) {
		free(watch);
		return NULL;
	}
	watch->handle.data = watch;
	if (uv_poll_start(&watch->handle, UV_READABLE, on_uv_readable) < 0) {
		watch_free(watch);
		return NULL;
	}
	return watch;
}

void watch_free(struct watch *watch)
{
	if (watch != NULL)
		uv_close((uv_handle_t *)&watch->handle, free_closed);
}
