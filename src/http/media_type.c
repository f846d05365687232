#include "http/media_type.h"

#include "base/text.h"

#include <string.h>

#define TEXT "text/plain; charset=utf-8"

static const struct {
	const char *ending;
	const char *type;
} types[] = {
	/* UEFI 2.10, 24.7.3.3: firmware goes by these before it goes by the name. */
	{ "efi", "application/efi" },
	{ "iso", "application/vnd.efi-iso" },
	{ "img", "application/vnd.efi-img" },

	{ "cfg", TEXT },
	{ "conf", TEXT },
	{ "ign", "application/json" },
	{ "ipxe", TEXT },
	{ "ks", TEXT },
	{ "list", TEXT },
	{ "log", TEXT },
	{ "md5", TEXT },
	{ "msg", TEXT },
	{ "preseed", TEXT },
	{ "seed", TEXT },
	{ "sh", TEXT },
	{ "sha256", TEXT },
	{ "txt", TEXT },
	{ "yaml", TEXT },
	{ "yml", TEXT },

	{ "css", "text/css; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "html", "text/html; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "json", "application/json" },
	{ "xml", "application/xml" },
	{ "jpg", "image/jpeg" },
	{ "png", "image/png" },
	{ "svg", "image/svg+xml" },

	{ "bz2", "application/x-bzip2" },
	{ "cpio", "application/x-cpio" },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "gz", "application/gzip" },
	{ "rpm", "application/x-rpm" },
	{ "tar", "application/x-tar" },
	{ "tgz", "application/gzip" },
	{ "udeb", "application/vnd.debian.binary-package" },
	{ "xz", "application/x-xz" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

const char *media_type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (text_is_same(dot + 1, types[i].ending))
			return types[i].type;
	}
	return "application/octet-stream";
}
