#include "boot/plan.h"

#include "boot/architecture.h"

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

static const char *file_of_architecture(const struct bootfile_config *rows,
					const struct client *client)
{
	const char *file = NULL;

	if (client->has_architecture)
		file = find_file(rows, client->architecture);
	for (size_t i = 0; i < client->more_count && file == NULL; i++)
		file = find_file(rows, client->more_architectures[i]);
	return file;
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
	if (first != NULL)
		plan->file = first;
	if (menu->count > 1)
		plan->menu = menu;
}

struct boot_plan plan_boot(const struct config *config, const struct client *client,
			   const struct session *session)
{
	const char *own = file_of_architecture(&config->bootfile, client);
	struct boot_plan plan = { .file = own != NULL ? own : file_of_all(config),
				  .host_name = session == NULL ? "" : session->client };

	plan.is_unknown = own == NULL && client->has_architecture &&
			  architecture_name(client->architecture) == NULL;
	plan.fallback = plan.file;
	if (session != NULL && session->file[0] != '\0')
		plan.file = session->file;
	else if (client->is_pxe)
		add_menu(&plan, &config->menu);
	return plan;
}

const char *plan_entry_file(const struct boot_plan *plan, size_t index)
{
	if (plan->menu == NULL)
		return index == 0 ? plan->file : NULL;
	return index < plan->menu->count ? entry_file(&plan->menu->list[index], plan->fallback)
					 : NULL;
}
