/* Plain BOOTP: facts in, decision out. */
#include "dhcp/bootp_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define NOW_S     1000
#define FOR_EVER  UINT64_MAX
#define MINE      "192.168.77.120"
#define OTHER     "192.168.77.130"
#define OUTSIDE   "192.168.77.50" /* of the pool, on the network */
#define ELSEWHERE "10.0.0.5"
#define ASSIGNED  "192.168.77.60" /* by [static_dhcp], outside the pool */

static struct address_range pool = { { 0xc0a84d64 }, { 0xc0a84dc7 } };

static const struct subnet_config subnet = {
	.network = { 0xc0a84d00 },
	.prefix_length = 24,
	.netmask = { 0xffffff00 },
	.ranges = { &pool, 1 },
	.lease_time_s = 3600,
};

static const struct {
	const char *what;
	const char *ciaddr;
	const char *held; /* by the machine; NULL: nothing */
	enum lease_state held_state;
	bool is_for_ever;
	bool is_pending;  /* not durable yet */
	bool fails;       /* the store does */
	bool is_over;     /* the second's new machines are kept */
	const char *free; /* the store's free address; NULL: none is left */
	bool is_simple;   /* not to be served */
	enum access access;
	const char *assigned; /* by [static_dhcp]; NULL: nothing */
	enum dhcp_verdict verdict;
	enum dhcp_reason reason;
	const char *address;
	bool must_commit;
} rows[] = {
	/* clang-format off */
	{ "RFC 951 7.3: no ciaddr, an address is found for the machine",
	  .free = OTHER, .verdict = DHCP_VERDICT_REPLY, .address = OTHER, .must_commit = true },
	{ "RFC 951 7.3: the machine's own address",
	  .held = MINE, .held_state = LEASE_BOUND, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "the same once it has it for good: there is nothing new to keep",
	  .held = MINE, .held_state = LEASE_BOUND, .is_for_ever = true, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE },
	{ "the same before it is durable: the answer waits for that",
	  .held = MINE, .held_state = LEASE_BOUND, .is_for_ever = true, .is_pending = true,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "and where it may never be, there is none",
	  .held = MINE, .held_state = LEASE_BOUND, .is_for_ever = true, .is_pending = true,
	  .fails = true, .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_STORE_FAILS },
	{ "the same while the store fails",
	  .held = MINE, .held_state = LEASE_BOUND, .is_for_ever = true, .fails = true,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE },
	{ "nothing new while the store fails",
	  .free = OTHER, .fails = true,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_STORE_FAILS },
	{ "new machines are bounded",
	  .free = OTHER, .is_over = true,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_BOOTP_OVER },
	{ "the same of one that was only offered an address",
	  .held = MINE, .held_state = LEASE_OFFERED, .is_over = true,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_BOOTP_OVER },
	{ "that holds up nobody who had an address before",
	  .held = MINE, .held_state = LEASE_BOUND, .is_over = true,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "nor one that knows its address",
	  .ciaddr = MINE, .is_over = true, .verdict = DHCP_VERDICT_REPLY, .address = MINE },
	{ "nor one that the configuration knows",
	  .assigned = ASSIGNED, .is_over = true,
	  .verdict = DHCP_VERDICT_REPLY, .address = ASSIGNED },
	{ "the address that its loader was offered",
	  .held = MINE, .held_state = LEASE_OFFERED, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "the address that its system released",
	  .held = MINE, .held_state = LEASE_RELEASED, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "the machine's own address where nothing else is left",
	  .held = MINE, .held_state = LEASE_BOUND,
	  .verdict = DHCP_VERDICT_REPLY, .address = MINE, .must_commit = true },
	{ "no address is left",
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_POOL_EXHAUSTED },
	{ "RFC 951 7.3: ciaddr is known, only the boot file is asked for",
	  .ciaddr = MINE, .free = OTHER, .verdict = DHCP_VERDICT_REPLY, .address = MINE },
	{ "the same outside the pool",
	  .ciaddr = OUTSIDE, .free = OTHER, .verdict = DHCP_VERDICT_REPLY, .address = OUTSIDE },
	{ "the same with the pool exhausted",
	  .ciaddr = OUTSIDE, .verdict = DHCP_VERDICT_REPLY, .address = OUTSIDE },
	{ "ciaddr is of another network",
	  .ciaddr = ELSEWHERE, .free = OTHER,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_WRONG_NETWORK },
	{ "issue: other clients are served only with allow_simple_dhcp",
	  .is_simple = true, .free = OTHER,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_SIMPLE_CLIENT },
	{ "issue: the same with ciaddr",
	  .is_simple = true, .ciaddr = MINE,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_SIMPLE_CLIENT },
	{ "access: denied",
	  .access = ACCESS_DENIED, .held = MINE, .held_state = LEASE_BOUND, .free = OTHER,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_DENIED },
	{ "access: denied with ciaddr",
	  .access = ACCESS_DENIED, .ciaddr = MINE,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_DENIED },
	{ "access: denied with an address of its own",
	  .access = ACCESS_DENIED, .assigned = ASSIGNED,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_DENIED },
	{ "access: listed nowhere",
	  .access = ACCESS_UNLISTED, .free = OTHER,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_UNLISTED },
	{ "access: what the rules say comes before what a simple client is told",
	  .access = ACCESS_DENIED, .is_simple = true, .free = OTHER,
	  .verdict = DHCP_VERDICT_IGNORE, .reason = DHCP_REASON_DENIED },
	{ "static_dhcp: its address, which the configuration keeps",
	  .assigned = ASSIGNED, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = ASSIGNED },
	{ "static_dhcp: before what it held from the pool",
	  .assigned = ASSIGNED, .held = MINE, .held_state = LEASE_BOUND, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = ASSIGNED },
	{ "static_dhcp: with the pool exhausted",
	  .assigned = ASSIGNED, .verdict = DHCP_VERDICT_REPLY, .address = ASSIGNED },
	{ "static_dhcp: ciaddr is its address",
	  .assigned = ASSIGNED, .ciaddr = ASSIGNED, .free = OTHER,
	  .verdict = DHCP_VERDICT_REPLY, .address = ASSIGNED },
	/* clang-format on */
};

static struct ip4 address_of(const char *text)
{
	return text == NULL ? (struct ip4){ 0 } : ip4_of(text);
}

static void decides_as_the_rfc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lease held = { .address = address_of(rows[i].held),
				      .mac = mac_of(MACHINE),
				      .owner = lease_identity_of_mac(mac_of(MACHINE)),
				      .state = rows[i].held_state,
				      .expires_s = rows[i].is_for_ever ? FOR_EVER : NOW_S + 10 };
		struct dhcp_request request = { .mac = mac_of(MACHINE),
						.owner = lease_identity_of_mac(mac_of(MACHINE)),
						.ciaddr = address_of(rows[i].ciaddr) };
		struct dhcp_facts facts = { .may_be_served = !rows[i].is_simple,
					    .access = rows[i].access,
					    .assigned = address_of(rows[i].assigned),
					    .server = { 0xc0a84d01 },
					    .held = rows[i].held == NULL ? NULL : &held,
					    .held_is_pending = rows[i].is_pending,
					    .has_free_address = rows[i].free != NULL,
					    .free_address = address_of(rows[i].free),
					    .store_fails = rows[i].fails,
					    .is_bootp_over = rows[i].is_over,
					    .now_s = NOW_S };
		struct dhcp_decision decision = bootp_decide(&request, &facts, &subnet);

		print_message("%s\n", rows[i].what);
		assert_int_equal(decision.verdict, rows[i].verdict);
		assert_int_equal(decision.reason, rows[i].reason);
		assert_int_equal(decision.lease.address.value, address_of(rows[i].address).value);
		assert_int_equal(decision.must_commit, rows[i].must_commit);
		if (decision.verdict != DHCP_VERDICT_REPLY)
			continue;
		/* It renews nothing: what it has, it has for ever. */
		assert_int_equal(decision.lease.state, LEASE_BOUND);
		assert_true(decision.lease.expires_s == FOR_EVER);
		assert_true(mac_is_same(decision.lease.mac, mac_of(MACHINE)));
		assert_true(lease_identity_is_same(&decision.lease.owner, &request.owner));
	}
}

static void a_client_may_name_its_server(void **state)
{
	static const struct {
		const char *sname;
		const char *servername;
		bool is_for;
	} names[] = {
		{ "", "", true },
		{ "", "boots", true },
		{ "boots", "boots", true },
		{ "boots", "", false },
		{ "boots", "bootsy", false },
		{ "bootsy", "boots", false },
		{ "other", "boots", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct span sname = { (const uint8_t *)names[i].sname, strlen(names[i].sname) };

		assert_int_equal(bootp_is_for(sname, names[i].servername), names[i].is_for);
	}
	assert_true(bootp_is_for((struct span){ 0 }, "boots"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_rfc_says),
		cmocka_unit_test(a_client_may_name_its_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
