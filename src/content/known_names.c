#include "content/known_names.h"

#include "base/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && text_is_same(text + length - strlen(end), end);
}

struct pattern {
	const char *start;
	const char *end;
};

static bool matches(const char *base, const struct pattern *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(base) >= strlen(list[i].start) + strlen(list[i].end) &&
		    text_starts_with(base, list[i].start) && ends_with(base, list[i].end))
			return true;
	}
	return false;
}

bool known_name_is_optional(const char *path)
{
	static const struct pattern names[] = {
		{ "revocations", ".efi" }, /* shim 15.7 and newer */
		{ "shim_certificate", ".efi" },
		{ "autoexec.ipxe", "" },
		{ "grub.cfg-", "" },
	};
	const char *base = base_of(path);
	size_t folder = (size_t)(base - path);
	bool is_pxelinux =
		folder >= strlen("pxelinux.cfg/") &&
		text_starts_with(path + folder - strlen("pxelinux.cfg/"), "pxelinux.cfg/");

	if (is_pxelinux)
		return !text_is_same(base, "default");
	return matches(base, names, COUNT(names));
}

bool known_name_beside(const char *path, const char *loader, size_t index, char *out, size_t size)
{
	static const struct pattern seconds[] = {
		{ "grub", ".efi" }, /* what shim loads */
		{ "mm", ".efi" },          { "fb", ".efi" },
		{ "revocations", ".efi" }, { "shim_certificate", ".efi" },
		{ "grub.cfg", "" },
	};
	const char *base = base_of(path);
	int folder = (int)(base_of(loader) - loader);
	bool is_configuration = text_starts_with(base, "grub.cfg");

	/* GRUB's own folder is one of that name. A loader's URL is no place below the root. */
	if (folder == 0 || strstr(loader, "://") != NULL || index > (is_configuration ? 1 : 0) ||
	    !matches(base, seconds, COUNT(seconds)))
		return false;
	return text_format(out, size, "%.*s%s%s", folder, loader, index == 0 ? "" : "grub/", base);
}
