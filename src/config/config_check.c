#include "config/config_check.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_check_parts.h"
#include "config/config_keys.h"
#include "config/config_values.h"
#include "config/ini.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In a longer prefix, no address is left once network, broadcast and this machine have theirs. */
#define POOL_PREFIX_MAX 30
#define HTTPS_PORT      443
#define LOOPBACK        ((struct ip4){ 0x7f000000 })
#define LOOPBACK_PREFIX 8

static const struct selector every_interface = { .kind = SELECT_ALL };

void check_complain(const struct check *check, const char *section, const char *key,
		    const char *format, ...)
{
	const struct ini_entry missing = { .section = section, .key = key };
	const struct ini_entry *entry = ini_find(check->ini, section, key);
	char sentence[sizeof(((struct problem *)NULL)->text)];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	ini_complain(check->ini, entry == NULL ? &missing : entry, check->problems, "%s", sentence);
}

/* "eth0 (192.168.1.1/24)" */
struct local_text {
	char text[48];
};

static struct local_text show_local(const struct local_address *local)
{
	struct local_text out = { 0 };

	(void)text_format(out.text, sizeof(out.text), "%s (%s/%u)", local->name,
			  ip4_format(local->address).text, local->prefix_length);
	return out;
}

/* False: it is full. */
static bool add_to_list(struct list_text *list, const char *text)
{
	size_t used = strlen(list->text);
	bool has_room = used + strlen(text) + sizeof(", , ...") <= sizeof(list->text);

	(void)text_format(list->text + used, sizeof(list->text) - used, "%s%s",
			  used > 0 ? ", " : "", has_room ? text : "...");
	return has_room;
}

struct list_text check_list_networks(const struct config_surroundings *surroundings)
{
	struct list_text list = { 0 };

	for (size_t i = 0; i < surroundings->address_count; i++) {
		if (!add_to_list(&list, show_local(&surroundings->addresses[i]).text))
			break;
	}
	if (list.text[0] == '\0')
		(void)text_format(list.text, sizeof(list.text), "no IPv4 address on any interface");
	return list;
}

static struct list_text list_ip6(const struct config_surroundings *surroundings)
{
	struct list_text list = { 0 };
	char text[INTERFACE_NAME_SIZE + sizeof(struct ip_text) + sizeof(" (/128)")];

	for (size_t i = 0; i < surroundings->ip6_address_count; i++) {
		const struct local_ip *local = &surroundings->ip6_addresses[i];
		struct ip address = local->address;

		address.scope = 0;
		(void)text_format(text, sizeof(text), "%s (%s/%u)", local->name,
				  ip_format(address).text, local->prefix_length);
		if (!add_to_list(&list, text))
			break;
	}
	if (list.text[0] == '\0')
		(void)text_format(list.text, sizeof(list.text), "no IPv6 address on any interface");
	return list;
}

unsigned check_section_line(const struct check *check, const char *section)
{
	const struct ini_section *found;

	for (size_t i = 0; (found = ini_section_at(check->ini, i)) != NULL; i++) {
		if (strcmp(found->name, section) == 0)
			return found->line;
	}
	return 0;
}

bool selector_matches(const struct selector *selector, const struct local_ip *local)
{
	switch (selector->kind) {
	case SELECT_ALL:
		return ip_is_4(local->address);
	case SELECT_ALL_BY_BOTH:
		return true;
	case SELECT_ADDRESS:
		return selector_names(selector, local) ||
		       ip_is_same(selector->address,
				  ip_network(local->address, local->prefix_length));
	case SELECT_INTERFACE:
		return strcmp(selector->name, local->name) == 0;
	}
	return false;
}

bool selector_is_same(const struct selector *one, const struct selector *other)
{
	return one->kind == other->kind && ip_is_same(one->address, other->address) &&
	       strcmp(one->name, other->name) == 0;
}

bool selector_selects(const struct selector *selector,
		      const struct config_surroundings *surroundings, unsigned interface)
{
	for (size_t i = 0; i < surroundings->address_count; i++) {
		struct local_ip local = local_ip_from_4(&surroundings->addresses[i]);

		if ((interface == 0 || local.interface == interface) &&
		    selector_matches(selector, &local))
			return true;
	}
	for (size_t i = 0; i < surroundings->ip6_address_count; i++) {
		const struct local_ip *local = &surroundings->ip6_addresses[i];

		if ((interface == 0 || local->interface == interface) &&
		    selector_matches(selector, local))
			return true;
	}
	return false;
}

static void warn_of_waiting(const struct check *check, const char *section, const char *key,
			    const char *what, const char *list)
{
	const struct ini_entry missing = { .section = section, .key = key };
	const struct ini_entry *entry = ini_find(check->ini, section, key);

	ini_warn(check->ini, entry == NULL ? &missing : entry, check->problems,
		 "%s yet: bootd waits for it; there is: %s", what, list);
}

static bool is_of_ip6(const struct selector *selector)
{
	return selector->kind == SELECT_ALL_BY_BOTH ||
	       (selector->kind == SELECT_ADDRESS && !ip_is_4(selector->address));
}

static void check_selector(const struct check *check, const char *section,
			   const struct selector *selector,
			   const struct config_surroundings *surroundings)
{
	struct list_text list =
		is_of_ip6(selector) ? list_ip6(surroundings) : check_list_networks(surroundings);

	if (selector_is_all(selector) || selector_selects(selector, surroundings, 0))
		return;
	warn_of_waiting(check, section, "address",
			selector->kind == SELECT_INTERFACE
				? "no interface of this name has an address"
				: "this is on no interface",
			list.text);
}

static void check_dhcp_selector(const struct check *check, struct selector *selector)
{
	struct config_surroundings ip4 = *check->surroundings;

	ip4.ip6_address_count = 0;
	if (!is_of_ip6(selector)) {
		check_selector(check, "bootp", selector, &ip4);
		return;
	}
	check_complain(check, "bootp", "address",
		       "DHCP is served over IPv4 only: give an IPv4 address of an interface, a "
		       "network's first one or an interface's name; IPv6 is for address in [tftp] "
		       "and [httpd]");
	*selector = every_interface; /* one mistake is one problem */
}

/* Of a service that serves both families. */
static void check_listening(const struct check *check, const char *section,
			    const struct selector *selector)
{
	struct ip address = selector->address;

	if (selector->kind == SELECT_ADDRESS && ip_is_link_local(address) &&
	    selector->name[0] == '\0')
		check_complain(check, section, "address",
			       "each interface has a network of this kind: say which is meant, "
			       "such as %s%%eth0",
			       ip_format(address).text);
	else
		check_selector(check, section, selector, check->surroundings);
}

static void check_logger(const struct check *check)
{
	if (check->config->logger.type == LOG_TO_FILE &&
	    !config_is_given(ini_find(check->ini, "logger", "file")))
		check_complain(check, "logger", "file",
			       "type = file needs the path of the file here");
}

size_t check_find_dns(const struct check *check, struct ip4 out_list[CONFIG_DNS_MAX])
{
	const struct config_surroundings *surroundings = check->surroundings;
	size_t count = 0;

	for (size_t i = 0; i < surroundings->resolver_count && count < CONFIG_DNS_MAX; i++) {
		struct ip4 resolver = surroundings->resolvers[i];

		/* A resolver on this machine's loopback is out of the clients' reach. */
		if (ip4_is_set(resolver) && !ip4_is_within(resolver, LOOPBACK, LOOPBACK_PREFIX))
			out_list[count++] = resolver;
	}
	return count;
}

static void check_dns(const struct check *check)
{
	struct bootp_config *bootp = &check->config->bootp;

	if (!bootp->is_dns_auto)
		return;
	bootp->dns_count = check_find_dns(check, bootp->dns);
	if (bootp->dns_count == 0)
		check_complain(check, "bootp", "dns", "%s", CHECK_NO_DNS);
}

static void check_netmask(const struct check *check)
{
	uint32_t host_bits = ~check->config->bootp.netmask.value;

	if (ip4_is_set(check->config->bootp.netmask) && (host_bits & (host_bits + 1)) != 0)
		check_complain(
			check, "bootp", "netmask",
			"%s is no netmask: its ones must all come first, as in 255.255.255.0",
			ip4_format(check->config->bootp.netmask).text);
}

struct ip4 check_broadcast_of(const struct local_address *local)
{
	return (struct ip4){ local->address.value | ~ip4_netmask(local->prefix_length).value };
}

/* A start for a pool beside this address: the hundredth if there is one. */
static struct ip4 example_start(const struct local_address *local)
{
	uint32_t last = check_broadcast_of(local).value - 1;
	uint32_t own = local->address.value;
	uint32_t hundredth = ip4_network(local->address, local->prefix_length).value + 100;

	if (hundredth <= last && hundredth != own)
		return (struct ip4){ hundredth };
	return (struct ip4){ own < last ? own + 1 : own - 1 };
}

static void complain_of_no_start(const struct check *check, const struct selector *selector)
{
	const struct config_surroundings *surroundings = check->surroundings;

	for (size_t i = 0; i < surroundings->address_count; i++) {
		const struct local_address *local = &surroundings->addresses[i];

		if (local->prefix_length > POOL_PREFIX_MAX ||
		    ip4_is_within(local->address, LOOPBACK, LOOPBACK_PREFIX) ||
		    !selector_selects(selector, surroundings, local->interface))
			continue;
		check_complain(check, "bootp", "pool_start",
			       "no pool_start: the first address to give, such as %s on %s",
			       ip4_format(example_start(local)).text, show_local(local).text);
		return;
	}
	check_complain(
		check, "bootp", "pool_start",
		"no pool_start: the first address to give, on a network of this machine; there "
		"is: %s",
		check_list_networks(surroundings).text);
}

/* The local address on whose network the pool starts: of several, the one with the smallest
 * network. NULL: there is none. */
static const struct local_address *find_home(const struct check *check,
					     const struct selector *selector)
{
	const struct config_surroundings *surroundings = check->surroundings;
	const struct local_address *home = NULL;

	for (size_t i = 0; i < surroundings->address_count; i++) {
		const struct local_address *local = &surroundings->addresses[i];

		if (!ip4_is_within(check->config->bootp.pool_start, local->address,
				   local->prefix_length))
			continue;
		if (!selector_selects(selector, surroundings, local->interface))
			continue;
		if (home == NULL || local->prefix_length > home->prefix_length)
			home = local;
	}
	return home;
}

/* The pool's network is waited for, unless it is on an interface that is not selected. */
static void check_no_home(const struct check *check)
{
	const struct bootp_config *bootp = &check->config->bootp;
	const struct local_address *unselected = find_home(check, &every_interface);
	char what[80];

	/* A selector that selects nothing is one thing to wait for, not two. */
	if (!selector_is_all(&bootp->address) &&
	    !selector_selects(&bootp->address, check->surroundings, 0))
		return;
	if (unselected != NULL) {
		check->config->home = (struct home){ HOME_WRONG, *unselected };
		check_complain(check, "bootp", "pool_start",
			       "%s is on %s, which [bootp] address does not select",
			       ip4_format(bootp->pool_start).text, show_local(unselected).text);
		return;
	}
	(void)text_format(what, sizeof(what), "%s is on no network of this machine",
			  ip4_format(bootp->pool_start).text);
	warn_of_waiting(check, "bootp", "pool_start", what,
			check_list_networks(check->surroundings).text);
}

/* False: the pool cannot start there. An empty one only names the network. */
static bool check_start(const struct check *check, const struct local_address *home)
{
	struct ip4 start = check->config->bootp.pool_start;
	const char *what = NULL;

	if (check->config->bootp.pool_count == 0)
		return true;
	if (home->prefix_length > POOL_PREFIX_MAX)
		what = "on a network without room for a pool";
	else if (ip4_is_same(start, ip4_network(start, home->prefix_length)))
		what = "the network's own address";
	else if (ip4_is_same(start, check_broadcast_of(home)))
		what = "the network's broadcast address";
	if (what == NULL)
		return true;
	check_complain(check, "bootp", "pool_start", "%s is %s: %s", ip4_format(start).text, what,
		       show_local(home).text);
	return false;
}

/* As many addresses as are asked for, or as there is room for behind the first one. */
static uint32_t pool_count(const struct bootp_config *bootp, const struct local_address *home)
{
	uint32_t room = check_broadcast_of(home).value - bootp->pool_start.value;

	if (bootp->pool_count != POOL_COUNT_NOT_GIVEN)
		return bootp->pool_count;
	return room < POOL_COUNT_DEFAULT ? room : POOL_COUNT_DEFAULT;
}

/* Addresses in the pool that are somebody's already, this machine's or the gateway's, do no harm:
 * the start sets them aside. */
static void check_count(const struct check *check, const struct local_address *home)
{
	const struct bootp_config *bootp = &check->config->bootp;
	uint32_t room = check_broadcast_of(home).value - bootp->pool_start.value;
	uint32_t count = pool_count(bootp, home);

	if (count > room)
		check_complain(
			check, "bootp", "pool_count",
			"%u addresses from %s on do not fit in the network of %s: at most %u",
			count, ip4_format(bootp->pool_start).text, show_local(home).text, room);
}

static void check_gateway(const struct check *check, const struct local_address *home)
{
	struct ip4 gateway = check->config->bootp.gateway;

	if (ip4_is_set(gateway) && !ip4_is_within(gateway, home->address, home->prefix_length))
		check_complain(check, "bootp", "gateway",
			       "%s is not on the pool's network, that of %s",
			       ip4_format(gateway).text, show_local(home).text);
}

/* The pool's network, before all others. */
static void add_pool_network(const struct check *check, const struct local_address *home)
{
	struct config *config = check->config;
	const struct bootp_config *bootp = &config->bootp;
	struct subnet_config *list =
		reallocarray(config->subnets.list, config->subnets.count + 1, sizeof(*list));
	struct address_range *range = malloc(sizeof(*range));
	uint32_t count = pool_count(bootp, home);

	if (list != NULL)
		config->subnets.list = list;
	if (list == NULL || range == NULL) {
		free(range);
		check_complain(check, "bootp", "pool_start", "there is not enough memory");
		return;
	}
	*range = (struct address_range){ bootp->pool_start,
					 { bootp->pool_start.value + count - 1 } };
	memmove(list + 1, list, config->subnets.count * sizeof(*list));
	config->subnets.count++;
	list[0] = (struct subnet_config){
		.network = ip4_network(home->address, home->prefix_length),
		.prefix_length = home->prefix_length,
		.netmask = ip4_is_set(bootp->netmask) ? bootp->netmask
						      : ip4_netmask(home->prefix_length),
		.tells_gateway = bootp->tells_gateway,
		.gateway = bootp->gateway,
		.dns_count = bootp->dns_count,
		.lease_time_s = bootp->lease_time_s,
		.probation_s = config->leases.probation_s,
		.is_authoritative = bootp->is_authoritative,
	};
	list[0].ranges.list = range;
	list[0].ranges.count = count > 0 ? 1 : 0;
	memcpy(list[0].dns, bootp->dns, sizeof(bootp->dns));
	(void)text_copy(list[0].domain, sizeof(list[0].domain), bootp->domain);
}

static void remove_pool_network(struct subnets *subnets)
{
	if (subnets->count == 0 || subnets->list[0].name[0] != '\0')
		return;
	free(subnets->list[0].ranges.list);
	subnets->count--;
	memmove(subnets->list, subnets->list + 1, subnets->count * sizeof(*subnets->list));
}

/* It is served unless something is wrong with it. */
static void check_home(const struct check *check, const struct local_address *home)
{
	size_t problems_before = check->problems->count;

	check->config->home = (struct home){ HOME_WRONG, *home };
	check_gateway(check, home);
	check_pool_is_apart(check, home);
	if (check_start(check, home))
		check_count(check, home);
	if (check->problems->count == problems_before)
		add_pool_network(check, home);
	if (check->problems->count == problems_before)
		check->config->home.state = HOME_SERVED;
}

static void find_pool_network(const struct check *check)
{
	struct config *config = check->config;
	const struct local_address *home = find_home(check, &config->bootp.address);

	config->home.state = HOME_AWAITED;
	if (home == NULL)
		check_no_home(check);
	else
		check_home(check, home);
}

/* All that depends on which networks there are now, again after they have changed. */
static void check_networks(const struct check *check)
{
	struct config *config = check->config;

	remove_pool_network(&config->subnets);
	config->home = (struct home){ .state = HOME_NONE };
	if (!config_may_give_addresses(config))
		return;
	if (ip4_is_set(config->bootp.pool_start))
		find_pool_network(check);
	if (config->home.state != HOME_AWAITED)
		check_static_hosts(check);
	check_hosts(check);
}

void config_leave_home(struct config *config)
{
	remove_pool_network(&config->subnets);
	config->home.state = HOME_WRONG;
}

int config_follow_networks(struct config *config, const struct config_surroundings *surroundings,
			   struct problems *problems)
{
	/* Where a key is in the file is not known any more. */
	struct ini *nowhere = ini_parse(config->path, (struct span){ .length = 0 }, problems);
	const struct check check = { config, nowhere, surroundings, problems };

	if (nowhere == NULL)
		return -ENOMEM;
	if (config->has_dhcp)
		check_networks(&check);
	ini_free(nowhere);
	return 0;
}

static bool has_section_of_subnet(const struct check *check)
{
	const struct ini_section *section;

	for (size_t i = 0; (section = ini_section_at(check->ini, i)) != NULL; i++) {
		if (strcmp(config_kind_of(section->name), "subnet") == 0)
			return true;
	}
	return false;
}

static void check_pool_is_given(const struct check *check)
{
	const struct bootp_config *bootp = &check->config->bootp;

	/* A value that is no address has its problem already, as has a wrong [subnet]. */
	if (config_may_give_addresses(check->config) && !ip4_is_set(bootp->pool_start) &&
	    !config_is_given(ini_find(check->ini, "bootp", "pool_start")) &&
	    !has_section_of_subnet(check))
		complain_of_no_start(check, &bootp->address);
}

/* A root that is a URL, and what goes with it. */
static void check_root(const struct check *check)
{
	struct tftp_config *tftp = &check->config->tftp;

	tftp->is_root_remote = value_is_url(tftp->root);
	if (tftp->ca_file[0] != '\0' && access(tftp->ca_file, R_OK) < 0)
		check_complain(check, "tftp", "ca_file",
			       "%s cannot be read: %s; name the file with the certificates (PEM) "
			       "of the authorities that the web server's is signed by",
			       tftp->ca_file, strerror(errno));
}

/* TFTP listens where DHCP does unless it is told where. */
static void check_tftp_address(const struct check *check)
{
	struct config *config = check->config;

	if (config_is_given(ini_find(check->ini, "tftp", "address")))
		check_listening(check, "tftp", &config->tftp.address);
	else if (config->has_dhcp)
		config->tftp.address = config->bootp.address;
}

/* Each worker needs two ports, because a client's next transfer comes from another one. */
static void check_port_range(const struct check *check)
{
	const struct tftp_config *tftp = &check->config->tftp;
	unsigned workers = tftp->worker_count > 0 ? tftp->worker_count : 1;
	unsigned ports = tftp->port_range.last - tftp->port_range.first + 1u;

	if (tftp->port_range.first > 0 && ports < 2 * workers)
		check_complain(check, "tftp", "port_range",
			       "these are %u ports: %u are needed, two for each of the workers",
			       ports, 2 * workers);
}

/* HTTP listens where TFTP does unless it is told where, and serves what TFTP serves. */
static void fill_httpd(const struct check *check)
{
	struct config *config = check->config;
	struct httpd_config *httpd = &config->httpd;

	if (config_is_given(ini_find(check->ini, "httpd", "address")))
		check_listening(check, "httpd", &httpd->address);
	else if (config->has_tftp)
		httpd->address = config->tftp.address;
	else if (config->has_dhcp)
		httpd->address = config->bootp.address;
	if (httpd->root[0] == '\0')
		(void)text_copy(httpd->root, sizeof(httpd->root), config->tftp.root);
	httpd->is_root_remote = value_is_url(httpd->root);
	if (httpd->certificate[0] != '\0' &&
	    !config_is_given(ini_find(check->ini, "httpd", "port")))
		httpd->port = HTTPS_PORT;
}

static void check_httpd(const struct check *check)
{
	const struct httpd_config *httpd = &check->config->httpd;

	fill_httpd(check);
	if (httpd->certificate[0] != '\0' && httpd->key[0] == '\0')
		check_complain(check, "httpd", "cert",
			       "HTTPS needs its key, too: name its file by key");
	else if (httpd->certificate[0] == '\0' && httpd->key[0] != '\0')
		check_complain(check, "httpd", "key",
			       "HTTPS needs its certificate, too: name its file by cert");
	if (httpd->connections_each_max > httpd->connections_max &&
	    config_is_given(ini_find(check->ini, "httpd", "max_per_address")))
		check_complain(check, "httpd", "max_per_address",
			       "one address cannot have more connections than there are: "
			       "max_connections is %u",
			       httpd->connections_max);
}

static void check_ipxe(const struct check *check)
{
	const struct ipxe_config *ipxe = &check->config->ipxe;

	if (ipxe->is_enabled && ipxe->script[0] == '\0')
		check_complain(check, "ipxe", "script",
			       "iPXE needs to be told what to boot: a URL, or a file of the root "
			       "such as boot.ipxe");
}

static void check_dhcp(const struct check *check)
{
	check_dhcp_selector(check, &check->config->bootp.address);
	check_dns(check);
	check_netmask(check);
	check_pool_is_given(check);
	check_subnets(check);
	check_networks(check);
	check_access(check);
	check_menu(check);
}

void config_check(struct config *config, const struct ini *ini,
		  const struct config_surroundings *surroundings, struct problems *problems)
{
	const struct check check = { config, ini, surroundings, problems };

	if (config->authority.timeout_ms == 0)
		config->authority.timeout_ms = config->bootp.authority_timeout_ms;
	check_logger(&check);
	if (config->has_dhcp)
		check_dhcp(&check);
	if (config->has_tftp) {
		check_tftp_address(&check);
		check_port_range(&check);
		check_root(&check);
	}
	if (config->has_http)
		check_httpd(&check);
	check_ipxe(&check);
	check_effect(&check);
}
