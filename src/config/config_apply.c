#include "config/config_apply.h"

#include "base/text.h"
#include "config/config_files.h"
#include "config/config_hosts.h"
#include "config/config_keys.h"
#include "config/config_machines.h"
#include "config/config_menu.h"
#include "config/config_option.h"
#include "config/config_set.h"
#include "config/config_subnets.h"
#include "config/config_suggest.h"
#include "config/config_values.h"
#include "config/ini.h"

#include <assert.h>
#include <string.h>

static void set_defaults(struct config *config)
{
	struct reason reason;
	const struct config_key *key;

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		bool is_set = key->fallback == NULL ||
			      config_set(key, key->fallback, config, config, &reason);

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
	bool is_list = type == VALUE_DNS || type == VALUE_ENDPOINTS || type == VALUE_RANGES;

	if (!is_list || !config_is_given(entry) || !text_copy(out, size, entry->value))
		config_read_value(entry, out, size);
}

bool config_is_given(const struct ini_entry *entry)
{
	return entry != NULL && entry->value[0] != '\0' && entry->value[0] != ';' &&
	       entry->value[0] != '#';
}

static void apply_key(const struct ini *ini, const struct ini_entry *entry,
		      const struct config_key *key, struct config *config, void *owner,
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
	if (!config_set(key, text, config, owner, &reason))
		ini_complain(ini, entry, problems, "%s", reason.text);
}

/* The same key under its other name is the same key. Of two lines with the same name, of which the
 * reader has complained, only one counts. */
static bool is_repeated(const struct ini *ini, const struct ini_entry *entry,
			const struct config_key *key, struct problems *problems)
{
	const struct ini_entry *first;

	if (ini_find(ini, entry->section, entry->key)->line != entry->line)
		return true;
	first = ini_find(ini, entry->section, key->name);
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

static void complain_of_key(const struct ini *ini, const struct ini_entry *entry, const char *kind,
			    struct problems *problems)
{
	struct suggestion suggestion = { .typed = entry->key };
	const char *elsewhere = section_of(entry->key);
	const struct config_key *key;
	char list[400] = "";

	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		if (!text_is_same(key->section, kind))
			continue;
		text_add_to_list(list, sizeof(list), key->name);
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
	char word[64];
	struct suggestion suggestion = { .typed = word };
	const char *name;
	char list[200] = "";

	/* The names of some have more words, which are the file's own. */
	(void)text_format(word, sizeof(word), "%.*s", (int)strcspn(place->section, " "),
			  place->section);
	for (size_t i = 0; (name = config_section_at(i)) != NULL; i++) {
		text_add_to_list(list, sizeof(list), name);
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

		if (!config_is_section(config_kind_of(section->name)))
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

void config_apply_entry(const struct ini *ini, const struct ini_entry *entry, const char *kind,
			struct config *config, void *owner, struct problems *problems)
{
	const struct config_key *key = config_key_find(kind, entry->key);

	if (key == NULL && has_keys(kind) && !config_has_free_rows(kind))
		complain_of_key(ini, entry, kind, problems);
	else if (key == NULL || is_repeated(ini, entry, key, problems))
		return;
	else if (key->type == VALUE_OPTION)
		config_apply_option(ini, entry, kind, (void *)((char *)owner + key->offset),
				    problems);
	else
		apply_key(ini, entry, key, config, owner, problems);
}

void config_apply(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct ini_entry *entry;

	set_defaults(config);
	look_at_sections(ini, problems);
	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		if (!config_kind_is_named(config_kind_of(entry->section)))
			config_apply_entry(ini, entry, entry->section, config, config, problems);
	}
	config_apply_subnets(ini, config, problems);
	config_apply_machines(ini, config, problems);
	config_apply_hosts(ini, config, problems);
	config_apply_files(ini, config, problems);
	config_apply_menu(ini, config, problems);
}
