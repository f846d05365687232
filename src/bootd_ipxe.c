#include "bootd_ipxe.h"

#include "base/cleanup.h"
#include "boot/ipxe.h"
#include "content/content.h"
#include "content/root_local.h"

#include <string.h>

static enum content_refusal try_file(const struct root_local *folder, const char *name)
{
	char sentence[ROOT_SENTENCE_SIZE];
	struct root_file file;
	enum content_refusal refusal = root_local_open_file(folder, name, &file, sentence);

	if (refusal == CONTENT_OK)
		close_fd(&file.fd);
	return refusal;
}

/* Returns whether there are some that cannot be read. */
static bool find_loaders(const struct root_local *folder, struct ipxe_config *ipxe)
{
	bool has_forbidden = false;
	const char *name;

	for (size_t i = 0; (name = ipxe_loader_at(i)) != NULL; i++) {
		enum content_refusal refusal = try_file(folder, name + strlen(IPXE_PREFIX));

		ipxe->has_loader[i] = refusal == CONTENT_OK;
		has_forbidden = has_forbidden || refusal == CONTENT_FORBIDDEN;
	}
	return has_forbidden;
}

static bool has_any_loader(const struct ipxe_config *ipxe)
{
	for (size_t i = 0; i < CONFIG_IPXE_LOADERS_MAX; i++) {
		if (ipxe->has_loader[i])
			return true;
	}
	return false;
}

void setup_find_ipxe(struct setup *setup, struct problems *problems)
{
	struct ipxe_config *ipxe = &setup->config.ipxe;
	struct place place = { .file = setup->config.path, .key = "[ipxe] binaries" };
	struct root_local folder;
	bool has_forbidden;
	int error;

	if (!ipxe->is_enabled)
		return;
	error = root_local_open(ipxe->binaries, false, &folder);
	if (error < 0) {
		problems_add(problems, place,
			     "the folder %s cannot be opened: %s; install iPXE (Debian's package "
			     "ipxe), or name the folder that holds undionly.kpxe and snponly.efi",
			     ipxe->binaries, strerror(-error));
		return;
	}
	has_forbidden = find_loaders(&folder, ipxe);
	root_local_close(&folder);
	if (has_any_loader(ipxe))
		return;
	if (has_forbidden)
		problems_add(problems, place,
			     "the loaders in %s cannot be read: make them readable for bootd's "
			     "user, and no links that lead out; a reload cannot change to a folder "
			     "that the start did not name: restart bootd",
			     ipxe->binaries);
	else
		problems_add(problems, place,
			     "the folder %s has no loader of iPXE, such as undionly.kpxe or "
			     "snponly.efi: install iPXE (Debian's package ipxe), or name the "
			     "folder that holds them",
			     ipxe->binaries);
}

void setup_mount_ipxe(const struct setup *setup, struct content_settings *settings)
{
	const struct ipxe_config *ipxe = &setup->config.ipxe;

	/* Without a loader the start fails anyway. */
	if (!ipxe->is_enabled || !has_any_loader(ipxe))
		return;
	settings->mount = (struct content_mount){ .prefix = IPXE_PREFIX, .folder = ipxe->binaries };
	settings->script = ipxe->script;
}
