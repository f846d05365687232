/* Clients over days of virtual time, against the engine, the queue and the file of the leases: with
 * loss and duplicates, a clock that is set, a process that is killed and a machine that goes down
 * at every point around a commit. No address may be acknowledged to two clients, no acknowledged
 * lease may be lost, and when the faults stop everybody is served.
 *
 * The same run with a bug planted in the part that this file plays, that of the service and of the
 * machine, must fail: that shows that it looks. SIM_CLIENTS, SIM_STEPS and SEED are the
 * environment's. */
#include "dhcp/dhcp_engine.h"
#include "lease/lease_file.h"
#include "lease/lease_index.h"
#include "lease/lease_queue.h"
#include "sim/lossy_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST        0x0a000001
#define SERVER       0x0affff01
#define LEASE_TIME_S 3600
#define PROBATION_S  600
#define TRIES        3

enum bug {
	BUG_NONE,
	BUG_ACK_BEFORE_COMMIT, /* the answer leaves when the lease is known, not when it is kept */
	BUG_FINISH_BEFORE_WRITE, /* ... or when the batch is taken */
	BUG_ERRORS_IGNORED,      /* a write that failed counts as done */
	BUG_SYNCS_LIE,           /* as synchronous = OFF */
	BUG_FILE_IGNORED,        /* a restart begins with nothing */
	BUG_HALF_THE_TIME,       /* less is kept than is promised */
	BUG_BOOT_UNKNOWN,        /* the wall clock is believed in the same boot */
	BUG_TAKEN_IS_FREE,       /* any address is offered */
	BUG_OWNERS_COLLIDE,      /* machines are known by one octet */
	BUG_RELEASE_BY_ANYBODY,  /* whoever says so gives an address back */
	BUG_COUNT,
};

static const char *const bug_names[BUG_COUNT] = {
	"none",          "ack before commit", "finish before write", "errors ignored",
	"syncs lie",     "file ignored",      "half the time",       "boot unknown",
	"taken is free", "owners collide",    "release by anybody",
};

/* What the world knows of a client, whatever the server does. */
struct sim_client {
	uint32_t machine; /* another number: another machine in its place */
	uint32_t address; /* acknowledged to it; 0: none */
	uint64_t until;   /* true time */
	uint32_t offered;
};

struct promise {
	uint32_t client; /* 1 and more; 0: nobody has the address */
	uint32_t machine;
	uint64_t until; /* true time: 0, it was given back */
};

/* An ACK that waits for its lease. */
struct answer {
	uint32_t client;
	uint32_t machine;
	uint32_t address;
	uint64_t until;
	bool is_ack;
	struct answer *next;
};

static struct {
	enum bug bug;
	uint64_t now;       /* true time */
	uint64_t booted_at; /* true time */
	unsigned boot;
	int64_t wall_offset;
	bool has_faults;
	uint32_t client_count;
	uint32_t pool_count;
	struct sim_client *clients;
	struct promise *promises; /* by address */
	uint32_t next_machine;
	struct lease_index *index;
	struct lease_queue *queue;
	struct lease_file *file;
	struct subnet_config subnet;
	struct address_range pool;
	struct answer *answers; /* all of this run of the server */
	char failure[200];      /* the first */
	unsigned acks, restarts, crashes;
} sim;

static unsigned seed;

static unsigned draw(unsigned count)
{
	return (unsigned)rand_r(&seed) % count;
}

static bool may_go_wrong(unsigned one_in)
{
	return sim.has_faults && draw(one_in) == 0;
}

__attribute__((format(printf, 1, 2))) static void fail_run(const char *format, ...)
{
	va_list arguments;

	if (sim.failure[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(sim.failure, sizeof(sim.failure), format, arguments);
	va_end(arguments);
}

/* Clocks. */

static uint64_t monotonic(void)
{
	return sim.now - sim.booted_at;
}

static struct lease_times sim_clock(void *context)
{
	(void)context;
	return (struct lease_times){ .wall_s = (int64_t)sim.now + sim.wall_offset,
				     .boot_s = monotonic(),
				     .now_s = monotonic() };
}

static struct lease_identity owner_of(uint32_t machine)
{
	uint8_t bytes[4] = { 0 };

	if (sim.bug == BUG_OWNERS_COLLIDE)
		machine &= 0x0f;
	memcpy(bytes, &machine, sizeof(bytes));
	return lease_identity_of(LEASE_BY_CLIENT_ID, bytes, sizeof(bytes));
}

/* The server's life. */

static void load_lease(void *context, const struct lease *lease)
{
	if (sim.bug != BUG_FILE_IGNORED)
		(void)lease_index_put(context, lease);
}

static void open_server(void)
{
	struct lease_file_settings settings = { .path = "leases",
						.vfs = LOSSY_VFS,
						.clock = sim_clock,
						.longest_lease_s = LEASE_TIME_S };
	struct address_range range = { { FIRST }, { FIRST + sim.pool_count - 1 } };
	struct lease_pool pool = { &range, 1 };
	struct lease_file_report report;
	int error;

	/* As if it were another boot each time. */
	(void)snprintf(settings.boot_id, sizeof(settings.boot_id), "boot %u",
		       sim.bug == BUG_BOOT_UNKNOWN ? sim.restarts : sim.boot);
	sim.index = lease_index_new(&pool, 1, true);
	assert_non_null(sim.index);
	sim.queue = lease_queue_new(sim.index);
	assert_non_null(sim.queue);
	error = lease_file_open(&settings, load_lease, sim.index, &sim.file, &report);
	if (error < 0 || report.was_damaged)
		fail_run("the file does not open: %d, damaged %d", error, report.was_damaged);
}

/* The answers that waited are never sent. */
static void forget_answers(void)
{
	struct answer *next;

	for (struct answer *answer = sim.answers; answer != NULL; answer = next) {
		next = answer->next;
		free(answer);
	}
	sim.answers = NULL;
}

static void close_server(void)
{
	forget_answers();
	lease_queue_free(sim.queue);
	lease_index_free(sim.index);
	lease_file_close(sim.file);
	sim.file = NULL;
}

static void check_nothing_is_lost(void)
{
	for (uint32_t i = 0; i < sim.pool_count; i++) {
		const struct promise *promise = &sim.promises[i];
		struct lease_identity owner = owner_of(promise->machine);
		const struct lease *lease;

		if (promise->client == 0 || promise->until <= sim.now)
			continue;
		lease = lease_index_find_machine(sim.index, 0, &owner);
		if (lease == NULL || lease->address.value != FIRST + i ||
		    lease->state != LEASE_BOUND ||
		    lease->expires_s < promise->until - sim.booted_at) {
			fail_run("lease %u of machine %u is lost or cut at %llu: state %d, %lld s "
				 "short",
				 i, promise->machine, (unsigned long long)sim.now,
				 lease == NULL ? -1 : (int)lease->state,
				 lease == NULL ? 0
					       : (long long)(promise->until - sim.booted_at -
							     lease->expires_s));
			return;
		}
	}
}

/* The process dies, and with it perhaps the machine. */
static void restart(bool with_machine)
{
	lossy_vfs_fail_after(1); /* the dead write no more */
	close_server();
	lossy_vfs_fail_after(0);
	sim.restarts++;
	if (with_machine) {
		lossy_vfs_crash();
		sim.crashes++;
		sim.boot++;
		sim.now += draw(60);
		sim.booted_at = sim.now;
		/* A clock without a battery starts with the past. */
		if (draw(4) == 0)
			sim.wall_offset -= draw(100000);
	} else if (draw(4) == 0) {
		sim.wall_offset += (int64_t)draw(20000) - 10000;
	}
	open_server();
	if (sim.file != NULL)
		check_nothing_is_lost();
}

/* The world's view of an ACK. */

/* until: RFC 2131 section 4.4.1 counts from the request, not from the ACK. */
static void on_ack(uint32_t client, uint32_t machine, uint32_t address, uint64_t until)
{
	struct promise *promise = &sim.promises[address - FIRST];
	const struct sim_client *old = &sim.clients[client];

	sim.acks++;
	if (promise->client != 0 && promise->machine != machine && promise->until > sim.now)
		fail_run("%u was acknowledged to machine %u and is to %u", address - FIRST,
			 promise->machine, machine);
	if (old->machine == machine && old->address != 0 && old->address != address &&
	    old->until > sim.now)
		fail_run("machine %u has %u and gets %u", machine, old->address - FIRST,
			 address - FIRST);
	*promise = (struct promise){ client + 1, machine, until };
	if (may_go_wrong(10) || old->machine != machine)
		return; /* lost on its way; the promise holds */
	sim.clients[client].address = address;
	sim.clients[client].until = until;
}

static void on_kept(void *context, int error)
{
	struct answer *answer = context;

	if (error == 0 && answer->is_ack)
		on_ack(answer->client, answer->machine, answer->address, answer->until);
}

static void on_kept_already(void *context, int error)
{
	(void)context;
	(void)error;
}

static void apply(uint32_t client, uint32_t machine, const struct dhcp_decision *decision)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct lease lease = decision->lease;

	assert_non_null(answer);
	*answer = (struct answer){ client,
				   machine,
				   lease.address.value,
				   sim.now + decision->lease_time_s,
				   decision->verdict == DHCP_VERDICT_ACK,
				   sim.answers };
	sim.answers = answer;
	if (sim.bug == BUG_HALF_THE_TIME && answer->is_ack)
		lease.expires_s -= LEASE_TIME_S / 2;
	if (sim.bug == BUG_ACK_BEFORE_COMMIT && decision->must_commit) {
		lease_queue_commit(sim.queue, &lease, on_kept_already, NULL);
		on_kept(answer, 0);
	} else if (decision->must_commit) {
		lease_queue_commit(sim.queue, &lease, on_kept, answer);
	} else {
		on_kept(answer, 0);
	}
}

static struct dhcp_facts gather(const struct dhcp_request *request)
{
	struct ip4 wanted = ip4_is_set(request->requested) ? request->requested : request->ciaddr;
	struct dhcp_facts facts = { .may_be_served = true,
				    .server = { SERVER },
				    .held = lease_index_find_machine(sim.index, 0, &request->owner),
				    .now_s = monotonic() };

	facts.wanted_is_free = lease_index_is_free(sim.index, wanted, facts.now_s);
	if (facts.held == NULL && request->type == DHCP_DISCOVER)
		facts.has_free_address = lease_index_find_free(sim.index, 0, wanted, facts.now_s,
							       &facts.free_address);
	if (facts.has_free_address && sim.bug == BUG_TAKEN_IS_FREE && draw(4) == 0)
		facts.free_address.value = FIRST + draw(sim.pool_count);
	return facts;
}

static enum dhcp_verdict serve(uint32_t client, struct dhcp_request request)
{
	struct sim_client *asks = &sim.clients[client];
	struct dhcp_decision decision;
	struct dhcp_facts facts;

	request.owner = owner_of(asks->machine);
	facts = gather(&request);
	decision = dhcp_decide(&request, &facts, &sim.subnet);
	if (decision.verdict == DHCP_VERDICT_IGNORE || decision.verdict == DHCP_VERDICT_NAK)
		return decision.verdict;
	apply(client, asks->machine, &decision);
	if (decision.verdict == DHCP_VERDICT_OFFER)
		asks->offered = decision.lease.address.value;
	return decision.verdict;
}

/* Around the commit. */

static void write_batch(void)
{
	const struct lease_record *records;
	size_t count;
	int error;

	if (may_go_wrong(40))
		restart(draw(2) == 0); /* before the batch is taken */
	records = lease_queue_take(sim.queue, &count);
	if (records == NULL)
		return;
	if (sim.bug == BUG_FINISH_BEFORE_WRITE) {
		/* The records stay as they are until the next batch is taken. */
		lease_queue_finish(sim.queue, 0);
		if (may_go_wrong(10)) {
			restart(true);
			return;
		}
		(void)lease_file_write(sim.file, records, count);
		return;
	}
	if (may_go_wrong(20))
		lossy_vfs_fail_after(1 + draw(12)); /* amid it */
	error = lease_file_write(sim.file, records, count);
	if (lossy_vfs_has_failed() && draw(2) == 0) {
		restart(draw(2) == 0);
		return;
	}
	lossy_vfs_fail_after(0);
	if (may_go_wrong(40)) {
		restart(draw(2) == 0); /* durable, and nobody was told */
		return;
	}
	lease_queue_finish(sim.queue, sim.bug == BUG_ERRORS_IGNORED ? 0 : error);
}

/* Clients. */

static struct ip4 address_at(uint32_t value)
{
	return (struct ip4){ value };
}

static void send_discover(uint32_t client)
{
	if (!may_go_wrong(10))
		(void)serve(client, (struct dhcp_request){ .type = DHCP_DISCOVER });
}

static void send_request(uint32_t client)
{
	struct dhcp_request request = { .type = DHCP_REQUEST,
					.requested = address_at(sim.clients[client].offered),
					.names_server = true,
					.server = address_at(SERVER) };

	if (sim.clients[client].offered == 0 || may_go_wrong(10))
		return;
	if (serve(client, request) == DHCP_VERDICT_NAK)
		sim.clients[client].offered = 0;
	if (may_go_wrong(10))
		(void)serve(client, request); /* a duplicate */
}

static void renew(uint32_t client, bool is_reboot)
{
	struct dhcp_request request = { .type = DHCP_REQUEST };

	if (is_reboot)
		request.requested = address_at(sim.clients[client].address);
	else
		request.ciaddr = address_at(sim.clients[client].address);
	if (may_go_wrong(10))
		return;
	if (serve(client, request) == DHCP_VERDICT_NAK && sim.clients[client].until > sim.now)
		fail_run("machine %u is refused the address that it has",
			 sim.clients[client].machine);
}

static void forget_promise(uint32_t address, uint32_t machine)
{
	struct promise *promise = &sim.promises[address - FIRST];

	if (promise->machine == machine)
		promise->client = 0;
}

static void release(uint32_t client, enum dhcp_message_type type)
{
	struct sim_client *gives = &sim.clients[client];
	struct dhcp_request request = { .type = type,
					.names_server = true,
					.server = address_at(SERVER) };

	if (type == DHCP_RELEASE)
		request.ciaddr = address_at(gives->address);
	else
		request.requested = address_at(gives->address);
	/* Whatever becomes of the message, the client uses the address no more. */
	forget_promise(gives->address, gives->machine);
	gives->address = 0;
	if (!may_go_wrong(10))
		(void)serve(client, request);
}

/* RELEASE of an address that is another client's. */
static void release_anothers(uint32_t client)
{
	uint32_t address = FIRST + draw(sim.pool_count);
	struct lease lease = { .address = { address },
			       .state = LEASE_RELEASED,
			       .expires_s = monotonic() };

	if (sim.bug == BUG_RELEASE_BY_ANYBODY)
		lease_queue_commit(sim.queue, &lease, on_kept_already, NULL);
	else if (sim.clients[client].address != address)
		(void)serve(client,
			    (struct dhcp_request){ .type = DHCP_RELEASE, .ciaddr = { address } });
}

static void act(uint32_t client)
{
	struct sim_client *acts = &sim.clients[client];
	unsigned what = draw(100);

	if (acts->address != 0 && acts->until <= sim.now)
		acts->address = 0;
	if (may_go_wrong(50)) {
		/* Another machine in its place, which knows nothing. */
		*acts = (struct sim_client){ .machine = sim.next_machine++ };
	} else if (acts->address == 0) {
		send_discover(client);
		if (draw(4) != 0)
			send_request(client);
	} else if (sim.has_faults && what < 10) {
		release(client, what < 8 ? DHCP_RELEASE : DHCP_DECLINE);
	} else if (sim.has_faults && what < 15) {
		release_anothers(client);
	} else if (what < 20) {
		send_discover(client); /* its firmware again */
	} else {
		renew(client, what < 40);
	}
}

static void run_steps(unsigned steps)
{
	for (unsigned step = 0; step < steps && sim.failure[0] == '\0'; step++) {
		act(draw(sim.client_count));
		if (draw(4) == 0)
			write_batch();
		if (draw(3) == 0)
			sim.now += draw(2 * LEASE_TIME_S / sim.client_count + 2);
		if (may_go_wrong(300))
			sim.wall_offset += (int64_t)draw(200000) - 100000;
		/* A clock that is set forward is only told from time that passed while the machine
		 * was down if that was written: the store looks every second. */
		if (sim.file != NULL && lease_file_has_stepped(sim.file))
			(void)lease_file_write(sim.file, NULL, 0);
	}
}

/* When the faults have stopped and what was given to machines that are gone has ended. */
static void serve_everybody(void)
{
	write_batch();
	sim.now += LEASE_TIME_S + PROBATION_S;
	for (uint32_t client = 0; client < sim.client_count; client++) {
		struct sim_client *asks = &sim.clients[client];

		*asks = (struct sim_client){ .machine = asks->machine };
		for (unsigned i = 0; i < TRIES && asks->address == 0; i++) {
			send_discover(client);
			send_request(client);
			write_batch();
		}
		if (asks->address == 0)
			fail_run("client %u is not served in %u tries", client, TRIES);
	}
}

static unsigned number_of(const char *name, unsigned usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : (unsigned)strtoul(text, NULL, 10);
}

static void set_up(enum bug bug, uint32_t client_count)
{
	memset(&sim, 0, sizeof(sim));
	sim.bug = bug;
	sim.now = 1000000;
	sim.booted_at = sim.now - 5000;
	sim.wall_offset = 1700000000;
	sim.has_faults = true;
	sim.client_count = client_count;
	sim.pool_count = client_count + client_count / 4 + 1;
	sim.clients = calloc(sim.client_count, sizeof(*sim.clients));
	sim.promises = calloc(sim.pool_count, sizeof(*sim.promises));
	sim.next_machine = 1;
	sim.pool = (struct address_range){ { FIRST }, { FIRST + sim.pool_count - 1 } };
	sim.subnet = (struct subnet_config){ .network = { FIRST & 0xff000000 },
					     .prefix_length = 8,
					     .ranges = { &sim.pool, 1 },
					     .lease_time_s = LEASE_TIME_S,
					     .probation_s = PROBATION_S,
					     .is_authoritative = true };
	for (uint32_t i = 0; i < client_count; i++)
		sim.clients[i].machine = sim.next_machine++;
	lossy_vfs_reset();
	lossy_vfs_lie(bug == BUG_SYNCS_LIE);
	open_server();
}

/* The first failure, or "". */
static const char *simulate(enum bug bug, uint32_t client_count, unsigned steps)
{
	set_up(bug, client_count);
	run_steps(steps);
	sim.has_faults = false;
	if (sim.failure[0] == '\0')
		serve_everybody();
	print_message("%s: %u ACKs, %u restarts, %u of the machine: %s\n", bug_names[bug], sim.acks,
		      sim.restarts, sim.crashes, sim.failure[0] == '\0' ? "right" : sim.failure);
	close_server();
	free(sim.clients);
	free(sim.promises);
	return sim.failure;
}

static void nothing_goes_wrong(void **state)
{
	(void)state;
	assert_string_equal(
		simulate(BUG_NONE, number_of("SIM_CLIENTS", 100), number_of("SIM_STEPS", 20000)),
		"");
}

static void every_planted_bug_is_found(void **state)
{
	unsigned first = seed;

	(void)state;
	for (enum bug bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
		const char *failure = "";

		/* A few runs for the bug that shows only at a rare point. */
		for (unsigned run = 0; run < 10 && failure[0] == '\0'; run++) {
			seed = first + run;
			failure = simulate(bug, 60, 20000);
		}
		assert_string_not_equal(failure, "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_wrong),
		cmocka_unit_test(every_planted_bug_is_found),
	};

	seed = number_of("SEED", (unsigned)time(NULL));
	print_message("SEED=%u\n", seed);
	lossy_vfs_init(draw);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
