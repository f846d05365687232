/* What one client is granted at most of TFTP's options, by [tftp] refuse and [tftp_clients]. */
#ifndef BOOTD_TFTP_TFTP_CAPS_H
#define BOOTD_TFTP_TFTP_CAPS_H

#include "config/config.h"
#include "tftp/tftp_wire.h"

/* mac: the machine's, NULL where it is not known. The first row that is about the client counts,
 * beside what is refused to all. */
struct tftp_caps tftp_caps_of(const struct config *config, struct ip client, const struct mac *mac);

/* As if the client had not asked for those. */
void tftp_caps_refuse(struct tftp_options *asked, uint8_t refused);

#endif
