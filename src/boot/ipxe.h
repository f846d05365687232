/* iPXE's loaders: which file of [ipxe] binaries is for which architecture. */
#ifndef BOOTD_BOOT_IPXE_H
#define BOOTD_BOOT_IPXE_H

#include "config/config.h"

#include <stddef.h>
#include <stdint.h>

/* Their names begin with this; the folder is not one of the root. */
#define IPXE_PREFIX "ipxe/"

/* As a machine asks for it; NULL past the last. */
const char *ipxe_loader_at(size_t index);

/* The first that there is for the architecture, be its firmware of PXE or of HTTP; NULL: none. */
const char *ipxe_loader_of(const struct ipxe_config *ipxe, uint16_t architecture);

#endif
