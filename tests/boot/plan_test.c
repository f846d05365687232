#include "boot/plan.h"

#include "boot/ipxe.h"

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
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

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
		assert_string_equal(plan_boot(&config, &client, &session).file, plans[i].expected);
	}
}

/* Whatever is configured, and whatever the client tells. */
static void the_authoritys_file_comes_first(void **state)
{
	struct session_boot boot = { .file = "named" };
	struct session session = { .boot = &boot };

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
	struct session_boot boot = { .client = "gordon" };
	struct session_boot other = { .file = "named" };
	struct session session = { .boot = &boot };

	(void)state;
	assert_string_equal(plan_boot(&config, &client, &session).host_name, "gordon");
	assert_string_equal(
		plan_boot(&config, &client, &(struct session){ .boot = &other }).host_name, "");
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
	struct session_boot boot = { .file = "named" };
	struct session named = { .boot = &boot };
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

#define ROWS(...)                                                                                  \
	{                                                                                          \
		.list = { __VA_ARGS__ },                                                           \
		.count = sizeof((struct bootfile[]){ __VA_ARGS__ }) / sizeof(struct bootfile)      \
	}
#define HTTP(number) .is_http = true, .has_architecture = true, .architecture = number
#define PXE(number)  .is_pxe = true, .has_architecture = true, .architecture = number
#define X64_HTTP     16
#define UNDIONLY     "ipxe/undionly.kpxe"
#define SNPONLY      "ipxe/snponly.efi"

enum { HTTPD_OFF, HTTPD_ON, HTTPD_TLS };

/* With [ipxe], of which the folder has what Debian's has. */
static const struct {
	const char *what;
	struct client client;
	struct bootfile_config rows;
	const char *script; /* NULL: [ipxe] is off */
	int httpd;
	const char
		*expected; /* behind '+' where it is told as a URL, '-' where it would have to be */
} ways[] = {
	/* clang-format off */
	{ "HTTP firmware's own row", { HTTP(X64_HTTP) }, ROWS(ROW(X64_UEFI, "pxe"), ROW(X64_HTTP, "http")), NULL,
	  HTTPD_ON, "+http" },
	{ "without one that of its processor", { HTTP(X64_HTTP) }, ROWS(ROW(X64_UEFI, "pxe")), NULL, HTTPD_ON, "+pxe" },
	{ "and its twin's", { HTTP(X64_HTTP) }, ROWS(ROW(EBC, "pxe")), NULL, HTTPD_ON, "+pxe" },
	{ "PXE firmware never gets HTTP's", { PXE(X64_UEFI) }, ROWS(ROW(X64_HTTP, "http")), NULL, HTTPD_ON, "" },
	{ "no [httpd]", { HTTP(X64_HTTP) }, ROWS(ROW(X64_UEFI, "pxe")), NULL, HTTPD_OFF, "-pxe" },
	{ "a URL needs none", { HTTP(X64_HTTP) }, ROWS(ROW(X64_HTTP, "http://a/b")), NULL, HTTPD_OFF, "http://a/b" },
	{ "nor is it made one", { HTTP(X64_HTTP) }, ROWS(ROW(X64_HTTP, "HTTPS://a/b")), NULL, HTTPD_ON, "HTTPS://a/b" },
	{ "another's URL is no help", { HTTP(X64_HTTP) }, ROWS(ROW(X64_HTTP, "tftp://a/b")), NULL, HTTPD_OFF,
	  "-tftp://a/b" },
	{ "HTTPS is HTTP", { HTTP(X64_HTTP) }, ROWS(ROW(X64_HTTP, "f")), NULL, HTTPD_TLS, "+f" },
	{ "PXE gets names", { PXE(X64_UEFI) }, ROWS(ROW(X64_UEFI, "f")), NULL, HTTPD_ON, "f" },

	{ "firmware gets its loader", { PXE(BIOS) }, { .fallback = "f" }, "s", HTTPD_ON, UNDIONLY },
	{ "by TFTP", { PXE(X64_UEFI) }, { .fallback = "f" }, "s", HTTPD_OFF, SNPONLY },
	{ "or as a URL", { HTTP(X64_HTTP) }, { .fallback = "f" }, "s", HTTPD_ON, "+" SNPONLY },
	{ "there is none for it", { PXE(ARM64) }, { .fallback = "f" }, "s", HTTPD_ON, "f" },
	{ "who tells no architecture", { .is_pxe = true }, { .fallback = "f" }, "s", HTTPD_ON, "f" },
	{ "a row comes before it", { PXE(BIOS) }, ROWS(ROW(BIOS, "f")), "s", HTTPD_ON, "f" },
	{ "[ipxe] is off", { PXE(BIOS) }, { .fallback = "f" }, NULL, HTTPD_ON, "f" },
	{ "iPXE gets the script", { PXE(BIOS), .is_ipxe = true }, ROWS(ROW(BIOS, "f")), "s", HTTPD_ON, "+s" },
	{ "by TFTP", { PXE(BIOS), .is_ipxe = true }, { .count = 0 }, "s", HTTPD_OFF, "s" },
	{ "whose certificate iPXE may not know", { PXE(BIOS), .is_ipxe = true }, { .count = 0 }, "s", HTTPD_TLS, "s" },
	{ "a URL", { PXE(BIOS), .is_ipxe = true }, { .count = 0 }, "http://a/s", HTTPD_ON, "http://a/s" },
	{ "of any kind", { PXE(BIOS), .is_ipxe = true }, { .count = 0 }, "nfs://a/s", HTTPD_ON, "nfs://a/s" },
	{ "an iPXE without HTTP", { PXE(BIOS), .is_ipxe = true, .lacks_http = true }, { .count = 0 }, "s", HTTPD_ON,
	  "s" },
	{ "gets one with it", { PXE(BIOS), .is_ipxe = true, .lacks_http = true }, { .count = 0 }, "http://a/s",
	  HTTPD_ON, UNDIONLY },
	{ "[ipxe] is off", { PXE(BIOS), .is_ipxe = true }, { .fallback = "f" }, NULL, HTTPD_ON, "f" },
	/* clang-format on */
};

static void set_ways(struct config *config, size_t i)
{
	*config =
		(struct config){ .bootfile = ways[i].rows, .has_http = ways[i].httpd != HTTPD_OFF };
	if (ways[i].httpd == HTTPD_TLS)
		strcpy(config->httpd.certificate, "/a.pem");
	config->ipxe.is_enabled = ways[i].script != NULL;
	if (ways[i].script != NULL)
		strcpy(config->ipxe.script, ways[i].script);
	for (size_t j = 0; ipxe_loader_at(j) != NULL; j++)
		config->ipxe.has_loader[j] = strcmp(ipxe_loader_at(j), UNDIONLY) == 0 ||
					     strcmp(ipxe_loader_at(j), SNPONLY) == 0;
}

static void finds_the_way_to_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		const char *expected = ways[i].expected;
		static struct config config;
		struct boot_plan plan;

		print_message("%s\n", ways[i].what);
		set_ways(&config, i);
		plan = plan_boot(&config, &ways[i].client, NULL);
		assert_int_equal(plan.is_by_http, expected[0] == '+');
		assert_int_equal(plan.needs_http, expected[0] == '-');
		expected += expected[0] == '+' || expected[0] == '-';
		assert_string_equal(plan.file, expected);
		assert_int_equal(plan.is_ipxe_loader, strncmp(expected, "ipxe/", 5) == 0);
		assert_int_equal(plan.is_script, plan.file == config.ipxe.script);
	}
}

/* The menu is the firmware's; iPXE shows its own. What the authority names comes before all. */
static void ipxe_beside_menu_and_authority(void **state)
{
	struct client firmware = { PXE(BIOS) };
	struct client ipxe = { PXE(BIOS), .is_ipxe = true };
	struct session_boot boot = { .file = "named" };
	struct session named = { .boot = &boot };
	static struct config config;
	struct boot_plan plan;

	(void)state;
	set_ways(&config, COUNT_OF(ways) - 3);
	config.menu = menu_config(3).menu;
	plan = plan_boot(&config, &firmware, NULL);
	assert_string_equal(plan.file, "one");
	assert_false(plan.is_ipxe_loader);
	assert_string_equal(plan_entry_file(&plan, 2), UNDIONLY);
	plan = plan_boot(&config, &ipxe, NULL);
	assert_true(plan.is_script);
	assert_null(plan.menu);
	/* Whatever entry it was asked for with: some iPXE asks a boot server for one. */
	assert_string_equal(plan_entry_file(&plan, 0), config.ipxe.script);
	assert_string_equal(plan_entry_file(&plan, 2), config.ipxe.script);
	plan = plan_boot(&config, &ipxe, &named);
	assert_string_equal(plan.file, "named");
	assert_false(plan.is_script);
	plan = plan_boot(&config, &firmware, &named);
	assert_string_equal(plan.file, "named");
	assert_false(plan.is_ipxe_loader);
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
		cmocka_unit_test(finds_the_way_to_the_file),
		cmocka_unit_test(ipxe_beside_menu_and_authority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
