/* The networks of this machine, followed while it serves. */
#include "base/text.h"
#include "bootd_parts.h"
#include "config/config_check.h"
#include "io/netif_watch.h"

#include <errno.h>
#include <string.h>

struct network_text {
	char text[64];
};

/* "10.0.0.0/24 (eth1)" */
static struct network_text show_network(const struct local_address *local)
{
	struct network_text out = { "" };

	(void)text_format(out.text, sizeof(out.text), "%s/%u (%s)",
			  ip4_format(ip4_network(local->address, local->prefix_length)).text,
			  local->prefix_length, local->name);
	return out;
}

static bool is_same_network(const struct local_address *one, const struct local_address *other)
{
	return one->prefix_length == other->prefix_length &&
	       ip4_is_within(one->address, other->address, one->prefix_length);
}

/* The pool's network has come. */
static void tell_served(const struct config *config)
{
	const struct address_ranges *ranges = &config->subnets.list[0].ranges;
	struct network_text network = show_network(&config->home.local);

	if (ranges->count == 0)
		log_write(LOG_AT_INFO, "dhcp: network %s is there: serving fixed addresses",
			  network.text);
	else
		log_write(LOG_AT_INFO, "dhcp: network %s is there: serving %s to %s", network.text,
			  ip4_format(ranges->list[0].first).text,
			  ip4_format(ranges->list[ranges->count - 1].last).text);
}

static void tell_home(const struct config *before, const struct config *after)
{
	const struct home *old = &before->home;
	const struct home *home = &after->home;
	bool was_there = old->state == HOME_SERVED && is_same_network(&old->local, &home->local);

	/* A reload took the pool away, or names one that is not there yet, of which it warns. */
	if (home->state == HOME_NONE || (home->state == HOME_AWAITED && old->state == HOME_NONE))
		return;
	if (home->state == HOME_SERVED && !was_there)
		tell_served(after);
	else if (home->state == HOME_SERVED)
		log_write(LOG_AT_INFO, "dhcp: network %s is served from %s now",
			  show_network(&home->local).text, ip4_format(home->local.address).text);
	else if (home->state == HOME_AWAITED)
		log_write(LOG_AT_INFO, "dhcp: network %s is gone: bootd waits for it",
			  show_network(&old->local).text);
	else
		log_write(LOG_AT_ERROR, "dhcp: network %s is there, and is not served:",
			  show_network(&home->local).text);
}

/* The interface, address or network that a service's address selects. */
static void tell_selected(const char *service, const struct selector *selector, bool is_there,
			  bool was_there)
{
	struct ip_text address = ip_format(selector->address);
	const char *what = selector->kind == SELECT_ADDRESS ? address.text : selector->name;

	if (selector_is_all(selector))
		return;
	if (is_there && !was_there)
		log_write(LOG_AT_INFO, "%s: %s is there", service, what);
	else if (!is_there && was_there)
		log_write(LOG_AT_INFO, "%s: %s is gone: bootd waits for it", service, what);
}

/* What listens where DHCP does has nothing more to tell. */
static bool has_own_address(const struct config *config, const struct selector *selector)
{
	return !config->has_dhcp || !selector_is_same(selector, &config->bootp.address);
}

void bootd_tell_networks(const struct setup *old, const struct setup *now,
			 const struct problems *problems)
{
	const struct config *config = &now->config;
	const struct home *before = &old->config.home;

	if (before->state != config->home.state ||
	    !local_address_is_same(&before->local, &config->home.local)) {
		tell_home(&old->config, config);
		bootd_log_problems(problems);
	} else if (config->has_dhcp &&
		   (config->home.state == HOME_NONE || config->home.state == HOME_AWAITED)) {
		/* There may be no pool; and an interface may come without the pool's network. */
		tell_selected("dhcp", &config->bootp.address, now->dhcp_address_count > 0,
			      old->dhcp_address_count > 0);
	}
	if (config->has_tftp && has_own_address(config, &config->tftp.address))
		tell_selected("tftp", &config->tftp.address, now->tftp_address_count > 0,
			      old->tftp_address_count > 0);
	if (config->has_http && has_own_address(config, &config->httpd.address))
		tell_selected("http", &config->httpd.address, now->http_address_count > 0,
			      old->http_address_count > 0);
}

/* An IPv6 address that comes or goes, as they often do, is nothing to the leases. */
static bool has_same_pools(const struct setup *one, const struct setup *other)
{
	return one->config.home.state == other->config.home.state && setup_has_same_ip4(one, other);
}

static void follow(struct bootd *bootd, struct setup *next, struct problems *problems)
{
	struct setup *old = bootd->setup;
	size_t problems_before = problems->count;

	if (bootd->leases != NULL && !has_same_pools(old, next))
		bootd_set_pools(bootd->leases, next, problems);
	if (problems->count > problems_before && next->config.home.state == HOME_SERVED)
		config_leave_home(&next->config);
	bootd->setup = next;
	bootd_configure(bootd);
	bootd_tell_networks(old, next, problems);
	setup_close_followed(old);
}

static void on_change(void *context)
{
	static struct problems problems;
	struct bootd *bootd = context;
	struct setup *next;
	int error;

	problems.count = 0;
	problems.warning_count = 0;
	error = setup_follow(bootd->setup, &next, &problems);
	/* Warnings say that a network is awaited, which is told in another way here. */
	problems.warning_count = 0;
	if (error < 0) {
		log_write(LOG_AT_ERROR, "the network interfaces cannot be listed: %s",
			  strerror(-error));
		netif_watch_again(bootd->networks);
	} else if (next != NULL) {
		follow(bootd, next, &problems);
	}
}

void bootd_watch_networks(struct bootd *bootd, struct problems *problems)
{
	int error = netif_watch_open(bootd->loop, on_change, bootd, &bootd->networks);

	if (error < 0)
		problems_add(problems, (struct place){ 0 },
			     "changes of the network interfaces cannot be watched: %s",
			     strerror(-error));
}
