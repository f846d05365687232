/* The processor architectures of DHCP option 93 (RFC 4578, IANA "Processor Architecture Types"). */
#ifndef BOOTD_BOOT_ARCHITECTURE_H
#define BOOTD_BOOT_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a number (0 to 65535) or a name, in any case. False, with *out_architecture untouched: it
 * is neither. */
bool architecture_parse(const char *text, uint16_t *out_architecture);

/* NULL: the number has no name here. */
const char *architecture_name(uint16_t architecture);

/* The same processor's firmware that boots by PXE; the architecture itself where it does not boot
 * over HTTP. */
uint16_t architecture_without_http(uint16_t architecture);

/* The name, else the number. */
void architecture_format(uint16_t architecture, char *out, size_t size);

#endif
