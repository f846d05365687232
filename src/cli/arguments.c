#include "cli/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum long_option {
	OPTION_CHECK = 256,
	OPTION_SANDBOX_SELFTEST,
	OPTION_VERSION,
	OPTION_EXPLAIN_FILE,
	OPTION_MAC,
	OPTION_IP,
	OPTION_UUID,
	OPTION_ARCH,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "config", required_argument, NULL, 'c' },
	{ "pxe", no_argument, NULL, 'p' },
	{ "tftp", no_argument, NULL, 't' },
	{ "http", no_argument, NULL, 'H' },
	{ "debug", no_argument, NULL, 'd' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "sandbox-selftest", no_argument, NULL, OPTION_SANDBOX_SELFTEST },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "explain-file", required_argument, NULL, OPTION_EXPLAIN_FILE },
	{ "mac", required_argument, NULL, OPTION_MAC },
	{ "ip", required_argument, NULL, OPTION_IP },
	{ "uuid", required_argument, NULL, OPTION_UUID },
	{ "arch", required_argument, NULL, OPTION_ARCH },
	{ 0 },
};

static const struct option leases_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ 0 },
};

void arguments_print_help(void)
{
	(void)fputs(
		"Usage: bootd [options]\n"
		"       bootd fetch [options] NAME...\n"
		"Boots machines over the network: BOOTP, DHCP, PXE, TFTP and HTTP.\n"
		"\n"
		"  -c, --config FILE  the configuration (default: " CONFIG_PATH_DEFAULT ")\n"
		"  -p, --pxe          serve BOOTP, DHCP and PXE only\n"
		"  -t, --tftp         serve TFTP only\n"
		"  -H, --http         serve the files over HTTP, too\n"
		"  -d, --debug        log everything to standard error\n"
		"      --check        check the configuration and exit: 0 if it is right, else 1\n"
		"      --sandbox-selftest\n"
		"                     confine itself, show that this holds, and exit: 0 or 1\n"
		"      --version      print the version and exit\n"
		"  -h, --help         print this help and exit\n"
		"\n"
		"  fetch NAME...      bring files into the cache before machines ask for them,\n"
		"                     and exit: 0 if all are there, else 1\n"
		"\n"
		"  --explain-file NAME [--mac MAC] [--ip ADDRESS] [--uuid UUID] [--arch ARCH]\n"
		"                     tell what a client gets that asks for this name, and exit:\n"
		"                     0 if it gets a file, else 1\n"
		"\n"
		"  leases [--json] [-c FILE]\n"
		"                     list the leases of the bootd that runs\n"
		"  leases release ADDRESS\n"
		"                     have it take one back\n"
		"\n"
		"See bootd(8), and bootd.ini(5) for the configuration.\n",
		stdout);
}

static struct arguments misuse(const char *sentence)
{
	(void)fprintf(stderr, "bootd: %s%stry 'bootd --help'\n", sentence,
		      sentence[0] == '\0' ? "" : "; ");
	return (struct arguments){ .command = COMMAND_MISUSE };
}

/* -p and -t each leave the other's service out; both together would leave none. */
static const char *choose_service(struct arguments *arguments, enum config_services service)
{
	if (arguments->services != SERVE_ALL && arguments->services != service)
		return "--pxe and --tftp exclude each other: leave both out to serve both";
	arguments->services = service;
	return NULL;
}

static const char *choose_command(struct arguments *arguments, enum command command)
{
	arguments->command = command;
	return NULL;
}

/* What is said of the machine for --explain-file. */
static const char *describe_machine(struct arguments *arguments, enum asker_field field,
				    bool *out_is_machine_told)
{
	*out_is_machine_told = true;
	return file_question_set(&arguments->question, field, optarg);
}

/* Returns NULL, or what is wrong with the option. */
static const char *apply_option(struct arguments *arguments, int option, bool *out_is_machine_told)
{
	switch (option) {
	case 'h':
		return choose_command(arguments, COMMAND_HELP);
	case 'c':
		arguments->config_path = optarg;
		return NULL;
	case 'p':
		return choose_service(arguments, SERVE_DHCP_ONLY);
	case 't':
		return choose_service(arguments, SERVE_TFTP_ONLY);
	case 'H':
		arguments->wants_http = true;
		return NULL;
	case 'd':
		arguments->is_debug = true;
		return NULL;
	case OPTION_CHECK:
		return choose_command(arguments, COMMAND_CHECK);
	case OPTION_EXPLAIN_FILE:
		arguments->question.name = optarg;
		return choose_command(arguments, COMMAND_EXPLAIN_FILE);
	case OPTION_MAC:
		return describe_machine(arguments, ASKER_MAC, out_is_machine_told);
	case OPTION_IP:
		return describe_machine(arguments, ASKER_IP, out_is_machine_told);
	case OPTION_UUID:
		return describe_machine(arguments, ASKER_UUID, out_is_machine_told);
	case OPTION_ARCH:
		return describe_machine(arguments, ASKER_ARCH, out_is_machine_told);
	case OPTION_SANDBOX_SELFTEST:
		return choose_command(arguments, COMMAND_SANDBOX_SELFTEST);
	default:
		return choose_command(arguments, COMMAND_VERSION);
	}
}

/* The words that are no options. Returns NULL, or what is wrong with them. */
static const char *apply_words(struct arguments *arguments, char *const *words, size_t count)
{
	if (count == 0 || arguments->command == COMMAND_HELP)
		return NULL;
	if (strcmp(words[0], "fetch") != 0)
		return "it takes options only, or fetch with the names of files";
	if (count == 1)
		return "fetch takes the names of files, as machines ask for them";
	if (arguments->command != COMMAND_SERVE || arguments->services != SERVE_ALL)
		return "only --config and --debug go with fetch";
	arguments->names = words + 1;
	arguments->name_count = count - 1;
	return choose_command(arguments, COMMAND_FETCH);
}

/* bootd leases [release ADDRESS]. getopt puts the words behind the options. */
static struct arguments parse_leases(int argument_count, char *argument_list[])
{
	struct arguments arguments = { .command = COMMAND_LEASES,
				       .leases = { .config_path = CONFIG_PATH_DEFAULT } };
	int option;

	while ((option = getopt_long(argument_count, argument_list, "c:h", leases_options, NULL)) >=
	       0) {
		if (option == 'c')
			arguments.leases.config_path = optarg;
		else if (option == OPTION_JSON)
			arguments.leases.is_json = true;
		else if (option == 'h')
			return (struct arguments){ .command = COMMAND_HELP };
		else
			return misuse(""); /* getopt has said what is wrong */
	}
	if (optind == argument_count)
		return arguments;
	arguments.leases.is_release = true;
	if (strcmp(argument_list[optind], "release") != 0 || optind + 2 != argument_count)
		return misuse("it is 'bootd leases' or 'bootd leases release ADDRESS'");
	if (!ip4_parse(argument_list[optind + 1], &arguments.leases.address))
		return misuse("release takes an address such as 192.168.1.100");
	return arguments;
}

struct arguments arguments_parse(int argument_count, char *argument_list[])
{
	struct arguments arguments = { .config_path = CONFIG_PATH_DEFAULT };
	bool is_machine_told = false;
	const char *complaint;
	int option;

	if (argument_count > 1 && strcmp(argument_list[1], "leases") == 0)
		return parse_leases(argument_count - 1, argument_list + 1);
	while ((option = getopt_long(argument_count, argument_list, "hc:ptHd", long_options,
				     NULL)) >= 0) {
		if (option == '?')
			return misuse(""); /* getopt has said what is wrong */
		complaint = apply_option(&arguments, option, &is_machine_told);
		if (complaint != NULL)
			return misuse(complaint);
	}
	complaint =
		apply_words(&arguments, argument_list + optind, (size_t)(argument_count - optind));
	if (complaint != NULL)
		return misuse(complaint);
	if (is_machine_told && arguments.question.name == NULL)
		return misuse("--mac, --ip, --uuid and --arch go with --explain-file");
	return arguments;
}
