#include "config/config_menu.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_keys.h"
#include "config/config_values.h"
#include "config/ini.h"

#include <string.h>

/* What stands for the local disk, and for what the machine would boot without a menu. */
#define WORD_LOCAL   "local"
#define WORD_DEFAULT "default"

static void set_target(const struct ini *ini, const struct ini_entry *row, struct menu_entry *entry,
		       struct problems *problems)
{
	char text[INI_LINE_MAX + 1];

	config_read_value(row, text, sizeof(text));
	entry->is_local = text_is_same(text, WORD_LOCAL);
	if (*text == '\0')
		ini_complain(ini, row, problems,
			     "there is no file name; local stands for the machine's own disk, "
			     "default for the file that it boots without a menu");
	else if (!entry->is_local && !text_is_same(text, WORD_DEFAULT) &&
		 !value_parse_text(text, entry->file, sizeof(entry->file)))
		ini_complain(ini, row, problems,
			     "this is too long (at most %d bytes fit) or has control characters",
			     BOOT_FILE_SIZE - 1);
}

static void add_entry(const struct ini *ini, const struct ini_entry *row, struct menu_config *menu,
		      struct problems *problems)
{
	if (menu->count == CONFIG_MENU_MAX) {
		ini_complain(ini, row, problems, "a menu has at most %d entries", CONFIG_MENU_MAX);
		return;
	}
	if (!value_parse_text(row->key, menu->list[menu->count].text, MENU_TEXT_SIZE)) {
		ini_complain(ini, row, problems,
			     "this entry's text is too long (at most %d bytes fit) or has control "
			     "characters",
			     MENU_TEXT_SIZE - 1);
		return;
	}
	set_target(ini, row, &menu->list[menu->count++], problems);
}

void config_apply_menu(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct ini_entry *row;

	for (size_t i = 0; (row = ini_entry_at(ini, i)) != NULL; i++) {
		if (strcmp(row->section, "menu") == 0 &&
		    config_key_find(row->section, row->key) == NULL)
			add_entry(ini, row, &config->menu, problems);
	}
}
