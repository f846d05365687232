/* iPXE's loaders of a setup: where they are, and which there are. */
#ifndef BOOTD_BOOTD_IPXE_H
#define BOOTD_BOOTD_IPXE_H

#include "bootd_setup.h"

struct content_settings;

/* With [ipxe] enable: looks which loaders its folder has, for the configuration to know. */
void setup_find_ipxe(struct setup *setup, struct problems *problems);

/* Has the folder served under its names, and scripts as templates. */
void setup_mount_ipxe(const struct setup *setup, struct content_settings *settings);

#endif
