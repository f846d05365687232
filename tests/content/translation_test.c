/* Requests through [filters], to the open file. */
#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "content/content.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_NAME "long"

/* base/etc is the configuration's folder, base/root what is served, base/outside neither. */
static char base[64];
static int base_fd = -1;
static char absolute[PATH_MAX];

static struct filter_rule rules[] = {
	{ "pxelinux.cfg/*", "one.cfg", false, 11 },
	{ "up/*", "../outside/{filename}", false, 12 },
	{ "absolute", absolute, false, 13 },
	{ "startup", "dir/{filename}.cfg", true, 14 },
	{ "read/*", "{filename}", true, 15 },
	{ "mac/*", "mac/{mac}.cfg", false, 16 },
	{ "first/*", "{client}/x", false, 17 },
	{ "bad/*", "dir/{file}", false, 18 },
	{ "gone", "gone.cfg", true, 19 },
	{ "folder", "dir", false, 20 },
	{ "who/*", "{mac}_{ip}_{uuid}_{arch}_{client}_{file}", false, 21 },
	{ "link", "link-out", false, 22 },
	{ "fifo", "fifo", true, 23 },
};

struct fixture {
	struct loop *loop;
	struct content *content;
	struct filter_rules filters;
	struct content_asker asker;
};

/* What on_open was told. */
struct result {
	struct loop *loop; /* to be stopped */
	enum content_refusal refusal;
	unsigned filter_line;
	char path[300];
	char text[32]; /* the file's */
	char sentence[CONTENT_SENTENCE_SIZE];
};

static void make_file(const char *path, const char *text)
{
	CLEANUP(close_fd) int fd = openat(base_fd, path, O_CREAT | O_EXCL | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_long_file(const char *path)
{
	char text[2 * PATH_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	make_file(path, text);
}

static void make_binary_file(const char *path)
{
	CLEANUP(close_fd) int fd = openat(base_fd, path, O_CREAT | O_EXCL | O_WRONLY, 0644);

	assert_int_equal(write(fd, "a\0b\n", 4), 4);
}

static void make_tree(void)
{
	static const char *const folders[] = { "etc",     "etc/dir",          "etc/read",
					       "etc/mac", "outside",          "outside/up",
					       "root",    "root/pxelinux.cfg" };

	for (size_t i = 0; i < COUNT_OF(folders); i++)
		assert_int_equal(mkdirat(base_fd, folders[i], 0755), 0);
	make_file("root/plain", "plain");
	make_file("root/pxelinux.cfg/default", "not this one");
	make_file("etc/one.cfg", "one");
	make_file("etc/mac/52-54-00-77-01-01.cfg", "by mac");
	make_file("etc/mac/.cfg", "by no mac");
	make_file("etc/52-54-00-77-01-01_10.0.0.7_uuid_x86-bios_host_f", "all");
	make_file("outside/up/there", "there");
	make_file("outside/x", "x");
	make_file("etc/dir/startup.cfg", "  \tone.cfg \r\nsecond line\n");
	make_file("etc/read/variable", "mac/{mac}.cfg");
	make_file("etc/read/unknown", "{nonsense}\n");
	make_file("etc/read/empty", "\none.cfg\n");
	make_file("etc/read/brackets", "[one.cfg]\n");
	make_file("etc/read/missing", "nowhere.cfg\n");
	make_file("etc/read/file", "dir/{file}\n");
	make_long_file("etc/read/" LONG_NAME);
	make_binary_file("etc/read/binary");
	assert_int_equal(symlinkat("../outside/x", base_fd, "etc/link-out"), 0);
	assert_int_equal(mkfifoat(base_fd, "etc/fifo", 0666), 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int make_base(void **state)
{
	const char *folder = getenv("TMPDIR");

	(void)state;
	if (!text_format(base, sizeof(base), "%s/bootd-XXXXXX", folder == NULL ? "/tmp" : folder) ||
	    mkdtemp(base) == NULL)
		return -1;
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_tree();
	return text_format(absolute, sizeof(absolute), "%s/outside/x", base) ? 0 : -1;
}

static int remove_base(void **state)
{
	(void)state;
	close_fd(&base_fd);
	return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* With the fixture's rows of now: a content has copies of them. */
static int open_content(struct fixture *fixture)
{
	char root[PATH_MAX];
	char folder[PATH_MAX];
	struct content_settings settings = { .root = root,
					     .folder = folder,
					     .filters = &fixture->filters };

	if (!text_format(root, sizeof(root), "%s/root", base) ||
	    !text_format(folder, sizeof(folder), "%s/etc", base))
		return -1;
	content_free(fixture->content);
	fixture->content = NULL;
	return content_new(&settings, &fixture->content);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	fixture->loop = loop_new();
	fixture->filters = (struct filter_rules){ .list = rules, .count = COUNT_OF(rules) };
	fixture->asker = (struct content_asker){ .mac = { MACHINE },
						 .ip = { "10.0.0.7" },
						 .uuid = { "uuid" },
						 .arch = "x86-bios",
						 .client = "host",
						 .file = "f" };
	*state = fixture;
	return open_content(fixture);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	content_free(fixture->content);
	loop_free(fixture->loop);
	free(fixture);
	return 0;
}

static void on_open(void *context, const struct content_answer *answer)
{
	struct result *result = context;

	result->refusal = answer->refusal;
	result->filter_line = answer->filter_line;
	(void)text_copy(result->path, sizeof(result->path), answer->translated_path);
	(void)text_copy(result->sentence, sizeof(result->sentence), answer->sentence);
	if (answer->source != NULL)
		assert_int_equal(source_read(answer->source, 0, (uint8_t *)result->text,
					     source_status(answer->source).size_bytes),
				 0);
	source_close(answer->source);
	loop_stop(result->loop);
}

static struct result open_text(const struct fixture *fixture, const char *name)
{
	struct result result = { .loop = fixture->loop };
	struct span span = { (const uint8_t *)name, strlen(name) };

	assert_int_equal(content_open(fixture->content, fixture->loop, span, &fixture->asker,
				      on_open, &result),
			 0);
	loop_run(fixture->loop);
	return result;
}

static const struct {
	const char *name;
	unsigned line;
	const char *path; /* below the temporary folder */
	const char *text;
} served[] = {
	{ "plain", 0, "", "plain" },
	{ "/plain", 0, "", "plain" },
	{ "pxelinux.cfg/default", 11, "/etc/one.cfg", "one" },
	{ "/pxelinux.cfg//01-52-54-00-77-01-01", 11, "/etc/one.cfg", "one" },
	{ "pxelinux.cfg\\C0A80001", 11, "/etc/one.cfg", "one" },
	{ "x/../pxelinux.cfg/default", 11, "/etc/one.cfg", "one" },
	{ "up/there", 12, "/etc/../outside/up/there", "there" },
	{ "absolute", 13, "/outside/x", "x" },
	{ "startup", 14, "/etc/one.cfg", "one" },
	{ "read/variable", 15, "/etc/mac/" MACHINE ".cfg", "by mac" },
	{ "mac/anything", 16, "/etc/mac/" MACHINE ".cfg", "by mac" },
	{ "who/am/i", 21, "/etc/" MACHINE "_10.0.0.7_uuid_x86-bios_host_f", "all" },
	{ "link", 22, "/etc/link-out", "x" },
};

static void opens_what_the_filters_make_of_a_name(void **state)
{
	for (size_t i = 0; i < COUNT_OF(served); i++) {
		struct result result = open_text(*state, served[i].name);
		char path[PATH_MAX] = "";

		if (served[i].line > 0)
			(void)text_format(path, sizeof(path), "%s%s", base, served[i].path);
		assert_string_equal(result.sentence, "");
		assert_int_equal(result.refusal, CONTENT_OK);
		assert_int_equal(result.filter_line, served[i].line);
		assert_string_equal(result.path, path);
		assert_string_equal(result.text, served[i].text);
	}
}

/* In a sentence, % stands for the temporary folder. */
static const struct {
	const char *name;
	enum content_refusal refusal;
	unsigned line;
	const char *sentence;
} refused[] = {
	{ "", CONTENT_BAD_NAME, 0, "the name is empty" },
	{ "../outside/x", CONTENT_FORBIDDEN, 0, "the name climbs out of the root" },
	{ "nowhere", CONTENT_NOT_FOUND, 0, "there is no such file" },
	{ "up/../../x", CONTENT_FORBIDDEN, 0, "the name climbs out of the root" },
	{ "up/missing", CONTENT_NOT_FOUND, 12,
	  "line 12 of [filters] makes it %/etc/../outside/up/missing: there is no such file" },
	{ "up/\xe9\\", CONTENT_NOT_FOUND, 12,
	  "line 12 of [filters] makes it %/etc/../outside/up/\\xe9: there is no such file" },
	{ "gone", CONTENT_NOT_FOUND, 19,
	  "line 19 of [filters] reads its pattern from %/etc/gone.cfg: there is no such file" },
	{ "fifo", CONTENT_FORBIDDEN, 23,
	  "line 23 of [filters] reads its pattern from %/etc/fifo: it is not a regular file" },
	{ "folder", CONTENT_NOT_FOUND, 20,
	  "line 20 of [filters] makes it %/etc/dir: it is a folder" },
	{ "read/missing", CONTENT_NOT_FOUND, 15,
	  "line 15 of [filters] makes it %/etc/nowhere.cfg: there is no such file" },
	/* What a file says is a pattern, and no name of a file again. */
	{ "read/brackets", CONTENT_NOT_FOUND, 15,
	  "line 15 of [filters] makes it %/etc/[one.cfg]: there is no such file" },
	{ "read/empty", CONTENT_UNREADABLE, 15,
	  "line 15 of [filters] reads its pattern from %/etc/read/empty: its first line is empty" },
	{ "read/" LONG_NAME, CONTENT_UNREADABLE, 15,
	  "line 15 of [filters] reads its pattern from %/etc/read/" LONG_NAME
	  ": its first line is too long" },
	{ "read/binary", CONTENT_UNREADABLE, 15,
	  "line 15 of [filters] reads its pattern from %/etc/read/binary: it is not text" },
	{ "read/unknown", CONTENT_UNREADABLE, 15,
	  "line 15 of [filters]: the pattern that it reads has an unknown {variable}" },
};

static void expect_refusal(const struct fixture *fixture, const char *name,
			   enum content_refusal refusal, unsigned line, const char *sentence)
{
	struct result result = open_text(fixture, name);
	const char *folder = strchr(sentence, '%');
	char expected[CONTENT_SENTENCE_SIZE];

	if (folder == NULL)
		(void)text_format(expected, sizeof(expected), "%s", sentence);
	else
		(void)text_format(expected, sizeof(expected), "%.*s%s%s", (int)(folder - sentence),
				  sentence, base, folder + 1);
	assert_string_equal(result.sentence, expected);
	assert_int_equal(result.refusal, refusal);
	assert_int_equal(result.filter_line, line);
}

static void refuses_with_row_and_file(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		expect_refusal(*state, refused[i].name, refused[i].refusal, refused[i].line,
			       refused[i].sentence);
}

static void an_unknown_machine_reads_no_absolute_path(void **state)
{
	static const char *const sentence =
		"line 17 of [filters]: a variable is empty or leads elsewhere: none may begin a "
		"path with / or bring .. into it";
	struct fixture *fixture = *state;

	fixture->asker = (struct content_asker){ 0 };
	expect_refusal(fixture, "first/x", CONTENT_FORBIDDEN, 17, sentence);
	assert_string_equal(open_text(fixture, "mac/x").text, "by no mac");
}

static void the_authoritys_file_does_not_lead_out(void **state)
{
	static const char *const files[] = { "../one.cfg", "/etc/passwd", "a/../../one.cfg" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		(void)text_copy(fixture->asker.file, sizeof(fixture->asker.file), files[i]);
		assert_int_equal(open_text(fixture, "bad/x").refusal, CONTENT_FORBIDDEN);
		assert_int_equal(open_text(fixture, "read/file").refusal, CONTENT_FORBIDDEN);
	}
}

static void a_name_that_becomes_too_long_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char replacement[5 * 64];
	struct filter_rule rule = { .pattern = "*", .replacement = replacement, .line = 1 };
	char name[1000];

	replacement[0] = '\0';
	while (strlen(replacement) + 11 < sizeof(replacement))
		(void)strcat(replacement, "{filename}");
	for (size_t i = 0; i + 1 < sizeof(name); i++)
		name[i] = i % 100 == 99 ? '/' : 'a';
	name[sizeof(name) - 1] = '\0';
	fixture->filters = (struct filter_rules){ .list = &rule, .count = 1 };
	assert_int_equal(open_content(fixture), 0);
	expect_refusal(fixture, name, CONTENT_BAD_NAME, 1,
		       "line 1 of [filters]: the path becomes too long");
}

/* As after a reload: rows and names are not needed any more. */
static void the_rows_may_go_while_a_file_is_being_opened(void **state)
{
	struct fixture *fixture = *state;
	struct result result = { .loop = fixture->loop };
	struct span name = { (const uint8_t *)"startup", 7 };

	assert_int_equal(content_open(fixture->content, fixture->loop, name, &fixture->asker,
				      on_open, &result),
			 0);
	memset(&fixture->filters, 0xff, sizeof(fixture->filters));
	memset(&fixture->asker, 0xff, sizeof(fixture->asker));
	content_free(fixture->content);
	fixture->content = NULL;
	loop_run(fixture->loop);
	assert_string_equal(result.text, "one");
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	const struct fixture *fixture = *state;
	struct content_settings settings = { .root = base,
					     .filters = &fixture->filters,
					     .folder = "/nowhere/at/all" };
	struct content *content = NULL;

	assert_int_equal(content_new(&settings, &content), -ENOENT);
	assert_null(content);
}

#define CONTENT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(opens_what_the_filters_make_of_a_name),
		CONTENT_TEST(refuses_with_row_and_file),
		CONTENT_TEST(an_unknown_machine_reads_no_absolute_path),
		CONTENT_TEST(the_authoritys_file_does_not_lead_out),
		CONTENT_TEST(a_name_that_becomes_too_long_is_refused),
		CONTENT_TEST(the_rows_may_go_while_a_file_is_being_opened),
		CONTENT_TEST(a_folder_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
