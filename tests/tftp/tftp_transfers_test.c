#include "tftp/tftp_transfers.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ip_endpoint client_of(uint16_t number)
{
	return (struct ip_endpoint){ .address = IP_MAPPED(0x0a000001), .port = number };
}

static void finds_what_was_added(void **state)
{
	struct tftp_transfers *transfers = tftp_transfers_new(2);
	struct ip_endpoint other = { .address = IP_MAPPED(0x0a000002), .port = 1 };
	struct tftp_transfer *transfer;

	(void)state;
	assert_null(tftp_transfers_find(transfers, client_of(1)));
	transfer = tftp_transfers_add(transfers, client_of(1));
	assert_non_null(transfer);
	assert_int_equal(transfer->stage, TFTP_STAGE_OPENING);
	assert_int_equal(transfer->client.port, 1);
	assert_ptr_equal(tftp_transfers_find(transfers, client_of(1)), transfer);
	assert_null(tftp_transfers_find(transfers, client_of(2)));
	assert_null(tftp_transfers_find(transfers, other));
	tftp_transfers_remove(transfers, transfer);
	assert_null(tftp_transfers_find(transfers, client_of(1)));
	assert_int_equal(tftp_transfers_count(transfers), 0);
	tftp_transfers_free(transfers);
}

static void clients_of_both_families_are_told_apart(void **state)
{
	static const struct ip_endpoint clients[] = {
		{ { UINT64_C(0xfe80) << 48, 1, 2 }, 2000 }, /* on one interface */
		{ { UINT64_C(0xfe80) << 48, 1, 3 }, 2000 }, /* and on another */
		{ { UINT64_C(0xfe80) << 48, 1, 2 }, 2001 },
		{ { 0, 0x0a000001, 0 }, 1 },
		{ IP_MAPPED(0x0a000001), 1 },
	};
	struct tftp_transfers *transfers = tftp_transfers_new(COUNT_OF(clients));
	struct tftp_transfer *added[COUNT_OF(clients)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		assert_null(tftp_transfers_find(transfers, clients[i]));
		added[i] = tftp_transfers_add(transfers, clients[i]);
		assert_non_null(added[i]);
	}
	for (size_t i = 0; i < COUNT_OF(clients); i++)
		assert_ptr_equal(tftp_transfers_find(transfers, clients[i]), added[i]);
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		tftp_transfers_remove(transfers, added[i]);
		assert_null(tftp_transfers_find(transfers, clients[i]));
	}
	tftp_transfers_free(transfers);
}

static void a_full_table_takes_no_more(void **state)
{
	struct tftp_transfers *transfers = tftp_transfers_new(2);
	struct tftp_transfer *one = tftp_transfers_add(transfers, client_of(1));
	struct tftp_transfer *again;

	(void)state;
	assert_non_null(tftp_transfers_add(transfers, client_of(2)));
	assert_null(tftp_transfers_add(transfers, client_of(3)));
	assert_null(tftp_transfers_find(transfers, client_of(3)));
	one->started_ms = 7;
	tftp_transfers_remove(transfers, one);
	again = tftp_transfers_add(transfers, client_of(3));
	assert_non_null(again);
	assert_int_equal(again->started_ms, 0);
	assert_null(tftp_transfers_add(transfers, client_of(1)));
	tftp_transfers_free(transfers);
}

static void an_abandoned_one_keeps_its_place_but_not_its_client(void **state)
{
	struct tftp_transfers *transfers = tftp_transfers_new(2);
	struct tftp_transfer *old = tftp_transfers_add(transfers, client_of(1));
	struct tftp_transfer *new;

	(void)state;
	tftp_transfers_abandon(transfers, old, TFTP_STAGE_ABANDONED);
	assert_null(tftp_transfers_find(transfers, client_of(1)));
	assert_int_equal(tftp_transfers_count(transfers), 1);
	new = tftp_transfers_add(transfers, client_of(1));
	assert_non_null(new);
	assert_null(tftp_transfers_add(transfers, client_of(2)));
	tftp_transfers_remove(transfers, old);
	assert_ptr_equal(tftp_transfers_find(transfers, client_of(1)), new);
	assert_int_equal(tftp_transfers_count(transfers), 1);
	tftp_transfers_free(transfers);
}

static void walks_over_all_while_they_are_removed(void **state)
{
	struct tftp_transfers *transfers = tftp_transfers_new(8);
	struct tftp_transfer *transfer = NULL;
	unsigned seen = 0;

	(void)state;
	assert_null(tftp_transfers_next(transfers, NULL));
	for (uint16_t i = 0; i < 6; i++)
		assert_non_null(tftp_transfers_add(transfers, client_of(i)));
	tftp_transfers_remove(transfers, tftp_transfers_find(transfers, client_of(3)));
	while ((transfer = tftp_transfers_next(transfers, transfer)) != NULL) {
		seen |= 1u << transfer->client.port;
		tftp_transfers_remove(transfers, transfer);
	}
	assert_int_equal(seen, 0x37);
	assert_int_equal(tftp_transfers_count(transfers), 0);
	tftp_transfers_free(transfers);
}

static void a_table_of_nothing_is_full(void **state)
{
	struct tftp_transfers *transfers = tftp_transfers_new(0);

	(void)state;
	assert_null(tftp_transfers_add(transfers, client_of(1)));
	assert_null(tftp_transfers_next(transfers, NULL));
	tftp_transfers_free(transfers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(clients_of_both_families_are_told_apart),
		cmocka_unit_test(a_full_table_takes_no_more),
		cmocka_unit_test(an_abandoned_one_keeps_its_place_but_not_its_client),
		cmocka_unit_test(walks_over_all_while_they_are_removed),
		cmocka_unit_test(a_table_of_nothing_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
