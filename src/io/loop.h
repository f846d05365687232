/* The event loop: timers, signals and readable descriptors. libuv stays behind it. */
#ifndef BOOTD_IO_LOOP_H
#define BOOTD_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;
struct watch;

typedef void loop_callback(void *context);

/* A call to be made in the loop. Its owner fills in the first two; zeros else. */
struct letter {
	loop_callback *on_arrival;
	void *context;
	struct letter *next; /* the loop's, as is_under_way */
	bool is_under_way;
};

/* NULL: no memory or no descriptors. */
struct loop *loop_new(void);
/* Frees the loop; every timer, watch and socket of it must have been freed or closed before. */
void loop_free(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Calls on_arrival from the loop, once for all posts of this letter until then: the one call of a
 * loop that any thread may make. The letter must live until it arrives; in on_arrival it may be
 * freed or posted again. What is under way at loop_free arrives there. */
void loop_post(struct loop *loop, struct letter *letter);

/* Monotonic, cached once a turn of the loop. */
uint64_t loop_now_ms(const struct loop *loop);
/* Monotonic, of this moment; not the same clock as loop_now_ms. */
uint64_t loop_clock_us(void);

/* on_signal runs in the loop, not in a signal handler. Returns 0 or -errno. */
int loop_on_signal(struct loop *loop, int signal_number, loop_callback *on_signal, void *context);

/* A timer fires once for each start. NULL: no memory. All three may be called from callbacks. */
struct timer *timer_new(struct loop *loop, loop_callback *on_time, void *context);
void timer_start(struct timer *timer, uint64_t delay_ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);

/* Calls on_readable while fd is readable. The fd stays the caller's: watch_free first, then close.
 * NULL: no memory or an fd that cannot be watched. */
struct watch *watch_new(struct loop *loop, int fd, loop_callback *on_readable, void *context);
void watch_free(struct watch *watch);

#endif
