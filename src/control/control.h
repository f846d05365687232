/* The local control socket: what the command line asks the running daemon. A request is one line of
 * JSON; the answer is lines of JSON, the last of which has the key "end" or "error".
 *
 *     {"command": "leases"}
 *     {"command": "release", "address": "192.168.1.100"} */
#ifndef BOOTD_CONTROL_CONTROL_H
#define BOOTD_CONTROL_CONTROL_H

#include "io/loop.h"
#include "lease/lease.h"

#define CONTROL_REQUEST_MAX 512 /* octets of a request, its line feed included */

struct control;

/* The store is borrowed; NULL: there is none to ask about. Returns 0 with *out_control for the
 * caller to close, or -errno as of local_listen. */
int control_open(struct loop *loop, const char *path, struct lease_store *leases,
		 struct control **out_control);

/* After the store has been closed, which it may wait for. */
void control_close(struct control *control);

#endif
