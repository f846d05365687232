#include "dhcp/proxy_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEM(number, part) .has_item = true, .item = { (number), (part) }

enum { DHCP_PORT = false, BOOT_SERVER = true };

static const struct menu_config menu = {
	.list = { { .text = "Disk", .is_local = true },
		  { .text = "One", .file = "one.bin" },
		  { .text = "Usual" } },
	.count = 3,
};

static const struct boot_plan with_menu = {
	.file = "one.bin", .menu = &menu, .fallback = "usual.bin", .host_name = ""
};
static const struct boot_plan without_menu = { .file = "usual.bin",
					       .fallback = "usual.bin",
					       .host_name = "" };

static const struct {
	const char *what;
	struct dhcp_request request;
	bool is_boot_server;
	bool is_no_pxe;
	enum dhcp_reason expected;
} checks[] = {
	/* clang-format off */
	{ "DISCOVER", { .type = DHCP_DISCOVER }, DHCP_PORT, false, DHCP_REASON_NONE },
	{ "DISCOVER of a system", { .type = DHCP_DISCOVER }, DHCP_PORT, true, DHCP_REASON_NO_PXE },
	{ "REQUEST for an address", { .type = DHCP_REQUEST, .requested = { 1 }, .names_server = true },
	  DHCP_PORT, false, DHCP_REASON_ASKS_FOR_ADDRESS },
	{ "renewal", { .type = DHCP_REQUEST, .ciaddr = { 1 } }, DHCP_PORT, false,
	  DHCP_REASON_ASKS_FOR_ADDRESS },
	{ "discovery of a boot server by broadcast", { .type = DHCP_REQUEST, ITEM(0x8000, 0) }, DHCP_PORT,
	  false, DHCP_REASON_NONE },
	{ "INFORM", { .type = DHCP_INFORM }, DHCP_PORT, false, DHCP_REASON_NONE },
	{ "INFORM of a system", { .type = DHCP_INFORM }, DHCP_PORT, true, DHCP_REASON_NO_PXE },
	{ "BOOTP", { .type = DHCP_NONE }, DHCP_PORT, false, DHCP_REASON_ASKS_FOR_ADDRESS },
	{ "RELEASE", { .type = DHCP_RELEASE }, DHCP_PORT, false, DHCP_REASON_ASKS_FOR_ADDRESS },
	{ "DECLINE", { .type = DHCP_DECLINE }, DHCP_PORT, false, DHCP_REASON_ASKS_FOR_ADDRESS },
	{ "REQUEST on 4011", { .type = DHCP_REQUEST, .ciaddr = { 1 } }, BOOT_SERVER, false, DHCP_REASON_NONE },
	{ "REQUEST on 4011 that names the other server",
	  { .type = DHCP_REQUEST, .names_server = true, .server = { 9 } }, BOOT_SERVER, false, DHCP_REASON_NONE },
	{ "INFORM on 4011", { .type = DHCP_INFORM }, BOOT_SERVER, false, DHCP_REASON_NONE },
	{ "DISCOVER on 4011", { .type = DHCP_DISCOVER }, BOOT_SERVER, false, DHCP_REASON_UNSUPPORTED_MESSAGE },
	{ "BOOTP on 4011", { .type = DHCP_NONE }, BOOT_SERVER, false, DHCP_REASON_UNSUPPORTED_MESSAGE },
	{ "REQUEST of a system on 4011", { .type = DHCP_REQUEST }, BOOT_SERVER, true, DHCP_REASON_NO_PXE },
	/* clang-format on */
};

/* HTTP boot asks the DHCP server's port, never a boot server's. */
static void http_firmware_asks_one_port(void **state)
{
	const struct client http = { .is_http = true };
	struct proxy_facts facts = { .client = &http };
	struct dhcp_request request = { .type = DHCP_DISCOVER };

	(void)state;
	assert_int_equal(proxy_check(&request, &facts), DHCP_REASON_NONE);
	request.type = DHCP_REQUEST;
	assert_int_equal(proxy_check(&request, &facts), DHCP_REASON_ASKS_FOR_ADDRESS);
	facts.is_boot_server = true;
	assert_int_equal(proxy_check(&request, &facts), DHCP_REASON_NO_PXE);
}

static void knows_what_it_is_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct client client = { .is_pxe = !checks[i].is_no_pxe };
		struct proxy_facts facts = { .client = &client,
					     .is_boot_server = checks[i].is_boot_server };

		print_message("%s\n", checks[i].what);
		assert_int_equal(proxy_check(&checks[i].request, &facts), checks[i].expected);
	}
}

/* expected is NULL: no such entry. */
static const struct {
	const char *what;
	const struct boot_plan *plan;
	struct dhcp_request request;
	const char *expected;
} files[] = {
	{ "no entry: what boots by itself", &with_menu, { .type = DHCP_REQUEST }, "one.bin" },
	{ "an entry with a file", &with_menu, { ITEM(0x8001, 0) }, "one.bin" },
	{ "the machine's usual file", &with_menu, { ITEM(0x8002, 0) }, "usual.bin" },
	{ "the disk has none", &with_menu, { ITEM(0x8000, 0) }, NULL },
	{ "past the last", &with_menu, { ITEM(0x8003, 0) }, NULL },
	{ "far past the last", &with_menu, { ITEM(0xffff, 0) }, NULL },
	{ "of another maker", &with_menu, { ITEM(1, 0) }, NULL },
	{ "the disk, by its own type", &with_menu, { ITEM(0, 0) }, NULL },
	{ "the one entry", &without_menu, { ITEM(0x8000, 0) }, "usual.bin" },
	{ "and no other", &without_menu, { ITEM(0x8001, 0) }, NULL },
};

static void finds_the_entrys_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const char *file = proxy_file(&files[i].request, files[i].plan);

		print_message("%s\n", files[i].what);
		if (files[i].expected == NULL)
			assert_null(file);
		else
			assert_string_equal(file, files[i].expected);
	}
}

static const struct {
	const char *what;
	struct dhcp_request request;
	enum access access;
	const char *file;
	bool is_raspberry_pi;
	enum dhcp_verdict verdict;
	enum dhcp_reason reason;
} decisions[] = {
	/* clang-format off */
	{ "DISCOVER", { .type = DHCP_DISCOVER }, ACCESS_GRANTED, "f", false, DHCP_VERDICT_PROXY_OFFER, 0 },
	{ "REQUEST", { .type = DHCP_REQUEST }, ACCESS_GRANTED, "f", false, DHCP_VERDICT_PROXY_ACK, 0 },
	{ "INFORM", { .type = DHCP_INFORM }, ACCESS_GRANTED, "f", false, DHCP_VERDICT_PROXY_ACK, 0 },
	{ "denied", { .type = DHCP_DISCOVER }, ACCESS_DENIED, "f", false, DHCP_VERDICT_IGNORE, DHCP_REASON_DENIED },
	{ "unlisted", { .type = DHCP_REQUEST }, ACCESS_UNLISTED, "f", false, DHCP_VERDICT_IGNORE, DHCP_REASON_UNLISTED },
	{ "nothing to boot", { .type = DHCP_DISCOVER }, ACCESS_GRANTED, "", false, DHCP_VERDICT_IGNORE,
	  DHCP_REASON_NO_BOOT_FILE },
	{ "a Raspberry Pi needs no name", { .type = DHCP_DISCOVER }, ACCESS_GRANTED, "", true,
	  DHCP_VERDICT_PROXY_OFFER, 0 },
	{ "an entry", { .type = DHCP_REQUEST, ITEM(0x8000, 0) }, ACCESS_GRANTED, "f", false,
	  DHCP_VERDICT_PROXY_ACK, 0 },
	{ "a part of an entry", { .type = DHCP_REQUEST, ITEM(0x8000, 1) }, ACCESS_GRANTED, "f", false,
	  DHCP_VERDICT_PROXY_ACK, 0 },
	{ "no such entry", { .type = DHCP_REQUEST, ITEM(0x8007, 0) }, ACCESS_GRANTED, "f", false,
	  DHCP_VERDICT_IGNORE, DHCP_REASON_NO_ENTRY },
	{ "credentials", { .type = DHCP_REQUEST, ITEM(0x8000, 0x8000) }, ACCESS_GRANTED, "f", false,
	  DHCP_VERDICT_IGNORE, DHCP_REASON_CREDENTIALS },
	/* clang-format on */
};

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(decisions); i++) {
		struct client client = { .is_pxe = true,
					 .is_raspberry_pi = decisions[i].is_raspberry_pi };
		struct boot_plan plan = { .file = decisions[i].file, .host_name = "" };
		struct proxy_facts facts = { .client = &client,
					     .access = decisions[i].access,
					     .plan = &plan };
		struct dhcp_decision decision = proxy_decide(&decisions[i].request, &facts);

		print_message("%s\n", decisions[i].what);
		assert_int_equal(decision.verdict, decisions[i].verdict);
		assert_int_equal(decision.reason, decisions[i].reason);
		assert_false(ip4_is_set(decision.lease.address));
		assert_false(decision.must_commit);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_it_is_asked_for),
		cmocka_unit_test(http_firmware_asks_one_port),
		cmocka_unit_test(finds_the_entrys_file),
		cmocka_unit_test(decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
