/* Wakes the loop from another thread: the one call of this room that any thread may make. */
#ifndef BOOTD_IO_WAKE_H
#define BOOTD_IO_WAKE_H

#include "io/loop.h"

struct wake;

/* on_wake runs in the loop after each wake_send; several sends may share one call. NULL: no memory
 * or no descriptors. */
struct wake *wake_new(struct loop *loop, loop_callback *on_wake, void *context);
/* May be called from any thread, until wake_free is. */
void wake_send(struct wake *wake);
/* on_wake is not called any more, even for what was sent before. */
void wake_free(struct wake *wake);

#endif
