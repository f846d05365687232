#include "io/worker.h"
#include "io/loop_uv.h"

#include <stdlib.h>

struct work {
	uv_work_t request;
	loop_callback *run;
	loop_callback *on_done;
	void *context;
};

static void run_in_pool(uv_work_t *request)
{
	const struct work *work = request->data;

	work->run(work->context);
}

static void finish_in_loop(uv_work_t *request, int status)
{
	struct work *work = request->data;

	(void)status; /* nothing here cancels work */
	work->on_done(work->context);
	free(work);
}

int work_submit(struct loop *loop, loop_callback *run, loop_callback *on_done, void *context)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return -ENOMEM;
	work->run = run;
	work->on_done = on_done;
	work->context = context;
	work->request.data = work;
	/* It fails only for a missing callback. */
	(void)uv_queue_work(loop_uv(loop), &work->request, run_in_pool, finish_in_loop);
	return 0;
}
