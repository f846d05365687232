/* The libuv loop inside the loop, for the other files of this room. */
#ifndef BOOTD_IO_LOOP_UV_H
#define BOOTD_IO_LOOP_UV_H

#include "io/loop.h"

#include <uv.h>

uv_loop_t *loop_uv(struct loop *loop);

#endif
