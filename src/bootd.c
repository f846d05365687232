#include "bootd_parts.h"

#include "bootd_remote.h"
#include "cli/explain_file.h"
#include "config/subnet.h"
#include "content/remote_url.h"
#include "content/root_remote.h"
#include "control/control.h"
#include "io/netif_watch.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#define SESSIONS_MIN        1024
#define LOGGED_NETWORKS_MAX 16
#define SESSIONS_OF_PROXY   16384 /* which does not know how many addresses there are */

struct dhcp_service_parts bootd_dhcp_parts(const struct bootd *bootd)
{
	const struct setup *setup = bootd->setup;

	return (struct dhcp_service_parts){ .loop = bootd->loop,
					    .leases = bootd->leases,
					    .sessions = bootd->sessions,
					    .activity = bootd->activity,
					    .authority = setup->authority,
					    .config = &setup->config,
					    .served = setup->dhcp_addresses,
					    .served_count = setup->dhcp_address_count,
					    .tftp_server = setup->tftp_server,
					    .http_server = setup->http_server };
}

struct ndp_service_parts bootd_ndp_parts(const struct bootd *bootd)
{
	const struct setup *setup = bootd->setup;

	return (struct ndp_service_parts){ .loop = bootd->loop,
					   .sessions = bootd->sessions,
					   .activity = bootd->activity,
					   .config = &setup->config,
					   .served = setup->dhcp_addresses,
					   .served_count = setup->dhcp_address_count };
}

static size_t core_count(void)
{
	cpu_set_t cores;

	return sched_getaffinity(0, sizeof(cores), &cores) < 0 ? 1 : (size_t)CPU_COUNT(&cores);
}

/* One worker a core that the process may use, unless it is told otherwise; each needs two ports. */
static size_t worker_count(const struct tftp_config *config)
{
	size_t count = core_count() < TFTP_WORKERS_MAX ? core_count() : TFTP_WORKERS_MAX;
	size_t ports = config->port_range.last - config->port_range.first + (size_t)1;

	if (config->worker_count > 0)
		return config->worker_count;
	return config->port_range.first > 0 && ports / 2 < count ? ports / 2 : count;
}

struct tftp_service_parts bootd_tftp_parts(const struct bootd *bootd)
{
	const struct setup *setup = bootd->setup;

	return (struct tftp_service_parts){ .loop = bootd->loop,
					    .content = setup->content,
					    .sessions = bootd->sessions,
					    .activity = bootd->activity,
					    .config = &setup->config,
					    .served = setup->tftp_addresses,
					    .served_count = setup->tftp_address_count,
					    .worker_count = worker_count(&setup->config.tftp) };
}

struct http_service_parts bootd_http_parts(const struct bootd *bootd)
{
	const struct setup *setup = bootd->setup;

	return (struct http_service_parts){ .loop = bootd->loop,
					    .content = setup->http_content,
					    .sessions = bootd->sessions,
					    .activity = bootd->activity,
					    .config = &setup->config,
					    .tls = setup->tls,
					    .served = setup->http_addresses,
					    .served_count = setup->http_address_count };
}

void bootd_configure(struct bootd *bootd)
{
	struct dhcp_service_parts dhcp = bootd_dhcp_parts(bootd);
	struct ndp_service_parts ndp = bootd_ndp_parts(bootd);
	struct tftp_service_parts tftp = bootd_tftp_parts(bootd);
	struct http_service_parts http = bootd_http_parts(bootd);

	activity_set_notifier(bootd->activity, bootd->setup->notifier);
	if (bootd->dhcp != NULL)
		dhcp_service_configure(bootd->dhcp, &dhcp);
	if (bootd->ndp != NULL)
		ndp_service_configure(bootd->ndp, &ndp);
	if (bootd->tftp != NULL)
		tftp_service_configure(bootd->tftp, &tftp);
	if (bootd->http != NULL)
		http_service_configure(bootd->http, &http);
}

static size_t fixed_addresses(const struct config *config)
{
	return config->static_dhcp.count + config->hosts.count;
}

/* As many sessions as machines can have addresses, and room for those that only ask. */
static uint32_t session_capacity(const struct config *config)
{
	size_t addresses = 0;

	if (!config_may_give_addresses(config))
		return SESSIONS_OF_PROXY;
	for (size_t i = 0; i < config->subnets.count; i++) {
		if (config->subnets.list[i].name[0] != '\0')
			addresses += address_ranges_size(&config->subnets.list[i].ranges);
	}
	if (ip4_is_set(config->bootp.pool_start))
		addresses += config_pool_count_max(config);
	return (uint32_t)(SESSIONS_MIN + 2 * addresses + fixed_addresses(config));
}

static void open_parts(struct bootd *bootd, struct problems *problems)
{
	bootd->loop = loop_new();
	bootd->activity = activity_new();
	if (bootd->loop == NULL || bootd->activity == NULL || !bootd_remote_new(bootd)) {
		problems_add(problems, (struct place){ 0 }, "there is not enough memory to start");
		return;
	}
	bootd->setup = setup_open(bootd->loop, &bootd->options, bootd->remote, problems);
	if (bootd->setup == NULL)
		return;
	bootd->sessions = session_table_new(session_capacity(&bootd->setup->config));
	if (bootd->sessions == NULL)
		setup_complain(bootd->setup, problems, NULL, "there is not enough memory to start");
	setup_open_log(bootd->setup, bootd->options.is_debug, problems);
}

struct bootd *bootd_open(const struct bootd_options *options, struct problems *problems)
{
	struct bootd *bootd = calloc(1, sizeof(*bootd));

	if (bootd == NULL) {
		problems_add(problems, (struct place){ 0 }, "there is not enough memory to start");
		return NULL;
	}
	bootd->options = *options;
	bootd->manager.fd = -1;
	open_parts(bootd, problems);
	if (problems->count > 0) {
		bootd_close(bootd);
		return NULL;
	}
	return bootd;
}

/* Swaps the setups: what the old one has under way is ended or handed over first. */
static void take_over(struct bootd *bootd, struct setup *setup)
{
	static const struct problems no_problems;
	struct setup *old = bootd->setup;

	/* What it is being asked goes on, too. */
	if (setup_has_same_authority(old, setup)) {
		setup->authority = old->authority;
		old->authority = NULL;
	}
	bootd->setup = setup;
	bootd_remote_configure(bootd, setup);
	bootd_configure(bootd);
	bootd_tell_networks(old, setup, &no_problems);
	setup_close(old);
}

/* Everything that could fail is done here. NULL: problems says why. */
static struct setup *prepare_reload(struct bootd *bootd, struct problems *problems)
{
	struct setup *setup = setup_open(bootd->loop, &bootd->options, bootd->remote, problems);

	if (setup == NULL)
		return NULL;
	setup_compare(bootd->setup, setup, problems);
	bootd_remote_compare(bootd, setup, problems);
	if (bootd->is_reach_limited)
		setup_check_reach(setup, &bootd->reach, problems);
	if (!setup_has_same_authority(bootd->setup, setup))
		setup_open_authority(setup, bootd->loop, problems);
	if (problems->count == 0)
		bootd_remote_start(bootd, setup, problems);
	if (problems->count == 0)
		setup_open_log(setup, bootd->options.is_debug, problems);
	/* Last of all, because it takes effect at once. */
	if (problems->count == 0 && bootd->leases != NULL)
		bootd_set_pools(bootd->leases, setup, problems);
	if (problems->count == 0)
		return setup;
	setup_close(setup);
	return NULL;
}

/* Reads the configuration anew. A wrong one changes nothing and is told in the log. */
static void on_reload(void *context)
{
	static struct problems problems;
	struct bootd *bootd = context;
	struct setup *setup;

	problems.count = 0;
	problems.warning_count = 0;
	(void)service_manager_tell_reloading(&bootd->manager);
	setup = prepare_reload(bootd, &problems);
	bootd_log_problems(&problems);
	if (setup != NULL) {
		take_over(bootd, setup);
		log_write(LOG_AT_INFO, "reloaded %s", setup->config.path);
	} else {
		log_write(LOG_AT_ERROR, "nothing is changed: the configuration is wrong");
	}
	(void)service_manager_tell_ready(&bootd->manager);
}

static void on_end(void *context)
{
	const struct bootd *bootd = context;

	loop_stop(bootd->loop);
}

void bootd_watch_signals(struct bootd *bootd, struct problems *problems)
{
	if (loop_on_signal(bootd->loop, SIGINT, on_end, bootd) < 0 ||
	    loop_on_signal(bootd->loop, SIGTERM, on_end, bootd) < 0 ||
	    loop_on_signal(bootd->loop, SIGHUP, on_reload, bootd) < 0)
		setup_complain(bootd->setup, problems, NULL, "signals cannot be watched");
}

bool bootd_explain_file(struct bootd *bootd, const struct file_question *question)
{
	static struct problems problems;

	/* The daemon's cache is not touched. */
	bootd->setup->config.cache.size_mib = 0;
	bootd_remote_start(bootd, bootd->setup, &problems);
	problems_print(&problems, stderr);
	return problems.count == 0 && explain_file(bootd->loop, bootd->setup->content,
						   &bootd->setup->config, question, stdout);
}

void bootd_log_problems(const struct problems *problems)
{
	char line[PROBLEM_LINE_SIZE];

	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
		problem_format(&problems->list[i], line, sizeof(line));
		log_write(LOG_AT_ERROR, "%s", line);
	}
	for (size_t i = 0; i < problems->warning_count && i < PROBLEMS_MAX; i++) {
		problem_format(&problems->warnings[i], line, sizeof(line));
		log_write(LOG_AT_INFO, "warning: %s", line);
	}
}

/* Without user and password. */
static const char *show_root(const char *root, bool is_remote, struct remote_place *place)
{
	if (!is_remote)
		return root;
	return remote_place_parse(root, place) ? place->base : "";
}

static void log_network(const struct config *config, const struct subnet_config *subnet)
{
	const struct address_ranges *ranges = &subnet->ranges;

	if (ranges->count > 1)
		log_write(LOG_AT_INFO, "dhcp: port %u, %u addresses from %s to %s of %s/%u",
			  config->bootp.port, (unsigned)address_ranges_size(ranges),
			  ip4_format(ranges->list[0].first).text,
			  ip4_format(ranges->list[ranges->count - 1].last).text,
			  ip4_format(subnet->network).text, subnet->prefix_length);
	else if (ranges->count > 0)
		log_write(LOG_AT_INFO, "dhcp: port %u, addresses %s to %s of %s/%u",
			  config->bootp.port, ip4_format(ranges->list[0].first).text,
			  ip4_format(ranges->list[ranges->count - 1].last).text,
			  ip4_format(subnet->network).text, subnet->prefix_length);
	else
		log_write(LOG_AT_INFO, "dhcp: port %u, %zu fixed addresses of %s/%u",
			  config->bootp.port, fixed_addresses(config),
			  ip4_format(subnet->network).text, subnet->prefix_length);
}

/* Of many, the first few stand for all. */
static void log_networks(const struct config *config)
{
	size_t count = config->subnets.count;

	if (!config_may_give_addresses(config))
		return;
	for (size_t i = 0; i < count && i < LOGGED_NETWORKS_MAX; i++)
		log_network(config, &config->subnets.list[i]);
	if (count > LOGGED_NETWORKS_MAX)
		log_write(LOG_AT_INFO, "dhcp: and %zu networks more", count - LOGGED_NETWORKS_MAX);
}

static void log_start(const struct bootd *bootd)
{
	struct remote_place place;
	const struct config *config = &bootd->setup->config;

	if (config->has_dhcp && !config_may_give_addresses(config))
		log_write(LOG_AT_INFO,
			  "dhcp: port %u, beside another server: no addresses are given",
			  config->bootp.port);
	else if (config->has_dhcp && config->home.state == HOME_AWAITED)
		log_write(LOG_AT_INFO, "dhcp: port %u, waits for its network", config->bootp.port);
	log_networks(config);
	if (config->has_tftp)
		log_write(LOG_AT_INFO, "tftp: port %u, files of %s", config->tftp.port,
			  show_root(config->tftp.root, config->tftp.is_root_remote, &place));
	if (config->has_http)
		log_write(LOG_AT_INFO, "%s: port %u, files of %s",
			  bootd->setup->tls != NULL ? "https" : "http", config->httpd.port,
			  show_root(config->httpd.root, config->httpd.is_root_remote, &place));
	log_write(LOG_AT_INFO, "bootd " BOOTD_VERSION " is ready (%s)", config->path);
}

void bootd_run(struct bootd *bootd)
{
	log_start(bootd);
	(void)service_manager_tell_ready(&bootd->manager);
	loop_run(bootd->loop);
	(void)service_manager_tell_stopping(&bootd->manager);
	activity_log_totals(bootd->activity);
	log_write(LOG_AT_INFO, "bootd ends");
}

/* Services first: they use everything else. The setup's authority and the store of leases end
 * before the service that they call back, and the loop then lets go of what all of them closed. */
void bootd_close(struct bootd *bootd)
{
	/* Who still waits for a file is told so while the loops and threads that wait are there. */
	if (bootd->remote != NULL)
		root_remote_stop(bootd->remote);
	http_service_stop(bootd->http);
	tftp_service_stop(bootd->tftp);
	ndp_service_stop(bootd->ndp);
	netif_watch_close(bootd->networks);
	if (bootd->setup != NULL)
		setup_close_authority(bootd->setup);
	if (bootd->leases != NULL)
		bootd->leases->operations->close(bootd->leases);
	control_close(bootd->control);
	dhcp_service_stop(bootd->dhcp);
	if (bootd->activity != NULL)
		activity_set_notifier(bootd->activity, NULL);
	setup_close(bootd->setup);
	loop_free(bootd->loop);
	root_remote_free(bootd->remote);
	session_table_free(bootd->sessions);
	activity_free(bootd->activity);
	service_manager_close(&bootd->manager);
	path_list_done(&bootd->reach);
	log_close();
	free(bootd);
}
