#include "bootd.h"

#include "activity/activity.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/session.h"
#include "cli/explain_file.h"
#include "config/config_paths.h"
#include "content/content.h"
#include "dhcp/dhcp_service.h"
#include "io/loop.h"
#include "io/netif.h"
#include "io/resolvers.h"
#include "io/sandbox.h"
#include "io/service_manager.h"
#include "lease/lease_memory.h"
#include "tftp/tftp_service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SESSIONS_MIN  1024
#define RESOLVERS_MAX 16

struct bootd {
	struct config config;
	struct local_address addresses[NETIF_MAX]; /* of this machine */
	size_t address_count;
	struct local_address dhcp_addresses[NETIF_MAX]; /* of the interfaces that are served */
	struct local_address tftp_addresses[NETIF_MAX];
	struct loop *loop;
	struct activity *activity;
	struct session_table *sessions;
	struct lease_store *leases;
	struct content *content;
	struct dhcp_service *dhcp;
	struct tftp_service *tftp;
	struct service_manager manager;
};

static void add_problem(struct problems *problems, const struct bootd *bootd, const char *key,
			const char *sentence)
{
	problems_add(problems, (struct place){ .file = bootd->config.path, .key = key }, "%s",
		     sentence);
}

static bool load(struct bootd *bootd, const struct bootd_options *options,
		 struct problems *problems)
{
	struct ip4 resolvers[RESOLVERS_MAX];
	struct config_surroundings surroundings = { .addresses = bootd->addresses,
						    .resolvers = resolvers };
	int error = netif_list(bootd->addresses, NETIF_MAX, &bootd->address_count);

	if (error < 0) {
		problems_add(problems, (struct place){ 0 },
			     "the network interfaces cannot be listed: %s", strerror(-error));
		return false;
	}
	surroundings.address_count = bootd->address_count;
	surroundings.resolver_count = resolvers_list(resolvers, RESOLVERS_MAX);
	return config_load(options->config_path, options->services, &surroundings, &bootd->config,
			   problems);
}

static void open_log(struct bootd *bootd, bool is_debug, struct problems *problems)
{
	const struct logger_config *logger = &bootd->config.logger;
	int error;

	if (is_debug)
		error = log_open(LOG_TO_STDERR, NULL, LOG_AT_DEBUG);
	else
		error = log_open(logger->type, logger->file, logger->level);
	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = bootd->config.path, .key = "[logger] file" },
			     "%s cannot be opened for writing: %s", logger->file, strerror(-error));
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

static void open_content(struct bootd *bootd, struct problems *problems)
{
	const struct tftp_config *tftp = &bootd->config.tftp;
	char folder[PATH_MAX];
	struct content_settings settings = { .root = tftp->root,
					     .may_follow_links = tftp->symlinks == SYMLINKS_FOLLOW,
					     .filters = &bootd->config.filters,
					     .folder = folder_of(bootd->config.path, folder) };
	int error = content_new(bootd->loop, &settings, &bootd->content);

	if (error == -ENOSYS)
		add_problem(problems, bootd, "[tftp] root",
			    "this kernel is too old: Linux 5.6 or newer is needed (openat2)");
	else if (error < 0)
		problems_add(problems,
			     (struct place){ .file = bootd->config.path, .key = "[tftp] root" },
			     "the folder %s cannot be opened: %s; create it, or name the folder "
			     "that holds the boot files",
			     tftp->root, strerror(-error));
}

/* Addresses of the pool that are somebody's already are never given. */
static void on_reserved(void *context, int error)
{
	(void)context;
	(void)error; /* an address outside the pool needs no reservation */
}

static void reserve(struct lease_store *leases, struct ip4 address)
{
	struct lease lease = { .address = address, .state = LEASE_RESERVED };

	leases->operations->commit(leases, &lease, on_reserved, NULL);
}

static void open_leases(struct bootd *bootd)
{
	const struct config *config = &bootd->config;

	bootd->leases = lease_memory_new(config->subnet.pool_first, config->subnet.pool_last);
	if (bootd->leases == NULL)
		return;
	for (size_t i = 0; i < bootd->address_count; i++)
		reserve(bootd->leases, bootd->addresses[i].address);
	reserve(bootd->leases, config->subnet.gateway);
	for (size_t i = 0; i < config->bootp.dns_count; i++)
		reserve(bootd->leases, config->bootp.dns[i]);
}

/* As many sessions as machines can have addresses, and room for those that only ask. */
static uint32_t session_capacity(const struct subnet_config *subnet)
{
	return SESSIONS_MIN + 2 * (subnet->pool_last.value - subnet->pool_first.value);
}

static void open_parts(struct bootd *bootd, struct problems *problems)
{
	bootd->loop = loop_new();
	bootd->activity = activity_new();
	bootd->sessions = session_table_new(session_capacity(&bootd->config.subnet));
	if (bootd->loop == NULL || bootd->activity == NULL || bootd->sessions == NULL) {
		add_problem(problems, bootd, NULL, "there is not enough memory to start");
		return;
	}
	if (bootd->config.has_tftp)
		open_content(bootd, problems);
	if (bootd->config.has_dhcp) {
		open_leases(bootd);
		if (bootd->leases == NULL)
			add_problem(problems, bootd, "[bootp] pool_count",
				    "there is not enough memory for so many addresses");
	}
}

struct bootd *bootd_open(const struct bootd_options *options, struct problems *problems)
{
	struct bootd *bootd = calloc(1, sizeof(*bootd));

	if (bootd == NULL) {
		problems_add(problems, (struct place){ 0 }, "there is not enough memory to start");
		return NULL;
	}
	bootd->manager.fd = -1;
	if (load(bootd, options, problems)) {
		open_log(bootd, options->is_debug, problems);
		open_parts(bootd, problems);
	}
	if (problems->count > 0) {
		bootd_close(bootd);
		return NULL;
	}
	return bootd;
}

/* Each transfer has a socket and a file open. The limit that the system sets by default is for
 * programs that would use select(). */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Why a port cannot be had, and what to do about it. */
static void explain_port(struct problems *problems, const struct bootd *bootd, const char *key,
			 uint16_t port, int error)
{
	struct place place = { .file = bootd->config.path, .key = key };

	if (error == -EADDRINUSE)
		problems_add(problems, place,
			     "port %u is already taken: another server runs on this machine; "
			     "'ss -ulpn sport = :%u' as root names it",
			     port, port);
	else if (error == -EACCES || error == -EPERM)
		problems_add(problems, place,
			     "port %u needs a permission: start bootd with sudo, or give it "
			     "CAP_NET_BIND_SERVICE",
			     port);
	else
		problems_add(problems, place, "port %u cannot be opened: %s", port,
			     strerror(-error));
}

/* The addresses of the interfaces that a service's "address" selects. */
static size_t select_addresses(const struct bootd *bootd, const struct selector *selector,
			       struct local_address *out_list)
{
	struct config_surroundings surroundings = { .addresses = bootd->addresses,
						    .address_count = bootd->address_count };
	size_t count = 0;

	for (size_t i = 0; i < bootd->address_count; i++) {
		if (selector_selects(selector, &surroundings, bootd->addresses[i].interface))
			out_list[count++] = bootd->addresses[i];
	}
	return count;
}

/* What clients are told where [tftp] address is an address and not a network; 0: nothing of its
 * own. */
static struct ip4 tftp_server(const struct bootd *bootd)
{
	const struct selector *selector = &bootd->config.tftp.address;

	if (selector->kind != SELECT_ADDRESS)
		return (struct ip4){ 0 };
	for (size_t i = 0; i < bootd->address_count; i++) {
		const struct local_address *local = &bootd->addresses[i];

		if (!ip4_is_same(local->address, selector->address) &&
		    selector_matches(selector, local))
			return (struct ip4){ 0 };
	}
	return selector->address;
}

static void listen_dhcp(struct bootd *bootd, struct problems *problems)
{
	struct dhcp_service_parts parts = {
		.loop = bootd->loop,
		.leases = bootd->leases,
		.sessions = bootd->sessions,
		.activity = bootd->activity,
		.config = &bootd->config,
		.served = bootd->dhcp_addresses,
		.served_count = select_addresses(bootd, &bootd->config.bootp.address,
						 bootd->dhcp_addresses),
		.tftp_server = tftp_server(bootd),
	};
	enum dhcp_socket socket = DHCP_SOCKET_UDP;
	int error = dhcp_service_start(&parts, &bootd->dhcp, &socket);

	if (error == 0)
		return;
	if (socket == DHCP_SOCKET_FRAMES && (error == -EPERM || error == -EACCES))
		add_problem(problems, bootd, NULL,
			    "answering machines that have no address yet needs a permission: start "
			    "bootd with sudo, or give it CAP_NET_RAW");
	else
		explain_port(problems, bootd, "[bootp] port", bootd->config.bootp.port, error);
}

static void listen_tftp(struct bootd *bootd, struct problems *problems)
{
	struct tftp_service_parts parts = { .loop = bootd->loop,
					    .content = bootd->content,
					    .sessions = bootd->sessions,
					    .activity = bootd->activity,
					    .config = &bootd->config,
					    .served = bootd->tftp_addresses,
					    .served_count = select_addresses(
						    bootd, &bootd->config.tftp.address,
						    bootd->tftp_addresses) };
	int error = tftp_service_start(&parts, &bootd->tftp);

	if (error < 0)
		explain_port(problems, bootd, "[tftp] port", bootd->config.tftp.port, error);
}

/* The root is tried as the user who serves from now on. */
static void check_root(const struct bootd *bootd, const char *user, struct problems *problems)
{
	const char *root = bootd->config.tftp.root;

	if (bootd->config.has_tftp && access(root, X_OK) < 0)
		problems_add(
			problems,
			(struct place){ .file = bootd->config.path, .key = "[tftp] root" },
			"%s may not enter the folder %s: %s; make it and those above it open to "
			"all, such as by 'chmod o+rx', or name another user in [daemon]",
			user, root, strerror(errno));
}

static void enter_sandbox(struct bootd *bootd, const struct path_list *to_read,
			  const struct path_list *to_write, struct problems *problems)
{
	const struct config *config = &bootd->config;
	const char *user = config->daemon.user[0] != '\0' ? config->daemon.user : BOOTD_USER;
	const char *log = config->logger.file;
	struct sandbox_options options = {
		.user = user,
		.fallback_user = strcmp(user, BOOTD_USER) == 0 ? BOOTD_USER_FALLBACK : NULL,
		.keeps_net_raw = config->has_dhcp,
		.read_paths = (const char *const *)to_read->list,
		.read_count = to_read->count,
		.write_paths = (const char *const *)to_write->list,
		.write_count = to_write->count,
		.owned_files = &log,
		.owned_count = config->logger.type == LOG_TO_FILE ? 1 : 0,
	};
	struct sandbox_report report;
	char text[SANDBOX_REPORT_SIZE];
	int error = sandbox_enter(&options, &report);

	if (error < 0) {
		sandbox_explain(&options, &report, error, text, sizeof(text));
		add_problem(problems, bootd, "[daemon] user", text);
		return;
	}
	sandbox_format(&options, &report, text, sizeof(text));
	log_write(LOG_AT_INFO, "confined: %s", text);
	check_root(bootd, report.user[0] != '\0' ? report.user : "the user who started bootd",
		   problems);
}

static void confine(struct bootd *bootd, struct problems *problems)
{
	struct path_list to_read = { .count = 0 };
	struct path_list to_write = { .count = 0 };

	if (config_read_paths(&bootd->config, &to_read) &&
	    config_write_paths(&bootd->config, &to_write))
		enter_sandbox(bootd, &to_read, &to_write, problems);
	else
		add_problem(problems, bootd, NULL, "there is not enough memory to start");
	path_list_done(&to_read);
	path_list_done(&to_write);
}

static void open_manager(struct bootd *bootd, struct problems *problems)
{
	int error = service_manager_open(&bootd->manager);

	if (error < 0)
		problems_add(problems, (struct place){ 0 },
			     "the service manager's socket, which NOTIFY_SOCKET names, cannot be "
			     "reached: %s",
			     strerror(-error));
}

static void on_end(void *context)
{
	loop_stop(context);
}

bool bootd_listen(struct bootd *bootd, struct problems *problems)
{
	raise_descriptor_limit();
	if (loop_on_signal(bootd->loop, SIGINT, on_end, bootd->loop) < 0 ||
	    loop_on_signal(bootd->loop, SIGTERM, on_end, bootd->loop) < 0)
		add_problem(problems, bootd, NULL, "signals cannot be watched");
	if (bootd->config.has_dhcp)
		listen_dhcp(bootd, problems);
	if (bootd->config.has_tftp)
		listen_tftp(bootd, problems);
	open_manager(bootd, problems);
	if (problems->count == 0)
		confine(bootd, problems);
	return problems->count == 0;
}

bool bootd_explain_file(struct bootd *bootd, const struct file_question *question)
{
	return explain_file(bootd->loop, bootd->content, &bootd->config, question, stdout);
}

static void log_start(const struct bootd *bootd)
{
	const struct subnet_config *subnet = &bootd->config.subnet;

	if (bootd->config.has_dhcp)
		log_write(LOG_AT_INFO, "dhcp: port %u, addresses %s to %s of %s/%u",
			  bootd->config.bootp.port, ip4_format(subnet->pool_first).text,
			  ip4_format(subnet->pool_last).text, ip4_format(subnet->network).text,
			  subnet->prefix_length);
	if (bootd->config.has_tftp)
		log_write(LOG_AT_INFO, "tftp: port %u, files of %s", bootd->config.tftp.port,
			  bootd->config.tftp.root);
	log_write(LOG_AT_INFO, "bootd " BOOTD_VERSION " is ready (%s)", bootd->config.path);
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

/* Services first: they use everything else. The loop then lets go of what they closed. */
void bootd_close(struct bootd *bootd)
{
	tftp_service_stop(bootd->tftp);
	dhcp_service_stop(bootd->dhcp);
	loop_free(bootd->loop);
	content_free(bootd->content);
	if (bootd->leases != NULL)
		bootd->leases->operations->close(bootd->leases);
	session_table_free(bootd->sessions);
	activity_free(bootd->activity);
	service_manager_close(&bootd->manager);
	log_close();
	config_done(&bootd->config);
	free(bootd);
}
