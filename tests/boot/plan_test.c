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
		assert_string_equal(plan_boot(&config, &client, NULL).file, plans[i].expected);
		/* A session in which no authority named a file changes nothing. */
		assert_string_equal(plan_boot(&config, &client, &(struct session){ 0 }).file,
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
		assert_string_equal(plan_boot(&config, &client, &session).file, "named");
	}
}

static void the_host_name_is_the_authoritys(void **state)
{
	static struct config config;
	struct client client = { 0 };
	struct session session = { .client = "gordon" };

	(void)state;
	assert_string_equal(plan_boot(&config, &client, &session).host_name, "gordon");
	assert_string_equal(
		plan_boot(&config, &client, &(struct session){ .file = "named" }).host_name, "");
	assert_string_equal(plan_boot(&config, &client, NULL).host_name, "");
}

static struct config menu_config(size_t count)
{
	return (struct config){
		.bootp.boot_file = "usual",
		.menu = { .list = { { .text = "Disk", .is_local = true },
				    { .text = "One", .file = "one" },
				    { .text = "Usual" } },
			  .count = count },
	};
}

static void a_menu_is_for_pxe_clients(void **state)
{
	struct client pxe = { .is_pxe = true };
	struct client other = { 0 };
	struct session named = { .file = "named" };
	static struct config config;
	struct boot_plan plan;

	(void)state;
	config = menu_config(3);
	plan = plan_boot(&config, &pxe, NULL);
	/* The first that is no disk is what boots by itself. */
	assert_string_equal(plan.file, "one");
	assert_ptr_equal(plan.menu, &config.menu);
	assert_null(plan_entry_file(&plan, 0));
	assert_string_equal(plan_entry_file(&plan, 1), "one");
	assert_string_equal(plan_entry_file(&plan, 2), "usual");
	assert_null(plan_entry_file(&plan, 3));

	plan = plan_boot(&config, &other, NULL);
	assert_string_equal(plan.file, "usual");
	assert_null(plan.menu);
	/* The authority has chosen already. */
	plan = plan_boot(&config, &pxe, &named);
	assert_string_equal(plan.file, "named");
	assert_null(plan.menu);
	assert_string_equal(plan_entry_file(&plan, 0), "named");
	assert_null(plan_entry_file(&plan, 1));
}

static void one_entry_is_no_choice(void **state)
{
	struct client pxe = { .is_pxe = true };
	static struct config config;
	struct boot_plan plan;

	(void)state;
	config = menu_config(1);
	config.menu.list[0] = (struct menu_entry){ .text = "Only", .file = "only" };
	plan = plan_boot(&config, &pxe, NULL);
	assert_string_equal(plan.file, "only");
	assert_null(plan.menu);
}

static void the_first_architecture_with_a_row_counts(void **state)
{
	static const struct config config = {
		.bootp.boot_file = "boot",
		.bootfile = { .list = { ROW(BIOS, "bios"), ROW(ARM64, "arm64") }, .count = 2 }
	};
	struct client client = { .has_architecture = true,
				 .architecture = 41,
				 .more_architectures = { ARM64, BIOS },
				 .more_count = 2 };

	(void)state;
	assert_string_equal(plan_boot(&config, &client, NULL).file, "arm64");
	client.architecture = BIOS;
	assert_string_equal(plan_boot(&config, &client, NULL).file, "bios");
	client.more_count = 0;
	client.architecture = 41;
	assert_string_equal(plan_boot(&config, &client, NULL).file, "boot");
}

/* A number that nobody knows, and no row names. */
static void an_unknown_architecture_is_told(void **state)
{
	static const struct config config = {
		.bootp.boot_file = "boot", .bootfile = { .list = { ROW(5000, "five") }, .count = 1 }
	};
	struct client client = { .has_architecture = true, .architecture = 4660 };

	(void)state;
	assert_true(plan_boot(&config, &client, NULL).is_unknown);
	client.architecture = 5000;
	assert_false(plan_boot(&config, &client, NULL).is_unknown);
	client.architecture = ARM64;
	assert_false(plan_boot(&config, &client, NULL).is_unknown);
	client.has_architecture = false;
	assert_false(plan_boot(&config, &client, NULL).is_unknown);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_boot_file),
		cmocka_unit_test(the_authoritys_file_comes_first),
		cmocka_unit_test(the_host_name_is_the_authoritys),
		cmocka_unit_test(a_menu_is_for_pxe_clients),
		cmocka_unit_test(one_entry_is_no_choice),
		cmocka_unit_test(the_first_architecture_with_a_row_counts),
		cmocka_unit_test(an_unknown_architecture_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
