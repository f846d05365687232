/* Answers the Router Solicitations of firmware that bootd is booting. iPXE's ROM configures IPv6
 * beside IPv4 and, where no router answers, waits for one for 13 seconds; the least answer, that
 * there is none, ends that at once. */
#ifndef BOOTD_NDP_NDP_SERVICE_H
#define BOOTD_NDP_NDP_SERVICE_H

#include "base/addr.h"
#include "config/config.h"

#include <stddef.h>

struct activity;
struct loop;
struct ndp_service;
struct session_table;

/* All borrowed until ndp_service_stop. */
struct ndp_service_parts {
	struct loop *loop;
	struct session_table *sessions;
	struct activity *activity;
	const struct config *config;
	const struct local_address *served; /* the interfaces whose machines are booted */
	size_t served_count;
};

/* Returns 0 with *out_service for the caller to stop, or -errno (-EPERM: CAP_NET_RAW is missing;
 * -EAFNOSUPPORT: the kernel has no IPv6, and so nothing to answer). */
int ndp_service_start(const struct ndp_service_parts *parts, struct ndp_service **out_service);
/* From now on with these parts, of the same loop; those of before are still there during the call.
 */
void ndp_service_configure(struct ndp_service *service, const struct ndp_service_parts *parts);
/* NULL is allowed. */
void ndp_service_stop(struct ndp_service *service);

#endif
