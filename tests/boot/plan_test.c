#include "boot/plan.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define NONE     -1 /* the client tells no architecture */
#define BIOS     0
#define X86_UEFI 6
#define X64_UEFI 7
#define EBC      9
#define ARM64    11

#define ROW(number, name)                                                                          \
	{                                                                                          \
		.architecture = number, .file = name                                               \
	}

/* A file of every kind is configured unless the row says otherwise. */
static const struct {
	const char *what;
	struct bootfile_config rows;
	const char *boot_file;
	int architecture;
	const char *expected;
} plans[] = {
	/* clang-format off */
	{ "the architecture's row",
	  { .list = { ROW(BIOS, "bios"), ROW(X64_UEFI, "x64") }, .count = 2, .fallback = "other" },
	  "boot", X64_UEFI, "x64" },
	{ "architecture 0 is one like the others",
	  { .list = { ROW(X64_UEFI, "x64"), ROW(BIOS, "bios") }, .count = 2, .fallback = "other" },
	  "boot", BIOS, "bios" },
	{ "no row: the row default",
	  { .list = { ROW(BIOS, "bios") }, .count = 1, .fallback = "other" },
	  "boot", ARM64, "other" },
	{ "no row and no default: boot_file",
	  { .list = { ROW(BIOS, "bios") }, .count = 1 }, "boot", ARM64, "boot" },
	{ "nothing at all", { .list = { ROW(BIOS, "bios") }, .count = 1 }, "", ARM64, "" },
	{ "no architecture: the row default",
	  { .list = { ROW(BIOS, "bios") }, .count = 1, .fallback = "other" }, "boot", NONE, "other" },
	{ "no architecture and no default: boot_file",
	  { .list = { ROW(BIOS, "bios") }, .count = 1 }, "boot", NONE, "boot" },
	{ "no rows", { .count = 0 }, "boot", BIOS, "boot" },
	{ "RFC 4578 erratum 4624: 9 is x64 where only 7 is given",
	  { .list = { ROW(X64_UEFI, "x64") }, .count = 1, .fallback = "other" }, "boot", EBC, "x64" },
	{ "and 7 is x64 where only 9 is given",
	  { .list = { ROW(EBC, "x64") }, .count = 1, .fallback = "other" }, "boot", X64_UEFI, "x64" },
	{ "unless told otherwise: 7",
	  { .list = { ROW(EBC, "ebc"), ROW(X64_UEFI, "x64") }, .count = 2 }, "boot", X64_UEFI, "x64" },
	{ "unless told otherwise: 9",
	  { .list = { ROW(X64_UEFI, "x64"), ROW(EBC, "ebc") }, .count = 2 }, "boot", EBC, "ebc" },
	{ "no other architecture has a twin",
	  { .list = { ROW(X64_UEFI, "x64") }, .count = 1, .fallback = "other" },
	  "boot", X86_UEFI, "other" },
	{ "the highest architecture",
	  { .list = { ROW(65535, "last") }, .count = 1 }, "boot", 65535, "last" },
	/* clang-format on */
};

static void finds_the_boot_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(plans); i++) {
		static struct config config;
		struct client client = { .has_architecture = plans[i].architecture != NONE };

		print_message("%s\n", plans[i].what);
		config = (struct config){ .bootfile = plans[i].rows };
		strcpy(config.bootp.boot_file, plans[i].boot_file);
		if (client.has_architecture)
			client.architecture = (uint16_t)plans[i].architecture;
		assert_string_equal(plan_boot_file(&config, &client, NULL), plans[i].expected);
		/* A session in which no authority named a file changes nothing. */
		assert_string_equal(plan_boot_file(&config, &client, &(struct session){ 0 }),
				    plans[i].expected);
	}
}

/* Whatever is configured, and whatever the client tells. */
static void the_authoritys_file_comes_first(void **state)
{
	struct session session = { .file = "named" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plans); i++) {
		static struct config config;
		struct client client = { .has_architecture = plans[i].architecture != NONE };

		print_message("%s\n", plans[i].what);
		config = (struct config){ .bootfile = plans[i].rows };
		strcpy(config.bootp.boot_file, plans[i].boot_file);
		if (client.has_architecture)
			client.architecture = (uint16_t)plans[i].architecture;
		assert_string_equal(plan_boot_file(&config, &client, &session), "named");
	}
}

static void the_host_name_is_the_authoritys(void **state)
{
	struct session session = { .client = "gordon" };

	(void)state;
	assert_string_equal(plan_host_name(&session), "gordon");
	assert_string_equal(plan_host_name(&(struct session){ .file = "named" }), "");
	assert_string_equal(plan_host_name(NULL), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_boot_file),
		cmocka_unit_test(the_authoritys_file_comes_first),
		cmocka_unit_test(the_host_name_is_the_authoritys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
