/* Names that boot loaders ask for by their own ideas of where they are. */
#ifndef BOOTD_CONTENT_KNOWN_NAMES_H
#define BOOTD_CONTENT_KNOWN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A loader looks for this, and goes on without it: pxelinux's and GRUB's configurations for one
 * machine, shim's revocations and certificates, iPXE's autoexec.ipxe. */
bool known_name_is_optional(const char *path);

/* Where the file of a second stage may be that was asked for in the wrong place: beside the loader
 * that came first. index counts from 0. False: there is no such place, or no more. */
bool known_name_beside(const char *path, const char *loader, size_t index, char *out, size_t size);

#endif
