/* mode = auto: looks for other DHCP servers, as long as bootd is one. A part of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_AUTO_H
#define BOOTD_DHCP_DHCP_AUTO_H

struct dhcp_auto;
struct dhcp_service;

/* Takes the first role of the service, tells what was found, and looks on. The descriptor is
 * dhcp_verdict_open's; it is taken, and closed even where this fails. Returns 0 with *out_auto for
 * the caller to stop, or -errno. To be called while privileged ports can still be opened. */
int dhcp_auto_start(struct dhcp_service *service, int verdict_fd, struct dhcp_auto **out_auto);

/* The parts of the service have changed: a network that has come is looked at at once. */
void dhcp_auto_follow(struct dhcp_auto *automatic);

void dhcp_auto_stop(struct dhcp_auto *automatic);

#endif
