/* The DNS servers that this machine uses itself. */
#ifndef BOOTD_IO_RESOLVERS_H
#define BOOTD_IO_RESOLVERS_H

#include "base/addr.h"

#include <stddef.h>

/* The IPv4 "nameserver" lines of resolv.conf; where those name only systemd's own stub, the servers
 * behind it. At most capacity; none is no error. */
size_t resolvers_list(struct ip4 *out_list, size_t capacity);

#endif
