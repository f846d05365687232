#include "config/config_check_parts.h"
#include "config/ini.h"

#include <string.h>

#define OPTION_MAX 255 /* RFC 2132: what one option holds */

/* What [menu] takes of option 43 (PXE 2.1, table 2-1): code and length of each part, and an END. */
static size_t size_of_menu(const struct menu_config *menu)
{
	size_t discovery_control = 3;
	size_t servers = 2;
	size_t items = 2;
	size_t prompt = 3 + strlen(menu->prompt);

	for (size_t i = 0; i < menu->count; i++) {
		/* type, count, one address; type, length, text. A local entry has no server. */
		servers += menu->list[i].is_local ? 0 : 7;
		items += 3 + strlen(menu->list[i].text);
	}
	return discovery_control + servers + items + prompt + 1;
}

void check_menu(const struct check *check)
{
	const struct menu_config *menu = &check->config->menu;
	size_t size = size_of_menu(menu);
	struct ini_entry place = { .section = "menu", .line = check_section_line(check, "menu") };
	size_t bootable = 0;

	for (size_t i = 0; i < menu->count; i++)
		bootable += !menu->list[i].is_local;
	if (menu->count > 0 && bootable == 0)
		ini_complain(check->ini, &place, check->problems,
			     "every entry boots the machine's own disk: one must name a file");
	if (menu->count > 1 && size > OPTION_MAX)
		ini_complain(check->ini, &place, check->problems,
			     "this takes %zu bytes of a DHCP option, which holds %d: shorten its "
			     "texts or have fewer entries",
			     size, OPTION_MAX);
}
