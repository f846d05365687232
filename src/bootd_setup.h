/* A setup: one configuration and all that it brings. The start makes one; a reload makes another
 * beside it, whole, and only then lets go of the first. */
#ifndef BOOTD_BOOTD_SETUP_H
#define BOOTD_BOOTD_SETUP_H

#include "base/problem.h"
#include "bootd.h"
#include "config/config.h"
#include "io/netif.h"

struct authority;
struct content;
struct http_tls;
struct loop;
struct notifier;
struct path_list;
struct root_remote;

struct setup {
	struct config config;
	struct local_address addresses[NETIF_MAX]; /* of this machine */
	size_t address_count;
	struct local_ip ip6_addresses[NETIF_MAX];
	size_t ip6_address_count;
	struct local_address dhcp_addresses[NETIF_MAX]; /* of the interfaces that are served */
	size_t dhcp_address_count;
	struct local_ip tftp_addresses[2 * NETIF_MAX];
	size_t tftp_address_count;
	struct local_ip http_addresses[2 * NETIF_MAX];
	size_t http_address_count;
	/* Told to clients; 0: the address that they are answered from. */
	struct ip4 tftp_server;
	struct ip4 http_server;
	struct content *content;
	struct content *http_content; /* the same one, where the roots are the same */
	struct http_tls *tls;         /* NULL: HTTP is plain */
	struct notifier *notifier;    /* NULL: nobody is told */
	struct authority *authority;  /* NULL: none is asked */
};

/* Reads the configuration and opens what it names, but for the log and the authority. Files below a
 * URL are the remote root's to fetch. The caller closes it; NULL: problems says why, all of it. */
struct setup *setup_open(struct loop *loop, const struct bootd_options *options,
			 struct root_remote *remote, struct problems *problems);
void setup_close(struct setup *setup);

/* The same setup on the networks that there are now: all that the old one has is the new one's, and
 * the old one is to be closed by setup_close_followed once nobody uses it any more. NULL in
 * *out_next: the networks are the same. Returns 0 or -errno: nothing has changed. */
int setup_follow(const struct setup *setup, struct setup **out_next, struct problems *problems);
void setup_close_followed(struct setup *setup);

/* This machine had the same IPv4 addresses when they were made. */
bool setup_has_same_ip4(const struct setup *one, const struct setup *other);

/* Starts the authority's thread, if one is to be asked: once the process is confined, because
 * Landlock holds for the threads that come after. */
void setup_open_authority(struct setup *setup, struct loop *loop, struct problems *problems);

/* The other setup asks the same authority in the same way: it can go on with this one's. */
bool setup_has_same_authority(const struct setup *one, const struct setup *other);

/* Ends it, with all that it is being asked. */
void setup_close_authority(struct setup *setup);

/* Opens the log that the configuration names. */
void setup_open_log(const struct setup *setup, bool is_debug, struct problems *problems);

/* Complains of what the new setup changes but a reload cannot. */
void setup_compare(const struct setup *old, const struct setup *changed, struct problems *problems);

/* Complains of folders that the running process can no longer reach. */
void setup_check_reach(const struct setup *setup, const struct path_list *reach,
		       struct problems *problems);

/* A problem of the whole file; key may be NULL. */
void setup_complain(const struct setup *setup, struct problems *problems, const char *key,
		    const char *sentence);

#endif
