/* RFC 2131 section 4.3 row by row: facts in, decision out. Addresses are written as the last number
 * of 192.168.77.0/24, whose pool is 100 to 199; the machine that asks is MACHINE. */
#include "dhcp/dhcp_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define NETWORK      0xc0a84d00
#define SERVER       1
#define OTHER_SERVER 2
#define OUTSIDE      50 /* of the pool, on the network */
#define FIRST        100
#define ASSIGNED     60 /* by [static_dhcp], outside the pool */
#define MINE         120
#define OTHER        130
#define LAST         199
#define ELSEWHERE    (0x0a000005 - NETWORK) /* 10.0.0.5: of another network */
#define NOW_S        1000
#define LEASE_TIME_S 3600
#define PROBATION_S  7200

#define IGNORE  DHCP_VERDICT_IGNORE
#define OFFER   DHCP_VERDICT_OFFER
#define ACK     DHCP_VERDICT_ACK
#define NAK     DHCP_VERDICT_NAK
#define RECORD  DHCP_VERDICT_RECORD
#define RELEASE DHCP_VERDICT_RELEASE
#define DECLINE DHCP_VERDICT_DECLINE
#define INFORM  DHCP_VERDICT_INFORM

static struct address_range pool = { { NETWORK + FIRST }, { NETWORK + LAST } };

static const struct subnet_config subnet = {
	.network = { NETWORK },
	.prefix_length = 24,
	.netmask = { 0xffffff00 },
	.ranges = { &pool, 1 },
	.lease_time_s = LEASE_TIME_S,
	.probation_s = PROBATION_S,
	.is_authoritative = true,
};

/* What is known of an address; host 0: nothing. */
struct known {
	uint32_t host;
	enum lease_state state;
	uint64_t expires_s;
};

#define BOUND(host)                                                                                \
	{                                                                                          \
		host, LEASE_BOUND, NOW_S + 100                                                     \
	}
#define EXPIRED(host)                                                                              \
	{                                                                                          \
		host, LEASE_BOUND, NOW_S - 100                                                     \
	}
#define RELEASED(host)                                                                             \
	{                                                                                          \
		host, LEASE_RELEASED, NOW_S - 100                                                  \
	}
#define OFFERED(host)                                                                              \
	{                                                                                          \
		host, LEASE_OFFERED, NOW_S + 10                                                    \
	}
#define LAPSED(host)                                                                               \
	{                                                                                          \
		host, LEASE_OFFERED, NOW_S                                                         \
	}
#define DECLINED(host)                                                                             \
	{                                                                                          \
		host, LEASE_DECLINED, NOW_S + 100                                                  \
	}
#define PASSED(host)                                                                               \
	{                                                                                          \
		host, LEASE_DECLINED, NOW_S                                                        \
	}

struct row {
	const char *what;
	enum dhcp_message_type type;
	uint32_t ciaddr;
	uint32_t requested;
	uint32_t server;       /* option 54; 0: it names none */
	struct known held;     /* by the machine */
	bool is_pending;       /* what it holds is not durable yet */
	struct known wanted;   /* by somebody else, or by nobody any more */
	uint32_t free;         /* the store's free address; 0: none is left */
	bool is_reserved;      /* what it asks for is the server's own */
	bool is_of_other_pool; /* what it asks for, and free there */
	bool forgets;          /* the store does */
	bool fails;
	bool lost;
	bool is_modest; /* not authoritative */
	bool is_simple; /* not to be served */
	enum access access;
	uint32_t assigned; /* by [static_dhcp]; 0: nothing */
	enum dhcp_verdict verdict;
	enum dhcp_reason reason;
	uint32_t address; /* of the decision's lease */
	enum lease_state state;
	uint64_t expires_s;
	bool must_commit;
	uint32_t lease_time_s; /* 0: LEASE_TIME_S where an address is given */
};

/* What a decision that binds says. */
#define BINDS(binding_verdict, host)                                                               \
	.verdict = binding_verdict, .address = host, .state = LEASE_BOUND,                         \
	.expires_s = NOW_S + LEASE_TIME_S, .must_commit = true
#define OFFERS(host)                                                                               \
	.verdict = OFFER, .address = host, .state = LEASE_OFFERED,                                 \
	.expires_s = NOW_S + OFFER_LIFE_S, .must_commit = true
#define GIVES(given_verdict)                                                                       \
	.verdict = given_verdict, .address = ASSIGNED, .state = LEASE_BOUND,                       \
	.expires_s = NOW_S + LEASE_TIME_S
#define IGNORES(why)       .verdict = IGNORE, .reason = DHCP_REASON_##why
#define REFUSES(why, host) .verdict = NAK, .reason = DHCP_REASON_##why, .address = host

static const struct row rows[] = {
	/* clang-format off */
	{ "4.3.1: the client's current address as recorded in its current binding",
	  .type = DHCP_DISCOVER, .held = BOUND(MINE), .free = OTHER,
	  .verdict = OFFER, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100 },
	{ "4.3.1: the same where it asks for another address",
	  .type = DHCP_DISCOVER, .requested = OTHER, .held = BOUND(MINE), .free = OTHER,
	  .verdict = OFFER, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100 },
	{ "4.3.1: the client's previous address, its lease expired: kept from others meanwhile",
	  .type = DHCP_DISCOVER, .held = EXPIRED(MINE), .free = OTHER, OFFERS(MINE) },
	{ "4.3.1: the client's previous address, released",
	  .type = DHCP_DISCOVER, .held = RELEASED(MINE), .free = OTHER, OFFERS(MINE) },
	{ "4.3.1: the client's previous address, with nothing else left",
	  .type = DHCP_DISCOVER, .held = EXPIRED(MINE), OFFERS(MINE) },
	{ "4.3.1: a repeated DISCOVER is offered the same address, for a new while",
	  .type = DHCP_DISCOVER, .held = OFFERED(MINE), .free = OTHER, OFFERS(MINE) },
	{ "4.3.1: the same after the offer has lapsed",
	  .type = DHCP_DISCOVER, .held = LAPSED(MINE), .free = OTHER, OFFERS(MINE) },
	{ "4.3.1: what is held is offered even when nothing else is left",
	  .type = DHCP_DISCOVER, .held = OFFERED(MINE), OFFERS(MINE) },
	{ "4.3.1: the address that it asks for, which the store found free",
	  .type = DHCP_DISCOVER, .requested = OTHER, .free = OTHER, OFFERS(OTHER) },
	{ "4.3.1: a new address from the pool",
	  .type = DHCP_DISCOVER, .free = FIRST, OFFERS(FIRST) },
	{ "4.3.1: the time offered is the configuration's, though less of the binding is left",
	  .type = DHCP_DISCOVER, .held = BOUND(MINE), .lease_time_s = LEASE_TIME_S,
	  .verdict = OFFER, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100 },
	{ "4.3.1: an offer is no reply to a server's identifier in a DISCOVER (table 5: MUST NOT)",
	  .type = DHCP_DISCOVER, .server = OTHER_SERVER, .free = FIRST, OFFERS(FIRST) },
	{ "4.3.1: nor is ciaddr in a DISCOVER an address that it has (table 5: 0)",
	  .type = DHCP_DISCOVER, .ciaddr = MINE, .held = BOUND(OTHER),
	  .verdict = OFFER, .address = OTHER, .state = LEASE_BOUND, .expires_s = NOW_S + 100 },
	{ "4.3.1: no address is left",
	  .type = DHCP_DISCOVER, IGNORES(POOL_EXHAUSTED) },

	{ "4.3.2 SELECTING: the offer is taken up",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = OFFERED(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: late, and nobody else has it",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = LAPSED(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: a repeated REQUEST",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: the released address again",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = RELEASED(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: nothing is known after a restart, the address is free and in the pool",
	  .forgets = true, .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: an address that was offered to somebody else, who did not take it",
	  .forgets = true, .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .wanted = LAPSED(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.2 SELECTING: another free address than the one offered",
	  .forgets = true, .type = DHCP_REQUEST, .server = SERVER, .requested = OTHER, .held = OFFERED(MINE),
	  BINDS(ACK, OTHER) },
	{ "4.3.2 SELECTING: somebody else has the address",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .wanted = BOUND(MINE),
	  REFUSES(ADDRESS_TAKEN, MINE) },
	{ "4.3.2 SELECTING: the address is offered to somebody else",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .wanted = OFFERED(MINE),
	  REFUSES(ADDRESS_TAKEN, MINE) },
	{ "4.3.2 SELECTING: the machine has another address",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = OTHER, .held = BOUND(MINE),
	  REFUSES(OTHER_ADDRESS, OTHER) },
	{ "4.3.2 SELECTING: an address of another network",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = ELSEWHERE,
	  REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "4.3.2 SELECTING: an address that is not this server's to give",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = OUTSIDE,
	  REFUSES(UNKNOWN_LEASE, OUTSIDE) },
	{ "4.3.3: a declined address, asked for by whoever it is, is not given",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .wanted = DECLINED(MINE),
	  REFUSES(ADDRESS_TAKEN, MINE) },
	{ "4.3.2: a reserved address is not given",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .is_reserved = true,
	  REFUSES(ADDRESS_TAKEN, MINE) },

	{ "4.3.2: the client has declined this server's offer",
	  .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = OUTSIDE,
	  .held = OFFERED(MINE), IGNORES(OTHER_SERVER) },
	{ "4.3.2: another server's address of another network is no reason for a NAK",
	  .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = ELSEWHERE,
	  IGNORES(OTHER_SERVER) },
	{ "issue: names another server, the address is free and in the pool: it is bound",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE, BINDS(RECORD, MINE) },
	{ "issue: the same with an offer of this server pending",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = OTHER,
	  .held = OFFERED(MINE), BINDS(RECORD, OTHER) },
	{ "issue: the same where this server had offered the same address",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE,
	  .held = OFFERED(MINE), BINDS(RECORD, MINE) },
	{ "issue: names another server, the address is somebody else's: never a NAK",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE,
	  .wanted = BOUND(MINE), IGNORES(OTHER_SERVER) },
	{ "issue: names another server, the address is declined: never a NAK",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE,
	  .wanted = DECLINED(MINE), IGNORES(OTHER_SERVER) },
	{ "issue: names another server and no address",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, IGNORES(OTHER_SERVER) },

	{ "4.3.2 INIT-REBOOT: the address is right",
	  .type = DHCP_REQUEST, .requested = MINE, .held = BOUND(MINE), BINDS(ACK, MINE) },
	{ "4.3.2 INIT-REBOOT: the lease has expired, the address is still the machine's",
	  .type = DHCP_REQUEST, .requested = MINE, .held = EXPIRED(MINE), BINDS(ACK, MINE) },
	{ "4.3.2 INIT-REBOOT: the address is incorrect",
	  .type = DHCP_REQUEST, .requested = OTHER, .held = BOUND(MINE),
	  REFUSES(OTHER_ADDRESS, OTHER) },
	{ "4.3.2 INIT-REBOOT: on the wrong network",
	  .type = DHCP_REQUEST, .requested = ELSEWHERE, REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "4.3.2 INIT-REBOOT: on the wrong network, and it has an address here",
	  .type = DHCP_REQUEST, .requested = ELSEWHERE, .held = BOUND(MINE),
	  REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "4.3.2 INIT-REBOOT: no record of this client, remain silent",
	  .type = DHCP_REQUEST, .requested = OUTSIDE, IGNORES(UNKNOWN_LEASE) },
	{ "issue: unknown after a restart, free and in the pool: it is bound",
	  .forgets = true, .type = DHCP_REQUEST, .requested = MINE, BINDS(ACK, MINE) },
	{ "issue: the same at the pool's first address",
	  .forgets = true, .type = DHCP_REQUEST, .requested = FIRST, BINDS(ACK, FIRST) },
	{ "issue: the same at the pool's last address",
	  .forgets = true, .type = DHCP_REQUEST, .requested = LAST, BINDS(ACK, LAST) },
	{ "issue: not before the pool's first",
	  .forgets = true, .type = DHCP_REQUEST, .requested = FIRST - 1, IGNORES(UNKNOWN_LEASE) },
	{ "issue: not after the pool's last",
	  .forgets = true, .type = DHCP_REQUEST, .requested = LAST + 1, IGNORES(UNKNOWN_LEASE) },
	{ "4.3.1: an address of another of this server's networks is not given on this one",
	  .forgets = true, .type = DHCP_REQUEST, .requested = ELSEWHERE, .is_of_other_pool = true,
	  REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "4.3.1: nor to whoever has chosen it",
	  .forgets = true, .type = DHCP_REQUEST, .server = SERVER, .requested = ELSEWHERE,
	  .is_of_other_pool = true, REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "4.3.1: nor is it recorded for another server's client",
	  .forgets = true, .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = ELSEWHERE,
	  .is_of_other_pool = true, IGNORES(OTHER_SERVER) },
	{ "4.3.2 RENEWING: nor is a lease of it renewed here",
	  .forgets = true, .type = DHCP_REQUEST, .ciaddr = ELSEWHERE, .is_of_other_pool = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "4.3.2 INIT-REBOOT: somebody else has it by now",
	  .type = DHCP_REQUEST, .requested = MINE, .wanted = BOUND(MINE),
	  REFUSES(ADDRESS_TAKEN, MINE) },
	{ "4.3.2 INIT-REBOOT: the server's own address",
	  .type = DHCP_REQUEST, .requested = MINE, .is_reserved = true,
	  REFUSES(ADDRESS_TAKEN, MINE) },

	{ "4.3.2 RENEWING and REBINDING: the lease is extended",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = BOUND(MINE), BINDS(ACK, MINE) },
	{ "4.3.2 RENEWING: after a RELEASE",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = RELEASED(MINE), BINDS(ACK, MINE) },
	{ "issue: a renewal unknown after a restart, free and in the pool: it is bound",
	  .forgets = true, .type = DHCP_REQUEST, .ciaddr = MINE, BINDS(ACK, MINE) },
	{ "4.3.2 REBINDING: another server's address on this network",
	  .type = DHCP_REQUEST, .ciaddr = OUTSIDE, IGNORES(UNKNOWN_LEASE) },
	{ "4.3.2 RENEWING: unicast from another network",
	  .type = DHCP_REQUEST, .ciaddr = ELSEWHERE, IGNORES(UNKNOWN_LEASE) },
	{ "4.3.2 REBINDING: somebody else has it by now",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .wanted = BOUND(MINE),
	  REFUSES(ADDRESS_TAKEN, MINE) },
	{ "4.3.2 REBINDING: the machine has another address",
	  .type = DHCP_REQUEST, .ciaddr = OTHER, .held = BOUND(MINE),
	  REFUSES(OTHER_ADDRESS, OTHER) },
	{ "4.3.2: a REQUEST without any address",
	  .type = DHCP_REQUEST, IGNORES(UNKNOWN_LEASE) },
	{ "4.3.2 SELECTING: without an address it chooses nothing, and is refused",
	  .type = DHCP_REQUEST, .server = SERVER, .held = OFFERED(MINE), .verdict = NAK,
	  .reason = DHCP_REASON_WRONG_NETWORK },
	{ "4.3.6 table 4: a renewal that names its server, as some machines send it",
	  .type = DHCP_REQUEST, .server = SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.6 table 4: the same of another server's",
	  .type = DHCP_REQUEST, .server = OTHER_SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  IGNORES(OTHER_SERVER) },
	{ "4.3.6 table 4: both option 50 and ciaddr: the option counts",
	  .type = DHCP_REQUEST, .requested = MINE, .ciaddr = MINE, .held = BOUND(MINE),
	  BINDS(ACK, MINE) },
	{ "4.3.6 table 4: the same where they differ",
	  .type = DHCP_REQUEST, .requested = OTHER, .ciaddr = MINE, .held = BOUND(MINE),
	  REFUSES(OTHER_ADDRESS, OTHER) },
	{ "4.3.6 table 4: both option 54 and ciaddr, as no state has it: what is held is acknowledged",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .ciaddr = MINE,
	  .held = BOUND(MINE), BINDS(ACK, MINE) },
	{ "4.4.5: a renewal in the lease's last second",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = { MINE, LEASE_BOUND, NOW_S + 1 },
	  BINDS(ACK, MINE) },
	{ "4.4.5: each renewal begins the time anew, whichever way it came",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = { MINE, LEASE_BOUND, NOW_S + LEASE_TIME_S },
	  BINDS(ACK, MINE) },

	{ "4.3.3 DECLINE: the address is in use by somebody else",
	  .type = DHCP_DECLINE, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  .verdict = DECLINE, .address = MINE, .state = LEASE_DECLINED,
	  .expires_s = NOW_S + PROBATION_S, .must_commit = true },
	{ "4.3.3 DECLINE: of an address that was only offered",
	  .type = DHCP_DECLINE, .server = SERVER, .requested = MINE, .held = OFFERED(MINE),
	  .verdict = DECLINE, .address = MINE, .state = LEASE_DECLINED,
	  .expires_s = NOW_S + PROBATION_S, .must_commit = true },
	{ "4.3.3 DECLINE: without option 54",
	  .type = DHCP_DECLINE, .requested = MINE, .held = BOUND(MINE),
	  .verdict = DECLINE, .address = MINE, .state = LEASE_DECLINED,
	  .expires_s = NOW_S + PROBATION_S, .must_commit = true },
	{ "4.3.3 DECLINE: of another server's address",
	  .type = DHCP_DECLINE, .server = OTHER_SERVER, .requested = MINE, .held = BOUND(MINE),
	  IGNORES(OTHER_SERVER) },
	{ "4.3.3 DECLINE: of an address that is somebody else's",
	  .type = DHCP_DECLINE, .server = SERVER, .requested = OTHER, .held = BOUND(MINE),
	  .wanted = BOUND(OTHER), IGNORES(NOT_THE_HOLDER) },
	{ "4.3.3 DECLINE: of a free address",
	  .type = DHCP_DECLINE, .server = SERVER, .requested = OTHER, IGNORES(NOT_THE_HOLDER) },
	{ "4.3.3 DECLINE: of no address",
	  .type = DHCP_DECLINE, .server = SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  IGNORES(NOT_THE_HOLDER) },

	{ "4.3.4 RELEASE: the address waits for its machine",
	  .type = DHCP_RELEASE, .server = SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  .verdict = RELEASE, .address = MINE, .state = LEASE_RELEASED, .expires_s = NOW_S,
	  .must_commit = true },
	{ "4.3.4 RELEASE: without option 54",
	  .type = DHCP_RELEASE, .ciaddr = MINE, .held = BOUND(MINE),
	  .verdict = RELEASE, .address = MINE, .state = LEASE_RELEASED, .expires_s = NOW_S,
	  .must_commit = true },
	{ "4.3.4 RELEASE: to another server",
	  .type = DHCP_RELEASE, .server = OTHER_SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  IGNORES(OTHER_SERVER) },
	{ "4.3.4 RELEASE: of an address that is somebody else's",
	  .type = DHCP_RELEASE, .server = SERVER, .ciaddr = OTHER, .held = BOUND(MINE),
	  .wanted = BOUND(OTHER), IGNORES(NOT_THE_HOLDER) },
	{ "4.4.6 RELEASE: option 50 is none of its fields (table 5: MUST NOT)",
	  .type = DHCP_RELEASE, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  IGNORES(NOT_THE_HOLDER) },
	{ "4.3.4 RELEASE: twice",
	  .type = DHCP_RELEASE, .server = SERVER, .ciaddr = MINE, .held = RELEASED(MINE),
	  IGNORES(NOT_THE_HOLDER) },
	{ "4.3.4 RELEASE: of an address that was only offered",
	  .type = DHCP_RELEASE, .server = SERVER, .ciaddr = MINE, .held = OFFERED(MINE),
	  IGNORES(NOT_THE_HOLDER) },
	{ "4.3.4 RELEASE: of nothing",
	  .type = DHCP_RELEASE, .server = SERVER, IGNORES(NOT_THE_HOLDER) },

	{ "4.3.5 INFORM: parameters for an address of the network, whoever gave it",
	  .type = DHCP_INFORM, .ciaddr = OUTSIDE, .verdict = INFORM, .address = OUTSIDE },
	{ "4.3.5 INFORM: the server SHOULD NOT check for an existing lease",
	  .type = DHCP_INFORM, .ciaddr = MINE, .held = BOUND(OTHER), .wanted = BOUND(MINE),
	  .verdict = INFORM, .address = MINE },
	{ "4.3.5 INFORM: a machine of static_dhcp",
	  .type = DHCP_INFORM, .assigned = ASSIGNED, .ciaddr = OUTSIDE,
	  .verdict = INFORM, .address = OUTSIDE },
	{ "4.3.5 INFORM: without an address there is nobody to answer",
	  .type = DHCP_INFORM, IGNORES(WRONG_NETWORK) },
	{ "4.3.5 INFORM: of another network",
	  .type = DHCP_INFORM, .ciaddr = ELSEWHERE, IGNORES(WRONG_NETWORK) },
	{ "4.3.5 INFORM: while the store fails",
	  .type = DHCP_INFORM, .ciaddr = MINE, .fails = true, .verdict = INFORM, .address = MINE },

	{ "4.3.2 SELECTING: of a durable store, an address that was never offered to it",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE,
	  REFUSES(NO_SUCH_LEASE, MINE) },
	{ "4.3.2 SELECTING: the same with another address offered",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = OTHER, .held = OFFERED(MINE),
	  REFUSES(NO_SUCH_LEASE, OTHER) },
	{ "4.3.2 SELECTING: naming this server, it is refused by a modest one, too",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .is_modest = true,
	  REFUSES(NO_SUCH_LEASE, MINE) },
	{ "4.3.2: the machine chose another server: a durable store is not written to for it",
	  .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE,
	  IGNORES(OTHER_SERVER) },
	{ "4.3.2: the same with this server's offer of the same address",
	  .type = DHCP_REQUEST, .server = OTHER_SERVER, .requested = MINE, .held = OFFERED(MINE),
	  IGNORES(OTHER_SERVER) },
	{ "4.3.2 INIT-REBOOT: of a durable store, an address of the pool that nobody has",
	  .type = DHCP_REQUEST, .requested = MINE, REFUSES(NO_SUCH_LEASE, MINE) },
	{ "4.3.2 INIT-REBOOT: an address that was offered to it but never taken up",
	  .type = DHCP_REQUEST, .requested = MINE, .held = OFFERED(MINE), BINDS(ACK, MINE) },
	{ "4.3.2 INIT-REBOOT: after its probation an address is nobody's still",
	  .type = DHCP_REQUEST, .requested = MINE, .wanted = PASSED(MINE),
	  REFUSES(NO_SUCH_LEASE, MINE) },
	{ "4.3.2 RENEWING: of a durable store, an address of the pool that nobody has",
	  .type = DHCP_REQUEST, .ciaddr = MINE, REFUSES(NO_SUCH_LEASE, MINE) },
	{ "4.3.2 RENEWING: after its lease has expired, and nobody else took the address",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = EXPIRED(MINE), BINDS(ACK, MINE) },

	{ "authoritative = no, INIT-REBOOT: on the wrong network",
	  .type = DHCP_REQUEST, .requested = ELSEWHERE, .is_modest = true, IGNORES(UNKNOWN_LEASE) },
	{ "authoritative = no, INIT-REBOOT: unknown, of the pool",
	  .type = DHCP_REQUEST, .requested = MINE, .is_modest = true, IGNORES(UNKNOWN_LEASE) },
	{ "authoritative = no, INIT-REBOOT: somebody else has it",
	  .type = DHCP_REQUEST, .requested = MINE, .wanted = BOUND(MINE), .is_modest = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "authoritative = no, REBINDING: the machine has another address",
	  .type = DHCP_REQUEST, .ciaddr = OTHER, .held = BOUND(MINE), .is_modest = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "authoritative = no, RENEWING: what is known is extended",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = BOUND(MINE), .is_modest = true,
	  BINDS(ACK, MINE) },

	{ "damaged store: an unknown lease is never refused: INIT-REBOOT",
	  .type = DHCP_REQUEST, .requested = MINE, .lost = true, IGNORES(UNKNOWN_LEASE) },
	{ "damaged store: nor where an older record says that somebody else has it",
	  .type = DHCP_REQUEST, .requested = MINE, .wanted = BOUND(MINE), .lost = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "damaged store: nor where the machine's own record says another address",
	  .type = DHCP_REQUEST, .ciaddr = OTHER, .held = BOUND(MINE), .lost = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "damaged store: nor on another network",
	  .type = DHCP_REQUEST, .requested = ELSEWHERE, .lost = true, IGNORES(UNKNOWN_LEASE) },
	{ "damaged store: a lease that was saved goes on",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = BOUND(MINE), .lost = true,
	  BINDS(ACK, MINE) },
	{ "damaged store: an offer that is not this server's word is refused",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .lost = true,
	  REFUSES(NO_SUCH_LEASE, MINE) },

	{ "damaged store: a renewal is never refused, though it names its server",
	  .type = DHCP_REQUEST, .server = SERVER, .ciaddr = MINE, .lost = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "damaged store, static_dhcp: what it had before may be its own still",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .requested = MINE, .lost = true,
	  IGNORES(UNKNOWN_LEASE) },

	{ "failing store, RENEWING: what is kept goes on, for the time that is left",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = BOUND(MINE), .fails = true,
	  .verdict = ACK, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100,
	  .lease_time_s = 100 },
	{ "failing store, INIT-REBOOT: the same",
	  .type = DHCP_REQUEST, .requested = MINE, .held = BOUND(MINE), .fails = true,
	  .verdict = ACK, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100,
	  .lease_time_s = 100 },
	{ "failing store, SELECTING: the same",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  .fails = true, .verdict = ACK, .address = MINE, .state = LEASE_BOUND,
	  .expires_s = NOW_S + 100, .lease_time_s = 100 },
	{ "failing store, RENEWING: what is still being written may be lost",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = BOUND(MINE), .is_pending = true,
	  .fails = true, IGNORES(STORE_FAILS) },
	{ "failing store, SELECTING: the same",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  .is_pending = true, .fails = true, IGNORES(STORE_FAILS) },
	{ "a request that is repeated while its lease is written waits for it, too",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = BOUND(MINE),
	  .is_pending = true, BINDS(ACK, MINE) },
	{ "failing store, RENEWING: an expired lease cannot be given again",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = EXPIRED(MINE), .fails = true,
	  IGNORES(STORE_FAILS) },
	{ "failing store, RENEWING: nor a released one",
	  .type = DHCP_REQUEST, .ciaddr = MINE, .held = RELEASED(MINE), .fails = true,
	  IGNORES(STORE_FAILS) },
	{ "failing store, SELECTING: no new ACK",
	  .type = DHCP_REQUEST, .server = SERVER, .requested = MINE, .held = OFFERED(MINE),
	  .fails = true, IGNORES(STORE_FAILS) },
	{ "failing store, DISCOVER: nothing is offered that could not be acknowledged",
	  .type = DHCP_DISCOVER, .free = FIRST, .fails = true, IGNORES(STORE_FAILS) },
	{ "failing store, DISCOVER: what is kept is offered",
	  .type = DHCP_DISCOVER, .held = BOUND(MINE), .fails = true,
	  .verdict = OFFER, .address = MINE, .state = LEASE_BOUND, .expires_s = NOW_S + 100 },
	{ "failing store, DISCOVER: an expired lease is not",
	  .type = DHCP_DISCOVER, .held = EXPIRED(MINE), .fails = true, IGNORES(STORE_FAILS) },
	{ "failing store: what is wrong is still refused",
	  .type = DHCP_REQUEST, .requested = ELSEWHERE, .fails = true,
	  REFUSES(WRONG_NETWORK, ELSEWHERE) },
	{ "failing store: static_dhcp needs none",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .requested = ASSIGNED, .fails = true,
	  GIVES(ACK) },
	{ "failing store: what is given back is known at least",
	  .type = DHCP_RELEASE, .server = SERVER, .ciaddr = MINE, .held = BOUND(MINE),
	  .fails = true, .verdict = RELEASE, .address = MINE, .state = LEASE_RELEASED,
	  .expires_s = NOW_S, .must_commit = true },
	{ "a server's OFFER", .type = DHCP_OFFER, .free = FIRST, IGNORES(UNSUPPORTED_MESSAGE) },
	{ "a server's ACK", .type = DHCP_ACK, .free = FIRST, IGNORES(UNSUPPORTED_MESSAGE) },
	{ "a server's NAK", .type = DHCP_NAK, .held = BOUND(MINE), IGNORES(UNSUPPORTED_MESSAGE) },
	{ "RFC 3203 FORCERENEW", .type = 9, .held = BOUND(MINE), IGNORES(UNSUPPORTED_MESSAGE) },
	{ "the highest type", .type = 255, .held = BOUND(MINE), IGNORES(UNSUPPORTED_MESSAGE) },

	{ "issue: other clients are served only with allow_simple_dhcp: DISCOVER",
	  .type = DHCP_DISCOVER, .is_simple = true, .free = FIRST, IGNORES(SIMPLE_CLIENT) },
	{ "issue: the same for a REQUEST",
	  .type = DHCP_REQUEST, .is_simple = true, .requested = MINE, IGNORES(SIMPLE_CLIENT) },
	{ "issue: a simple client is not even told that its network is wrong",
	  .type = DHCP_REQUEST, .is_simple = true, .requested = ELSEWHERE, IGNORES(SIMPLE_CLIENT) },
	{ "issue: nor is its choice of another server recorded",
	  .type = DHCP_REQUEST, .is_simple = true, .server = OTHER_SERVER, .requested = MINE,
	  IGNORES(SIMPLE_CLIENT) },

	{ "access: denied, DISCOVER",
	  .type = DHCP_DISCOVER, .access = ACCESS_DENIED, .free = FIRST, IGNORES(DENIED) },
	{ "access: denied, with the address that it holds",
	  .type = DHCP_DISCOVER, .access = ACCESS_DENIED, .held = BOUND(MINE), IGNORES(DENIED) },
	{ "access: denied, no renewal",
	  .type = DHCP_REQUEST, .access = ACCESS_DENIED, .ciaddr = MINE, .held = BOUND(MINE),
	  IGNORES(DENIED) },
	{ "access: whoever is denied learns nothing: no NAK",
	  .type = DHCP_REQUEST, .access = ACCESS_DENIED, .requested = ELSEWHERE, IGNORES(DENIED) },
	{ "access: denied, its choice of another server is not recorded",
	  .type = DHCP_REQUEST, .access = ACCESS_DENIED, .server = OTHER_SERVER, .requested = MINE,
	  IGNORES(DENIED) },
	{ "access: denied, it takes no address away by a DECLINE",
	  .type = DHCP_DECLINE, .access = ACCESS_DENIED, .requested = MINE, .held = BOUND(MINE),
	  IGNORES(DENIED) },
	{ "access: denied, INFORM",
	  .type = DHCP_INFORM, .access = ACCESS_DENIED, .ciaddr = MINE, IGNORES(DENIED) },
	{ "access: denied, what was given is given back",
	  .type = DHCP_RELEASE, .access = ACCESS_DENIED, .ciaddr = MINE, .held = BOUND(MINE),
	  .verdict = RELEASE, .address = MINE, .state = LEASE_RELEASED, .expires_s = NOW_S,
	  .must_commit = true },
	{ "access: denied, what was not given is not",
	  .type = DHCP_RELEASE, .access = ACCESS_DENIED, .ciaddr = MINE, IGNORES(NOT_THE_HOLDER) },
	{ "access: listed nowhere, DISCOVER",
	  .type = DHCP_DISCOVER, .access = ACCESS_UNLISTED, .free = FIRST, IGNORES(UNLISTED) },
	{ "access: listed nowhere, no renewal",
	  .type = DHCP_REQUEST, .access = ACCESS_UNLISTED, .ciaddr = MINE, .held = BOUND(MINE),
	  IGNORES(UNLISTED) },
	{ "access: listed nowhere, what was given is given back",
	  .type = DHCP_RELEASE, .access = ACCESS_UNLISTED, .ciaddr = MINE, .held = BOUND(MINE),
	  .verdict = RELEASE, .address = MINE, .state = LEASE_RELEASED, .expires_s = NOW_S,
	  .must_commit = true },
	{ "access: denied before simple",
	  .type = DHCP_DISCOVER, .access = ACCESS_DENIED, .is_simple = true, .free = FIRST,
	  IGNORES(DENIED) },
	{ "access: listed nowhere before simple",
	  .type = DHCP_DISCOVER, .access = ACCESS_UNLISTED, .is_simple = true, .free = FIRST,
	  IGNORES(UNLISTED) },
	{ "access: denied before its address of static_dhcp",
	  .type = DHCP_DISCOVER, .access = ACCESS_DENIED, .assigned = ASSIGNED, IGNORES(DENIED) },
	{ "access: a simple client is refused before its address of static_dhcp",
	  .type = DHCP_DISCOVER, .is_simple = true, .assigned = ASSIGNED, IGNORES(SIMPLE_CLIENT) },

	{ "static_dhcp: DISCOVER",
	  .type = DHCP_DISCOVER, .assigned = ASSIGNED, .free = FIRST, GIVES(OFFER) },
	{ "static_dhcp: DISCOVER, it asks for another address",
	  .type = DHCP_DISCOVER, .assigned = ASSIGNED, .requested = OTHER, .free = OTHER,
	  GIVES(OFFER) },
	{ "static_dhcp: DISCOVER, whatever it held from the pool before",
	  .type = DHCP_DISCOVER, .assigned = ASSIGNED, .held = BOUND(MINE), .free = OTHER,
	  GIVES(OFFER) },
	{ "static_dhcp: DISCOVER, no address is left in the pool",
	  .type = DHCP_DISCOVER, .assigned = ASSIGNED, GIVES(OFFER) },
	{ "static_dhcp: DISCOVER, its address is reserved in the pool",
	  .type = DHCP_DISCOVER, .assigned = ASSIGNED, .requested = ASSIGNED,
	  .is_reserved = true, GIVES(OFFER) },
	{ "static_dhcp: SELECTING, the offer is taken up",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = SERVER, .requested = ASSIGNED,
	  GIVES(ACK) },
	{ "static_dhcp: SELECTING, another address",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = SERVER, .requested = OTHER,
	  .free = OTHER, REFUSES(OTHER_ADDRESS, OTHER) },
	{ "static_dhcp: SELECTING, what it held from the pool before",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = SERVER, .requested = MINE,
	  .held = BOUND(MINE), REFUSES(OTHER_ADDRESS, MINE) },
	{ "static_dhcp: the machine has chosen another server",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = OTHER_SERVER,
	  .requested = ASSIGNED, IGNORES(OTHER_SERVER) },
	{ "static_dhcp: the same with another server's address: never a NAK",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = OTHER_SERVER, .requested = OTHER,
	  IGNORES(OTHER_SERVER) },
	{ "static_dhcp: INIT-REBOOT, the address is right",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .requested = ASSIGNED, GIVES(ACK) },
	{ "static_dhcp: INIT-REBOOT, the address is incorrect",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .requested = MINE,
	  REFUSES(OTHER_ADDRESS, MINE) },
	{ "static_dhcp, not authoritative: it may be another server's",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .requested = OTHER, .is_modest = true,
	  IGNORES(UNKNOWN_LEASE) },
	{ "static_dhcp, not authoritative: what names this server is refused",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .server = SERVER, .requested = OTHER,
	  .is_modest = true, REFUSES(OTHER_ADDRESS, OTHER) },
	{ "static_dhcp: RENEWING",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .ciaddr = ASSIGNED, GIVES(ACK) },
	{ "static_dhcp: RENEWING what it held from the pool before",
	  .type = DHCP_REQUEST, .assigned = ASSIGNED, .ciaddr = MINE, .held = BOUND(MINE),
	  REFUSES(OTHER_ADDRESS, MINE) },
	{ "static_dhcp: RELEASE, there is nothing to keep",
	  .type = DHCP_RELEASE, .assigned = ASSIGNED, .server = SERVER, .ciaddr = ASSIGNED,
	  GIVES(RELEASE) },
	{ "static_dhcp: RELEASE though denied",
	  .type = DHCP_RELEASE, .assigned = ASSIGNED, .access = ACCESS_DENIED, .ciaddr = ASSIGNED,
	  GIVES(RELEASE) },
	{ "static_dhcp: RELEASE of an address that is not its own",
	  .type = DHCP_RELEASE, .assigned = ASSIGNED, .server = SERVER, .ciaddr = OTHER,
	  IGNORES(NOT_THE_HOLDER) },
	{ "static_dhcp: RELEASE to another server",
	  .type = DHCP_RELEASE, .assigned = ASSIGNED, .server = OTHER_SERVER, .ciaddr = ASSIGNED,
	  IGNORES(OTHER_SERVER) },
	{ "static_dhcp: DECLINE, somebody else uses its address",
	  .type = DHCP_DECLINE, .assigned = ASSIGNED, .server = SERVER, .requested = ASSIGNED,
	  IGNORES(ASSIGNED_IS_USED) },
	{ "static_dhcp: DECLINE of another server's address",
	  .type = DHCP_DECLINE, .assigned = ASSIGNED, .server = OTHER_SERVER,
	  .requested = ASSIGNED, IGNORES(OTHER_SERVER) },
	{ "static_dhcp: INFORM", .type = DHCP_INFORM, .assigned = ASSIGNED, .ciaddr = ASSIGNED,
	  .verdict = INFORM, .address = ASSIGNED },
	/* clang-format on */
};

static struct lease lease_of(const struct known *known, const char *mac)
{
	return (struct lease){ .address = { NETWORK + known->host },
			       .mac = mac_of(mac),
			       .owner = lease_identity_of_mac(mac_of(mac)),
			       .state = known->state,
			       .expires_s = known->expires_s };
}

static struct ip4 address_of(uint32_t host)
{
	return (struct ip4){ host == 0 ? 0 : NETWORK + host };
}

static struct dhcp_request request_of(const struct row *row)
{
	return (struct dhcp_request){ .type = row->type,
				      .mac = mac_of(MACHINE),
				      .owner = lease_identity_of_mac(mac_of(MACHINE)),
				      .ciaddr = address_of(row->ciaddr),
				      .requested = address_of(row->requested),
				      .names_server = row->server != 0,
				      .server = address_of(row->server) };
}

/* As a store says it of the address that is asked for. */
static bool is_wanted_free(const struct row *row, uint32_t asked)
{
	const struct known *known = row->wanted.host != 0 ? &row->wanted : &row->held;

	if (row->is_of_other_pool)
		return true;
	if (row->is_reserved || asked < FIRST || asked > LAST)
		return false;
	if (known->host == 0 || known->host != asked)
		return true;
	if (row->forgets && known->state != LEASE_OFFERED)
		return false;
	return known->expires_s <= NOW_S;
}

static struct dhcp_decision decide(const struct row *row)
{
	struct dhcp_request request = request_of(row);
	struct lease held = lease_of(&row->held, MACHINE);
	struct subnet_config its_subnet = subnet;
	uint32_t asked = row->requested != 0 ? row->requested : row->ciaddr;
	struct dhcp_facts facts = {
		.may_be_served = !row->is_simple,
		.access = row->access,
		.assigned = address_of(row->assigned),
		.server = { NETWORK + SERVER },
		.held = row->held.host == 0 ? NULL : &held,
		.held_is_pending = row->is_pending,
		.wanted_is_free = is_wanted_free(row, asked),
		.has_free_address = row->free != 0,
		.free_address = address_of(row->free),
		.store_forgets = row->forgets,
		.store_fails = row->fails,
		.store_lost = row->lost,
		.now_s = NOW_S,
	};

	its_subnet.is_authoritative = !row->is_modest;
	return dhcp_decide(&request, &facts, &its_subnet);
}

static uint32_t time_told(const struct row *row)
{
	if (row->verdict != OFFER && row->verdict != ACK)
		return 0;
	return row->lease_time_s != 0 ? row->lease_time_s : LEASE_TIME_S;
}

static bool is_as_said(const struct row *row, const struct dhcp_decision *decision)
{
	return decision->lease_time_s == time_told(row) && decision->verdict == row->verdict &&
	       decision->reason == row->reason &&
	       ip4_is_same(decision->lease.address, address_of(row->address)) &&
	       decision->lease.state == row->state && decision->lease.expires_s == row->expires_s &&
	       decision->must_commit == row->must_commit;
}

static void decides_as_the_rfc_says(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dhcp_decision decision = decide(&rows[i]);

		if (is_as_said(&rows[i], &decision))
			continue;
		wrong++;
		print_error("%s: verdict %d, reason %d (%s), %s, state %d, until %llu%s\n",
			    rows[i].what, decision.verdict, decision.reason,
			    dhcp_reason_text(decision.reason),
			    ip4_format(decision.lease.address).text, decision.lease.state,
			    (unsigned long long)decision.lease.expires_s,
			    decision.must_commit ? ", to be kept" : "");
	}
	assert_int_equal(wrong, 0);
}

static bool is_binding(const struct dhcp_decision *decision)
{
	return decision->must_commit &&
	       (decision->lease.state == LEASE_BOUND || decision->lease.state == LEASE_OFFERED);
}

/* Whoever may not be served is not, for the first reason there is, but may give back. */
static void check_refusal(const struct row *row, const struct dhcp_decision *decision)
{
	enum dhcp_reason refusal = DHCP_REASON_NONE;

	if (row->is_simple)
		refusal = DHCP_REASON_SIMPLE_CLIENT;
	if (row->access == ACCESS_UNLISTED)
		refusal = DHCP_REASON_UNLISTED;
	if (row->access == ACCESS_DENIED)
		refusal = DHCP_REASON_DENIED;
	if (refusal == DHCP_REASON_NONE)
		return;
	if (row->type == DHCP_RELEASE) {
		assert_true(decision->verdict == RELEASE || decision->reason != refusal);
		return;
	}
	assert_int_equal(decision->verdict, IGNORE);
	assert_int_equal(decision->reason, refusal);
}

/* What holds for every decision, whatever the facts. */
static void check_decision(const struct row *row, const struct dhcp_decision *decision)
{
	bool is_taken = row->wanted.host != 0 && row->wanted.expires_s > NOW_S;
	uint32_t host = decision->lease.address.value - NETWORK;

	assert_int_equal(decision->verdict == IGNORE || decision->verdict == NAK,
			 decision->reason != DHCP_REASON_NONE);
	if (decision->verdict == ACK || decision->verdict == RECORD)
		assert_true(decision->lease.state == LEASE_BOUND &&
			    (decision->must_commit || row->assigned != 0 || row->fails));
	if (decision->verdict == ACK)
		assert_true(decision->lease_time_s > 0 &&
			    decision->lease.expires_s >= NOW_S + decision->lease_time_s);
	/* Where nothing can be kept, only what is kept already is promised. */
	if (row->fails && (decision->verdict == ACK || decision->verdict == OFFER) &&
	    row->assigned == 0)
		assert_true(!decision->must_commit && decision->lease.state == LEASE_BOUND &&
			    (decision->verdict == OFFER || !row->is_pending));
	if (decision->verdict == IGNORE || decision->verdict == NAK)
		assert_false(decision->must_commit);
	if (decision->verdict == NAK)
		assert_int_equal(row->type, DHCP_REQUEST);
	if (decision->verdict == NAK)
		assert_false(row->server != 0 && row->server != SERVER);
	/* Another server, or a lost record, may know better of what it claims to have. */
	if (decision->verdict == NAK && (row->is_modest || row->lost))
		assert_true(row->server == SERVER && row->ciaddr == 0);
	if (is_binding(decision)) {
		assert_true(mac_is_same(decision->lease.mac, mac_of(MACHINE)));
		assert_true(decision->lease.expires_s > NOW_S);
		assert_true(host == row->held.host || (host >= FIRST && host <= LAST));
		assert_false(is_taken && host == row->wanted.host);
	}
	if (decision->must_commit && decision->lease.state == LEASE_DECLINED)
		assert_true(mac_to_number(decision->lease.mac) == 0);
	check_refusal(row, decision);
	/* The configuration is the lease: it is the one address, and the store hears nothing. */
	if (row->assigned != 0) {
		assert_false(decision->must_commit || decision->verdict == RECORD);
		if (decision->verdict != IGNORE && decision->verdict != NAK &&
		    decision->verdict != INFORM)
			assert_int_equal(host, ASSIGNED);
	}
}

/* Takes the last digit, to this base, off the number. */
static size_t take_digit(size_t *number, size_t base)
{
	size_t digit = *number % base;

	*number /= base;
	return digit;
}

/* One row for each number; false: all have been. */
static bool combine(size_t number, struct row *out_row)
{
	static const uint32_t hosts[] = { 0, OUTSIDE, ASSIGNED, MINE, OTHER, ELSEWHERE };
	static const uint32_t servers[] = { 0, SERVER, OTHER_SERVER };
	static const struct known held[] = { { 0 },          BOUND(MINE),   EXPIRED(MINE),
					     RELEASED(MINE), OFFERED(MINE), LAPSED(MINE) };
	static const struct known wanted[] = { { 0 },         BOUND(OTHER),    OFFERED(OTHER),
					       LAPSED(OTHER), RELEASED(OTHER), DECLINED(OTHER),
					       PASSED(OTHER) };
	static const enum access accesses[] = { ACCESS_GRANTED, ACCESS_DENIED, ACCESS_UNLISTED };
	static const struct row stores[] = {
		{ 0 },
		{ .forgets = true },
		{ .fails = true },
		{ .fails = true, .is_pending = true },
		{ .lost = true },
		{ .is_modest = true },
	};
	static const uint32_t assigned[] = { 0, ASSIGNED };
	const struct known *occupant = &wanted[take_digit(&number, COUNT_OF(wanted))];
	bool is_free = occupant->host == 0 || occupant->expires_s <= NOW_S;
	uint32_t asked;

	*out_row = (struct row){ .type = 1 + (unsigned)take_digit(&number, 10),
				 .ciaddr = hosts[take_digit(&number, COUNT_OF(hosts))],
				 .requested = hosts[take_digit(&number, COUNT_OF(hosts))],
				 .server = servers[take_digit(&number, COUNT_OF(servers))],
				 .held = held[take_digit(&number, COUNT_OF(held))],
				 .is_simple = take_digit(&number, 2) == 1,
				 .access = accesses[take_digit(&number, COUNT_OF(accesses))],
				 .assigned = assigned[take_digit(&number, COUNT_OF(assigned))],
				 .free = is_free ? OTHER : FIRST };
	out_row->forgets = stores[number % COUNT_OF(stores)].forgets;
	out_row->fails = stores[number % COUNT_OF(stores)].fails;
	out_row->is_pending = stores[number % COUNT_OF(stores)].is_pending;
	out_row->lost = stores[number % COUNT_OF(stores)].lost;
	out_row->is_modest = stores[number % COUNT_OF(stores)].is_modest;
	(void)take_digit(&number, COUNT_OF(stores));
	/* The store knows of the address that is asked for. */
	asked = out_row->requested != 0 ? out_row->requested : out_row->ciaddr;
	if (asked == occupant->host)
		out_row->wanted = *occupant;
	return number == 0;
}

static void nothing_is_granted_twice_whatever_the_facts(void **state)
{
	struct row row;

	(void)state;
	for (size_t number = 0; combine(number, &row); number++) {
		struct dhcp_decision decision = decide(&row);

		check_decision(&row, &decision);
	}
}

static void a_lease_for_ever_does_not_wrap(void **state)
{
	struct subnet_config for_ever = subnet;
	struct dhcp_request request = { .type = DHCP_REQUEST,
					.mac = mac_of(MACHINE),
					.requested = { NETWORK + MINE } };
	struct dhcp_facts facts = {
		.may_be_served = true, .store_forgets = true, .wanted_is_free = true, .now_s = NOW_S
	};
	struct dhcp_decision decision;

	(void)state;
	for_ever.lease_time_s = UINT32_MAX;
	decision = dhcp_decide(&request, &facts, &for_ever);
	assert_int_equal(decision.verdict, ACK);
	assert_true(decision.lease.expires_s == (uint64_t)NOW_S + UINT32_MAX);
}

static void every_reason_has_a_text_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(dhcp_reason_text(DHCP_REASON_NONE), "");
	for (unsigned one = DHCP_REASON_NONE + 1; one < DHCP_REASON_COUNT; one++) {
		assert_non_null(dhcp_reason_text(one));
		assert_true(strlen(dhcp_reason_text(one)) > 0);
		for (unsigned other = 0; other < one; other++)
			assert_string_not_equal(dhcp_reason_text(one), dhcp_reason_text(other));
	}
}

static void access_is_refused_in_this_order(void **state)
{
	static const struct {
		enum access access;
		bool may_be_served;
		enum dhcp_reason reason;
	} checks[] = {
		{ ACCESS_GRANTED, true, DHCP_REASON_NONE },
		{ ACCESS_GRANTED, false, DHCP_REASON_SIMPLE_CLIENT },
		{ ACCESS_DENIED, true, DHCP_REASON_DENIED },
		{ ACCESS_DENIED, false, DHCP_REASON_DENIED },
		{ ACCESS_UNLISTED, true, DHCP_REASON_UNLISTED },
		{ ACCESS_UNLISTED, false, DHCP_REASON_UNLISTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct dhcp_facts facts = { .access = checks[i].access,
					    .may_be_served = checks[i].may_be_served };

		assert_int_equal(dhcp_check_access(&facts), checks[i].reason);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_rfc_says),
		cmocka_unit_test(nothing_is_granted_twice_whatever_the_facts),
		cmocka_unit_test(access_is_refused_in_this_order),
		cmocka_unit_test(a_lease_for_ever_does_not_wrap),
		cmocka_unit_test(every_reason_has_a_text_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
