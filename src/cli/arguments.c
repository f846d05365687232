#include "cli/arguments.h"

#include <getopt.h>
#include <stdio.h>

enum long_option { OPTION_CHECK = 256, OPTION_VERSION };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "config", required_argument, NULL, 'c' },
	{ "pxe", no_argument, NULL, 'p' },
	{ "tftp", no_argument, NULL, 't' },
	{ "debug", no_argument, NULL, 'd' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

void arguments_print_help(void)
{
	(void)fputs(
		"Usage: bootd [options]\n"
		"Boots machines over the network: BOOTP, DHCP, PXE and TFTP.\n"
		"\n"
		"  -c, --config FILE  the configuration (default: " CONFIG_PATH_DEFAULT ")\n"
		"  -p, --pxe          serve BOOTP, DHCP and PXE only\n"
		"  -t, --tftp         serve TFTP only\n"
		"  -d, --debug        log everything to standard error\n"
		"      --check        check the configuration and exit: 0 if it is right, else 1\n"
		"      --version      print the version and exit\n"
		"  -h, --help         print this help and exit\n"
		"\n"
		"See bootd(8), and bootd.ini(5) for the configuration.\n",
		stdout);
}

static struct arguments misuse(const char *sentence)
{
	(void)fprintf(stderr, "bootd: %stry 'bootd --help'\n", sentence);
	return (struct arguments){ .command = COMMAND_MISUSE };
}

/* -p and -t each leave the other's service out; both together would leave none. */
static bool choose_service(struct arguments *arguments, enum config_services service)
{
	if (arguments->services != SERVE_ALL && arguments->services != service)
		return false;
	arguments->services = service;
	return true;
}

static bool apply_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'h':
		arguments->command = COMMAND_HELP;
		return true;
	case 'c':
		arguments->config_path = optarg;
		return true;
	case 'p':
		return choose_service(arguments, SERVE_DHCP_ONLY);
	case 't':
		return choose_service(arguments, SERVE_TFTP_ONLY);
	case 'd':
		arguments->is_debug = true;
		return true;
	case OPTION_CHECK:
		arguments->command = COMMAND_CHECK;
		return true;
	default:
		arguments->command = COMMAND_VERSION;
		return true;
	}
}

struct arguments arguments_parse(int argument_count, char *argument_list[])
{
	struct arguments arguments = { .config_path = CONFIG_PATH_DEFAULT };
	int option;

	while ((option = getopt_long(argument_count, argument_list, "hc:ptd", long_options,
				     NULL)) >= 0) {
		if (option == '?')
			return misuse(""); /* getopt has said what is wrong */
		if (!apply_option(&arguments, option))
			return misuse("--pxe and --tftp exclude each other: leave both out to "
				      "serve both; ");
	}
	if (optind < argument_count)
		return misuse("it takes options only; ");
	return arguments;
}
