/* The sections whose rows are about files: [bootfile] and [filters]. */
#ifndef BOOTD_CONFIG_CONFIG_FILES_H
#define BOOTD_CONFIG_CONFIG_FILES_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* Fills config->bootfile and config->filters. */
void config_apply_files(const struct ini *ini, struct config *config, struct problems *problems);

#endif
