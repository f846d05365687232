#include "base/log.h"
#include "bootd.h"
#include "cli/arguments.h"
#include "cli/fetch.h"
#include "io/sandbox_selftest.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_MISUSE 2

/* Tables from this size on are given back to the system when a reload frees them; by itself the C
 * library would raise the size to that of the largest one. */
#define TABLE_SIZE (1024 * 1024)

static struct bootd_options options_of(const struct arguments *arguments)
{
	return (struct bootd_options){ .config_path = arguments->config_path,
				       .services = arguments->services,
				       .wants_http = arguments->wants_http,
				       .is_debug = arguments->is_debug };
}

static int check(const struct arguments *arguments)
{
	static struct problems problems;
	struct bootd_options options = options_of(arguments);
	struct bootd *bootd = bootd_open(&options, &problems);

	problems_print(&problems, stderr);
	if (bootd == NULL)
		return EXIT_FAILURE;
	bootd_close(bootd);
	(void)printf("%s is right.\n", arguments->config_path);
	return EXIT_SUCCESS;
}

static int serve(const struct arguments *arguments)
{
	static struct problems problems;
	struct bootd_options options = options_of(arguments);
	struct bootd *bootd;

	(void)mallopt(M_MMAP_THRESHOLD, TABLE_SIZE);
	bootd = bootd_open(&options, &problems);
	if (bootd != NULL && bootd_listen(bootd, &problems)) {
		bootd_log_problems(&problems);
		bootd_run(bootd);
	}
	if (problems.count > 0)
		problems_print(&problems, stderr);
	if (bootd != NULL)
		bootd_close(bootd);
	return problems.count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Files are TFTP's, so the pool need not fit this machine; and nothing goes to the daemon's log. */
static int explain(const struct arguments *arguments)
{
	static struct problems problems;
	struct bootd_options options = { .config_path = arguments->config_path,
					 .services = SERVE_TFTP_ONLY,
					 .is_debug = true };
	struct bootd *bootd = bootd_open(&options, &problems);
	bool is_served;

	problems_print(&problems, stderr);
	if (bootd == NULL)
		return EXIT_FAILURE;
	is_served = bootd_explain_file(bootd, &arguments->question);
	bootd_close(bootd);
	return is_served ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What goes wrong is said on standard error; nothing goes to the daemon's log. */
static int fetch(const struct arguments *arguments)
{
	static struct problems problems;
	struct bootd_options options = { .config_path = arguments->config_path,
					 .services = SERVE_TFTP_ONLY,
					 .is_debug = true };
	struct fetch_order order = { .names = arguments->names,
				     .count = arguments->name_count,
				     .has_progress_bar = isatty(STDOUT_FILENO) == 1 };
	struct bootd *bootd = bootd_open(&options, &problems);
	bool has_all = false;

	if (bootd != NULL && !arguments->is_debug)
		(void)log_open(LOG_TO_STDERR, NULL, LOG_AT_ERROR);
	if (bootd != NULL)
		has_all = bootd_fetch(bootd, &order, &problems);
	problems_print(&problems, stderr);
	if (bootd != NULL)
		bootd_close(bootd);
	return has_all ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argument_count, char *argument_list[])
{
	struct arguments arguments = arguments_parse(argument_count, argument_list);

	switch (arguments.command) {
	case COMMAND_SERVE:
		return serve(&arguments);
	case COMMAND_CHECK:
		return check(&arguments);
	case COMMAND_EXPLAIN_FILE:
		return explain(&arguments);
	case COMMAND_FETCH:
		return fetch(&arguments);
	case COMMAND_LEASES:
		return leases_ask(&arguments.leases, stdout, stderr) ? EXIT_SUCCESS : EXIT_FAILURE;
	case COMMAND_SANDBOX_SELFTEST:
		return sandbox_selftest(BOOTD_USER, BOOTD_USER_FALLBACK, stdout) ? EXIT_SUCCESS
										 : EXIT_FAILURE;
	case COMMAND_HELP:
		arguments_print_help();
		return EXIT_SUCCESS;
	case COMMAND_VERSION:
		(void)puts("bootd " BOOTD_VERSION);
		return EXIT_SUCCESS;
	default:
		return EXIT_MISUSE;
	}
}
