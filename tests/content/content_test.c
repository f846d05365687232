#include "base/cleanup.h"
#include "base/text.h"
#include "content/content.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTENT_TEXT "0123456789"

/* A temporary folder with one file, and its content. */
struct fixture {
	char folder[64];
	struct loop *loop;
	struct content *content;
};

static const struct content_asker nobody;

/* What on_open was told. */
struct result {
	struct loop *loop; /* to be stopped */
	unsigned calls;
	struct source *source;
	enum content_refusal refusal;
	char sentence[256];
};

static void write_file(const char *folder, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	assert_true(text_format(path, sizeof(path), "%s/file", folder));
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	const char *folder = getenv("TMPDIR");
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL || !text_format(fixture->folder, sizeof(fixture->folder),
					    "%s/bootd-XXXXXX", folder == NULL ? "/tmp" : folder))
		return -1;
	if (mkdtemp(fixture->folder) == NULL)
		return -1;
	write_file(fixture->folder, CONTENT_TEXT);
	fixture->loop = loop_new();
	*state = fixture;
	return content_new(&(struct content_settings){ .root = fixture->folder },
			   &fixture->content);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];

	content_free(fixture->content);
	loop_free(fixture->loop);
	(void)text_format(path, sizeof(path), "%s/file", fixture->folder);
	(void)unlink(path);
	(void)rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void on_open(void *context, const struct content_answer *answer)
{
	struct result *result = context;

	result->calls++;
	result->source = answer->source;
	result->refusal = answer->refusal;
	(void)text_copy(result->sentence, sizeof(result->sentence), answer->sentence);
	if (result->loop != NULL)
		loop_stop(result->loop);
}

static struct result open_name(const struct fixture *fixture, struct span name)
{
	struct result result = { .loop = fixture->loop };

	assert_int_equal(
		content_open(fixture->content, fixture->loop, name, &nobody, on_open, &result), 0);
	assert_int_equal(result.calls, 0);
	loop_run(fixture->loop);
	assert_int_equal(result.calls, 1);
	return result;
}

static struct result open_text(const struct fixture *fixture, const char *name)
{
	return open_name(fixture, (struct span){ (const uint8_t *)name, strlen(name) });
}

static void opens_and_reads(void **state)
{
	struct result result = open_text(*state, "\\x/..//file\xff");
	uint8_t bytes[sizeof(CONTENT_TEXT)] = { 0 };

	assert_int_equal(result.refusal, CONTENT_OK);
	assert_non_null(result.source);
	assert_int_equal(source_status(result.source).size_bytes, strlen(CONTENT_TEXT));
	assert_int_equal(source_read(result.source, 0, bytes, 10), 0);
	assert_memory_equal(bytes, CONTENT_TEXT, sizeof(bytes));
	assert_int_equal(source_read(result.source, 8, bytes, 2), 0);
	assert_memory_equal(bytes, "89", 2);
	assert_int_equal(source_read(result.source, 10, bytes, 0), 0);
	assert_int_equal(source_read(result.source, 8, bytes, 3), -EIO);
	assert_true(source_is_unchanged(result.source));
	source_close(result.source);
}

static void a_thread_without_a_loop_opens_at_once(void **state)
{
	const struct fixture *fixture = *state;
	struct result result = { 0 };
	uint64_t offset = 99;
	char tag[SOURCE_TAG_SIZE];

	assert_int_equal(content_open_here(fixture->content,
					   (struct span){ (const uint8_t *)"file", 4 }, &nobody,
					   on_open, &result),
			 0);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.refusal, CONTENT_OK);
	assert_true(source_descriptor(result.source, &offset) >= 0);
	assert_int_equal(offset, 0);
	(void)text_copy(tag, sizeof(tag), source_version(result.source).tag);
	assert_int_equal(tag[0], '"');
	source_close(result.source);

	write_file(fixture->folder, "another text of another length");
	assert_int_equal(content_open_here(fixture->content,
					   (struct span){ (const uint8_t *)"file", 4 }, &nobody,
					   on_open, &result),
			 0);
	assert_string_not_equal(tag, source_version(result.source).tag);
	source_close(result.source);
}

static void a_file_that_shrinks_is_no_longer_read(void **state)
{
	const struct fixture *fixture = *state;
	struct result result = open_text(fixture, "file");
	uint8_t bytes[10];

	write_file(fixture->folder, "0123");
	assert_int_equal(source_status(result.source).size_bytes, 10);
	assert_int_equal(source_read(result.source, 0, bytes, sizeof(bytes)), -EIO);
	assert_false(source_is_unchanged(result.source));
	source_close(result.source);
}

static void a_read_error_is_told(void **state)
{
	struct result result = open_text(*state, "file");
	uint8_t bytes[1];

	assert_int_equal(source_read(result.source, UINT64_MAX, bytes, sizeof(bytes)), -EINVAL);
	source_close(result.source);
}

static void refuses_names(void **state)
{
	static const struct {
		struct span name;
		enum content_refusal refusal;
		const char *sentence;
	} rows[] = {
		{ { (const uint8_t *)"", 0 }, CONTENT_BAD_NAME, "the name is empty" },
		{ { (const uint8_t *)"a\nb", 3 },
		  CONTENT_BAD_NAME,
		  "the name has a control character" },
		{ { (const uint8_t *)"../file", 7 },
		  CONTENT_FORBIDDEN,
		  "the name climbs out of the root" },
		{ { (const uint8_t *)"absent", 6 }, CONTENT_NOT_FOUND, "there is no such file" },
		{ { (const uint8_t *)"file/", 5 }, CONTENT_OK, "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct result result = open_name(*state, rows[i].name);

		assert_int_equal(result.refusal, rows[i].refusal);
		assert_string_equal(result.sentence, rows[i].sentence);
		assert_true((result.source != NULL) == (result.refusal == CONTENT_OK));
		source_close(result.source);
	}
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	uint8_t name[300];
	struct result result;

	memset(name, 'a', sizeof(name));
	result = open_name(*state, (struct span){ name, sizeof(name) });
	assert_int_equal(result.refusal, CONTENT_BAD_NAME);
	assert_string_equal(result.sentence, "the name is too long");
	assert_null(result.source);
}

/* The last open under way lets go of the root. */
static void may_be_freed_while_a_file_is_being_opened(void **state)
{
	struct fixture *fixture = *state;
	struct result results[3] = { { 0 } };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(content_open(fixture->content, fixture->loop,
					      (struct span){ (const uint8_t *)"file", 4 }, &nobody,
					      on_open, &results[i]),
				 0);
	}
	content_free(fixture->content);
	fixture->content = NULL;
	loop_free(fixture->loop);
	fixture->loop = loop_new();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(results[i].calls, 1);
		assert_int_equal(results[i].refusal, CONTENT_OK);
		source_close(results[i].source);
	}
}

static void serves_no_folder_that_is_not_there(void **state)
{
	struct content *content = NULL;

	(void)state;
	assert_int_equal(
		content_new(&(struct content_settings){ .root = "/nowhere/at/all" }, &content),
		-ENOENT);
	assert_null(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_and_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_thread_without_a_loop_opens_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_shrinks_is_no_longer_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_read_error_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_that_is_too_long_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(may_be_freed_while_a_file_is_being_opened, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(serves_no_folder_that_is_not_there, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
