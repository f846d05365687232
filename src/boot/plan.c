#include "boot/plan.h"

#include "boot/architecture.h"
#include "boot/boot_url.h"
#include "boot/ipxe.h"

#define ARCHITECTURE_X64_UEFI 7
#define ARCHITECTURE_EBC      9

static const char *find_row(const struct bootfile_config *rows, uint16_t architecture)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->list[i].architecture == architecture)
			return rows->list[i].file;
	}
	return NULL;
}

/* RFC 4578 swapped the numbers of x64 UEFI and EBC (erratum 4624) and firmware followed either, so
 * each stands for the other unless both have a row. */
static uint16_t twin_of(uint16_t architecture)
{
	if (architecture == ARCHITECTURE_X64_UEFI)
		return ARCHITECTURE_EBC;
	if (architecture == ARCHITECTURE_EBC)
		return ARCHITECTURE_X64_UEFI;
	return architecture;
}

/* NULL: no row is for it. */
static const char *find_file(const struct bootfile_config *rows, uint16_t architecture)
{
	const char *file = find_row(rows, architecture);

	return file != NULL ? file : find_row(rows, twin_of(architecture));
}

/* The architecture itself, then what else the client lists. */
static uint16_t architecture_at(const struct client *client, size_t index)
{
	return index == 0 ? client->architecture : client->more_architectures[index - 1];
}

static size_t architecture_count(const struct client *client)
{
	return client->has_architecture ? 1 + client->more_count : 0;
}

static const char *file_of_architecture(const struct bootfile_config *rows,
					const struct client *client)
{
	const char *file = NULL;

	for (size_t i = 0; i < architecture_count(client) && file == NULL; i++)
		file = find_file(rows, architecture_at(client, i));
	for (size_t i = 0; i < architecture_count(client) && file == NULL; i++)
		file = find_file(rows, architecture_without_http(architecture_at(client, i)));
	return file;
}

/* iPXE's, for firmware that is none. */
static const char *loader_for(const struct ipxe_config *ipxe, const struct client *client)
{
	const char *file = NULL;

	for (size_t i = 0; i < architecture_count(client) && file == NULL && ipxe->is_enabled; i++)
		file = ipxe_loader_of(ipxe, architecture_at(client, i));
	return file;
}

/* An iPXE that cannot fetch the script is firmware like any other: it gets one that can. */
static bool takes_script(const struct ipxe_config *ipxe, const struct client *client)
{
	return ipxe->is_enabled && client->is_ipxe &&
	       !(client->lacks_http && boot_url_is_http(ipxe->script));
}

static const char *file_of_all(const struct config *config)
{
	return config->bootfile.fallback[0] != '\0' ? config->bootfile.fallback
						    : config->bootp.boot_file;
}

static const char *entry_file(const struct menu_entry *entry, const char *fallback)
{
	if (entry->is_local)
		return NULL;
	return entry->file[0] == '\0' ? fallback : entry->file;
}

/* The first entry is what boots where nobody chooses; one alone is no choice. */
static void add_menu(struct boot_plan *plan, const struct menu_config *menu)
{
	const char *first = NULL;

	for (size_t i = 0; i < menu->count && first == NULL; i++)
		first = entry_file(&menu->list[i], plan->fallback);
	if (first != NULL) {
		plan->is_ipxe_loader = plan->is_ipxe_loader && first == plan->fallback;
		plan->file = first;
	}
	if (menu->count > 1)
		plan->menu = menu;
}

/* What the firmware gets. */
static void add_file(struct boot_plan *plan, const struct config *config,
		     const struct client *client)
{
	const char *own = file_of_architecture(&config->bootfile, client);

	plan->is_unknown = own == NULL && client->has_architecture &&
			   architecture_name(client->architecture) == NULL;
	plan->file = own != NULL ? own : loader_for(&config->ipxe, client);
	plan->is_ipxe_loader = own == NULL && plan->file != NULL;
	if (plan->file == NULL)
		plan->file = file_of_all(config);
	plan->fallback = plan->file;
}

/* HTTP firmware takes a URL alone; iPXE does better with one where the server is no HTTPS, whose
 * certificate it may not know. */
static void choose_way(struct boot_plan *plan, const struct config *config,
		       const struct client *client)
{
	bool is_plain_http = config->has_http && config->httpd.certificate[0] == '\0';

	if (client->is_http && plan->file[0] != '\0' && !boot_url_is_http(plan->file)) {
		plan->is_by_http = config->has_http;
		plan->needs_http = !config->has_http;
	} else if (plan->is_script && !boot_url_has_scheme(plan->file)) {
		plan->is_by_http = is_plain_http && !client->lacks_http;
	}
}

struct boot_plan plan_boot(const struct config *config, const struct client *client,
			   const struct session *session)
{
	struct boot_plan plan = { .host_name = session == NULL ? "" : session->boot->client };

	add_file(&plan, config, client);
	if (session != NULL && session->boot->file[0] != '\0') {
		plan.file = session->boot->file;
		plan.is_ipxe_loader = false;
	} else if (takes_script(&config->ipxe, client)) {
		plan.file = config->ipxe.script;
		plan.is_script = true;
		plan.is_ipxe_loader = false;
	} else if (client->is_pxe) {
		add_menu(&plan, &config->menu);
	}
	choose_way(&plan, config, client);
	return plan;
}

const char *plan_entry_file(const struct boot_plan *plan, size_t index)
{
	if (plan->is_script)
		return plan->file;
	if (plan->menu == NULL)
		return index == 0 ? plan->file : NULL;
	return index < plan->menu->count ? entry_file(&plan->menu->list[index], plan->fallback)
					 : NULL;
}
