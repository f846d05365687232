#include "base/cleanup.h"
#include "base/text.h"
#include "cli/explain_file.h"
#include "config/config.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define SAID_SIZE 2048

static struct filter_rule rules[] = {
	{ "pxelinux.cfg/*", "by-{mac}", false, 7 },
	{ "startup", "{filename}.list", true, 8 },
	{ "gone", "nowhere", true, 9 },
	{ "out", "{client}/x", false, 10 },
};

/* A folder that is served and the configuration's, with the files "file" and "startup.list". */
struct fixture {
	char folder[64];
	int folder_fd;
	struct loop *loop;
	struct content *content;
	struct config config;
};

static void make_file(const struct fixture *fixture, const char *name, const char *text)
{
	CLEANUP(close_fd) int fd = openat(fixture->folder_fd, name, O_CREAT | O_WRONLY, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int set_up(void **state)
{
	const char *folder = getenv("TMPDIR");
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct content_settings settings = { 0 };

	if (fixture == NULL ||
	    !text_format(fixture->folder, sizeof(fixture->folder), "%s/bootd-XXXXXX",
			 folder == NULL ? "/tmp" : folder) ||
	    mkdtemp(fixture->folder) == NULL)
		return -1;
	fixture->folder_fd = open(fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_file(fixture, "file", "12345");
	make_file(fixture, "startup.list", "file\n");
	(void)text_format(fixture->config.path, PATH_MAX, "%s/boot.ini", fixture->folder);
	(void)text_copy(fixture->config.tftp.root, PATH_MAX, fixture->folder);
	fixture->config.bootp.may_unknown_read_files = true;
	fixture->config.filters = (struct filter_rules){ .list = rules, .count = COUNT_OF(rules) };
	fixture->loop = loop_new();
	settings.root = fixture->folder;
	settings.folder = fixture->folder;
	settings.filters = &fixture->config.filters;
	*state = fixture;
	return content_new(&settings, &fixture->content);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	content_free(fixture->content);
	loop_free(fixture->loop);
	(void)unlinkat(fixture->folder_fd, "file", 0);
	(void)unlinkat(fixture->folder_fd, "startup.list", 0);
	close_fd(&fixture->folder_fd);
	(void)rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* What is printed for a name, with % for the folder. */
static bool explain(const struct fixture *fixture, const char *name, char out[SAID_SIZE])
{
	struct file_question question = { .name = name };
	char text[SAID_SIZE] = "";
	FILE *file = fmemopen(text, sizeof(text) - 1, "w");
	size_t length = strlen(fixture->folder);
	bool is_served;
	char *end = out;

	assert_non_null(file);
	assert_null(file_question_set(&question, ASKER_MAC, MACHINE));
	is_served =
		explain_file(fixture->loop, fixture->content, &fixture->config, &question, file);
	assert_int_equal(fclose(file), 0);
	for (const char *at = text; *at != '\0';) {
		bool is_folder = strncmp(at, fixture->folder, length) == 0;

		*end++ = *at;
		if (is_folder)
			end[-1] = '%';
		at += is_folder ? length : 1;
	}
	*end = '\0';
	return is_served;
}

static const struct {
	const char *name;
	bool is_served;
	const char *said;
} rows[] = {
	{ "//file", true,
	  "name    //file\n"
	  "filter  none matches\n"
	  "file    %/file\n"
	  "served  yes, 5 bytes\n" },
	{ "missing", false,
	  "name    missing\n"
	  "filter  none matches\n"
	  "file    %/missing\n"
	  "served  no: there is no such file\n" },
	{ "../\x1b", false,
	  "name    ../\\x1b\n"
	  "filter  none matches\n"
	  "served  no: the name climbs out of the root\n" },
	{ "/pxelinux.cfg/default", false,
	  "name    /pxelinux.cfg/default\n"
	  "filter  %/boot.ini:7: pxelinux.cfg/* = by-{mac}\n"
	  "file    %/by-" MACHINE "\n"
	  "served  no: line 7 of [filters] makes it %/by-" MACHINE ": there is no such file\n" },
	{ "startup", true,
	  "name    startup\n"
	  "filter  %/boot.ini:8: startup = [{filename}.list]\n"
	  "file    %/file\n"
	  "served  yes, 5 bytes\n" },
	{ "gone", false,
	  "name    gone\n"
	  "filter  %/boot.ini:9: gone = [nowhere]\n"
	  "served  no: line 9 of [filters] reads its pattern from %/nowhere: there is no such "
	  "file\n" },
	{ "out", false,
	  "name    out\n"
	  "filter  %/boot.ini:10: out = {client}/x\n"
	  "served  no: line 10 of [filters]: a variable is empty or leads elsewhere: none may "
	  "begin a path with / or bring .. into it\n" },
};

static void tells_the_way_of_a_name(void **state)
{
	char said[SAID_SIZE];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool is_served = explain(*state, rows[i].name, said);

		assert_string_equal(said, rows[i].said);
		assert_int_equal(is_served, rows[i].is_served);
	}
}

static void tells_that_only_known_machines_read(void **state)
{
	struct fixture *fixture = *state;
	char said[SAID_SIZE];

	fixture->config.bootp.may_unknown_read_files = false;
	assert_true(explain(fixture, "file", said));
	assert_non_null(strstr(said, "\naccess  only machines that bootd knows"));
}

static void what_is_no_machine_is_refused(void **state)
{
	static const struct {
		enum asker_field field;
		const char *text;
	} bad[] = {
		{ ASKER_MAC, "" },
		{ ASKER_MAC, "52-54-00-77-01" },
		{ ASKER_IP, "10.0.0.256" },
		{ ASKER_UUID, "" },
		{ ASKER_UUID, "564d0102-0304-0506-0708-090a0b0c0d0" },
		{ ASKER_UUID, "564d0102-0304-0506-0708-090a0b0c0d0e0" },
		{ ASKER_UUID, "564d0102+0304-0506-0708-090a0b0c0d0e" },
		{ ASKER_UUID, "564g0102-0304-0506-0708-090a0b0c0d0e" },
		{ ASKER_ARCH, "65536" },
		{ ASKER_ARCH, "pdp11" },
	};
	struct file_question question = { 0 };
	struct file_question untouched = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_non_null(file_question_set(&question, bad[i].field, bad[i].text));
		assert_memory_equal(&question, &untouched, sizeof(question));
	}
	assert_null(file_question_set(&question, ASKER_ARCH, "999"));
	assert_string_equal(question.asker.arch, "999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_the_way_of_a_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_that_only_known_machines_read, set_up,
						tear_down),
		cmocka_unit_test(what_is_no_machine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
