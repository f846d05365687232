#include "config/config_apply.h"

#include "base/text.h"
#include "boot/architecture.h"
#include "config/config_keys.h"
#include "config/config_values.h"
#include "config/ini.h"

#include <assert.h>
#include <string.h>

#define BOOTFILE_SECTION "bootfile"

/* A sentence on why a value will not do. */
struct reason {
	char text[400];
};

/* A value in a message: escaped and of bounded length. */
struct shown {
	char text[64];
};

static struct shown show(const char *text)
{
	struct shown out = { 0 };
	struct span bytes = { .bytes = (const uint8_t *)text, .length = strlen(text) };

	text_escape(out.text, sizeof(out.text), bytes);
	return out;
}

/* The names with ", " between them, as far as they fit. */
static void add_to_list(char *list, size_t size, const char *name)
{
	size_t length = strlen(list);

	(void)text_format(list + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

static void store_number(void *at, size_t size, uint64_t value)
{
	if (size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)value;
	else
		*(uint32_t *)at = (uint32_t)value;
}

/* Thousandths as people write them: 50 is "0.05". */
static struct shown show_thousandths(uint64_t value)
{
	struct shown out = { 0 };
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

static struct shown show_limit(const struct config_key *key, uint64_t limit)
{
	struct shown out = { 0 };

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
				  "\"%s\" is not %s from %s to %s%s%s", show(text).text,
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
			  show(text).text, list);
	return false;
}

static bool refuse(struct reason *out_reason, const char *text, const char *wanted)
{
	(void)text_format(out_reason->text, sizeof(out_reason->text), "\"%s\" is %s",
			  show(text).text, wanted);
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
		return refuse(out_reason, text,
			      "a URL: only folders are served; give one such as /srv/tftp");
	(void)text_copy(folder, sizeof(folder), config->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (value_parse_path(text, folder, at, key->size))
		return true;
	return refuse_text(key, text, "no path: it is too long or has control characters",
			   out_reason);
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
	case VALUE_DNS:
		return set_dns(text, config, out_reason);
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
}

/* A leading comment sign empties every value. Further on, the signs stay in a list. */
static void read_value(const struct ini_entry *entry, enum value_type type, char *out, size_t size)
{
	if (!text_copy(out, size, entry->value))
		out[0] = '\0'; /* cannot be: the reader bounds its lines */
	if (type != VALUE_DNS || out[0] == ';' || out[0] == '#')
		value_cut_comment(out);
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

static void complain_of_key(const struct ini *ini, const struct ini_entry *entry,
			    struct problems *problems)
{
	char list[400] = "";
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (text_is_same(key->section, entry->section))
			add_to_list(list, sizeof(list), key->name);
	}
	ini_complain(ini, entry, problems, "there is no such key; this section has: %s", list);
}

static bool has_bootfile(const struct bootfile_config *bootfile, uint16_t architecture)
{
	for (size_t i = 0; i < bootfile->count; i++) {
		if (bootfile->list[i].architecture == architecture)
			return true;
	}
	return false;
}

/* The file field of the row with this key. NULL: a problem says why there is none. */
static char *add_bootfile(const struct ini *ini, const struct ini_entry *entry,
			  struct bootfile_config *bootfile, struct problems *problems)
{
	uint16_t architecture;

	if (text_is_same(entry->key, "default"))
		return bootfile->fallback;
	if (!architecture_parse(entry->key, &architecture)) {
		ini_complain(ini, entry, problems,
			     "this is no architecture: give a number from 0 to 65535, a name such "
			     "as x64-uefi, or default");
		return NULL;
	}
	if (has_bootfile(bootfile, architecture)) {
		ini_complain(ini, entry, problems,
			     "architecture %u has a file already: remove one of the two",
			     architecture);
		return NULL;
	}
	if (bootfile->count == CONFIG_BOOTFILE_MAX) {
		ini_complain(ini, entry, problems, "there are more than %d architectures",
			     CONFIG_BOOTFILE_MAX);
		return NULL;
	}
	bootfile->list[bootfile->count].architecture = architecture;
	return bootfile->list[bootfile->count++].file;
}

static void apply_bootfile(const struct ini *ini, const struct ini_entry *entry,
			   struct bootfile_config *bootfile, struct problems *problems)
{
	char *file = add_bootfile(ini, entry, bootfile, problems);
	char text[INI_LINE_MAX + 1];

	if (file == NULL)
		return;
	read_value(entry, VALUE_TEXT, text, sizeof(text));
	if (*text == '\0')
		ini_complain(ini, entry, problems, "there is no file name");
	else if (!value_parse_text(text, file, BOOT_FILE_SIZE))
		ini_complain(ini, entry, problems,
			     "this is too long (at most %d bytes fit) or has control characters",
			     BOOT_FILE_SIZE - 1);
}

static bool is_section(const char *name)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (text_is_same(key->section, name))
			return true;
	}
	return text_is_same(name, BOOTFILE_SECTION);
}

static void complain_of_sections(const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section;

	for (size_t i = 0; (section = ini_section_at(ini, i)) != NULL; i++) {
		struct ini_entry place = { .section = section->name, .line = section->line };

		if (!is_section(section->name))
			ini_complain(ini, &place, problems,
				     "there is no such section; there are: logger, bootp, "
				     "bootfile, tftp");
	}
}

void config_apply(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct ini_entry *entry;

	set_defaults(config);
	complain_of_sections(ini, problems);
	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		const struct config_key *key = config_key_find(entry->section, entry->key);

		if (key != NULL)
			apply_key(ini, entry, key, config, problems);
		else if (text_is_same(entry->section, BOOTFILE_SECTION))
			apply_bootfile(ini, entry, &config->bootfile, problems);
		else if (is_section(entry->section))
			complain_of_key(ini, entry, problems);
	}
}
