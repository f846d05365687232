/* The rows of [menu]: what PXE firmware lets a person choose from. */
#ifndef BOOTD_CONFIG_CONFIG_MENU_H
#define BOOTD_CONFIG_CONFIG_MENU_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* Sets config->menu's entries; whatever is wrong becomes a problem. */
void config_apply_menu(const struct ini *ini, struct config *config, struct problems *problems);

#endif
