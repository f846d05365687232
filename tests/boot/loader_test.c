#include "boot/loader.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct client firmware = { .marks = 1 };
static const struct client ipxe = { .marks = 2, .is_ipxe = true };
static const struct client silent = { .marks = 2 }; /* an iPXE that does not say so */
static const struct boot_plan loader = { .file = "ipxe/undionly.kpxe", .is_ipxe_loader = true };
static const struct boot_plan other = { .file = "pxelinux.0" };
static const struct boot_plan script = { .file = "boot.ipxe", .is_script = true };

enum { DISCOVER = true, REQUEST = false };

/* Told, and read. */
static bool give(struct session *session, const struct client *client, const struct boot_plan *plan,
		 uint32_t xid, uint64_t now_s)
{
	bool is_told = loader_tell(session, client, plan, xid, now_s);

	session->asked_file_s = now_s + 1;
	return is_told;
}

static void an_ipxe_that_does_not_say_so_is_known(void **state)
{
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

	(void)state;
	assert_false(loader_is_ipxe(&session, &firmware, DISCOVER, 100));
	assert_true(give(&session, &firmware, &loader, 1, 100));
	assert_false(loader_is_ipxe(&session, &firmware, REQUEST, 100));
	assert_true(loader_is_ipxe(&session, &silent, DISCOVER, 110));
	assert_true(give(&session, &silent, &script, 2, 110));
	assert_true(loader_is_ipxe(&session, &silent, REQUEST, 111));
	/* DISCOVER once more, as firmware does. */
	assert_true(loader_is_ipxe(&session, &silent, DISCOVER, 112));
	/* The machine is switched off and on. */
	assert_false(loader_is_ipxe(&session, &firmware, DISCOVER, 113));
	assert_false(loader_is_ipxe(&session, &firmware, REQUEST, 113));
}

static void who_asks_otherwise_is_not_always_ipxe(void **state)
{
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

	(void)state;
	/* It was given nothing. */
	assert_false(loader_is_ipxe(&session, &silent, DISCOVER, 100));
	/* It has not read what it was told. */
	assert_true(loader_tell(&session, &firmware, &loader, 1, 100));
	assert_false(loader_is_ipxe(&session, &silent, DISCOVER, 110));
	session.asked_file_s = 99;
	assert_false(loader_is_ipxe(&session, &silent, DISCOVER, 110));
	/* That was long ago. */
	session.asked_file_s = 101;
	assert_true(loader_is_ipxe(&session, &silent, DISCOVER, 100 + LOADER_LIFE_S));
	assert_false(loader_is_ipxe(&session, &silent, DISCOVER, 101 + LOADER_LIFE_S));
	/* It was another loader. */
	assert_true(give(&session, &firmware, &other, 2, 300));
	assert_false(loader_is_ipxe(&session, &silent, DISCOVER, 310));
}

static void a_loop_is_stopped_after_three(void **state)
{
	const struct client *const loops[] = { &ipxe, &silent };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(loops); i++) {
		struct session_boot boot = { 0 };
		struct session session = { .boot = &boot };

		assert_true(give(&session, &firmware, &other, 1, 100));
		assert_true(give(&session, loops[i], &other, 2, 110));
		/* The same DISCOVER again is the same one. */
		assert_true(loader_tell(&session, loops[i], &other, 2, 111));
		assert_true(loader_tell(&session, loops[i], &other, 2, 112));
		assert_true(give(&session, loops[i], &other, 3, 120));
		assert_false(loader_tell(&session, loops[i], &other, 4, 130));
		assert_false(loader_tell(&session, loops[i], &other, 4, 131));
		assert_false(loader_tell(&session, loops[i], &other, 5, 140));
		assert_true(loader_is_stopped(&session, 129 + LOADER_PAUSE_S));
		assert_false(loader_is_stopped(&session, 130 + LOADER_PAUSE_S));
		/* After a while it may try again, and another plan counts at once. */
		assert_true(loader_tell(&session, loops[i], &other, 6, 130 + LOADER_PAUSE_S));
		assert_true(loader_tell(&session, loops[i], &loader, 7, 200));
	}
}

static void another_plan_ends_the_pause(void **state)
{
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

	(void)state;
	for (uint32_t i = 1; i <= LOADER_REPEATS; i++)
		assert_true(give(&session, &ipxe, &other, i, 100 + i));
	assert_false(loader_tell(&session, &ipxe, &other, 9, 110));
	assert_true(loader_tell(&session, &ipxe, &loader, 10, 111));
}

static void firmware_that_begins_anew_is_no_loop(void **state)
{
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

	(void)state;
	for (uint32_t i = 1; i < 10; i++)
		assert_true(give(&session, &firmware, &other, i, i * 10));
	/* Nor is it held up by one. */
	for (uint32_t i = 10; i < 13; i++)
		(void)give(&session, &ipxe, &other, i, i * 10);
	assert_false(give(&session, &ipxe, &other, 14, 140));
	assert_true(loader_is_stopped(&session, 149));
	assert_true(give(&session, &firmware, &other, 15, 150));
	assert_false(loader_is_stopped(&session, 150));
}

/* A script may ask for an address, and so may a machine whose loader is read from elsewhere. */
static void what_is_no_loop(void **state)
{
	struct session_boot boot = { 0 };
	struct session session = { .boot = &boot };

	(void)state;
	for (uint32_t i = 1; i < 10; i++)
		assert_true(give(&session, &ipxe, &script, i, i * 10));
	for (uint32_t i = 10; i < 20; i++)
		assert_true(give(&session, &ipxe, &other, i, i * (LOADER_LIFE_S + 1)));
	boot = (struct session_boot){ 0 };
	session.asked_file_s = 0;
	for (uint32_t i = 1; i < 10; i++)
		assert_true(loader_tell(&session, &ipxe, &other, i, 5000 + i));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipxe_that_does_not_say_so_is_known),
		cmocka_unit_test(who_asks_otherwise_is_not_always_ipxe),
		cmocka_unit_test(a_loop_is_stopped_after_three),
		cmocka_unit_test(another_plan_ends_the_pause),
		cmocka_unit_test(firmware_that_begins_anew_is_no_loop),
		cmocka_unit_test(what_is_no_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
