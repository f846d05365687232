/* What is served that the root does not have: a tree of the test's own, read through content. */
#include "base/cleanup.h"
#include "base/text.h"
#include "content/content.h"
#include "content/template.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = { "root", "root/di", "root/di/grub", "root/ipxe", "loaders" };

static const struct {
	const char *path;
	const char *text;
} files[] = {
	{ "loaders/undionly.kpxe", "mounted" },
	{ "loaders/snponly.efi", "mounted" },
	{ "root/ipxe/snponly.efi", "the root's" },
	{ "root/di/grubx64.efi", "beside" },
	{ "root/di/linux", "kernel" },
	{ "root/di/grub/grub.cfg", "menu" },
	{ "root/boot.ipxe", "for {mac} at {ip} ${mac}" },
	{ "root/script", "for {client}" },
	{ "root/other", "for {client}" },
	{ "outside", "secret" },
};

struct fixture {
	char folder[64];
	struct content *content;
};

static const char *path_in(const struct fixture *fixture, const char *name)
{
	static char path[PATH_MAX];

	assert_true(text_format(path, sizeof(path), "%s/%s", fixture->folder, name));
	return path;
}

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	FILE *file = fopen(path_in(fixture, name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct content_settings settings = { .script = "/script" };
	char root[PATH_MAX];
	char loaders[PATH_MAX];

	if (fixture == NULL || !text_format(fixture->folder, sizeof(fixture->folder),
					    "%s/bootd-XXXXXX", base == NULL ? "/tmp" : base))
		return -1;
	if (mkdtemp(fixture->folder) == NULL)
		return -1;
	for (size_t i = 0; i < COUNT_OF(folders); i++)
		assert_int_equal(mkdir(path_in(fixture, folders[i]), 0755), 0);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		write_file(fixture, files[i].path, files[i].text);
	assert_int_equal(symlink("../outside", path_in(fixture, "loaders/link")), 0);
	*state = fixture;
	strcpy(root, path_in(fixture, "root"));
	strcpy(loaders, path_in(fixture, "loaders"));
	settings.root = root;
	settings.mount = (struct content_mount){ .prefix = "ipxe/", .folder = loaders };
	return content_new(&settings, &fixture->content);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	content_free(fixture->content);
	(void)unlink(path_in(fixture, "loaders/link"));
	for (size_t i = 0; i < COUNT_OF(files); i++)
		(void)unlink(path_in(fixture, files[i].path));
	for (size_t i = COUNT_OF(folders); i > 0; i--)
		(void)rmdir(path_in(fixture, folders[i - 1]));
	(void)rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* What a name was answered with. */
struct result {
	enum content_refusal refusal;
	char text[64];
	char path[PATH_MAX];
	char sentence[CONTENT_SENTENCE_SIZE];
	bool is_optional;
};

static void on_open(void *context, const struct content_answer *answer)
{
	struct result *result = context;

	result->refusal = answer->refusal;
	result->is_optional = answer->is_optional;
	(void)text_copy(result->path, sizeof(result->path), answer->translated_path);
	(void)text_copy(result->sentence, sizeof(result->sentence), answer->sentence);
	if (answer->refusal == CONTENT_OK) {
		struct source_status status = source_status(answer->source);

		assert_true(status.size_bytes < sizeof(result->text));
		assert_int_equal(
			source_read(answer->source, 0, (uint8_t *)result->text, status.size_bytes),
			0);
		assert_true(source_is_unchanged(answer->source));
	}
	source_close(answer->source);
}

static struct result read_name(const struct fixture *fixture, const char *name, const char *loader)
{
	struct result result = { 0 };
	struct content_asker asker = { .mac = { "52-54-00-77-01-01" },
				       .ip = { "10.77.0.100" },
				       .client = "gordon" };

	assert_true(text_copy(asker.loader, sizeof(asker.loader), loader));
	assert_int_equal(content_open_here(fixture->content,
					   (struct span){ (const uint8_t *)name, strlen(name) },
					   &asker, on_open, &result),
			 0);
	return result;
}

#define SHIM "/di/bootnetx64.efi"

/* text: NULL where there is no such file. path: below the test's folder where it is of the mounted
 * one. */
static const struct {
	const char *name;
	const char *loader;
	const char *text;
	const char *path;
} names[] = {
	{ "ipxe/undionly.kpxe", "", "mounted", "loaders/undionly.kpxe" },
	{ "/ipxe//undionly.kpxe", "", "mounted", "loaders/undionly.kpxe" },
	{ "ipxe/snponly.efi", "", "the root's", "" },
	{ "ipxe/none", "", NULL, "" },
	{ "ipxe/../outside", "", NULL, "" },
	{ "undionly.kpxe", "", NULL, "" },
	{ "grubx64.efi", SHIM, "beside", "" },
	{ "EFI\\grubx64.efi", SHIM, "beside", "" },
	{ "grubx64.efi", "", NULL, "" },
	{ "grubx64.efi", "../loaders/shim.efi", NULL, "" },
	{ "boot/grub/grub.cfg", SHIM, "menu", "" },
	{ "linux", SHIM, NULL, "" },
	{ "revocations.efi", SHIM, NULL, "" },
	{ "boot.ipxe", "", "for 52-54-00-77-01-01 at 10.77.0.100 ${mac}", "" },
	{ "script", "", "for gordon", "" },
	{ "other", "", "for {client}", "" },
};

static void names_are_found_aside(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct result result = read_name(fixture, names[i].name, names[i].loader);

		print_message("%s: %s\n", names[i].name, result.sentence);
		assert_int_equal(result.refusal,
				 names[i].text == NULL ? CONTENT_NOT_FOUND : CONTENT_OK);
		assert_string_equal(result.text, names[i].text == NULL ? "" : names[i].text);
		if (names[i].path[0] != '\0')
			assert_string_equal(result.path, path_in(fixture, names[i].path));
	}
}

static void the_log_is_told_where_a_file_was(void **state)
{
	const struct fixture *fixture = *state;

	assert_string_equal(read_name(fixture, "grubx64.efi", SHIM).path, "di/grubx64.efi");
	assert_string_equal(read_name(fixture, "di/grubx64.efi", SHIM).path, "");
	assert_true(read_name(fixture, "di/revocations.efi", SHIM).is_optional);
	assert_false(read_name(fixture, "di/none.efi", SHIM).is_optional);
	assert_false(read_name(fixture, "script", SHIM).is_optional);
}

static void a_link_does_not_lead_out_of_the_mounted_folder(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(read_name(fixture, "ipxe/link", "").refusal, CONTENT_FORBIDDEN);
}

/* One octet too many. */
static void a_script_has_its_limit(void **state)
{
	const struct fixture *fixture = *state;
	struct result result;

	assert_int_equal(truncate(path_in(fixture, "root/boot.ipxe"), TEMPLATE_SIZE_MAX + 1), 0);
	result = read_name(fixture, "boot.ipxe", "");
	assert_int_equal(result.refusal, CONTENT_UNREADABLE);
	assert_non_null(strstr(result.sentence, "256 KiB"));
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	const struct fixture *fixture = *state;
	struct content_settings settings = { .root = "/", .mount = { "ipxe/", "/nowhere/at/all" } };
	struct content *content = NULL;

	(void)fixture;
	assert_int_equal(content_new(&settings, &content), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_found_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_log_is_told_where_a_file_was, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_link_does_not_lead_out_of_the_mounted_folder,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_script_has_its_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_told, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
