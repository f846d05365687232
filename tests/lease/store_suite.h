/* What holds for every store of leases. The test file says how its store is made and how it is
 * waited for; then the suite's tests run on it. */
#ifndef BOOTD_TESTS_STORE_SUITE_H
#define BOOTD_TESTS_STORE_SUITE_H

#include "lease/lease.h"

#define SUITE_FIRST 0xc0a84d64
#define SUITE_POOL  4

/* Both are the test file's own. */
struct lease_store *suite_open(void);
void suite_close(struct lease_store *store);
/* Until the callback has been called, which counts up *calls. */
void suite_await(struct lease_store *store, const unsigned *calls);

struct lease_identity suite_owner(uint8_t number);

/* Commits and awaits; returns what the callback was told. Machine 0 is nobody. */
int suite_commit(struct lease_store *store, uint32_t address, uint8_t machine,
		 enum lease_state state, uint64_t expires_s);

const struct lease *suite_find(struct lease_store *store, uint8_t machine);

/* One pool, of one range; offsets from SUITE_FIRST, the last one included. */
void suite_set_pool(struct lease_store *store, uint32_t first, uint32_t last);

/* The offset of a free address; UINT32_MAX: none. */
uint32_t suite_find_free(struct lease_store *store, uint32_t wanted, uint64_t now_s);

void keeps_what_is_committed(void **state);
void refuses_what_is_outside_the_pool(void **state);
void an_offer_is_known_at_once_and_passes(void **state);
void a_machine_that_moves_gives_back(void **state);
void a_declined_address_comes_back_after_its_time(void **state);
void reserved_addresses_are_never_given(void **state);
void another_pool_keeps_the_leases_that_it_has(void **state);
void every_lease_is_visited(void **state);
void a_machine_has_an_address_in_each_pool(void **state);
void leases_follow_their_addresses_into_other_pools(void **state);
void leases_of_no_pool_wait_for_one(void **state);
void where_pools_are_joined_nothing_is_given_twice(void **state);

#define SUITE_TESTS                                                                                \
	cmocka_unit_test(keeps_what_is_committed),                                                 \
		cmocka_unit_test(refuses_what_is_outside_the_pool),                                \
		cmocka_unit_test(an_offer_is_known_at_once_and_passes),                            \
		cmocka_unit_test(a_machine_that_moves_gives_back),                                 \
		cmocka_unit_test(a_declined_address_comes_back_after_its_time),                    \
		cmocka_unit_test(reserved_addresses_are_never_given),                              \
		cmocka_unit_test(another_pool_keeps_the_leases_that_it_has),                       \
		cmocka_unit_test(every_lease_is_visited),                                          \
		cmocka_unit_test(a_machine_has_an_address_in_each_pool),                           \
		cmocka_unit_test(leases_follow_their_addresses_into_other_pools),                  \
		cmocka_unit_test(leases_of_no_pool_wait_for_one),                                  \
		cmocka_unit_test(where_pools_are_joined_nothing_is_given_twice)

#endif
