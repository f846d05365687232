/* Work that may block (opening files), done in the thread pool and reported in the loop. */
#ifndef BOOTD_IO_WORKER_H
#define BOOTD_IO_WORKER_H

#include "io/loop.h"

/* run is called in another thread, then on_done in the loop, both with context, which must live
 * until then. Returns 0 or -ENOMEM (then neither is called). loop_free waits for what is under way.
 */
int work_submit(struct loop *loop, loop_callback *run, loop_callback *on_done, void *context);

#endif
