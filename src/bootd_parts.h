/* The daemon's parts, for the files that start, change and stop them. */
#ifndef BOOTD_BOOTD_PARTS_H
#define BOOTD_BOOTD_PARTS_H

#include "activity/activity.h"
#include "base/log.h"
#include "boot/session.h"
#include "bootd.h"
#include "bootd_setup.h"
#include "config/config_paths.h"
#include "dhcp/dhcp_service.h"
#include "http/http_service.h"
#include "io/loop.h"
#include "io/service_manager.h"
#include "lease/lease.h"
#include "ndp/ndp_service.h"
#include "tftp/tftp_service.h"

struct control;
struct netif_watch;

struct bootd {
	struct bootd_options options;
	struct setup *setup; /* a reload puts another in its place */
	struct root_remote *remote;
	struct cache_config cache_in_use; /* once the remote root is started */
	struct loop *loop;
	struct activity *activity;
	struct session_table *sessions;
	struct lease_store *leases; /* of the configuration of the start; NULL: no DHCP */
	struct control *control;    /* NULL: nobody can ask */
	struct dhcp_service *dhcp;
	struct ndp_service *ndp; /* NULL: the kernel has no IPv6, too */
	struct tftp_service *tftp;
	struct http_service *http;
	struct netif_watch *networks;
	struct service_manager manager;
	/* What can be read once the process is confined, as far as the kernel limits it. */
	struct path_list reach;
	bool is_reach_limited;
};

/* What the services are made of, by the setup of now. */
struct dhcp_service_parts bootd_dhcp_parts(const struct bootd *bootd);
struct ndp_service_parts bootd_ndp_parts(const struct bootd *bootd);
struct tftp_service_parts bootd_tftp_parts(const struct bootd *bootd);
struct http_service_parts bootd_http_parts(const struct bootd *bootd);

/* Gives the services that run the setup of now. */
void bootd_configure(struct bootd *bootd);

/* Gives up what is not needed any more, for good. */
void bootd_confine(struct bootd *bootd, struct problems *problems);

/* Opens the store of leases, with the pool of the setup; the sessions have the UUIDs that it knows
 * machines by. Its thread starts later, when the process is confined. */
void bootd_open_leases(struct bootd *bootd, struct problems *problems);
void bootd_start_leases(struct bootd *bootd, struct problems *problems);

/* Has the store give the addresses of this setup from now on; nothing has changed where a problem
 * is added. */
void bootd_set_pools(struct lease_store *leases, const struct setup *setup,
		     struct problems *problems);

/* Has the services follow what changes in the networks of this machine. */
void bootd_watch_networks(struct bootd *bootd, struct problems *problems);

/* Tells in the log which networks have come and gone from one setup to the next; problems say why
 * one is not served that is there. */
void bootd_tell_networks(const struct setup *old, const struct setup *now,
			 const struct problems *problems);

void bootd_watch_signals(struct bootd *bootd, struct problems *problems);

#endif
