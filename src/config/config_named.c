#include "config/config_named.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_keys.h"

#include <stdlib.h>
#include <string.h>

const struct ini_section *named_next(const struct named_sections *sections, size_t *index)
{
	const struct ini_section *section;

	while ((section = ini_section_at(sections->ini, *index)) != NULL) {
		(*index)++;
		if (strcmp(config_kind_of(section->name), sections->kind) == 0)
			return section;
	}
	return NULL;
}

void *named_new_list(const struct named_sections *sections, size_t size)
{
	struct ini_entry place = { .section = sections->kind };
	size_t count = 0;
	size_t index = 0;
	void *list;

	while (named_next(sections, &index) != NULL)
		count++;
	if (count == 0)
		return NULL;
	list = calloc(count, size);
	if (list == NULL)
		ini_complain(sections->ini, &place, sections->problems,
			     "there is no memory for so many sections");
	return list;
}

static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	return *text != '\0' && text[strspn(text, letters)] == '\0';
}

bool named_take_name(const struct named_sections *sections, const struct ini_section *section,
		     char out_name[CONFIG_NAME_SIZE])
{
	struct ini_entry place = { .section = section->name, .line = section->line };
	const char *name = section->name + strlen(sections->kind);

	if (*name == '\0') {
		ini_complain(sections->ini, &place, sections->problems,
			     "this section needs a name, as in [%s one]", sections->kind);
		return false;
	}
	if (!is_name(name + 1) || !text_copy(out_name, CONFIG_NAME_SIZE, name + 1)) {
		ini_complain(sections->ini, &place, sections->problems,
			     "the name must be of at most %d letters, digits, -, _ and .",
			     CONFIG_NAME_SIZE - 1);
		return false;
	}
	if (section->next_line > 0) {
		place.line = section->next_line;
		ini_complain(sections->ini, &place, sections->problems,
			     "line %u begins a section of this name already: give each its own",
			     section->line);
		return false;
	}
	return true;
}

/* The entries of a section follow its header and have its very name. */
void named_apply(const struct named_sections *sections, const struct ini_section *section,
		 void *owner)
{
	const struct ini_entry *entry;

	for (size_t i = section->first_entry;
	     (entry = ini_entry_at(sections->ini, i)) != NULL && entry->section == section->name;
	     i++)
		config_apply_entry(sections->ini, entry, sections->kind, sections->config, owner,
				   sections->problems);
}
