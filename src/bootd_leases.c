#include "bootd_parts.h"

#include "base/text.h"
#include "boot/session.h"
#include "io/loop.h"
#include "lease/lease_memory.h"
#include "lease/lease_sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STATUS_SIZE 128

static struct place place_of(const struct bootd *bootd)
{
	return (struct place){ .file = bootd->setup->config.path, .key = "[leases] file" };
}

/* The folder alone, not those above it: a mistyped path is not to become folders. */
static bool make_folder(const struct bootd *bootd, struct problems *problems)
{
	const char *file = bootd->setup->config.leases.file;
	size_t length = (size_t)(strrchr(file, '/') - file);
	char folder[PATH_MAX];

	if (length == 0)
		return true;
	memcpy(folder, file, length);
	folder[length] = '\0';
	if (mkdir(folder, 0750) == 0 || errno == EEXIST)
		return true;
	problems_add(problems, place_of(bootd),
		     "the folder %s is not there and cannot be made: %s; make it, or name another "
		     "file, or set [leases] type = memory to keep leases only while bootd runs",
		     folder, strerror(errno));
	return false;
}

static void explain(const struct bootd *bootd, int error, struct problems *problems)
{
	const char *file = bootd->setup->config.leases.file;

	if (error == -EBUSY)
		problems_add(problems, place_of(bootd),
			     "another bootd has %s open: stop it, or name another file", file);
	else if (error == -EMEDIUMTYPE)
		problems_add(problems, place_of(bootd),
			     "%s is a database of another program: name another file", file);
	else
		problems_add(problems, place_of(bootd),
			     "%s cannot be opened: %s; make it writable, or name another file, or "
			     "set [leases] type = memory to keep leases only while bootd runs",
			     file, strerror(-error));
}

static void on_health(void *context, int error)
{
	const struct bootd *bootd = context;
	struct event event = { .kind = error == 0 ? EVENT_LEASES_RECOVERED : EVENT_LEASES_FAIL };
	char status[STATUS_SIZE] = "leases are kept again; everybody is served";

	event.detail = error == -EBADMSG ? "the file is damaged; restart bootd" : strerror(-error);
	activity_note(bootd->activity, &event);
	if (error < 0)
		(void)text_format(status, sizeof(status), "leases cannot be kept: %s",
				  event.detail);
	(void)service_manager_tell_status(&bootd->manager, status);
}

static void tell_report(const char *file, const struct lease_file_report *report)
{
	log_write(LOG_AT_INFO, "leases: %u in %s", report->lease_count, file);
	if (report->was_damaged)
		log_write(LOG_AT_ERROR,
			  "leases: %s WAS DAMAGED. It is %s now; %u leases could be read of it and "
			  "go on. See to the disk",
			  file, report->damaged_path, report->lease_count);
	if (report->lost_until_s != 0)
		log_write(LOG_AT_ERROR,
			  "leases: some may have been lost with a damaged file. Until the longest "
			  "of them has ended, no machine is refused the address that it claims to "
			  "have, and new addresses are tried before they are given");
}

static uint32_t longest_lease_s(const struct config *config)
{
	uint32_t longest_s = config->bootp.lease_time_s;

	for (size_t i = 0; i < config->subnets.count; i++) {
		if (config->subnets.list[i].lease_time_s > longest_s)
			longest_s = config->subnets.list[i].lease_time_s;
	}
	return longest_s;
}

static void open_file(struct bootd *bootd, struct problems *problems)
{
	const struct config *config = &bootd->setup->config;
	struct lease_sqlite_settings settings = {
		.file = { .path = config->leases.file, .longest_lease_s = longest_lease_s(config) },
		.on_health = on_health,
		.context = bootd,
	};
	struct lease_file_report report;
	int error;

	if (!make_folder(bootd, problems))
		return;
	error = lease_sqlite_open(bootd->loop, &settings, &bootd->leases, &report);
	if (error < 0)
		explain(bootd, error, problems);
	else
		tell_report(config->leases.file, &report);
}

/* Addresses that no machine is given from a pool: they are somebody's already. */
struct reserved {
	struct ip4 *list;
	size_t count;
};

static void reserve(struct reserved *reserved, struct ip4 address)
{
	if (ip4_is_set(address))
		reserved->list[reserved->count++] = address;
}

static void reserve_of_subnet(struct reserved *reserved, const struct subnet_config *subnet)
{
	reserve(reserved, subnet->gateway);
	reserve(reserved, subnet->next_server);
	for (size_t i = 0; i < subnet->dns_count; i++)
		reserve(reserved, subnet->dns[i]);
}

/* False: there is not enough memory. The caller frees the list. */
static bool gather_reserved(const struct setup *setup, struct reserved *out_reserved)
{
	const struct config *config = &setup->config;
	size_t room = setup->address_count + 1 + config->static_dhcp.count + config->hosts.count +
		      config->subnets.count * (CONFIG_DNS_MAX + 2);

	*out_reserved = (struct reserved){ calloc(room, sizeof(struct ip4)), 0 };
	if (out_reserved->list == NULL)
		return false;
	for (size_t i = 0; i < setup->address_count; i++)
		reserve(out_reserved, setup->addresses[i].address);
	for (size_t i = 0; i < config->static_dhcp.count; i++)
		reserve(out_reserved, config->static_dhcp.list[i].address);
	for (size_t i = 0; i < config->hosts.count; i++)
		reserve(out_reserved, config->hosts.list[i].address);
	for (size_t i = 0; i < config->subnets.count; i++)
		reserve_of_subnet(out_reserved, &config->subnets.list[i]);
	return true;
}

/* The pools of the networks, in their order. NULL: no memory. */
static struct lease_pool *list_pools(const struct subnets *subnets)
{
	struct lease_pool *pools = calloc(subnets->count + 1, sizeof(*pools));

	for (size_t i = 0; i < subnets->count && pools != NULL; i++)
		pools[i] = (struct lease_pool){ subnets->list[i].ranges.list,
						subnets->list[i].ranges.count };
	return pools;
}

void bootd_set_pools(struct lease_store *leases, const struct setup *setup,
		     struct problems *problems)
{
	const struct subnets *subnets = &setup->config.subnets;
	struct lease_pool *pools = list_pools(subnets);
	struct reserved reserved;
	int error = -ENOMEM;

	if (gather_reserved(setup, &reserved) && pools != NULL)
		error = leases->operations->set_pools(leases, pools, subnets->count, reserved.list,
						      reserved.count);
	free(reserved.list);
	free(pools);
	if (error < 0)
		setup_complain(setup, problems, "[bootp] pool_count",
			       "there is not enough memory for so many addresses");
}

/* The machine's firmware showed its UUID before this start; its system, which may come next, shows
 * none. Of two machines with one MAC address the one whose lease is longer counts. */
static void remember_uuid(void *context, const struct lease *lease)
{
	const struct bootd *bootd = context;
	uint64_t now_s = loop_now_ms(bootd->loop) / 1000;
	struct session *session;
	struct uuid uuid;

	if (lease->state != LEASE_BOUND || lease->expires_s <= now_s ||
	    !lease_identity_uuid(&lease->owner, &uuid))
		return;
	session = session_open(bootd->sessions, lease->mac, now_s);
	if (session->bound_until_s >= lease->expires_s)
		return;
	session->has_uuid = true;
	session->uuid = uuid;
	session_set_address(bootd->sessions, session, lease->address, lease->expires_s);
}

static void remember_uuids(struct bootd *bootd)
{
	const struct lease_store *leases = bootd->leases;

	if (bootd->setup->config.leases.identity != LEASE_BY_UUID)
		return;
	session_lock(bootd->sessions);
	leases->operations->visit(leases, (struct ip4){ 0 }, UINT32_MAX, remember_uuid, bootd);
	session_unlock(bootd->sessions);
}

void bootd_open_leases(struct bootd *bootd, struct problems *problems)
{
	bool is_durable = config_has_lease_file(&bootd->setup->config);

	if (is_durable)
		open_file(bootd, problems);
	else
		bootd->leases = lease_memory_new();
	if (bootd->leases != NULL) {
		bootd_set_pools(bootd->leases, bootd->setup, problems);
		remember_uuids(bootd);
	} else if (!is_durable) {
		setup_complain(bootd->setup, problems, NULL, "there is not enough memory to start");
	}
}

void bootd_start_leases(struct bootd *bootd, struct problems *problems)
{
	int error = 0;

	if (config_has_lease_file(&bootd->setup->config))
		error = lease_sqlite_start(bootd->leases);
	if (error < 0)
		problems_add(problems, place_of(bootd),
			     "the thread that writes the leases cannot be started: %s",
			     strerror(-error));
}
