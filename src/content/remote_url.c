#include "content/remote_url.h"

#include "base/bytes.h"
#include "base/text.h"

#include <string.h>

static bool is_unreserved(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9') ||
	       (character != '\0' && strchr("-._~", character) != NULL);
}

static int digit_of(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

/* False: it does not fit, or means a NUL or no byte at all. */
static bool decode(struct span text, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < text.length; i++) {
		int byte = text.bytes[i];

		if (byte == '%') {
			int high = i + 2 < text.length ? digit_of((char)text.bytes[i + 1]) : -1;
			int low = i + 2 < text.length ? digit_of((char)text.bytes[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = high * 16 + low;
			i += 2;
		}
		if (byte == 0 || used + 1 >= size)
			return false;
		out[used++] = (char)byte;
	}
	out[used] = '\0';
	return true;
}

/* "user:password" */
static bool parse_user(struct span text, struct remote_place *place)
{
	const uint8_t *colon = memchr(text.bytes, ':', text.length);
	struct span user = text;
	struct span password = { 0 };

	if (colon != NULL) {
		user.length = (size_t)(colon - text.bytes);
		password = (struct span){ colon + 1, text.length - user.length - 1 };
	}
	return decode(user, place->user, sizeof(place->user)) &&
	       decode(password, place->password, sizeof(place->password));
}

static size_t scheme_length(const char *url)
{
	if (text_starts_with(url, "http://"))
		return strlen("http://");
	return remote_url_is_secure(url) ? strlen("https://") : 0;
}

static bool is_url_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr("?#\\\"<>", *text) != NULL)
			return false;
	}
	return true;
}

/* What stands behind a host: nothing, or a port. */
static bool is_port(struct span text)
{
	uint32_t port = 0;

	if (text.length == 0)
		return true;
	if (text.bytes[0] != ':' || text.length == 1 || text.length > sizeof(":65535") - 1)
		return false;
	for (size_t i = 1; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		port = port * 10 + (text.bytes[i] - '0');
	}
	return port > 0 && port <= UINT16_MAX;
}

/* A name, an address, or an IPv6 address in brackets. */
static bool is_host(const char *text, size_t length)
{
	static const char of_names[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t host = strspn(text, of_names);

	if (*text == '[') {
		host = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (host == 1 || text[host++] != ']')
			return false;
	}
	return host > 0 && host <= length &&
	       is_port((struct span){ (const uint8_t *)text + host, length - host });
}

bool remote_place_parse(const char *url, struct remote_place *out_place)
{
	struct remote_place place = { .base = "" };
	size_t scheme = scheme_length(url);
	const char *host = url + scheme;
	size_t host_length = strcspn(host, "/");
	size_t length;

	if (scheme == 0 || !is_url_text(url))
		return false;
	/* The last '@': one within a password should be encoded, but is often not. */
	for (size_t i = host_length; i > 0; i--) {
		if (host[i - 1] != '@')
			continue;
		if (!parse_user((struct span){ (const uint8_t *)host, i - 1 }, &place))
			return false;
		host += i;
		host_length -= i;
		break;
	}
	if (!is_host(host, host_length) ||
	    !text_format(place.base, sizeof(place.base), "%.*s%s", (int)scheme, url, host))
		return false;
	length = strlen(place.base);
	while (place.base[length - 1] == '/')
		place.base[--length] = '\0';
	*out_place = place;
	return true;
}

bool remote_url_is_secure(const char *url)
{
	return text_starts_with(url, "https://");
}

bool remote_url_format(const struct remote_place *place, const char *path,
		       char out[REMOTE_URL_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	struct writer writer = writer_of((uint8_t *)out, REMOTE_URL_SIZE);

	write_bytes(&writer, place->base, strlen(place->base));
	write_u8(&writer, '/');
	for (; *path != '\0'; path++) {
		uint8_t byte = (uint8_t)*path;

		if (*path == '/' || is_unreserved(*path)) {
			write_u8(&writer, byte);
			continue;
		}
		write_u8(&writer, '%');
		write_u8(&writer, (uint8_t)digits[byte >> 4]);
		write_u8(&writer, (uint8_t)digits[byte & 15]);
	}
	write_u8(&writer, '\0');
	return !writer.is_failed;
}
