#include "bootd_parts.h"

#include "base/text.h"
#include "bootd_remote.h"
#include "control/control.h"
#include "io/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Why a port cannot be had, and what to do about it; sockets is the letter of ss for its kind. */
static void explain_port(struct problems *problems, const struct bootd *bootd, const char *key,
			 uint16_t port, const char *sockets, int error)
{
	struct place place = { .file = bootd->setup->config.path, .key = key };

	if (error == -EADDRINUSE)
		problems_add(problems, place,
			     "port %u is already taken: another server runs on this machine; "
			     "'ss -%slpn sport = :%u' as root names it",
			     port, sockets, port);
	else if (error == -EACCES || error == -EPERM)
		problems_add(problems, place,
			     "port %u needs a permission: start bootd with sudo, or give it "
			     "CAP_NET_BIND_SERVICE",
			     port);
	else
		problems_add(problems, place, "port %u cannot be opened: %s", port,
			     strerror(-error));
}

static void listen_dhcp(struct bootd *bootd, struct problems *problems)
{
	const struct bootp_config *bootp = &bootd->setup->config.bootp;
	struct dhcp_service_parts parts = bootd_dhcp_parts(bootd);
	enum dhcp_socket socket = DHCP_SOCKET_UDP;
	int error = dhcp_service_start(&parts, &bootd->dhcp, &socket);

	if (error == 0)
		return;
	if (socket == DHCP_SOCKET_FRAMES && (error == -EPERM || error == -EACCES))
		setup_complain(bootd->setup, problems, NULL,
			       "answering machines that have no address yet, or beside another "
			       "server, needs a permission: "
			       "start bootd with sudo, or give it CAP_NET_RAW");
	else if (socket == DHCP_STATE_FILE)
		problems_add(problems,
			     (struct place){ .file = bootd->setup->config.path,
					     .key = "[bootp] state_file" },
			     "%s cannot be opened for writing: %s; make its folder, or name a "
			     "file elsewhere",
			     bootp->state_file, strerror(-error));
	else if (socket == DHCP_SOCKET_PXE)
		explain_port(problems, bootd, "[bootp] pxe_port", bootp->pxe_port, "u", error);
	else
		explain_port(problems, bootd, "[bootp] port", bootp->port, "u", error);
}

static void listen_ndp(struct bootd *bootd, struct problems *problems)
{
	struct ndp_service_parts parts = bootd_ndp_parts(bootd);
	int error = ndp_service_start(&parts, &bootd->ndp);

	/* Without IPv6 there is nothing to answer; that CAP_NET_RAW is missing is told already. */
	if (error < 0 && error != -EAFNOSUPPORT && error != -EPERM)
		setup_complain(bootd->setup, problems, "[bootp] answer_rs", strerror(-error));
}

static void listen_tftp(struct bootd *bootd, struct problems *problems)
{
	struct tftp_service_parts parts = bootd_tftp_parts(bootd);
	int error = tftp_service_open(&parts, &bootd->tftp);

	if (error < 0)
		explain_port(problems, bootd, "[tftp] port", bootd->setup->config.tftp.port, "u",
			     error);
}

static void listen_http(struct bootd *bootd, struct problems *problems)
{
	struct http_service_parts parts = bootd_http_parts(bootd);
	int error = http_service_open(&parts, &bootd->http);

	if (error < 0)
		explain_port(problems, bootd, "[httpd] port", bootd->setup->config.httpd.port, "t",
			     error);
}

static void start_http(const struct bootd *bootd, struct problems *problems)
{
	int error = http_service_start(bootd->http);

	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = bootd->setup->config.path, .key = "[httpd]" },
			     "the threads that serve HTTP cannot be started: %s", strerror(-error));
}

/* Once the process is confined, because Landlock holds for the threads that come after. */
static void run_tftp(struct bootd *bootd, struct problems *problems)
{
	int error = bootd->tftp == NULL ? 0 : tftp_service_run(bootd->tftp);

	if (error < 0)
		problems_add(problems,
			     (struct place){ .file = bootd->setup->config.path,
					     .key = "[tftp] workers" },
			     "a thread cannot be started: %s", strerror(-error));
}

/* The root is tried as the user who serves from now on. */
static void check_root(const struct bootd *bootd, const char *key, const char *root,
		       const char *user, struct problems *problems)
{
	if (access(root, X_OK) < 0)
		problems_add(
			problems, (struct place){ .file = bootd->setup->config.path, .key = key },
			"%s may not enter the folder %s: %s; make it and those above it open to "
			"all, such as by 'chmod o+rx', or name another user in [daemon]",
			user, root, strerror(errno));
}

static void check_roots(const struct bootd *bootd, const char *user, struct problems *problems)
{
	const struct config *config = &bootd->setup->config;

	if (config->has_tftp && !config->tftp.is_root_remote)
		check_root(bootd, "[tftp] root", config->tftp.root, user, problems);
	if (config->has_http && !config->httpd.is_root_remote &&
	    bootd->setup->http_content != bootd->setup->content)
		check_root(bootd, "[httpd] root", config->httpd.root, user, problems);
}

/* What is made while bootd may be root, and written to when it is not any more. */
struct owned_files {
	const char *list[3];
	size_t count;
	char journal[PATH_MAX + 8];
};

static void list_owned_files(const struct config *config, struct owned_files *out)
{
	const char *file = config->leases.file;

	if (config->logger.type == LOG_TO_FILE)
		out->list[out->count++] = config->logger.file;
	if (!config_has_lease_file(config))
		return;
	(void)text_format(out->journal, sizeof(out->journal), "%s-wal", file);
	out->list[out->count++] = file;
	out->list[out->count++] = out->journal;
}

static void enter_sandbox(struct bootd *bootd, const struct path_list *to_write,
			  struct problems *problems)
{
	const struct config *config = &bootd->setup->config;
	const char *user = config->daemon.user[0] != '\0' ? config->daemon.user : BOOTD_USER;
	const char *cache = config->cache.directory;
	struct owned_files owned = { .count = 0 };
	struct sandbox_options options = {
		.user = user,
		.fallback_user = strcmp(user, BOOTD_USER) == 0 ? BOOTD_USER_FALLBACK : NULL,
		.keeps_net_raw = config->has_dhcp,
		.read_paths = (const char *const *)bootd->reach.list,
		.read_count = bootd->reach.count,
		.write_paths = (const char *const *)to_write->list,
		.write_count = to_write->count,
		/* Also where no root is remote yet: a reload may name one. */
		.own_folders = &cache,
		.own_folder_count = config->has_tftp ? 1 : 0,
	};
	struct sandbox_report report;
	char text[SANDBOX_REPORT_SIZE];
	int error;

	list_owned_files(config, &owned);
	options.owned_files = owned.list;
	options.owned_count = owned.count;
	error = sandbox_enter(&options, &report);
	if (error < 0) {
		sandbox_explain(&options, &report, error, text, sizeof(text));
		setup_complain(bootd->setup, problems, "[daemon] user", text);
		return;
	}
	bootd->is_reach_limited = report.landlock_abi > 0;
	sandbox_format(&options, &report, text, sizeof(text));
	log_write(LOG_AT_INFO, "confined: %s", text);
	check_roots(bootd, report.user[0] != '\0' ? report.user : "the user who started bootd",
		    problems);
}

/* The folder alone. Whoever cannot be asked serves all the same. */
static void open_control(struct bootd *bootd)
{
	const char *path = bootd->setup->config.daemon.control;
	char folder[PATH_MAX];
	int error;

	(void)text_copy(folder, sizeof(folder), path);
	*strrchr(folder, '/') = '\0';
	if (folder[0] != '\0')
		(void)mkdir(folder, 0755); /* what is wrong with it shows at once */
	error = control_open(bootd->loop, path, bootd->leases, &bootd->control);
	if (error == -EADDRINUSE)
		log_write(
			LOG_AT_INFO,
			"control: another bootd listens on %s, so this one cannot be asked for its "
			"leases: name another socket in [daemon] control",
			path);
	else if (error < 0)
		log_write(LOG_AT_INFO,
			  "control: %s cannot be opened, so this bootd cannot be asked for its "
			  "leases: %s",
			  path, strerror(-error));
}

void bootd_confine(struct bootd *bootd, struct problems *problems)
{
	struct path_list to_write = { .count = 0 };

	if (config_read_paths(&bootd->setup->config, &bootd->reach) &&
	    config_write_paths(&bootd->setup->config, &to_write))
		enter_sandbox(bootd, &to_write, problems);
	else
		setup_complain(bootd->setup, problems, NULL, "there is not enough memory to start");
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

bool bootd_listen(struct bootd *bootd, struct problems *problems)
{
	raise_descriptor_limit();
	bootd_watch_signals(bootd, problems);
	bootd_watch_networks(bootd, problems);
	if (bootd->setup->config.has_dhcp)
		bootd_open_leases(bootd, problems);
	if (bootd->leases != NULL) {
		listen_dhcp(bootd, problems);
		listen_ndp(bootd, problems);
	}
	if (bootd->setup->config.has_tftp)
		listen_tftp(bootd, problems);
	if (bootd->setup->config.has_http)
		listen_http(bootd, problems);
	bootd_remote_prepare(bootd, problems);
	open_manager(bootd, problems);
	if (problems->count == 0)
		open_control(bootd);
	if (problems->count == 0)
		bootd_confine(bootd, problems);
	if (problems->count == 0 && bootd->leases != NULL)
		bootd_start_leases(bootd, problems);
	if (problems->count == 0)
		setup_open_authority(bootd->setup, bootd->loop, problems);
	if (problems->count == 0)
		bootd_remote_start(bootd, bootd->setup, problems);
	if (problems->count == 0 && bootd->http != NULL)
		start_http(bootd, problems);
	bootd_configure(bootd);
	if (problems->count == 0)
		run_tftp(bootd, problems);
	return problems->count == 0;
}
