/* The command line. */
#ifndef BOOTD_CLI_ARGUMENTS_H
#define BOOTD_CLI_ARGUMENTS_H

#include "cli/explain_file.h"
#include "cli/leases.h"
#include "config/config_load.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_PATH_DEFAULT "/etc/bootd.ini"

enum command {
	COMMAND_SERVE,
	COMMAND_CHECK,
	COMMAND_EXPLAIN_FILE,
	COMMAND_FETCH,
	COMMAND_SANDBOX_SELFTEST,
	COMMAND_LEASES,
	COMMAND_HELP,
	COMMAND_VERSION,
	COMMAND_MISUSE
};

struct arguments {
	enum command command;
	const char *config_path;
	enum config_services services;
	bool wants_http;               /* whatever [httpd] enable says */
	bool is_debug;                 /* log at debug to standard error, whatever [logger] says */
	struct file_question question; /* of COMMAND_EXPLAIN_FILE */
	char *const *names;            /* of COMMAND_FETCH */
	size_t name_count;
	struct leases_question leases; /* of COMMAND_LEASES */
};

/* Misuse has been explained on standard error when this returns. */
struct arguments arguments_parse(int argument_count, char *argument_list[]);

void arguments_print_help(void);

#endif
