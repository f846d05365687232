#include "dhcp/auto_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Until it has decided: how many probes, and how long that takes. */
static struct auto_mode pass_time(uint32_t *out_ms, unsigned *out_probes)
{
	struct auto_mode mode = auto_begin(true, false, false);

	*out_ms = 0;
	*out_probes = 0;
	assert_int_equal(mode.state, AUTO_PROBING);
	for (;;) {
		struct auto_step step = auto_on_time(&mode);

		if (step.has_changed)
			return mode;
		assert_int_equal(mode.state, AUTO_PROBING);
		assert_true(step.sends_probe);
		assert_true(step.wait_ms > 0);
		*out_ms += step.wait_ms;
		(*out_probes)++;
	}
}

static void a_pool_alone_is_not_enough(void **state)
{
	static const struct {
		bool has_pool, was_proxy, is_port_taken;
		enum auto_state expected;
	} cases[] = {
		{ true, false, false, AUTO_PROBING }, { false, false, false, AUTO_PROXY },
		{ true, true, false, AUTO_PROXY },    { true, false, true, AUTO_PROXY },
		{ false, true, true, AUTO_PROXY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct auto_mode mode =
			auto_begin(cases[i].has_pool, cases[i].was_proxy, cases[i].is_port_taken);

		assert_int_equal(mode.state, cases[i].expected);
	}
}

static void several_probes_unanswered_make_a_server(void **state)
{
	unsigned probes;
	uint32_t ms;
	struct auto_mode mode = pass_time(&ms, &probes);

	(void)state;
	assert_int_equal(mode.state, AUTO_SERVER);
	assert_int_equal(probes, AUTO_PROBES);
	/* dnsmasq answers after three seconds at the latest; the last probe is waited for, too. */
	assert_int_equal(ms, 10000);
}

static void a_server_looks_on(void **state)
{
	unsigned probes;
	uint32_t ms;
	struct auto_mode mode = pass_time(&ms, &probes);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct auto_step step = auto_on_time(&mode);

		assert_true(step.sends_probe);
		assert_false(step.has_changed);
		assert_int_equal(step.wait_ms, AUTO_RECHECK_MS);
	}
}

static void another_server_ends_it_for_good(void **state)
{
	unsigned probes;
	uint32_t ms;
	struct auto_mode modes[] = { auto_begin(true, false, false), pass_time(&ms, &probes) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct auto_step step;

		assert_true(auto_on_foreign_server(&modes[i]));
		assert_int_equal(modes[i].state, AUTO_PROXY);
		assert_false(auto_on_foreign_server(&modes[i]));
		step = auto_on_time(&modes[i]);
		assert_false(step.sends_probe || step.has_changed);
		assert_int_equal(step.wait_ms, 0);
		assert_int_equal(modes[i].state, AUTO_PROXY);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_alone_is_not_enough),
		cmocka_unit_test(several_probes_unanswered_make_a_server),
		cmocka_unit_test(a_server_looks_on),
		cmocka_unit_test(another_server_ends_it_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
