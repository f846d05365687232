#include "tftp/tftp_bounds.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#define ROUNDS 20000

static struct ip client_of(uint32_t number)
{
	return (struct ip)IP_MAPPED(0x0a000000 + number);
}

static void all_are_bounded(void **state)
{
	struct tftp_bounds *bounds = tftp_bounds_new(3);

	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(tftp_bounds_take(bounds, client_of(i), 0), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 0), TFTP_BOUND_ALL);
	tftp_bounds_give_back(bounds, client_of(2));
	assert_int_equal(tftp_bounds_take(bounds, client_of(4), 0), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(4), 0), TFTP_BOUND_ALL);
	tftp_bounds_free(bounds);
}

static void each_client_is_bounded(void **state)
{
	struct tftp_bounds *bounds = tftp_bounds_new(10);

	(void)state;
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 2), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 2), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 2), TFTP_BOUND_CLIENT);
	assert_int_equal(tftp_bounds_take(bounds, client_of(2), 2), TFTP_BOUND_OK);
	tftp_bounds_give_back(bounds, client_of(1));
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 2), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 1), TFTP_BOUND_CLIENT);
	assert_int_equal(tftp_bounds_take(bounds, client_of(1), 3), TFTP_BOUND_OK);
	tftp_bounds_free(bounds);
}

static void each_address_of_ip6_is_a_client(void **state)
{
	struct tftp_bounds *bounds = tftp_bounds_new(10);
	struct ip one = ip_of("fd00:77::1");
	struct ip other = ip_of("fd00:77::2");

	(void)state;
	assert_int_equal(tftp_bounds_take(bounds, one, 1), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, one, 1), TFTP_BOUND_CLIENT);
	assert_int_equal(tftp_bounds_take(bounds, other, 1), TFTP_BOUND_OK);
	tftp_bounds_give_back(bounds, one);
	assert_int_equal(tftp_bounds_take(bounds, one, 1), TFTP_BOUND_OK);
	tftp_bounds_free(bounds);
}

static void *take_and_give_back(void *context)
{
	struct tftp_bounds *bounds = context;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (tftp_bounds_take(bounds, client_of(i % 7), 0) == TFTP_BOUND_OK)
			tftp_bounds_give_back(bounds, client_of(i % 7));
	}
	tftp_bounds_free(bounds);
	return NULL;
}

static void threads_share_it(void **state)
{
	struct tftp_bounds *bounds = tftp_bounds_new(3);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back,
						tftp_bounds_hold(bounds)),
				 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(tftp_bounds_take(bounds, client_of(i), 1), TFTP_BOUND_OK);
	assert_int_equal(tftp_bounds_take(bounds, client_of(9), 0), TFTP_BOUND_ALL);
	tftp_bounds_free(bounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_bounded),
		cmocka_unit_test(each_client_is_bounded),
		cmocka_unit_test(each_address_of_ip6_is_a_client),
		cmocka_unit_test(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
