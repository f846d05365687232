#include "bootd_setup.h"

#include "bootd_ipxe.h"

#include "activity/notify.h"
#include "authority/authority.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/config_check.h"
#include "config/config_paths.h"
#include "content/content.h"
#include "http/http_tls.h"
#include "io/resolvers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVERS_MAX      16
#define AUTHORITY_PARALLEL 64 /* questions asked at once */

void setup_complain(const struct setup *setup, struct problems *problems, const char *key,
		    const char *sentence)
{
	problems_add(problems, (struct place){ .file = setup->config.path, .key = key }, "%s",
		     sentence);
}

static struct config_surroundings surroundings_of(const struct setup *setup)
{
	return (struct config_surroundings){ .addresses = setup->addresses,
					     .address_count = setup->address_count,
					     .ip6_addresses = setup->ip6_addresses,
					     .ip6_address_count = setup->ip6_address_count };
}

/* The addresses of the interfaces that a service's "address" selects. */
static size_t select_addresses(const struct setup *setup, const struct selector *selector,
			       struct local_address *out_list)
{
	struct config_surroundings surroundings = surroundings_of(setup);
	size_t count = 0;

	for (size_t i = 0; i < setup->address_count; i++) {
		if (selector_selects(selector, &surroundings, setup->addresses[i].interface))
			out_list[count++] = setup->addresses[i];
	}
	return count;
}

/* The same, of both families. */
static size_t select_ips(const struct setup *setup, const struct selector *selector,
			 struct local_ip *out_list)
{
	struct config_surroundings surroundings = surroundings_of(setup);
	size_t count = 0;

	for (size_t i = 0; i < setup->address_count; i++) {
		if (selector_selects(selector, &surroundings, setup->addresses[i].interface))
			out_list[count++] = local_ip_from_4(&setup->addresses[i]);
	}
	for (size_t i = 0; i < setup->ip6_address_count; i++) {
		if (selector_selects(selector, &surroundings, setup->ip6_addresses[i].interface))
			out_list[count++] = setup->ip6_addresses[i];
	}
	return count;
}

/* What clients are told where a service's "address" is an address and not a network; 0: nothing of
 * its own. */
static struct ip4 server_of(const struct setup *setup, const struct selector *selector)
{
	if (selector->kind != SELECT_ADDRESS)
		return (struct ip4){ 0 };
	for (size_t i = 0; i < setup->address_count; i++) {
		struct local_ip local = local_ip_from_4(&setup->addresses[i]);

		if (!selector_names(selector, &local) && selector_matches(selector, &local))
			return (struct ip4){ 0 };
	}
	return ip_to_4(selector->address);
}

static int list_addresses(struct setup *setup)
{
	int error = netif_list(setup->addresses, NETIF_MAX, &setup->address_count);

	return error < 0 ? error
			 : netif_list_6(setup->ip6_addresses, NETIF_MAX, &setup->ip6_address_count);
}

static void warn_of_cut_lists(const struct setup *setup, struct problems *problems)
{
	if (setup->address_count == NETIF_MAX || setup->ip6_address_count == NETIF_MAX)
		problems_warn(problems, (struct place){ 0 },
			      "bootd looks at %d IPv4 and as many IPv6 addresses of this machine; "
			      "what it has beyond them is not served",
			      NETIF_MAX);
}

static bool load(struct setup *setup, const struct bootd_options *options,
		 struct problems *problems)
{
	struct ip4 resolvers[RESOLVERS_MAX];
	struct config_surroundings surroundings;
	int error = list_addresses(setup);

	if (error < 0) {
		problems_add(problems, (struct place){ 0 },
			     "the network interfaces cannot be listed: %s", strerror(-error));
		return false;
	}
	warn_of_cut_lists(setup, problems);
	surroundings = surroundings_of(setup);
	surroundings.resolvers = resolvers;
	surroundings.resolver_count = resolvers_list(resolvers, RESOLVERS_MAX);
	return config_load(options->config_path, options->services, options->wants_http,
			   &surroundings, &setup->config, problems);
}

/* The folder of an absolute path. */
static const char *folder_of(const char *path, char out[PATH_MAX])
{
	char *slash;

	(void)text_copy(out, PATH_MAX, path);
	slash = strrchr(out, '/');
	slash[slash == out ? 1 : 0] = '\0';
	return out;
}

/* remote: NULL where the root is a folder. NULL: problems says why. */
static struct content *open_content(const struct setup *setup, const char *key, const char *root,
				    struct root_remote *remote, struct problems *problems)
{
	const struct config *config = &setup->config;
	char folder[PATH_MAX];
	struct content_settings settings = { .root = root,
					     .remote = remote,
					     .may_follow_links =
						     config->tftp.symlinks == SYMLINKS_FOLLOW,
					     .filters = &config->filters,
					     .folder = folder_of(config->path, folder) };
	struct content *content = NULL;
	int error;

	setup_mount_ipxe(setup, &settings);
	error = content_new(&settings, &content);

	if (error == -ENOSYS)
		setup_complain(setup, problems, key,
			       "this kernel is too old: Linux 5.6 or newer is needed (openat2)");
	else if (error < 0)
		problems_add(problems, (struct place){ .file = config->path, .key = key },
			     "the folder %s cannot be opened: %s; create it, or name the folder "
			     "that holds the boot files",
			     remote != NULL ? folder : root, strerror(-error));
	return content;
}

/* What TFTP and HTTP serve from one root is one content. */
static void open_contents(struct setup *setup, struct root_remote *remote,
			  struct problems *problems)
{
	const struct config *config = &setup->config;
	bool is_same = strcmp(config->httpd.root, config->tftp.root) == 0;

	if (config->has_tftp)
		setup->content =
			open_content(setup, "[tftp] root", config->tftp.root,
				     config->tftp.is_root_remote ? remote : NULL, problems);
	if (config->has_http && config->has_tftp && is_same)
		setup->http_content = content_hold(setup->content);
	else if (config->has_http)
		setup->http_content = open_content(
			setup, is_same ? "[tftp] root" : "[httpd] root", config->httpd.root,
			config->httpd.is_root_remote ? remote : NULL, problems);
}

static void open_tls(struct setup *setup, struct problems *problems)
{
	const struct httpd_config *httpd = &setup->config.httpd;
	char sentence[HTTP_TLS_SENTENCE_SIZE];
	enum http_tls_file file;
	bool is_key;

	if (!setup->config.has_http || httpd->certificate[0] == '\0')
		return;
	setup->tls = http_tls_open(httpd->certificate, httpd->key, &file, sentence);
	if (setup->tls != NULL)
		return;
	is_key = file == HTTP_TLS_KEY;
	problems_add(problems,
		     (struct place){ .file = setup->config.path,
				     .key = is_key ? "[httpd] key" : "[httpd] cert" },
		     "%s: %s", is_key ? httpd->key : httpd->certificate, sentence);
}

static void open_notifier(struct setup *setup, struct loop *loop, struct problems *problems)
{
	const struct bootp_config *bootp = &setup->config.bootp;
	int error;

	if (bootp->notify_count == 0)
		return;
	error = notifier_new(loop, bootp->notify, bootp->notify_count, &setup->notifier);
	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = setup->config.path, .key = "[bootp] notify" },
			     "no socket to send from: %s", strerror(-error));
}

/* Which addresses each service serves. */
static void select_all_addresses(struct setup *setup)
{
	setup->dhcp_address_count =
		select_addresses(setup, &setup->config.bootp.address, setup->dhcp_addresses);
	setup->tftp_address_count =
		select_ips(setup, &setup->config.tftp.address, setup->tftp_addresses);
	setup->http_address_count =
		select_ips(setup, &setup->config.httpd.address, setup->http_addresses);
	setup->tftp_server = server_of(setup, &setup->config.tftp.address);
	setup->http_server = server_of(setup, &setup->config.httpd.address);
}

static void open_parts(struct setup *setup, struct loop *loop, struct root_remote *remote,
		       struct problems *problems)
{
	select_all_addresses(setup);
	setup_find_ipxe(setup, problems);
	open_contents(setup, remote, problems);
	open_tls(setup, problems);
	if (!setup->config.has_dhcp)
		return;
	open_notifier(setup, loop, problems);
}

struct setup *setup_open(struct loop *loop, const struct bootd_options *options,
			 struct root_remote *remote, struct problems *problems)
{
	struct setup *setup = calloc(1, sizeof(*setup));

	if (setup == NULL) {
		problems_add(problems, (struct place){ 0 }, "there is not enough memory");
		return NULL;
	}
	if (load(setup, options, problems))
		open_parts(setup, loop, remote, problems);
	if (problems->count > 0) {
		setup_close(setup);
		return NULL;
	}
	return setup;
}

bool setup_has_same_authority(const struct setup *one, const struct setup *other)
{
	const struct authority_config *first = &one->config.authority;
	const struct authority_config *second = &other->config.authority;

	return one->config.bootp.access == other->config.bootp.access &&
	       strcmp(first->location, second->location) == 0 &&
	       strcmp(first->pxe_path, second->pxe_path) == 0 &&
	       strcmp(first->dhcp_path, second->dhcp_path) == 0 &&
	       first->timeout_ms == second->timeout_ms;
}

void setup_close_authority(struct setup *setup)
{
	authority_free(setup->authority);
	setup->authority = NULL;
}

void setup_close(struct setup *setup)
{
	if (setup == NULL)
		return;
	setup_close_authority(setup);
	notifier_free(setup->notifier);
	http_tls_free(setup->tls);
	content_free(setup->http_content);
	content_free(setup->content);
	config_done(&setup->config);
	free(setup);
}

void setup_open_authority(struct setup *setup, struct loop *loop, struct problems *problems)
{
	const struct authority_config *config = &setup->config.authority;
	struct authority_settings settings = { .location = config->location,
					       .pxe_path = config->pxe_path,
					       .dhcp_path = config->dhcp_path,
					       .timeout_ms = config->timeout_ms,
					       .parallel_max = AUTHORITY_PARALLEL };
	int error;

	if (!setup->config.has_dhcp || setup->config.bootp.access != ACCESS_BY_HTTP)
		return;
	error = authority_new(loop, &settings, &setup->authority);
	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = setup->config.path, .key = "[http]" },
			     "the thread that asks the authority cannot be started: %s",
			     strerror(-error));
}

void setup_open_log(const struct setup *setup, bool is_debug, struct problems *problems)
{
	const struct logger_config *logger = &setup->config.logger;
	int error;

	if (is_debug)
		error = log_open(LOG_TO_STDERR, NULL, LOG_AT_DEBUG);
	else
		error = log_open(logger->type, logger->file, logger->level);
	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = setup->config.path, .key = "[logger] file" },
			     "%s cannot be opened for writing: %s", logger->file, strerror(-error));
}

bool setup_has_same_ip4(const struct setup *one, const struct setup *other)
{
	for (size_t i = 0; i < one->address_count && i < other->address_count; i++) {
		if (!local_address_is_same(&one->addresses[i], &other->addresses[i]))
			return false;
	}
	return one->address_count == other->address_count;
}

static bool has_same_ip6(const struct setup *one, const struct setup *other)
{
	for (size_t i = 0; i < one->ip6_address_count && i < other->ip6_address_count; i++) {
		if (!local_ip_is_same(&one->ip6_addresses[i], &other->ip6_addresses[i]))
			return false;
	}
	return one->ip6_address_count == other->ip6_address_count;
}

int setup_follow(const struct setup *setup, struct setup **out_next, struct problems *problems)
{
	CLEANUP(free_memory) struct setup *next = malloc(sizeof(*next));
	struct config_surroundings surroundings;
	int error;

	*out_next = NULL;
	if (next == NULL)
		return -ENOMEM;
	*next = *setup;
	error = list_addresses(next);
	if (error < 0 || (setup_has_same_ip4(setup, next) && has_same_ip6(setup, next)))
		return error;
	surroundings = surroundings_of(next);
	error = config_follow_networks(&next->config, &surroundings, problems);
	if (error < 0)
		return error;
	select_all_addresses(next);
	*out_next = next;
	next = NULL;
	return 0;
}

void setup_close_followed(struct setup *setup)
{
	free(setup);
}

/* HTTP's threads and its listening socket stay as they are. */
static void compare_httpd(const struct setup *old, const struct setup *changed,
			  const char *sentence, struct problems *problems)
{
	const struct httpd_config *before = &old->config.httpd;
	const struct httpd_config *after = &changed->config.httpd;

	if (old->config.has_http != changed->config.has_http)
		setup_complain(changed, problems, "[httpd] enable", sentence);
	if (!old->config.has_http || !changed->config.has_http)
		return;
	if (before->port != after->port)
		setup_complain(changed, problems, "[httpd] port", sentence);
	if (!selector_is_same(&before->address, &after->address))
		setup_complain(changed, problems, "[httpd] address", sentence);
	if ((before->certificate[0] == '\0') != (after->certificate[0] == '\0'))
		setup_complain(changed, problems, "[httpd] cert", sentence);
	if (before->connections_max != after->connections_max)
		setup_complain(changed, problems, "[httpd] max_connections", sentence);
	if (before->connections_each_max != after->connections_each_max)
		setup_complain(changed, problems, "[httpd] max_per_address", sentence);
	if (before->timeout_ms != after->timeout_ms)
		setup_complain(changed, problems, "[httpd] timeout", sentence);
	if (before->workers != after->workers)
		setup_complain(changed, problems, "[httpd] workers", sentence);
}

void setup_compare(const struct setup *old, const struct setup *changed, struct problems *problems)
{
	static const char sentence[] =
		"a reload cannot change this: restart bootd, or put the old value back";
	const struct config *before = &old->config;
	const struct config *after = &changed->config;

	if (before->bootp.port != after->bootp.port)
		setup_complain(changed, problems, "[bootp] port", sentence);
	if (before->bootp.mode != after->bootp.mode)
		setup_complain(changed, problems, "[bootp] mode", sentence);
	if (before->bootp.pxe_port != after->bootp.pxe_port)
		setup_complain(changed, problems, "[bootp] pxe_port", sentence);
	if (strcmp(before->bootp.state_file, after->bootp.state_file) != 0)
		setup_complain(changed, problems, "[bootp] state_file", sentence);
	if (before->bootp.mode == MODE_AUTO &&
	    config_may_give_addresses(before) != config_may_give_addresses(after))
		setup_complain(changed, problems, "[bootp] pool_start", sentence);
	if (!selector_is_same(&before->bootp.address, &after->bootp.address))
		setup_complain(changed, problems, "[bootp] address", sentence);
	if (before->tftp.port != after->tftp.port)
		setup_complain(changed, problems, "[tftp] port", sentence);
	if (!selector_is_same(&before->tftp.address, &after->tftp.address))
		setup_complain(changed, problems, "[tftp] address", sentence);
	if (before->tftp.transfers_max != after->tftp.transfers_max)
		setup_complain(changed, problems, "[tftp] max_transfers", sentence);
	if (before->tftp.port_range.first != after->tftp.port_range.first ||
	    before->tftp.port_range.last != after->tftp.port_range.last)
		setup_complain(changed, problems, "[tftp] port_range", sentence);
	if (before->tftp.worker_count != after->tftp.worker_count)
		setup_complain(changed, problems, "[tftp] workers", sentence);
	compare_httpd(old, changed, sentence, problems);
	if (before->leases.type != after->leases.type)
		setup_complain(changed, problems, "[leases] type", sentence);
	if (strcmp(before->leases.file, after->leases.file) != 0)
		setup_complain(changed, problems, "[leases] file", sentence);
	if (strcmp(before->daemon.control, after->daemon.control) != 0)
		setup_complain(changed, problems, "[daemon] control", sentence);
	if (strcmp(before->daemon.user, after->daemon.user) != 0)
		setup_complain(changed, problems, "[daemon] user", sentence);
}

static void complain_of_reach(const struct setup *setup, unsigned line, const char *key,
			      const char *folder, struct problems *problems)
{
	problems_add(problems,
		     (struct place){ .file = setup->config.path, .line = line, .key = key },
		     "%s is out of reach of the running bootd, which has confined itself to the "
		     "folders of its start: restart it",
		     folder);
}

void setup_check_reach(const struct setup *setup, const struct path_list *reach,
		       struct problems *problems)
{
	const struct config *config = &setup->config;
	char folder[2 * PATH_MAX];
	char key[128];

	if (!config->has_tftp && !config->has_http)
		return;
	if (config->tftp.ca_file[0] != '\0' && !path_list_covers(reach, config->tftp.ca_file))
		complain_of_reach(setup, 0, "[tftp] ca_file", config->tftp.ca_file, problems);
	if (config->has_tftp && !config->tftp.is_root_remote &&
	    !path_list_covers(reach, config->tftp.root))
		complain_of_reach(setup, 0, "[tftp] root", config->tftp.root, problems);
	if (config->ipxe.is_enabled && !path_list_covers(reach, config->ipxe.binaries))
		complain_of_reach(setup, 0, "[ipxe] binaries", config->ipxe.binaries, problems);
	if (config->has_http && !config->httpd.is_root_remote &&
	    !path_list_covers(reach, config->httpd.root))
		complain_of_reach(setup, 0, "[httpd] root", config->httpd.root, problems);
	for (size_t i = 0; i < config->filters.count; i++) {
		const struct filter_rule *rule = &config->filters.list[i];

		if (!config_filter_folder(config, rule, folder, sizeof(folder)) ||
		    path_list_covers(reach, folder))
			continue;
		(void)text_format(key, sizeof(key), "[filters] %s", rule->pattern);
		complain_of_reach(setup, rule->line, key, folder, problems);
	}
}
