#include "cli/arguments.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16
#define OUTPUT_SIZE   8192

/* One stream of this process, turned into a file for a while. */
struct capture {
	FILE *stream;
	FILE *file;
	int kept_fd;
	char text[OUTPUT_SIZE];
};

static void capture_begin(struct capture *capture, FILE *stream)
{
	(void)fflush(stream);
	capture->stream = stream;
	capture->file = tmpfile();
	assert_non_null(capture->file);
	capture->kept_fd = dup(fileno(stream));
	assert_true(dup2(fileno(capture->file), fileno(stream)) >= 0);
}

static const char *capture_end(struct capture *capture)
{
	size_t length;

	(void)fflush(capture->stream);
	(void)dup2(capture->kept_fd, fileno(capture->stream));
	(void)close(capture->kept_fd);
	rewind(capture->file);
	length = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
	capture->text[length] = '\0';
	(void)fclose(capture->file);
	return capture->text;
}

/* Parses the words of the line, "bootd" the first; said->text is what went to standard error. */
static struct arguments parse(const char *line, char *words, size_t size, struct capture *said)
{
	static char *list[ARGUMENTS_MAX];
	struct arguments arguments;
	int count = 0;
	char *rest;

	assert_true(strlen(line) < size);
	strcpy(words, line);
	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < ARGUMENTS_MAX - 1);
		list[count++] = word;
	}
	optind = 0; /* GNU: begin anew */
	capture_begin(said, stderr);
	arguments = arguments_parse(count, list);
	(void)capture_end(said);
	return arguments;
}

static const struct {
	const char *line;
	enum command command;
	enum config_services services;
	const char *config_path;
	bool is_debug;
	bool wants_http;
} lines[] = {
	/* clang-format off */
	{ "bootd", COMMAND_SERVE, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -c my.ini", COMMAND_SERVE, SERVE_ALL, "my.ini", false, false },
	{ "bootd -cmy.ini", COMMAND_SERVE, SERVE_ALL, "my.ini", false, false },
	{ "bootd --config my.ini", COMMAND_SERVE, SERVE_ALL, "my.ini", false, false },
	{ "bootd --config=my.ini", COMMAND_SERVE, SERVE_ALL, "my.ini", false, false },
	{ "bootd -c one.ini -c two.ini", COMMAND_SERVE, SERVE_ALL, "two.ini", false, false },
	{ "bootd -p", COMMAND_SERVE, SERVE_DHCP_ONLY, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd --pxe", COMMAND_SERVE, SERVE_DHCP_ONLY, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -p --pxe", COMMAND_SERVE, SERVE_DHCP_ONLY, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -t", COMMAND_SERVE, SERVE_TFTP_ONLY, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd --tftp", COMMAND_SERVE, SERVE_TFTP_ONLY, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -d", COMMAND_SERVE, SERVE_ALL, CONFIG_PATH_DEFAULT, true, false },
	{ "bootd --debug", COMMAND_SERVE, SERVE_ALL, CONFIG_PATH_DEFAULT, true, false },
	{ "bootd -dtc my.ini", COMMAND_SERVE, SERVE_TFTP_ONLY, "my.ini", true, false },
	{ "bootd --check", COMMAND_CHECK, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd --check -c my.ini", COMMAND_CHECK, SERVE_ALL, "my.ini", false, false },
	{ "bootd -c my.ini -p --check", COMMAND_CHECK, SERVE_DHCP_ONLY, "my.ini", false, false },
	{ "bootd --explain-file x -c my.ini", COMMAND_EXPLAIN_FILE, SERVE_ALL, "my.ini", false, false },
	{ "bootd --version", COMMAND_VERSION, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -h", COMMAND_HELP, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd --help", COMMAND_HELP, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -H", COMMAND_SERVE, SERVE_ALL, CONFIG_PATH_DEFAULT, false, true },
	{ "bootd -t --http", COMMAND_SERVE, SERVE_TFTP_ONLY, CONFIG_PATH_DEFAULT, false, true },
	{ "bootd -pHd", COMMAND_SERVE, SERVE_DHCP_ONLY, CONFIG_PATH_DEFAULT, true, true },
	{ "bootd fetch linux", COMMAND_FETCH, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	{ "bootd -c my.ini fetch linux", COMMAND_FETCH, SERVE_ALL, "my.ini", false, false },
	{ "bootd fetch linux -d -c my.ini", COMMAND_FETCH, SERVE_ALL, "my.ini", true, false },
	{ "bootd fetch --help", COMMAND_HELP, SERVE_ALL, CONFIG_PATH_DEFAULT, false, false },
	/* clang-format on */
};

static void reads_the_command_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct capture said;
		char words[100];
		struct arguments arguments = parse(lines[i].line, words, sizeof(words), &said);

		print_message("%s\n", lines[i].line);
		assert_int_equal(arguments.command, lines[i].command);
		assert_int_equal(arguments.services, lines[i].services);
		assert_string_equal(arguments.config_path, lines[i].config_path);
		assert_int_equal(arguments.is_debug, lines[i].is_debug);
		assert_int_equal(arguments.wants_http, lines[i].wants_http);
		assert_string_equal(said.text, "");
	}
}

static const struct {
	const char *line;
	const char *said;
} misuses[] = {
	{ "bootd -p -t", "--pxe and --tftp exclude each other" },
	{ "bootd --tftp --pxe", "--pxe and --tftp exclude each other" },
	{ "bootd -pt", "--pxe and --tftp exclude each other" },
	{ "bootd -x", "'x'" },
	{ "bootd --explain-file", "--explain-file" },
	{ "bootd --mac 52-54-00-77-01-01", "go with --explain-file" },
	{ "bootd --check --ip 10.0.0.7", "go with --explain-file" },
	{ "bootd --explain-file x --mac 52-54", "--mac takes" },
	{ "bootd --explain-file x --ip 10.0.0", "--ip takes" },
	{ "bootd --explain-file x --uuid 12", "--uuid takes" },
	{ "bootd --explain-file x --arch pdp11", "--arch takes" },
	{ "bootd --nonsense", "--nonsense" },
	{ "bootd -c", "'c'" },
	{ "bootd --config", "--config" },
	{ "bootd --check=yes", "--check" },
	{ "bootd my.ini", "options only" },
	{ "bootd fetch", "fetch takes the names of files" },
	{ "bootd -t fetch linux", "only --config and --debug go with fetch" },
	{ "bootd fetch linux --check", "only --config and --debug go with fetch" },
	{ "bootd fetch linux --mac 52-54-00-77-01-01", "go with --explain-file" },
	{ "bootd linux fetch", "options only" },
	{ "bootd -d my.ini", "options only" },
	{ "bootd -- my.ini", "options only" },
};

static void reads_what_file_is_to_be_explained(void **state)
{
	struct capture said;
	char words[200];
	struct arguments arguments =
		parse("bootd --explain-file ../x --mac=52:54:00:77:01:01 --ip 10.0.0.7 --arch 7 "
		      "--uuid 564D0102-0304-0506-0708-090A0B0C0D0E",
		      words, sizeof(words), &said);

	(void)state;
	assert_int_equal(arguments.command, COMMAND_EXPLAIN_FILE);
	assert_string_equal(arguments.question.name, "../x");
	assert_string_equal(arguments.question.asker.mac.text, MACHINE);
	assert_string_equal(arguments.question.asker.ip.text, "10.0.0.7");
	assert_string_equal(arguments.question.asker.arch, "x64-uefi");
	assert_string_equal(arguments.question.asker.uuid.text,
			    "564d0102-0304-0506-0708-090a0b0c0d0e");
}

static void reads_which_files_are_to_be_fetched(void **state)
{
	struct capture said;
	char words[100];
	struct arguments arguments =
		parse("bootd fetch linux -d -- initrd.gz -x", words, sizeof(words), &said);

	(void)state;
	assert_int_equal(arguments.command, COMMAND_FETCH);
	assert_int_equal(arguments.name_count, 3);
	assert_string_equal(arguments.names[0], "linux");
	assert_string_equal(arguments.names[1], "initrd.gz");
	assert_string_equal(arguments.names[2], "-x");
}

static void explains_misuse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(misuses); i++) {
		struct capture said;
		char words[100];
		struct arguments arguments = parse(misuses[i].line, words, sizeof(words), &said);

		print_message("%s\n", misuses[i].line);
		assert_int_equal(arguments.command, COMMAND_MISUSE);
		assert_non_null(strstr(said.text, misuses[i].said));
		assert_non_null(strstr(said.text, "try 'bootd --help'\n"));
	}
}

static void the_help_names_every_option(void **state)
{
	static const char *const options[] = { "-c",
					       "--config",
					       "-p",
					       "--pxe",
					       "-t",
					       "--tftp",
					       "-d",
					       "--debug",
					       "--check",
					       "--version",
					       "-h",
					       "--help",
					       "--explain-file",
					       "--mac",
					       "--ip",
					       "--uuid",
					       "--arch",
					       "fetch NAME" };
	struct capture help;

	(void)state;
	capture_begin(&help, stdout);
	arguments_print_help();
	(void)capture_end(&help);
	for (size_t i = 0; i < COUNT_OF(options); i++)
		assert_non_null(strstr(help.text, options[i]));
	assert_non_null(strstr(help.text, CONFIG_PATH_DEFAULT));
	for (const char *line = help.text; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") < 80);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_command_line),
		cmocka_unit_test(reads_what_file_is_to_be_explained),
		cmocka_unit_test(reads_which_files_are_to_be_fetched),
		cmocka_unit_test(explains_misuse),
		cmocka_unit_test(the_help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
