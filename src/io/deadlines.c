/* A wheel: a slot for each millisecond of the near future, and a later deadline in the last of
 * them, from where it goes on. One that is moved on stays where it stands until its slot's time
 * comes, and is only then put where it belongs. */
#include "io/deadlines.h"

#include <stdlib.h>

#define SLOTS 256u /* and so many milliseconds a round */

struct deadlines {
	struct loop *loop;
	struct timer *timer;
	uint64_t timer_ms;  /* what it is set for; 0: nothing */
	uint64_t passed_ms; /* the slots up to here have had their time */
	struct deadline *slots[SLOTS];
};

static void link_into(struct deadline **list, struct deadline *deadline)
{
	deadline->next = *list;
	deadline->link = list;
	if (deadline->next != NULL)
		deadline->next->link = &deadline->next;
	*list = deadline;
}

static void unlink_deadline(struct deadline *deadline)
{
	*deadline->link = deadline->next;
	if (deadline->next != NULL)
		deadline->next->link = deadline->link;
	deadline->listed_ms = 0;
}

static void set_timer(struct deadlines *deadlines, uint64_t at_ms, uint64_t now_ms)
{
	deadlines->timer_ms = at_ms;
	timer_start(deadlines->timer, at_ms - now_ms);
}

static void list(struct deadlines *deadlines, struct deadline *deadline, uint64_t now_ms)
{
	uint64_t last_ms = now_ms + SLOTS - 1;

	deadline->listed_ms = deadline->due_ms < last_ms ? deadline->due_ms : last_ms;
	link_into(&deadlines->slots[deadline->listed_ms % SLOTS], deadline);
}

/* The list is a copy: what a callback lists in the same slot is for the wheel's next round. */
static void pass(struct deadlines *deadlines, struct deadline **slot, uint64_t now_ms)
{
	struct deadline *passing = *slot;

	if (passing == NULL)
		return;
	*slot = NULL;
	passing->link = &passing;
	while (passing != NULL) {
		struct deadline *deadline = passing;

		unlink_deadline(deadline);
		if (deadline->due_ms > now_ms)
			list(deadlines, deadline, now_ms);
		else
			deadline->on_pass(deadline->context);
	}
}

/* The timer for the first slot after now that is in use. */
static void await_next(struct deadlines *deadlines, uint64_t now_ms)
{
	for (uint64_t at = now_ms + 1; at < now_ms + SLOTS; at++) {
		if (deadlines->slots[at % SLOTS] != NULL) {
			set_timer(deadlines, at, now_ms);
			return;
		}
	}
}

static void on_time(void *context)
{
	struct deadlines *deadlines = context;
	uint64_t now_ms = loop_now_ms(deadlines->loop);
	uint64_t at = deadlines->passed_ms + 1;

	if (at + SLOTS <= now_ms)
		at = now_ms - SLOTS + 1;
	deadlines->passed_ms = now_ms;
	deadlines->timer_ms = now_ms; /* no earlier one need be set by what is called */
	for (; at <= now_ms; at++)
		pass(deadlines, &deadlines->slots[at % SLOTS], now_ms);
	deadlines->timer_ms = 0;
	await_next(deadlines, now_ms);
}

struct deadlines *deadlines_new(struct loop *loop)
{
	struct deadlines *deadlines = calloc(1, sizeof(*deadlines));

	if (deadlines == NULL)
		return NULL;
	deadlines->loop = loop;
	deadlines->passed_ms = loop_now_ms(loop);
	deadlines->timer = timer_new(loop, on_time, deadlines);
	if (deadlines->timer == NULL) {
		free(deadlines);
		return NULL;
	}
	return deadlines;
}

void deadlines_free(struct deadlines *deadlines)
{
	if (deadlines == NULL)
		return;
	timer_free(deadlines->timer);
	free(deadlines);
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t delay_ms)
{
	uint64_t now_ms = loop_now_ms(deadlines->loop);

	deadline->due_ms = now_ms + (delay_ms > 0 ? delay_ms : 1);
	if (deadline->listed_ms != 0 && deadline->listed_ms <= deadline->due_ms)
		return;
	deadline_clear(deadline);
	list(deadlines, deadline, now_ms);
	if (deadlines->timer_ms == 0 || deadline->listed_ms < deadlines->timer_ms)
		set_timer(deadlines, deadline->listed_ms, now_ms);
}

void deadline_clear(struct deadline *deadline)
{
	if (deadline->listed_ms != 0)
		unlink_deadline(deadline);
}
