#include "boot/plan.h"

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

const char *plan_boot_file(const struct config *config, const struct client *client,
			   const struct session *session)
{
	const char *file = NULL;

	if (session != NULL && session->file[0] != '\0')
		return session->file;
	if (client->has_architecture)
		file = find_row(&config->bootfile, client->architecture);
	if (file == NULL && client->has_architecture)
		file = find_row(&config->bootfile, twin_of(client->architecture));
	if (file == NULL && config->bootfile.fallback[0] != '\0')
		file = config->bootfile.fallback;
	return file == NULL ? config->bootp.boot_file : file;
}

const char *plan_host_name(const struct session *session)
{
	return session == NULL ? "" : session->client;
}
