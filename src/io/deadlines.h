/* Many deadlines of one loop, most of which are moved on before they pass: to set, move or clear
 * one costs the same however many there are, which with the loop's timers, a heap, it does not. */
#ifndef BOOTD_IO_DEADLINES_H
#define BOOTD_IO_DEADLINES_H

#include "io/loop.h"

#include <stdint.h>

struct deadlines;

/* A call to be made when its time has come. Its owner fills in the first two; zeros else. */
struct deadline {
	loop_callback *on_pass;
	void *context;
	uint64_t due_ms;    /* by loop_now_ms; the rest is the list's, too */
	uint64_t listed_ms; /* where it stands, no later than it is due; 0: nowhere */
	struct deadline *next;
	struct deadline **link; /* what points to it */
};

/* NULL: no memory. */
struct deadlines *deadlines_new(struct loop *loop);
/* Not from a deadline's call. What is still set is never called. */
void deadlines_free(struct deadlines *deadlines);

/* Sets it, or moves it on or back. It passes no earlier than after delay_ms. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t delay_ms);
/* One that is not set may be cleared. Both may be called from any deadline's call, where its own is
 * not set any more. */
void deadline_clear(struct deadline *deadline);

#endif
