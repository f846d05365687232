/* The file in which mode = auto keeps that it is a proxy. It stays open: once the process is
 * confined it could not be opened again. */
#ifndef BOOTD_DHCP_DHCP_VERDICT_H
#define BOOTD_DHCP_DHCP_VERDICT_H

#include <stdbool.h>

/* Opens the file, made if it is not there, with its folder. Returns 0 with *out_fd for the caller
 * to close, or -errno. */
int dhcp_verdict_open(const char *path, int *out_fd);

/* Anything but a proxy's record is none: also a file that is empty or was never written whole. */
bool dhcp_verdict_is_proxy(int fd);

/* Returns 0 once the record is on the disk, or -errno. */
int dhcp_verdict_write(int fd, bool is_proxy, const char *why);

#endif
