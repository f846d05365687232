#include "config/config_apply.h"

#include "base/text.h"
#include "config/config_caps.h"
#include "config/config_files.h"
#include "config/config_keys.h"
#include "config/config_machines.h"
#include "config/config_menu.h"
#include "config/config_suggest.h"
#include "config/config_values.h"
#include "config/ini.h"
#include "content/remote_url.h"

#include <assert.h>
#include <string.h>

/* A sentence on why a value will not do. */
struct reason {
	char text[400];
};

/* The names with ", " between them, as far as they fit. */
static void add_to_list(char *list, size_t size, const char *name)
{
	size_t length = strlen(list);

	(void)text_format(list + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

static void store_number(void *at, size_t size, uint64_t value)
{
	if (size == sizeof(bool))
		*(bool *)at = value != 0;
	else if (size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)value;
	else
		*(uint32_t *)at = (uint32_t)value;
}

/* Thousandths as people write them: 50 is "0.05". */
static struct value_shown show_thousandths(uint64_t value)
{
	struct value_shown out = { 0 };
	char *end;

	(void)text_format(out.text, sizeof(out.text), "%u.%03u", (unsigned)(value / 1000),
			  (unsigned)(value % 1000));
	end = out.text + strlen(out.text);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	return out;
}

static struct value_shown show_limit(const struct config_key *key, uint64_t limit)
{
	struct value_shown out = { 0 };

	if (key->type == VALUE_REAL_SECONDS)
		return show_thousandths(limit);
	(void)text_format(out.text, sizeof(out.text), "%llu", (unsigned long long)limit);
	return out;
}

static bool parse_number_of(const struct config_key *key, const char *text, uint64_t *out_value)
{
	switch (key->type) {
	case VALUE_DURATION:
		return value_parse_duration(text, out_value);
	case VALUE_REAL_SECONDS:
		return value_parse_real_seconds(text, out_value);
	default:
		return text_parse_number(text, out_value);
	}
}

static const char *name_of_number(const struct config_key *key)
{
	switch (key->type) {
	case VALUE_DURATION:
		return "a time such as 3600, 90m, 12h or 7d,";
	case VALUE_REAL_SECONDS:
		return "a time such as 2 or 0.5,";
	default:
		return "a whole number";
	}
}

static bool set_number(const struct config_key *key, const char *text, void *at,
		       struct reason *out_reason)
{
	uint64_t value;

	if (!parse_number_of(key, text, &value) || value < key->least || value > key->most) {
		(void)text_format(out_reason->text, sizeof(out_reason->text),
				  "\"%s\" is not %s from %s to %s%s%s", value_show(text).text,
				  name_of_number(key), show_limit(key, key->least).text,
				  show_limit(key, key->most).text, key->unit == NULL ? "" : " ",
				  key->unit == NULL ? "" : key->unit);
		return false;
	}
	store_number(at, key->size, value);
	return true;
}

static bool set_word(const struct config_key *key, const char *text, void *at,
		     struct reason *out_reason)
{
	char list[200] = "";
	unsigned index;

	if (value_parse_word(text, key->words, &index)) {
		store_number(at, key->size, index);
		return true;
	}
	for (size_t i = 0; key->words[i] != NULL; i++)
		add_to_list(list, sizeof(list), key->words[i]);
	(void)text_format(out_reason->text, sizeof(out_reason->text), "\"%s\" is none of: %s",
			  value_show(text).text, list);
	return false;
}

static bool refuse(struct reason *out_reason, const char *text, const char *wanted)
{
	(void)text_format(out_reason->text, sizeof(out_reason->text), "\"%s\" is %s",
			  value_show(text).text, wanted);
	return false;
}

static bool refuse_text(const struct config_key *key, const char *text, const char *wanted,
			struct reason *out_reason)
{
	if (strlen(text) >= key->size)
		(void)text_format(out_reason->text, sizeof(out_reason->text),
				  "this is too long: at most %zu bytes fit", key->size - 1);
	else
		(void)refuse(out_reason, text, wanted);
	return false;
}

static bool set_path(const struct config_key *key, const char *text, struct config *config,
		     void *at, struct reason *out_reason)
{
	char folder[PATH_MAX];
	char *slash;

	if (value_is_url(text))
		return refuse(out_reason, text, "a URL, and a path is needed here");
	(void)text_copy(folder, sizeof(folder), config->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (value_parse_path(text, folder, at, key->size))
		return true;
	return refuse_text(key, text, "no path: it is too long or has control characters",
			   out_reason);
}

/* A URL is not shown: it may have a password in it. */
static bool set_root(const struct config_key *key, const char *text, struct config *config,
		     void *at, struct reason *out_reason)
{
	struct remote_place place;

	if (strstr(text, "://") == NULL)
		return set_path(key, text, config, at, out_reason);
	if (remote_place_parse(text, &place))
		return text_copy(at, key->size, text);
	(void)text_format(
		out_reason->text, sizeof(out_reason->text),
		"this is no URL of http or https such as http://192.168.1.2/netboot, or it is too "
		"long, has "
		"blanks or a query, or a password with characters that are not written as "
		"%%XX");
	return false;
}

static bool set_notify(const char *text, struct config *config, struct reason *out_reason)
{
	if (value_parse_endpoints(text, config->bootp.notify, &config->bootp.notify_count))
		return true;
	return refuse(out_reason, text,
		      "no list of at most 8 addresses with their ports, such as "
		      "192.168.1.2:12345, with ; between them (a comment needs a line of its own "
		      "here)");
}

static bool set_dns(const char *text, struct config *config, struct reason *out_reason)
{
	struct bootp_config *bootp = &config->bootp;

	bootp->is_dns_auto = text_is_same(text, "auto");
	if (bootp->is_dns_auto || value_parse_dns(text, bootp->dns, &bootp->dns_count))
		return true;
	return refuse(out_reason, text,
		      "neither auto nor a list of at most 8 addresses with ; between them (a "
		      "comment needs a line of its own here)");
}

/* Puts the value that text says where the key's row tells. */
static bool set_value(const struct config_key *key, const char *text, struct config *config,
		      struct reason *out_reason)
{
	void *at = (char *)config + key->offset;

	switch (key->type) {
	case VALUE_BOOLEAN:
		return value_parse_boolean(text, at) ||
		       refuse(out_reason, text,
			      "neither yes nor no (nor on, off, true, false, "
			      "enable, disable, 1, 0)");
	case VALUE_NUMBER:
	case VALUE_DURATION:
	case VALUE_REAL_SECONDS:
		return set_number(key, text, at, out_reason);
	case VALUE_ADDRESS:
		return value_parse_address(text, at) ||
		       refuse(out_reason, text, "no address such as 192.168.1.100");
	case VALUE_SELECTOR:
		return value_parse_selector(text, at) ||
		       refuse(out_reason, text,
			      "neither an interface's address, nor a network's first address such "
			      "as 192.168.1.0, nor an interface's name");
	case VALUE_WORD:
		return set_word(key, text, at, out_reason);
	case VALUE_TEXT:
		return value_parse_text(text, at, key->size) ||
		       refuse_text(key, text, "not text: it has control characters", out_reason);
	case VALUE_NAME:
		return value_parse_name(text, at, key->size) ||
		       refuse_text(key, text, "no name of printable ASCII without blanks",
				   out_reason);
	case VALUE_DOMAIN:
		return value_parse_domain(text, at, key->size) ||
		       refuse_text(key, text, "no domain of letters, digits, - and .", out_reason);
	case VALUE_PATH:
		return set_path(key, text, config, at, out_reason);
	case VALUE_ROOT:
		return set_root(key, text, config, at, out_reason);
	case VALUE_DNS:
		return set_dns(text, config, out_reason);
	case VALUE_ENDPOINTS:
		return set_notify(text, config, out_reason);
	case VALUE_TFTP_OPTIONS:
		return caps_parse_options(text, at) ||
		       refuse(out_reason, text,
			      "no list of options with blanks between them, such as: windowsize "
			      "tsize; there are blksize, timeout, tsize, windowsize, utimeout and "
			      "rollover");
	case VALUE_PORT_RANGE:
		return value_parse_port_range(text, at) ||
		       refuse(out_reason, text,
			      "no range of ports such as 50000-50099, from 1 to 65535");
	case VALUE_LOCATION:
		return value_parse_location(text, at, key->size) ||
		       refuse_text(key, text,
				   "no URL such as http://192.168.1.2:8080, or it has blanks or a "
				   "query",
				   out_reason);
	case VALUE_URL_PATH:
		return value_parse_url_path(text, at, key->size) ||
		       refuse_text(key, text, "no path such as /boot, or it has blanks or a query",
				   out_reason);
	}
	return false;
}

static void set_defaults(struct config *config)
{
	struct reason reason;
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		bool is_set =
			key->fallback == NULL || set_value(key, key->fallback, config, &reason);

		assert(is_set);
		(void)is_set;
	}
	config->bootp.pool_count = POOL_COUNT_NOT_GIVEN;
}

void config_read_value(const struct ini_entry *entry, char *out, size_t size)
{
	if (!text_copy(out, size, entry->value))
		out[0] = '\0'; /* cannot be: the reader bounds its lines */
	value_cut_comment(out);
}

/* A leading comment sign empties every value. Further on, the signs stay in a list. */
static void read_value(const struct ini_entry *entry, enum value_type type, char *out, size_t size)
{
	bool is_list = type == VALUE_DNS || type == VALUE_ENDPOINTS;

	if (!is_list || !config_is_given(entry) || !text_copy(out, size, entry->value))
		config_read_value(entry, out, size);
}

bool config_is_given(const struct ini_entry *entry)
{
	return entry != NULL && entry->value[0] != '\0' && entry->value[0] != ';' &&
	       entry->value[0] != '#';
}

static void apply_key(const struct ini *ini, const struct ini_entry *entry,
		      const struct config_key *key, struct config *config,
		      struct problems *problems)
{
	char text[INI_LINE_MAX + 1];
	struct reason reason;

	read_value(entry, key->type, text, sizeof(text));
	if (*text == '\0') {
		/* Nothing is what a key without a default has anyway. */
		if (key->fallback != NULL)
			ini_complain(ini, entry, problems,
				     "there is no value; without this line it is %s",
				     key->fallback);
		return;
	}
	if (!set_value(key, text, config, &reason))
		ini_complain(ini, entry, problems, "%s", reason.text);
}

/* The same key under its other name is the same key. */
static bool is_repeated(const struct ini *ini, const struct ini_entry *entry,
			const struct config_key *key, struct problems *problems)
{
	const struct ini_entry *first = ini_find(ini, key->section, key->name);

	if (text_is_same(entry->key, key->name) || first == NULL)
		return false;
	ini_complain(ini, entry, problems,
		     "line %u has this key already, as %s: remove one of the "
		     "two",
		     first->line, key->name);
	return true;
}

/* What a key of that name is in, of all sections; NULL: no section has it. */
static const char *section_of(const char *name)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (text_is_same(key->name, name))
			return key->section;
	}
	return NULL;
}

static void complain_of_key(const struct ini *ini, const struct ini_entry *entry,
			    struct problems *problems)
{
	struct suggestion suggestion = { .typed = entry->key };
	const char *elsewhere = section_of(entry->key);
	const struct config_key *key;
	char list[400] = "";

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (!text_is_same(key->section, entry->section))
			continue;
		add_to_list(list, sizeof(list), key->name);
		suggestion_consider(&suggestion, key->name);
	}
	if (suggestion.best != NULL)
		ini_complain(ini, entry, problems, "there is no such key%s",
			     suggestion_show(&suggestion).text);
	else if (elsewhere != NULL)
		ini_complain(ini, entry, problems,
			     "this section has no such key; it is one of [%s]", elsewhere);
	else
		ini_complain(ini, entry, problems, "there is no such key; this section has: %s",
			     list);
}

static void complain_of_section(const struct ini *ini, const struct ini_entry *place,
				struct problems *problems)
{
	struct suggestion suggestion = { .typed = place->section };
	const char *name;
	char list[200] = "";

	for (size_t i = 0; (name = config_section_at(i)) != NULL; i++) {
		add_to_list(list, sizeof(list), name);
		suggestion_consider(&suggestion, name);
	}
	if (suggestion.best != NULL)
		ini_complain(ini, place, problems, "there is no such section%s",
			     suggestion_show(&suggestion).text);
	else
		ini_complain(ini, place, problems, "there is no such section; there are: %s", list);
}

static void look_at_sections(const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section;

	for (size_t i = 0; (section = ini_section_at(ini, i)) != NULL; i++) {
		struct ini_entry place = { .section = section->name, .line = section->line };

		if (!config_is_section(section->name))
			complain_of_section(ini, &place, problems);
	}
}

/* Do the keys of the section come from the table? */
static bool has_keys(const char *section)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (text_is_same(key->section, section))
			return true;
	}
	return false;
}

void config_apply(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct ini_entry *entry;

	set_defaults(config);
	look_at_sections(ini, problems);
	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		const struct config_key *key = config_key_find(entry->section, entry->key);

		if (key == NULL && has_keys(entry->section) &&
		    !config_has_free_rows(entry->section))
			complain_of_key(ini, entry, problems);
		else if (key != NULL && !is_repeated(ini, entry, key, problems))
			apply_key(ini, entry, key, config, problems);
	}
	config_apply_machines(ini, config, problems);
	config_apply_files(ini, config, problems);
	config_apply_menu(ini, config, problems);
}
