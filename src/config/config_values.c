#include "config/config_values.h"

#include "base/text.h"
#include "dhcp/option_text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

void value_cut_comment(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		if ((*at == ';' || *at == '#') && (at == text || is_blank(at[-1]))) {
			*at = '\0';
			break;
		}
	}
	(void)text_trim(text); /* it begins with no blank, so only its end moves */
}

bool value_parse_boolean(const char *text, bool *out_value)
{
	static const char *const words[][2] = {
		{ "off", "on" },         { "false", "true" },
		{ "disable", "enable" }, { "disabled", "enabled" },
		{ "no", "yes" },         { "low", "high" },
		{ "ko", "ok" },          { "0", "1" },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (text_is_same(text, words[i][0]) || text_is_same(text, words[i][1])) {
			*out_value = text_is_same(text, words[i][1]);
			return true;
		}
	}
	return false;
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

/* The digits that text begins with, as a number, and what follows them. */
static bool split_number(const char *text, uint64_t *out_number, const char **out_rest)
{
	char digits[24];
	size_t length = 0;

	while (is_digit(text[length]))
		length++;
	if (!text_format(digits, sizeof(digits), "%.*s", (int)length, text) ||
	    !text_parse_number(digits, out_number))
		return false;
	*out_rest = text + length;
	return true;
}

bool value_parse_duration(const char *text, uint64_t *out_seconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	const char *unit;
	uint64_t number;

	if (!split_number(text, &number, &unit))
		return false;
	unit = skip_blanks(unit);
	for (size_t i = 0; i < COUNT(units); i++) {
		if (!text_is_same(unit, units[i].name))
			continue;
		if (__builtin_mul_overflow(number, units[i].seconds, &number))
			return false;
		*out_seconds = number;
		return true;
	}
	return false;
}

bool value_parse_real_seconds(const char *text, uint64_t *out_ms)
{
	const char *rest;
	uint64_t seconds;
	uint64_t ms = 0;

	if (!split_number(text, &seconds, &rest) || seconds > UINT32_MAX)
		return false;
	if (*rest == '.') {
		static const uint64_t weights[] = { 100, 10, 1 };
		size_t length = 0;

		rest++;
		for (; is_digit(rest[length]); length++)
			ms += length < COUNT(weights)
				      ? weights[length] * (uint64_t)(rest[length] - '0')
				      : 0;
		if (length == 0 || length > 9)
			return false;
		rest += length;
	}
	rest = skip_blanks(rest);
	if (*rest != '\0' && !text_is_same(rest, "s"))
		return false;
	*out_ms = seconds * 1000 + ms;
	return true;
}

bool value_parse_address(const char *text, struct ip4 *out_address)
{
	struct ip4 address;

	if (!ip4_parse(text, &address) || !ip4_is_set(address))
		return false;
	*out_address = address;
	return true;
}

static const char separators[] = ";, \t";

/* Cuts the next word off the list. False: there is none. A word that does not fit is no value of
 * any kind; it is left empty. */
static bool next_word(const char **list, char *out, size_t size)
{
	size_t length;

	*list += strspn(*list, separators);
	length = strcspn(*list, separators);
	if (length == 0)
		return false;
	if (!text_format(out, size, "%.*s", (int)length, *list))
		out[0] = '\0';
	*list += length;
	return true;
}

bool value_parse_dns(const char *text, struct ip4 out_list[CONFIG_DNS_MAX], size_t *out_count)
{
	struct ip4 list[CONFIG_DNS_MAX];
	char word[sizeof(struct ip4_text)];
	size_t count = 0;

	while (next_word(&text, word, sizeof(word))) {
		if (count == CONFIG_DNS_MAX || !value_parse_address(word, &list[count]))
			return false;
		count++;
	}
	if (count == 0)
		return false;
	memcpy(out_list, list, count * sizeof(list[0]));
	*out_count = count;
	return true;
}

/* "192.168.1.2:12345", in place. */
static bool parse_endpoint(char *text, struct endpoint *out_endpoint)
{
	char *colon = strchr(text, ':');
	uint64_t port;

	if (colon == NULL || !text_parse_number(colon + 1, &port) || port == 0 || port > UINT16_MAX)
		return false;
	*colon = '\0';
	out_endpoint->port = (uint16_t)port;
	return value_parse_address(text, &out_endpoint->address);
}

bool value_parse_endpoints(const char *text, struct endpoint out_list[CONFIG_NOTIFY_MAX],
			   size_t *out_count)
{
	struct endpoint list[CONFIG_NOTIFY_MAX];
	char word[sizeof("255.255.255.255:65535")];
	size_t count = 0;

	while (next_word(&text, word, sizeof(word))) {
		if (count == CONFIG_NOTIFY_MAX || !parse_endpoint(word, &list[count]))
			return false;
		count++;
	}
	if (count == 0)
		return false;
	memcpy(out_list, list, count * sizeof(list[0]));
	*out_count = count;
	return true;
}

/* The address that the list goes on with, which moves behind it. */
static bool next_address(const char **list, struct ip4 *out_address)
{
	char word[sizeof(struct ip4_text)];
	size_t length = strspn(*list, "0123456789.");

	if (length >= sizeof(word))
		return false;
	(void)text_format(word, sizeof(word), "%.*s", (int)length, *list);
	*list += length;
	return value_parse_address(word, out_address);
}

static bool next_range(const char **list, struct address_range *out_range)
{
	const char *rest;

	if (!next_address(list, &out_range->first))
		return false;
	out_range->last = out_range->first;
	rest = skip_blanks(*list);
	if (*rest != '-')
		return true;
	*list = skip_blanks(rest + 1);
	return next_address(list, &out_range->last) &&
	       out_range->first.value <= out_range->last.value;
}

bool value_parse_ranges(const char *text, struct address_range out_list[RANGES_OF_VALUE_MAX],
			size_t *out_count)
{
	struct address_range list[RANGES_OF_VALUE_MAX];
	size_t count = 0;

	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		if (count == RANGES_OF_VALUE_MAX || !next_range(&text, &list[count++]) ||
		    (*text != '\0' && strchr(separators, *text) == NULL))
			return false;
	}
	if (count == 0)
		return false;
	memcpy(out_list, list, count * sizeof(list[0]));
	*out_count = count;
	return true;
}

bool value_parse_port_range(const char *text, struct port_range *out_range)
{
	const char *dash = strchr(text, '-');
	char word[sizeof("65535")];
	uint64_t first;
	uint64_t last;

	if (dash == NULL || (size_t)(dash - text) >= sizeof(word))
		return false;
	(void)text_format(word, sizeof(word), "%.*s", (int)(dash - text), text);
	if (!text_parse_number(word, &first) || !text_parse_number(dash + 1, &last) || first == 0 ||
	    first > last || last > UINT16_MAX)
		return false;
	*out_range = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return true;
}

static bool is_interface_name(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~' || *at == '/' || *at == ':')
			return false;
	}
	return *text != '\0' && strlen(text) < INTERFACE_NAME_SIZE;
}

/* An address; a link-local one may have its interface behind it, as in fe80::1%eth0. */
static bool parse_address_of_interface(const char *text, struct selector *selector)
{
	char address[sizeof(struct ip_text)];
	size_t length = strcspn(text, "%");

	if (!text_format(address, sizeof(address), "%.*s", (int)length, text) ||
	    !ip_parse(address, &selector->address))
		return false;
	if (text[length] == '\0')
		return true;
	return ip_is_link_local(selector->address) && is_interface_name(text + length + 1) &&
	       text_copy(selector->name, sizeof(selector->name), text + length + 1);
}

bool value_parse_selector(const char *text, struct selector *out_selector)
{
	struct selector selector = { .kind = SELECT_ADDRESS };

	if (parse_address_of_interface(text, &selector)) {
		if (!ip_is_set(selector.address))
			selector.kind = ip_is_4(selector.address) ? SELECT_ALL : SELECT_ALL_BY_BOTH;
	} else {
		selector = (struct selector){ .kind = SELECT_INTERFACE };
		if (!is_interface_name(text) ||
		    !text_copy(selector.name, sizeof(selector.name), text))
			return false;
	}
	*out_selector = selector;
	return true;
}

bool value_parse_word(const char *text, const char *const *words, unsigned *out_index)
{
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (text_is_same(text, words[i])) {
			*out_index = i;
			return true;
		}
	}
	return false;
}

bool value_parse_text(const char *text, char *out, size_t size)
{
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			return false;
	}
	return text_copy(out, size, text);
}

bool value_parse_name(const char *text, char *out, size_t size)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~')
			return false;
	}
	return text_copy(out, size, text);
}

bool value_parse_domain(const char *text, char *out, size_t size)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (!is_letter(*at) && !is_digit(*at) && *at != '-' && *at != '.')
			return false;
	}
	return text_copy(out, size, text);
}

bool value_is_url(const char *text)
{
	return text_starts_with(text, "http://") || text_starts_with(text, "https://");
}

bool value_parse_path(const char *text, const char *folder, char *out, size_t size)
{
	char path[PATH_MAX];
	char joined[PATH_MAX];

	if (value_is_url(text) || !value_parse_text(text, path, sizeof(path)))
		return false;
	if (path[0] == '/')
		return text_copy(out, size, path);
	text = path;
	while (strncmp(text, "./", 2) == 0)
		text += 2;
	return text_format(joined, sizeof(joined), "%s/%s", folder, text) &&
	       text_copy(out, size, joined);
}

/* What may stand in a URL without a query: it is put together with one later. */
static bool is_url_text(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~' || strchr("?#\\\"<>", *at) != NULL)
			return false;
	}
	return *text != '\0';
}

bool value_parse_location(const char *text, char *out, size_t size)
{
	const char *scheme = "http://";
	const char *host = text;
	char url[URL_SIZE];
	size_t length;

	if (value_is_url(text)) {
		scheme = "";
		host = strchr(text, ':') + strlen("://");
	}
	if (!is_url_text(host) || strstr(host, "://") != NULL || strchr("/:", *host) != NULL ||
	    !text_format(url, sizeof(url), "%s%s", scheme, text))
		return false;
	length = strlen(url);
	while (url[length - 1] == '/')
		url[--length] = '\0';
	return text_copy(out, size, url);
}

bool value_parse_url_path(const char *text, char *out, size_t size)
{
	char path[URL_SIZE];

	return is_url_text(text) && strstr(text, "://") == NULL &&
	       text_format(path, sizeof(path), "%s%s", *text == '/' ? "" : "/", text) &&
	       text_copy(out, size, path);
}

/* Are the bits behind the prefix 0? */
static bool ends_with_prefix(struct mac mac, unsigned prefix_length)
{
	return (mac_to_number(mac) & ((UINT64_C(1) << (48 - prefix_length)) - 1)) == 0;
}

bool value_parse_mac_prefix(const char *text, struct mac *out_mac, uint8_t *out_prefix_length)
{
	size_t length = strcspn(text, "/");
	char whole[sizeof(struct mac_text)] = "00-00-00-00-00-00";
	char separator = '-';
	uint64_t prefix_length = 48;
	struct mac mac;

	if (length >= sizeof(whole) || length % 3 != 2)
		return false;
	if (text[length] == '/' && (!text_parse_number(text + length + 1, &prefix_length) ||
				    prefix_length == 0 || prefix_length > 48))
		return false;
	if ((length + 1) / 3 * 8 < prefix_length)
		return false;
	if (length > 2)
		separator = text[2];
	for (size_t i = 2; i < sizeof(whole) - 1; i += 3)
		whole[i] = separator;
	memcpy(whole, text, length);
	if (!mac_parse(whole, &mac) || !ends_with_prefix(mac, (unsigned)prefix_length))
		return false;
	*out_mac = mac;
	*out_prefix_length = (uint8_t)prefix_length;
	return true;
}

static bool parse_pair(const char *text, uint8_t *out_byte)
{
	const char pair[] = { text[0], text[1], '\0' };

	if (strspn(pair, "0123456789abcdefABCDEF") != 2)
		return false;
	*out_byte = (uint8_t)strtoul(pair, NULL, 16);
	return true;
}

bool value_parse_uuid(const char *text, struct uuid *out_uuid)
{
	struct uuid uuid;
	size_t at = 0;

	if (strlen(text) != sizeof(struct uuid_text) - 1)
		return false;
	for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
			return false;
		if (!parse_pair(text + at, &uuid.bytes[i]))
			return false;
		at += 2;
	}
	*out_uuid = uuid;
	return true;
}

bool value_parse_client_id(const char *text, uint8_t out_bytes[CLIENT_ID_MAX], uint8_t *out_length)
{
	uint8_t bytes[CLIENT_ID_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	size_t length = strlen(text);
	const char *problem;

	if (length > 2 && text[0] == '"' && text[length - 1] == '"')
		write_bytes(&out, text + 1, length - 2);
	else if (!option_parse(FORM_BYTES, text, &out, &problem))
		return false;
	if (out.is_failed)
		return false;
	memcpy(out_bytes, bytes, out.used);
	*out_length = (uint8_t)out.used;
	return true;
}

struct value_shown value_show(const char *text)
{
	struct value_shown out = { 0 };
	struct span bytes = { .bytes = (const uint8_t *)text, .length = strlen(text) };

	text_escape(out.text, sizeof(out.text), bytes);
	return out;
}
