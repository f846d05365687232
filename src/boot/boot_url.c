#include "boot/boot_url.h"

#include "base/text.h"

#include <string.h>

#define HTTP_PORT  80
#define HTTPS_PORT 443

bool boot_url_is_http(const char *name)
{
	return text_starts_with(name, "http://") || text_starts_with(name, "https://");
}

bool boot_url_has_scheme(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return length > 0 && strncmp(name + length, "://", 3) == 0;
}

/* RFC 3986 2.3, and the separator. */
static bool is_plain(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-._~/", byte) != NULL);
}

static bool add_byte(char *out, size_t size, size_t *used, unsigned char byte)
{
	if (!is_plain(byte)) {
		if (!text_format(out + *used, size - *used, "%%%02X", byte))
			return false;
		*used += 3;
		return true;
	}
	if (*used + 1 >= size)
		return false;
	out[(*used)++] = (char)byte;
	out[*used] = '\0';
	return true;
}

static bool add_server(struct endpoint server, bool is_tls, char *out, size_t size)
{
	const char *scheme = is_tls ? "https" : "http";
	struct ip4_text address = ip4_format(server.address);

	if (server.port == (is_tls ? HTTPS_PORT : HTTP_PORT))
		return text_format(out, size, "%s://%s/", scheme, address.text);
	return text_format(out, size, "%s://%s:%u/", scheme, address.text, server.port);
}

bool boot_url_format(struct endpoint server, bool is_tls, const char *name, char *out, size_t size)
{
	size_t used;

	if (!add_server(server, is_tls, out, size))
		return false;
	used = strlen(out);
	name += strspn(name, "/");
	for (; *name != '\0'; name++) {
		if (!add_byte(out, size, &used, (unsigned char)(*name == '\\' ? '/' : *name)))
			return false;
	}
	return true;
}
