/* From a file to settings: read, parse, check. The start, --check and the reload all call
 * this one function. */
#ifndef BOOTD_CONFIG_CONFIG_LOAD_H
#define BOOTD_CONFIG_CONFIG_LOAD_H

#include "base/problem.h"
#include "config/config.h"
#include "config/config_check.h"

/* Which services the command line asks for; none, where it only asks for what is configured. */
enum config_services { SERVE_ALL, SERVE_DHCP_ONLY, SERVE_TFTP_ONLY, SERVE_NOTHING };

/* Fills *out_config from the file at path; wants_http is the command line's, as good as [httpd]
 * enable. It is checked against what this machine has; config_done frees
 * it. False: problems says why, all of it, and *out_config is not to be used and owns nothing. */
bool config_load(const char *path, enum config_services services, bool wants_http,
		 const struct config_surroundings *surroundings, struct config *out_config,
		 struct problems *problems);

#endif
