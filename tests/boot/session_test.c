/* Sessions: by hand, and by random operations against a model that only has arrays and loops. */
#include "boot/session.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAPACITY  5
#define MACHINES  9
#define ADDRESSES 7
#define STEPS     50000

static struct mac machine(uint32_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)number } };
}

static struct ip4 address(uint32_t number)
{
	return (struct ip4){ number == 0 ? 0 : 0xc0a84d00 + number };
}

static struct session_table *new_table(void)
{
	struct session_table *table = session_table_new(CAPACITY);

	assert_non_null(table);
	return table;
}

static void a_session_begins_with_nothing_known(void **state)
{
	struct session_table *table = new_table();
	struct session *session;

	(void)state;
	assert_null(session_find(table, machine(1), 10));
	session = session_open(table, machine(1), 10);
	assert_non_null(session);
	assert_true(mac_is_same(session->mac, machine(1)));
	assert_int_equal(session->address.value, 0);
	assert_false(session->has_architecture);
	assert_int_equal(session->last_seen_s, 10);
	assert_ptr_equal(session_find(table, machine(1), 10), session);
	assert_null(session_find(table, machine(2), 10));
	assert_null(session_find_address(table, address(0), 10));
	session_table_free(table);
}

static void a_session_remembers_across_stages(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	session->has_architecture = true;
	session->architecture = 7;
	session_set_address(table, session, address(1), 0);
	session = session_open(table, machine(1), 20);
	assert_true(session->has_architecture);
	assert_int_equal(session->architecture, 7);
	assert_int_equal(session->address.value, address(1).value);
	assert_int_equal(session->last_seen_s, 20);
	session_table_free(table);
}

/* "after an hour of silence": at an hour it is still there, a second later it is not. */
static void a_session_ends_after_an_hour_of_silence(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);
	uint64_t last_s = 10 + SESSION_SILENCE_S;

	(void)state;
	session->has_architecture = true;
	(void)strcpy(session->boot->file, "pxelinux.0");
	session_set_address(table, session, address(1), 0);
	assert_non_null(session_find(table, machine(1), last_s));
	assert_non_null(session_find_address(table, address(1), last_s));
	assert_null(session_find(table, machine(1), last_s + 1));
	assert_null(session_find_address(table, address(1), last_s + 1));
	/* Whoever comes back later begins anew. */
	session = session_open(table, machine(1), last_s + 1);
	assert_false(session->has_architecture);
	assert_string_equal(session->boot->file, "");
	assert_int_equal(session->address.value, 0);
	assert_null(session_find_address(table, address(1), last_s + 1));
	session_table_free(table);
}

/* It lasts as long as the lease: a machine that is bound for a day may be silent for a day. */
static void a_session_lives_as_long_as_its_lease(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);
	uint64_t until_s = 10 + 24 * SESSION_SILENCE_S;

	(void)state;
	session->has_booted = true;
	session_set_address(table, session, address(1), until_s);
	assert_non_null(session_find(table, machine(1), until_s));
	assert_non_null(session_find_address(table, address(1), until_s));
	assert_null(session_find(table, machine(1), until_s + 1));
	assert_null(session_find_address(table, address(1), until_s + 1));
	assert_true(session_open(table, machine(1), until_s)->has_booted);
	/* Heard from at the lease's last second: an hour from then on. */
	assert_non_null(session_find(table, machine(1), until_s + SESSION_SILENCE_S));
	assert_null(session_find(table, machine(1), until_s + SESSION_SILENCE_S + 1));
	session = session_open(table, machine(1), until_s + SESSION_SILENCE_S + 1);
	assert_false(session->has_booted);
	assert_int_equal(session->bound_until_s, 0);
	session_table_free(table);
}

/* BOOTP has an address for good. */
static void a_session_may_live_for_ever(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	session_set_address(table, session, address(1), UINT64_MAX);
	assert_non_null(session_find_address(table, address(1), UINT64_MAX));
	session_table_free(table);
}

/* An ACK of the same address is a new lease of it: longer, or shorter. */
static void a_renewal_moves_the_sessions_end(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	session_set_address(table, session, address(1), 10000);
	session_set_address(table, session, address(1), 20000);
	assert_non_null(session_find(table, machine(1), 20000));
	session_set_address(table, session, address(1), 15000);
	assert_null(session_find(table, machine(1), 15001));
	session_table_free(table);
}

#define FIRMWARE true
#define SYSTEM   false

/* Each row is one packet of the machine, after those of the rows before it. */
static const struct {
	bool is_boot_stage;
	enum session_stage stage;
	bool has_booted;
	bool is_still_granted; /* what was granted before the packet */
} packets[] = {
	{ SYSTEM, SESSION_DHCP, false, false }, { SYSTEM, SESSION_DHCP, false, true },
	{ FIRMWARE, SESSION_PXE, true, false }, { FIRMWARE, SESSION_PXE, true, true },
	{ SYSTEM, SESSION_DHCP, true, false },  { SYSTEM, SESSION_DHCP, true, true },
	{ FIRMWARE, SESSION_PXE, true, false }, /* it boots again */
};

static void a_grant_lapses_with_its_stage(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	assert_int_equal(session->stage, SESSION_IDLE);
	assert_false(session->has_booted);
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		session->is_granted = true;
		session_enter_stage(session, packets[i].is_boot_stage);
		assert_int_equal(session->stage, packets[i].stage);
		assert_int_equal(session->has_booted, packets[i].has_booted);
		assert_int_equal(session->is_granted, packets[i].is_still_granted);
	}
	session_table_free(table);
}

static void entering_a_stage_grants_nothing(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		session_enter_stage(session, packets[i].is_boot_stage);
		assert_false(session->is_granted);
	}
	session_table_free(table);
}

static void being_heard_from_prolongs_a_session(void **state)
{
	struct session_table *table = new_table();
	uint64_t now_s = 10;

	(void)state;
	session_open(table, machine(1), now_s)->has_architecture = true;
	for (int hours = 0; hours < 10; hours++) {
		now_s += SESSION_SILENCE_S;
		assert_true(session_open(table, machine(1), now_s)->has_architecture);
	}
	session_table_free(table);
}

static void the_longest_silent_makes_room(void **state)
{
	struct session_table *table = new_table();

	(void)state;
	for (uint32_t i = 1; i <= CAPACITY; i++)
		session_set_address(table, session_open(table, machine(i), i), address(i), 0);
	session_open(table, machine(1), 100); /* heard from again */
	session_open(table, machine(6), 101);
	assert_null(session_find(table, machine(2), 101));
	assert_null(session_find_address(table, address(2), 101));
	for (uint32_t i = 1; i <= CAPACITY + 1; i++) {
		if (i != 2)
			assert_non_null(session_find(table, machine(i), 101));
	}
	session_table_free(table);
}

static void who_holds_a_lease_makes_room_last(void **state)
{
	struct session_table *table = new_table();

	(void)state;
	session_set_address(table, session_open(table, machine(1), 10), address(1), 5000);
	session_open(table, machine(2), 20);
	for (uint32_t i = 10; i < 100; i++) {
		(void)session_open(table, machine(i), 30 + i);
		assert_non_null(session_find(table, machine(1), 30 + i));
		assert_non_null(session_find_address(table, address(1), 30 + i));
	}
	assert_null(session_find(table, machine(2), 130));
	/* Where its lease has ended, it is the first to go. */
	(void)session_open(table, machine(3), 5001);
	(void)session_open(table, machine(4), 5001);
	assert_null(session_find_address(table, address(1), 5001));
	for (uint32_t i = 96; i < 100; i++)
		assert_int_equal(session_find(table, machine(i), 3000) != NULL, i > 96);
	session_table_free(table);
}

static void who_reads_files_makes_room_last(void **state)
{
	struct session_table *table = new_table();

	(void)state;
	session_set_address(table, session_open(table, machine(1), 10), address(1), 0);
	session_note_file(table, address(1), 20);
	for (uint32_t i = 10; i < 100; i++)
		(void)session_open(table, machine(i), 30 + i);
	assert_non_null(session_find_address(table, address(1), 130));
	/* An hour after the last one that is over. */
	for (uint32_t i = 10; i < 100; i++)
		(void)session_open(table, machine(i), 21 + SESSION_SILENCE_S);
	assert_null(session_find_address(table, address(1), 30));
	session_table_free(table);
}

static void where_all_hold_leases_the_table_works_still(void **state)
{
	struct session_table *table = new_table();
	unsigned count = 0;

	(void)state;
	for (uint32_t i = 1; i < 50; i++) {
		session_set_address(table, session_open(table, machine(i), i), address(i), 5000);
		assert_non_null(session_find_address(table, address(i), i));
	}
	for (uint32_t i = 1; i < 50; i++)
		count += session_find_address(table, address(i), 50) != NULL;
	assert_int_equal(count, CAPACITY);
	session_table_free(table);
}

static void an_address_moves_to_its_new_machine(void **state)
{
	struct session_table *table = new_table();

	(void)state;
	session_set_address(table, session_open(table, machine(1), 10), address(1), 0);
	session_set_address(table, session_open(table, machine(2), 10), address(1), 0);
	assert_int_equal(session_find(table, machine(1), 10)->address.value, 0);
	assert_true(mac_is_same(session_find_address(table, address(1), 10)->mac, machine(2)));
	session_table_free(table);
}

static void a_machine_that_moves_leaves_its_address(void **state)
{
	struct session_table *table = new_table();
	struct session *session = session_open(table, machine(1), 10);

	(void)state;
	session_set_address(table, session, address(1), 0);
	session_set_address(table, session, address(2), 0);
	assert_null(session_find_address(table, address(1), 10));
	assert_ptr_equal(session_find_address(table, address(2), 10), session);
	session_set_address(table, session, address(0), 0);
	assert_null(session_find_address(table, address(2), 10));
	assert_null(session_find_address(table, address(0), 10));
	session_table_free(table);
}

static void a_table_of_one_session_works(void **state)
{
	struct session_table *table = session_table_new(1);

	(void)state;
	assert_non_null(table);
	for (uint32_t i = 1; i < 50; i++) {
		session_set_address(table, session_open(table, machine(i), i), address(1), 0);
		assert_null(session_find(table, machine(i - 1), i));
		assert_true(
			mac_is_same(session_find_address(table, address(1), i)->mac, machine(i)));
	}
	session_table_free(table);
}

static void no_table_is_freed_in_peace(void **state)
{
	(void)state;
	session_table_free(NULL);
}

/* The model: sessions in no order, an unused one marked by machine 0. */
struct model {
	struct {
		uint32_t machine;
		uint32_t address;
		uint64_t seen_s;
		uint64_t bound_until_s;
	} sessions[CAPACITY];
	uint64_t now_s;
};

static bool has_ended(const struct model *model, unsigned at)
{
	return model->now_s - model->sessions[at].seen_s > SESSION_SILENCE_S &&
	       model->now_s > model->sessions[at].bound_until_s;
}

/* The machine's session, else one that is not used; CAPACITY: neither is there. */
static unsigned model_slot(const struct model *model, uint32_t wanted)
{
	unsigned unused = CAPACITY;

	for (unsigned i = 0; i < CAPACITY; i++) {
		if (model->sessions[i].machine == wanted)
			return i;
		if (model->sessions[i].machine == 0)
			unused = i;
	}
	return unused;
}

static bool is_kept(const struct model *model, unsigned at)
{
	return model->sessions[at].bound_until_s > model->now_s;
}

/* Room was made in the table: the one that went, which has to be one that was not kept while there
 * was such a one. */
static unsigned model_evict(struct model *model, const struct session_table *table)
{
	unsigned gone = CAPACITY;
	bool are_all_kept = true;

	for (unsigned i = 0; i < CAPACITY; i++) {
		bool is_there = session_find(table, machine(model->sessions[i].machine),
					     model->sessions[i].seen_s) != NULL;

		are_all_kept = are_all_kept && is_kept(model, i);
		if (is_there)
			continue;
		assert_int_equal(gone, CAPACITY);
		gone = i;
	}
	assert_int_not_equal(gone, CAPACITY);
	assert_true(are_all_kept || !is_kept(model, gone));
	model->sessions[gone].machine = 0;
	return gone;
}

static void model_open(struct model *model, const struct session_table *table, uint32_t number)
{
	unsigned at = model_slot(model, number);

	if (at == CAPACITY)
		at = model_evict(model, table);
	if (model->sessions[at].machine != number || has_ended(model, at)) {
		model->sessions[at].address = 0;
		model->sessions[at].bound_until_s = 0;
	}
	model->sessions[at].machine = number;
	model->sessions[at].seen_s = model->now_s;
}

static void model_set_address(struct model *model, uint32_t number, uint32_t new_address,
			      uint64_t until_s)
{
	unsigned at = model_slot(model, number);

	for (unsigned i = 0; i < CAPACITY; i++) {
		if (model->sessions[i].address == new_address)
			model->sessions[i].address = 0;
	}
	model->sessions[at].address = new_address;
	model->sessions[at].bound_until_s = until_s;
}

static void compare(const struct session_table *table, const struct model *model)
{
	for (uint32_t number = 1; number <= MACHINES; number++) {
		const struct session *session = session_find(table, machine(number), model->now_s);
		unsigned at = model_slot(model, number);

		if (at == CAPACITY || model->sessions[at].machine != number ||
		    has_ended(model, at)) {
			assert_null(session);
			continue;
		}
		assert_non_null(session);
		assert_true(mac_is_same(session->mac, machine(number)));
		assert_int_equal(session->address.value,
				 address(model->sessions[at].address).value);
		if (model->sessions[at].address != 0)
			assert_ptr_equal(
				session_find_address(table, session->address, model->now_s),
				session);
	}
	for (uint32_t number = 1; number <= ADDRESSES; number++) {
		const struct session *session =
			session_find_address(table, address(number), model->now_s);

		if (session != NULL)
			assert_int_equal(session->address.value, address(number).value);
	}
}

static unsigned draw(unsigned *seed, unsigned count)
{
	return (unsigned)rand_r(seed) % count;
}

static void does_what_the_model_does(void **state)
{
	const char *text = getenv("SEED");
	unsigned seed = text == NULL ? (unsigned)time(NULL) : (unsigned)strtoul(text, NULL, 10);
	struct session_table *table = new_table();
	struct model model = { .now_s = SESSION_SILENCE_S };

	(void)state;
	print_message("SEED=%u\n", seed);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t number = 1 + draw(&seed, MACHINES);
		uint32_t new_address = draw(&seed, ADDRESSES + 1);
		struct session *session;
		uint64_t until_s;

		model.now_s += draw(&seed, 4) == 0 ? draw(&seed, SESSION_SILENCE_S) : 0;
		session = session_open(table, machine(number), model.now_s);
		model_open(&model, table, number);
		compare(table, &model);
		if (draw(&seed, 2) == 0)
			continue;
		until_s = model.now_s + draw(&seed, 4 * SESSION_SILENCE_S);
		session_set_address(table, session, address(new_address), until_s);
		model_set_address(&model, number, new_address, until_s);
		compare(table, &model);
	}
	session_table_free(table);
}

static void a_copy_is_the_session_at_an_address(void **state)
{
	struct session_table *table = new_table();
	struct session_boot boot;
	struct session copy = { .last_seen_s = 99 };

	(void)state;
	(void)strcpy(session_open(table, machine(1), 10)->boot->client, "gordon");
	session_set_address(table, session_open(table, machine(1), 10), address(1), 100);
	assert_false(session_copy_address(table, address(2), 10, &copy, &boot));
	assert_int_equal(copy.last_seen_s, 99);
	/* The one who holds the lock may take it again. */
	session_lock(table);
	assert_true(session_copy_address(table, address(1), 10, &copy, &boot));
	session_unlock(table);
	(void)strcpy(session_open(table, machine(1), 10)->boot->client, "eli");
	assert_true(mac_is_same(copy.mac, machine(1)));
	assert_int_equal(copy.bound_until_s, 100);
	assert_string_equal(copy.boot->client, "gordon");
	session_table_free(table);
}

static void an_address_may_become_nobodys(void **state)
{
	struct session_table *table = new_table();
	struct session copy;
	struct session_boot boot;

	(void)state;
	session_set_address(table, session_open(table, machine(1), 10), address(1), 100);
	session_clear_address(table, address(2));
	assert_true(session_copy_address(table, address(1), 10, &copy, &boot));
	session_clear_address(table, address(1));
	assert_false(session_copy_address(table, address(1), 10, &copy, &boot));
	assert_int_equal(session_find(table, machine(1), 10)->address.value, 0);
	session_set_address(table, session_open(table, machine(1), 10), address(1), 100);
	assert_true(session_copy_address(table, address(1), 10, &copy, &boot));
	session_table_free(table);
}

/* Who is at an address that no session has, as a learner finds it. */
struct learning {
	unsigned asked;
	bool is_found;
};

static bool learn(void *context, struct session_table *table, struct ip4 at, uint64_t now_s)
{
	struct learning *learning = context;

	learning->asked++;
	session_lock(table);
	if (learning->is_found)
		session_set_address(table, session_open(table, machine(2), now_s), at, now_s + 100);
	session_unlock(table);
	return learning->is_found;
}

static void an_address_that_is_nobodys_is_asked_about(void **state)
{
	struct session_table *table = new_table();
	struct learning learning = { 0 };
	struct session copy = { .last_seen_s = 99 };
	struct session_boot boot;

	(void)state;
	assert_false(session_identify(table, address(2), 10, &copy, &boot));
	session_set_learner(table, learn, &learning);
	session_set_address(table, session_open(table, machine(1), 10), address(1), 100);
	assert_true(session_identify(table, address(1), 10, &copy, &boot));
	assert_int_equal(learning.asked, 0);
	copy.last_seen_s = 99;
	assert_false(session_identify(table, address(2), 10, &copy, &boot));
	assert_int_equal(learning.asked, 1);
	assert_int_equal(copy.last_seen_s, 99);
	/* For the log, nobody is asked. */
	assert_false(session_copy_address(table, address(2), 10, &copy, &boot));
	assert_int_equal(learning.asked, 1);
	learning.is_found = true;
	assert_true(session_identify(table, address(2), 20, &copy, &boot));
	assert_true(mac_is_same(copy.mac, machine(2)));
	assert_true(session_identify(table, address(2), 20, &copy, &boot));
	assert_int_equal(learning.asked, 2);
	session_table_free(table);
}

static void a_request_for_a_file_is_noted(void **state)
{
	struct session_table *table = new_table();
	uint64_t now_s = 1000;

	(void)state;
	session_set_address(table, session_open(table, machine(1), now_s), address(1), now_s + 100);
	assert_int_equal(session_find(table, machine(1), now_s)->asked_file_s, 0);
	session_note_file(table, address(1), now_s + 5);
	assert_int_equal(session_find(table, machine(1), now_s)->asked_file_s, now_s + 5);
	/* Of an address that is nobody's, nothing is noted. */
	session_note_file(table, address(2), now_s + 9);
	assert_int_equal(session_find(table, machine(1), now_s)->asked_file_s, now_s + 5);
	session_table_free(table);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_begins_with_nothing_known),
		cmocka_unit_test(a_session_remembers_across_stages),
		cmocka_unit_test(a_request_for_a_file_is_noted),
		cmocka_unit_test(a_session_ends_after_an_hour_of_silence),
		cmocka_unit_test(a_session_lives_as_long_as_its_lease),
		cmocka_unit_test(a_session_may_live_for_ever),
		cmocka_unit_test(a_renewal_moves_the_sessions_end),
		cmocka_unit_test(a_grant_lapses_with_its_stage),
		cmocka_unit_test(entering_a_stage_grants_nothing),
		cmocka_unit_test(being_heard_from_prolongs_a_session),
		cmocka_unit_test(the_longest_silent_makes_room),
		cmocka_unit_test(who_holds_a_lease_makes_room_last),
		cmocka_unit_test(who_reads_files_makes_room_last),
		cmocka_unit_test(where_all_hold_leases_the_table_works_still),
		cmocka_unit_test(an_address_moves_to_its_new_machine),
		cmocka_unit_test(a_machine_that_moves_leaves_its_address),
		cmocka_unit_test(a_table_of_one_session_works),
		cmocka_unit_test(no_table_is_freed_in_peace),
		cmocka_unit_test(a_copy_is_the_session_at_an_address),
		cmocka_unit_test(an_address_may_become_nobodys),
		cmocka_unit_test(an_address_that_is_nobodys_is_asked_about),
		cmocka_unit_test(does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
