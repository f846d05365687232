#include "io/wake.h"
#include "io/loop_uv.h"

#include <stdlib.h>

struct wake {
	uv_async_t handle;
	loop_callback *on_wake;
	void *context;
};

static void on_uv_async(uv_async_t *handle)
{
	const struct wake *wake = handle->data;

	wake->on_wake(wake->context);
}

struct wake *wake_new(struct loop *loop, loop_callback *on_wake, void *context)
{
	struct wake *wake = calloc(1, sizeof(*wake));

	if (wake == NULL)
		return NULL;
	wake->on_wake = on_wake;
	wake->context = context;
	if (uv_async_init(loop_uv(loop), &wake->handle, on_uv_async) < 0) {
		free(wake);
		return NULL;
	}
	wake->handle.data = wake;
	return wake;
}

void wake_send(struct wake *wake)
{
	(void)uv_async_send(&wake->handle); /* it fails only for another kind of handle */
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void wake_free(struct wake *wake)
{
	if (wake != NULL)
		uv_close((uv_handle_t *)&wake->handle, free_closed);
}
