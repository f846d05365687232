/* What a machine boots. */
#ifndef BOOTD_BOOT_PLAN_H
#define BOOTD_BOOT_PLAN_H

#include "boot/client.h"
#include "boot/session.h"
#include "config/config.h"

/* Borrowed from the session or the configuration. */
struct boot_plan {
	const char *file;               /* "": none applies */
	const char *host_name;          /* of the authority, else of [host]; "": none */
	const struct menu_config *menu; /* to choose from; NULL: there is no choice */
	const char *fallback;           /* what stands for default in the menu */
	bool is_by_http;                /* the file is told as a URL of bootd's own HTTP server */
	bool needs_http;     /* as is_by_http, but [httpd] is off: the machine cannot be booted */
	bool is_script;      /* of [ipxe]; the same whatever entry is asked for */
	bool is_ipxe_loader; /* of [ipxe] binaries */
	bool is_unknown; /* no row and no table knows its architecture: it gets what all others get
			  */
};

/* What the configuration has for this machine and for its network; NULL: nothing. */
struct boot_scope {
	const struct host_config *host;
	const struct subnet_config *subnet;
};

/* The file is the one that the authority named; else, for iPXE, the script of [ipxe]; else that of
 * [host]; else the first of [menu] that is not the machine's own disk; else that of [subnet]; else
 * [bootfile]'s row for the architecture, for the first that has one of those that the client lists,
 * and for firmware that boots over HTTP also the row of the same processor without it; else with
 * [ipxe] its loader; else the row "default"; else [bootp] boot_file. session: NULL where it has
 * none. */
struct boot_plan plan_boot(const struct config *config, const struct client *client,
			   const struct session *session, const struct boot_scope *scope);

/* The file of one entry of the plan's menu, or without a menu the plan's own for index 0. NULL:
 * there is no such entry, or it boots from the machine's own disk. */
const char *plan_entry_file(const struct boot_plan *plan, size_t index);

#endif
