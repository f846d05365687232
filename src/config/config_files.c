#include "config/config_files.h"

#include "base/text.h"
#include "boot/architecture.h"
#include "config/config_apply.h"
#include "config/config_suggest.h"
#include "config/config_values.h"
#include "config/ini.h"
#include "content/filter_names.h"

#include <stdlib.h>
#include <string.h>

static void complain_of_architecture(const struct ini *ini, const struct ini_entry *entry,
				     struct problems *problems)
{
	struct suggestion suggestion = { .typed = entry->key };
	const char *name;

	suggestion_consider(&suggestion, "default");
	for (uint16_t i = 0; (name = architecture_name(i)) != NULL; i++)
		suggestion_consider(&suggestion, name);
	if (suggestion.best != NULL)
		ini_complain(ini, entry, problems, "this is no architecture%s",
			     suggestion_show(&suggestion).text);
	else
		ini_complain(ini, entry, problems,
			     "this is no architecture: give a number from 0 to 65535, a name such "
			     "as x64-uefi, or default");
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
		complain_of_architecture(ini, entry, problems);
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
	config_read_value(entry, text, sizeof(text));
	if (*text == '\0')
		ini_complain(ini, entry, problems, "there is no file name");
	else if (!value_parse_text(text, file, BOOT_FILE_SIZE))
		ini_complain(ini, entry, problems,
			     "this is too long (at most %d bytes fit) or has control characters",
			     BOOT_FILE_SIZE - 1);
}

static void complain_of_variable(const struct ini *ini, const struct ini_entry *entry,
				 struct span variable, struct problems *problems)
{
	char typed[64];
	char list[128] = "";

	text_escape(typed, sizeof(typed), variable);
	for (size_t i = 0; i < FILTER_VARIABLE_COUNT; i++) {
		size_t length = strlen(list);

		(void)text_format(list + length, sizeof(list) - length, "%s{%s}",
				  length > 0 ? ", " : "", filter_variable_names[i]);
	}
	ini_complain(ini, entry, problems, "%s is no variable; there are: %s", typed, list);
}

/* What the row's value names, without its brackets, in place; NULL: a problem says why not. */
static char *read_replacement(const struct ini *ini, const struct ini_entry *entry, char *value,
			      bool *out_is_from_file, struct problems *problems)
{
	size_t length = strlen(value);
	struct span unknown;

	*out_is_from_file = value[0] == '[';
	if (*out_is_from_file && value[length - 1] != ']') {
		ini_complain(
			ini, entry, problems,
			"the brackets around the name of a file must close at the value's end");
		return NULL;
	}
	if (*out_is_from_file) {
		value[length - 1] = '\0';
		value = text_trim(value + 1);
	}
	if (*value == '\0' || value_is_url(value)) {
		ini_complain(ini, entry, problems,
			     "there is no name of a file to send instead; URLs are none");
		return NULL;
	}
	unknown = filter_unknown_variable(value);
	if (unknown.length > 0) {
		complain_of_variable(ini, entry, unknown, problems);
		return NULL;
	}
	return value;
}

/* A name that a client asks for has no slash at its beginning when it comes to the filters. */
static const char *pattern_of(const struct ini_entry *entry)
{
	return entry->key + strspn(entry->key, "/");
}

static void add_filter(const struct ini *ini, const struct ini_entry *entry,
		       struct filter_rules *filters, struct problems *problems)
{
	struct filter_rule rule = { .line = entry->line };
	char text[INI_LINE_MAX + 1];
	const char *replacement;

	/* ; and # stay: they may be in names. */
	if (!text_copy(text, sizeof(text), entry->value))
		return;
	replacement = read_replacement(ini, entry, text, &rule.is_from_file, problems);
	if (replacement == NULL)
		return;
	if (*pattern_of(entry) == '\0') {
		ini_complain(ini, entry, problems, "no name of a file matches this pattern");
		return;
	}
	rule.pattern = strdup(pattern_of(entry));
	rule.replacement = strdup(replacement);
	filters->list[filters->count++] = rule;
	if (rule.pattern == NULL || rule.replacement == NULL)
		ini_complain(ini, entry, problems, "there is no memory for this row");
}

static size_t count_rows(const struct ini *ini, const char *section)
{
	const struct ini_entry *entry;
	size_t count = 0;

	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++)
		count += strcmp(entry->section, section) == 0;
	return count;
}

static void apply_filters(const struct ini *ini, struct filter_rules *filters,
			  struct problems *problems)
{
	const struct ini_entry *entry;
	size_t count = count_rows(ini, "filters");

	if (count == 0)
		return;
	filters->list = calloc(count, sizeof(filters->list[0]));
	if (filters->list == NULL) {
		ini_complain(ini, &(struct ini_entry){ .section = "filters" }, problems,
			     "there is no memory for these rows");
		return;
	}
	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		if (strcmp(entry->section, "filters") == 0)
			add_filter(ini, entry, filters, problems);
	}
}

void config_apply_files(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct ini_entry *entry;

	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		if (strcmp(entry->section, "bootfile") == 0)
			apply_bootfile(ini, entry, &config->bootfile, problems);
	}
	apply_filters(ini, &config->filters, problems);
}
