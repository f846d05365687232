#include "config/config_option.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_suggest.h"
#include "config/config_values.h"
#include "config/ini.h"
#include "config/subnet.h"
#include "dhcp/iana_options.h"
#include "dhcp/option_text.h"

#include <stdlib.h>
#include <string.h>

#define OPTION_LENGTH_MAX 1024
#define CODE_MAX          254 /* RFC 2132: 0 is padding, 255 the end */

/* One key being read. */
struct option_reading {
	const struct ini *ini;
	const struct ini_entry *entry;
	struct problems *problems;
};

/* What has a key of its own, in sections of that kind. */
static const struct {
	uint8_t code;
	const char *kinds[3];
	const char *key;
} own_keys[] = {
	{ 1, { "bootp" }, "netmask" },
	{ 1, { "subnet", "host" }, "[subnet] network" },
	{ 3, { "bootp", "subnet" }, "gateway" },
	{ 3, { "host" }, "[subnet] gateway" },
	/* A host may have others than its network. */
	{ 6, { "bootp", "subnet" }, "dns" },
	{ 12, { "bootp", "subnet" }, "[host] hostname" },
	{ 12, { "host" }, "hostname" },
	{ 15, { "bootp", "subnet" }, "domain" },
	{ 51, { "bootp", "subnet" }, "lease_time" },
	{ 51, { "host" }, "[subnet] lease_time" },
	{ 66, { "subnet" }, "next_server" },
	{ 66, { "bootp", "host" }, "[subnet] next_server" },
	{ 67, { "bootp", "subnet", "host" }, "boot_file" },
};

/* NULL: the option is set by option.NAME. */
static const char *own_key(uint8_t code, const char *kind)
{
	for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++) {
		for (size_t j = 0; j < 3 && own_keys[i].kinds[j] != NULL; j++) {
			if (own_keys[i].code == code && strcmp(own_keys[i].kinds[j], kind) == 0)
				return own_keys[i].key;
		}
	}
	return NULL;
}

static const char *name_of(const struct option_reading *reading)
{
	return reading->entry->key + strlen(OPTION_KEY_PREFIX);
}

static void complain_of_name(const struct option_reading *reading)
{
	struct suggestion suggestion = { .typed = name_of(reading) };
	const struct iana_option *option;

	for (size_t i = 0; (option = iana_option_at(i)) != NULL; i++)
		suggestion_consider(&suggestion, option->name);
	if (suggestion.best != NULL)
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "there is no such option; did you mean option.%s?", suggestion.best);
	else
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "there is no such option: bootd.ini(5) lists their names; any other "
			     "is set by its code, 1 to %d, as in option.224 = hex:01 0a",
			     CODE_MAX);
}

/* False: a problem says that it is no option's name and no code. */
static bool find_code(const struct option_reading *reading, uint8_t *out_code)
{
	const struct iana_option *option = iana_option_find(name_of(reading));
	uint64_t code;

	if (option != NULL) {
		*out_code = option->code;
		return true;
	}
	if (!text_parse_number(name_of(reading), &code) || code == 0 || code > CODE_MAX) {
		complain_of_name(reading);
		return false;
	}
	*out_code = (uint8_t)code;
	return true;
}

/* False: a problem says that bootd does not take this option so. */
static bool may_set(const struct option_reading *reading, uint8_t code, const char *kind,
		    const struct option_settings *settings)
{
	const struct iana_option *option = iana_option_of(code);
	const struct option_setting *first = option_settings_find(settings, code);
	const char *key = own_key(code, kind);

	if (key != NULL) {
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "this option has a key of its own: %s", key);
		return false;
	}
	if (option != NULL && option->form == FORM_OWN) {
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "option %u is not to be set: bootd or the client sets it itself",
			     code);
		return false;
	}
	if (first != NULL)
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "line %u sets option %u already: remove one of the two", first->line,
			     code);
	return first == NULL;
}

static bool is_list(enum option_form form)
{
	switch (form) {
	case FORM_U16_LIST:
	case FORM_ADDRESSES:
	case FORM_ADDRESS_PAIRS:
	case FORM_ROUTES:
	case FORM_DOMAINS:
	case FORM_SIP:
		return true;
	default:
		return false;
	}
}

/* As for other keys, a list keeps its ';', which other values end at. */
static void read_setting(const struct ini_entry *entry, enum option_form form, char *out,
			 size_t size)
{
	if (!is_list(form) || !config_is_given(entry) || !text_copy(out, size, entry->value))
		config_read_value(entry, out, size);
}

/* False: a problem says what the value should be. */
static bool read_option(const struct option_reading *reading, uint8_t code, struct writer *out)
{
	const struct iana_option *option = iana_option_of(code);
	enum option_form form = option == NULL ? FORM_BYTES : option->form;
	char text[INI_LINE_MAX + 1];
	const char *problem;

	read_setting(reading->entry, form, text, sizeof(text));
	if (option_parse(form, text, out, &problem))
		return true;
	if (out->is_failed)
		ini_complain(reading->ini, reading->entry, reading->problems,
			     "the value is too long: at most %d bytes fit", OPTION_LENGTH_MAX);
	else
		ini_complain(reading->ini, reading->entry, reading->problems, "\"%s\": %s",
			     value_show(text).text, problem);
	return false;
}

/* In the order of the codes. */
static bool insert(struct option_settings *settings, struct option_setting setting)
{
	struct option_setting *list =
		reallocarray(settings->list, settings->count + 1, sizeof(*list));
	size_t at = settings->count;

	if (list == NULL)
		return false;
	for (; at > 0 && list[at - 1].code > setting.code; at--)
		list[at] = list[at - 1];
	list[at] = setting;
	settings->list = list;
	settings->count++;
	return true;
}

void config_apply_option(const struct ini *ini, const struct ini_entry *entry, const char *kind,
			 struct option_settings *settings, struct problems *problems)
{
	const struct option_reading reading = { ini, entry, problems };
	struct option_setting setting = { .line = entry->line };
	uint8_t bytes[OPTION_LENGTH_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));

	if (!find_code(&reading, &setting.code) ||
	    !may_set(&reading, setting.code, kind, settings) ||
	    !read_option(&reading, setting.code, &out))
		return;
	setting.length = (uint16_t)out.used;
	setting.bytes = malloc(out.used);
	if (setting.bytes != NULL)
		memcpy(setting.bytes, bytes, out.used);
	if (setting.bytes != NULL && insert(settings, setting))
		return;
	free(setting.bytes);
	ini_complain(ini, entry, problems, "there is no memory for this option");
}
