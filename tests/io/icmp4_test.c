#include "io/icmp4.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#define HERE    "10.77.0.1"
#define NOBODY  "10.77.0.9"
#define NO_WAY  "192.0.2.1"
#define STUCK_S 60

static struct {
	struct loop *loop;
	unsigned count;
	struct ip4 address;
} heard;

static void on_answer(void *context, struct ip4 address)
{
	(void)context;
	heard.count++;
	heard.address = address;
	loop_stop(heard.loop);
}

static void on_stuck(void *context)
{
	(void)context;
	fail_msg("nobody answered in %d s", STUCK_S);
}

static void whoever_is_there_answers_and_is_heard_by_who_asked(void **state)
{
	struct timer *stuck;
	struct icmp4 *other;
	struct icmp4 *icmp4;

	(void)state;
	NETWORK_NEEDED();
	heard.loop = loop_new();
	stuck = timer_new(heard.loop, on_stuck, NULL);
	timer_start(stuck, STUCK_S * 1000);
	assert_int_equal(icmp4_open(heard.loop, on_answer, NULL, &icmp4), 0);
	assert_int_equal(icmp4_open(heard.loop, on_answer, NULL, &other), 0);
	assert_int_equal(icmp4_ask(icmp4, ip4_of(NOBODY)), 0);
	assert_int_equal(icmp4_ask(icmp4, ip4_of(HERE)), 0);
	loop_run(heard.loop);
	assert_string_equal(ip4_format(heard.address).text, HERE);
	/* The other socket has it, too, and does not take it for its own. */
	icmp4_close(icmp4);
	assert_int_equal(icmp4_ask(other, ip4_of(HERE)), 0);
	loop_run(heard.loop);
	assert_int_equal(heard.count, 2);
	icmp4_close(other);
	timer_free(stuck);
	loop_free(heard.loop);
}

static void an_address_that_no_route_leads_to_is_an_error(void **state)
{
	struct loop *loop = loop_new();
	struct icmp4 *icmp4;

	(void)state;
	if (!network_is_entered()) {
		loop_free(loop);
		skip();
	}
	assert_int_equal(icmp4_open(loop, on_answer, NULL, &icmp4), 0);
	assert_int_equal(icmp4_ask(icmp4, ip4_of(NO_WAY)), -ENETUNREACH);
	icmp4_close(icmp4);
	loop_free(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_there_answers_and_is_heard_by_who_asked),
		cmocka_unit_test(an_address_that_no_route_leads_to_is_an_error),
	};

	if (network_enter()) {
		network_ip("link set lo up");
		network_ip("addr add " HERE "/24 dev near");
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
