/* Clients over days of virtual time, against the engine, the queue and the file of the leases: with
 * loss and duplicates, a clock that is set, a process that is killed and a machine that goes down
 * at every point around a commit. They are in two networks, one of them behind a relay, and move
 * between the two; the configuration takes addresses away and gives them back. No address may be
 * acknowledged to two clients or out of its network, no acknowledged lease may be lost, and when
 * the faults stop everybody is served.
 *
 * The same run with a bug planted in the part that this file plays, that of the service and of the
 * machine, must fail: that shows that it looks. SIM_CLIENTS, SIM_STEPS and SEED are the
 * environment's. */
#include "dhcp/dhcp_engine.h"
#include "lease/lease_file.h"
#include "lease/lease_pools.h"
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

#define NETWORKS     2 /* this machine's own, and one behind a relay */
#define NETWORK      0x0a000000
#define NETWORK_BITS 20
#define SERVER       0x0a0fff01
#define RELAY        0x0a1fff01
#define RUN          16 /* every so many addresses there is one that is not given */
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
	BUG_OTHER_POOL,          /* a free address is looked for in the other network's pool */
	BUG_LEASE_OF_OTHER_POOL, /* what a machine has in the other network counts in this one */
	BUG_PENDING_IS_KEPT,     /* what is not durable yet is promised while the disk fails */
	BUG_COUNT,
};

static const char *const bug_names[BUG_COUNT] = {
	"none",
	"ack before commit",
	"finish before write",
	"errors ignored",
	"syncs lie",
	"file ignored",
	"half the time",
	"boot unknown",
	"taken is free",
	"owners collide",
	"release by anybody",
	"other pool",
	"lease of other pool",
	"pending is kept",
};

struct holding {
	uint32_t address; /* acknowledged; 0: none */
	uint64_t until;   /* true time */
	uint32_t offered;
};

/* What the world knows of a client, whatever the server does. */
struct sim_client {
	uint32_t machine;  /* another number: another machine in its place */
	unsigned network;  /* where it is */
	unsigned releases; /* that were sent from here */
	struct holding at[NETWORKS];
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
	unsigned network; /* where it goes to */
	uint32_t address;
	uint64_t until;
	unsigned releases; /* the client's, when it asked */
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
	uint32_t pool_count; /* addresses of each network, with those that are not given */
	uint32_t annex;      /* from this one on the second network's may be taken away */
	bool has_annex;
	struct sim_client *clients;
	struct promise *promises; /* by address */
	uint32_t next_machine;
	struct lease_pools pools;
	struct lease_queue *queue;
	struct lease_file *file;
	const struct lease_record *taken; /* the batch that is being written; NULL: none is */
	size_t taken_count;
	bool fails; /* the last batch was not kept */
	struct subnet_config subnets[NETWORKS];
	struct answer *answers; /* all of this run of the server */
	char failure[200];      /* the first */
	unsigned acks, restarts, crashes, moves, reloads;
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

/* Addresses, by network and number. */

static uint32_t address_of(unsigned network, uint32_t number)
{
	return NETWORK + (network << NETWORK_BITS) + 1 + number;
}

static unsigned network_of(uint32_t address)
{
	return (address - NETWORK) >> NETWORK_BITS;
}

static uint32_t number_of_address(uint32_t address)
{
	return (address & ((1U << NETWORK_BITS) - 1)) - 1;
}

/* It may be given in this network. */
static bool is_of_pool(unsigned network, uint32_t address)
{
	uint32_t number = number_of_address(address);

	return network_of(address) == network && number < sim.pool_count &&
	       number % RUN != RUN - 1 && (network == 0 || sim.has_annex || number < sim.annex);
}

/* It may be taken away: then its machine has to take another one, and cannot return to it. */
static bool is_of_annex(uint32_t address)
{
	return network_of(address) == 1 && number_of_address(address) >= sim.annex;
}

static uint32_t draw_address(void)
{
	unsigned network = draw(NETWORKS);

	return address_of(network, draw(sim.pool_count));
}

static struct promise *promise_of(uint32_t address)
{
	return &sim.promises[network_of(address) * sim.pool_count + number_of_address(address)];
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
		lease_pools_load(context, lease);
}

static void set_pools(void)
{
	struct lease_pool pools[NETWORKS];

	for (unsigned i = 0; i < NETWORKS; i++)
		pools[i] = (struct lease_pool){ sim.subnets[i].ranges.list,
						sim.subnets[i].ranges.count };
	if (!sim.has_annex)
		pools[1].range_count = sim.annex / RUN;
	assert_int_equal(lease_pools_set(&sim.pools, pools, NETWORKS, NULL, 0), 0);
}

static void open_server(void)
{
	struct lease_file_settings settings = { .path = "leases",
						.vfs = LOSSY_VFS,
						.clock = sim_clock,
						.longest_lease_s = LEASE_TIME_S };
	struct lease_file_report report;
	int error;

	/* As if it were another boot each time. */
	(void)snprintf(settings.boot_id, sizeof(settings.boot_id), "boot %u",
		       sim.bug == BUG_BOOT_UNKNOWN ? sim.restarts : sim.boot);
	assert_true(lease_pools_init(&sim.pools, true));
	error = lease_file_open(&settings, load_lease, &sim.pools, &sim.file, &report);
	if (error < 0 || report.was_damaged)
		fail_run("the file does not open: %d, damaged %d", error, report.was_damaged);
	set_pools();
	sim.taken = NULL;
	sim.fails = false;
	sim.queue = lease_queue_new(sim.pools.index);
	assert_non_null(sim.queue);
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
	lease_pools_done(&sim.pools);
	lease_file_close(sim.file);
	sim.file = NULL;
}

/* The machine has the lease, or it was taken from it by the configuration and is nobody's. */
static bool is_kept(const struct promise *promise, uint32_t address, const struct lease *lease)
{
	if (lease != NULL && lease->address.value == address && lease->state == LEASE_BOUND &&
	    lease->expires_s >= promise->until - sim.booted_at)
		return true;
	return is_of_annex(address) &&
	       (!sim.has_annex ||
		!lease_index_is_free(sim.pools.index, (struct ip4){ address }, monotonic()));
}

static void check_nothing_is_lost(void)
{
	for (uint32_t i = 0; i < NETWORKS * sim.pool_count; i++) {
		const struct promise *promise = &sim.promises[i];
		uint32_t address = address_of(i / sim.pool_count, i % sim.pool_count);
		struct lease_identity owner = owner_of(promise->machine);
		const struct lease *lease;

		if (promise->client == 0 || promise->until <= sim.now)
			continue;
		lease = lease_index_find_machine(sim.pools.index, network_of(address), &owner);
		if (is_kept(promise, address, lease))
			continue;
		fail_run("lease %x of machine %u is lost or cut at %llu: state %d, %lld s short",
			 address, promise->machine, (unsigned long long)sim.now,
			 lease == NULL ? -1 : (int)lease->state,
			 lease == NULL
				 ? 0
				 : (long long)(promise->until - sim.booted_at - lease->expires_s));
		return;
	}
}

/* The second network's last addresses are taken away, or given back. What is not written yet waits
 * meanwhile. */
static void reload(void)
{
	sim.now++; /* so that it is clear which lease is the newest */
	sim.has_annex = !sim.has_annex;
	sim.reloads++;
	set_pools();
	lease_queue_set_index(sim.queue, sim.pools.index);
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
static void on_ack(const struct answer *ack)
{
	struct promise *promise = promise_of(ack->address);
	struct sim_client *client = &sim.clients[ack->client];
	const struct holding *old = &client->at[ack->network];

	sim.acks++;
	if (promise->client != 0 && promise->machine != ack->machine && promise->until > sim.now)
		fail_run("%x was acknowledged to machine %u and is to %u", ack->address,
			 promise->machine, ack->machine);
	if (client->machine == ack->machine && old->address != 0 && old->address != ack->address &&
	    old->until > sim.now && !is_of_annex(old->address))
		fail_run("machine %u has %x and gets %x", ack->machine, old->address, ack->address);
	/* It has given back meanwhile what it asked for, and waits for no answer. */
	if (client->releases != ack->releases)
		return;
	*promise = (struct promise){ ack->client + 1, ack->machine, ack->until };
	/* Lost on its way, or it finds its machine no more; the promise holds. */
	if (may_go_wrong(10) || client->machine != ack->machine || client->network != ack->network)
		return;
	client->at[ack->network].address = ack->address;
	client->at[ack->network].until = ack->until;
}

static void on_kept(void *context, int error)
{
	const struct answer *answer = context;

	if (error == 0 && answer->is_ack)
		on_ack(answer);
}

static void on_kept_already(void *context, int error)
{
	(void)context;
	(void)error;
}

/* A message on its way to the server. */
struct message {
	uint32_t client;
	uint32_t machine;
	unsigned network; /* where it was sent */
	struct ip4 giaddr;
	struct dhcp_request request;
};

static void apply(const struct message *message, unsigned network,
		  const struct dhcp_decision *decision)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct lease lease = decision->lease;

	assert_non_null(answer);
	*answer = (struct answer){ message->client,
				   message->machine,
				   network,
				   lease.address.value,
				   sim.now + decision->lease_time_s,
				   sim.clients[message->client].releases,
				   decision->verdict == DHCP_VERDICT_ACK,
				   sim.answers };
	sim.answers = answer;
	if (sim.bug == BUG_HALF_THE_TIME && answer->is_ack)
		lease.expires_s -= LEASE_TIME_S / 2;
	if (sim.bug == BUG_ACK_BEFORE_COMMIT && decision->must_commit) {
		lease_queue_commit(sim.queue, &lease, on_kept_already, NULL);
		on_kept(answer, 0);
	} else if (decision->must_commit && sim.fails) {
		assert_int_not_equal(lease.state, LEASE_BOUND);
		assert_true(lease_index_put(sim.pools.index, &lease));
	} else if (decision->must_commit) {
		lease_queue_commit(sim.queue, &lease, on_kept, answer);
	} else {
		on_kept(answer, 0);
	}
}

/* The network that a message is of: its relay's, else that of the address that it comes from, else
 * the server's own. */
static unsigned network_of_message(const struct message *message)
{
	if (ip4_is_set(message->giaddr))
		return network_of(message->giaddr.value);
	if (ip4_is_set(message->request.ciaddr))
		return network_of(message->request.ciaddr.value);
	return 0;
}

static const struct lease *find_held(const struct dhcp_request *request, unsigned network)
{
	const struct lease *held =
		lease_index_find_machine(sim.pools.index, network, &request->owner);

	if (held == NULL && sim.bug == BUG_LEASE_OF_OTHER_POOL)
		held = lease_index_find_machine(sim.pools.index, 1 - network, &request->owner);
	return held;
}

static struct dhcp_facts gather(const struct dhcp_request *request, unsigned network)
{
	struct ip4 wanted = dhcp_wanted(request);
	struct dhcp_facts facts = { .may_be_served = true,
				    .server = { SERVER },
				    .held = find_held(request, network),
				    .store_fails = sim.fails,
				    .now_s = monotonic() };
	size_t pool = sim.bug == BUG_OTHER_POOL && draw(4) == 0 ? 1 - network : network;

	if (facts.held != NULL && sim.bug != BUG_PENDING_IS_KEPT)
		facts.held_is_pending =
			lease_index_is_pending(sim.pools.index, facts.held->address);
	facts.wanted_is_free = lease_index_is_free(sim.pools.index, wanted, facts.now_s);
	if (facts.held == NULL && request->type == DHCP_DISCOVER)
		facts.has_free_address = lease_index_find_free(sim.pools.index, pool, wanted,
							       facts.now_s, &facts.free_address);
	if (facts.has_free_address && sim.bug == BUG_TAKEN_IS_FREE && draw(4) == 0)
		facts.free_address.value =
			address_of(network, RUN * draw(sim.annex / RUN) + draw(RUN - 1));
	return facts;
}

/* What is offered and acknowledged where the message came from is an address of that network. */
static void check_network(const struct message *message, const struct dhcp_decision *decision)
{
	uint32_t address = decision->lease.address.value;

	if (!is_of_pool(message->network, address))
		fail_run("machine %u is given %x in network %u", message->machine, address,
			 message->network);
}

static enum dhcp_verdict serve(struct message *message)
{
	unsigned network = network_of_message(message);
	struct sim_client *asks = &sim.clients[message->client];
	struct dhcp_decision decision;
	struct dhcp_facts facts;

	message->request.owner = owner_of(message->machine);
	facts = gather(&message->request, network);
	decision = dhcp_decide(&message->request, &facts, &sim.subnets[network]);
	if (decision.verdict == DHCP_VERDICT_IGNORE || decision.verdict == DHCP_VERDICT_NAK)
		return decision.verdict;
	if (decision.verdict == DHCP_VERDICT_OFFER || decision.verdict == DHCP_VERDICT_ACK)
		check_network(message, &decision);
	apply(message, network, &decision);
	if (decision.verdict == DHCP_VERDICT_OFFER && asks->network == network)
		asks->at[network].offered = decision.lease.address.value;
	return decision.verdict;
}

/* Around the commit. */

/* What comes until the batch is written waits for the next one. False: nothing is taken. */
static bool take_batch(void)
{
	if (sim.taken == NULL)
		sim.taken = lease_queue_take(sim.queue, &sim.taken_count);
	/* As bootd tries each second whether the disk is back. */
	if (sim.taken == NULL && sim.fails)
		sim.fails = lease_file_write(sim.file, NULL, 0) < 0;
	return sim.taken != NULL;
}

static void write_batch(void)
{
	const struct lease_record *records;
	size_t count;
	int error;

	if (may_go_wrong(40))
		restart(draw(2) == 0); /* before the batch is taken */
	if (!take_batch() || draw(2) == 0)
		return;
	records = sim.taken;
	count = sim.taken_count;
	sim.taken = NULL;
	if (sim.bug == BUG_FINISH_BEFORE_WRITE) {
		/* The records stay as they are until the next batch is taken. */
		lease_queue_finish(sim.queue, 0);
		lease_queue_tell(sim.queue);
		if (may_go_wrong(10)) {
			restart(true);
			return;
		}
		(void)lease_file_write(sim.file, records, count);
		return;
	}
	if (may_go_wrong(sim.fails ? 2 : 20))
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
	if (sim.bug == BUG_ERRORS_IGNORED)
		error = 0;
	sim.fails = error < 0;
	lease_queue_finish(sim.queue, error);
	lease_queue_tell(sim.queue);
}

static void write_all(void)
{
	while (take_batch())
		write_batch();
}

/* Clients. */

static struct ip4 address_at(uint32_t value)
{
	return (struct ip4){ value };
}

static struct holding *here(uint32_t client)
{
	return &sim.clients[client].at[sim.clients[client].network];
}

/* A relay takes what is broadcast in the second network, and some networks have two. What is not
 * broadcast comes by itself. */
static enum dhcp_verdict send_message(uint32_t client, const struct dhcp_request *request,
				      bool is_broadcast)
{
	const struct sim_client *sends = &sim.clients[client];
	struct message message = { .client = client,
				   .machine = sends->machine,
				   .network = sends->network,
				   .request = *request };

	if (is_broadcast && message.network == 1)
		message.giaddr.value = RELAY;
	if (may_go_wrong(10))
		return DHCP_VERDICT_IGNORE; /* lost */
	if (may_go_wrong(10))
		(void)serve(&message); /* a duplicate */
	return serve(&message);
}

static void send_discover(uint32_t client)
{
	(void)send_message(client, &(struct dhcp_request){ .type = DHCP_DISCOVER }, true);
}

static void send_request(uint32_t client)
{
	struct dhcp_request request = { .type = DHCP_REQUEST,
					.requested = address_at(here(client)->offered),
					.names_server = true,
					.server = address_at(SERVER) };

	if (here(client)->offered != 0 && send_message(client, &request, true) == DHCP_VERDICT_NAK)
		here(client)->offered = 0;
}

/* The address that it has here; by broadcast if its machine was started again. */
static void renew(uint32_t client, bool is_reboot)
{
	struct dhcp_request request = { .type = DHCP_REQUEST };
	struct holding *held = here(client);

	if (is_reboot)
		request.requested = address_at(held->address);
	else
		request.ciaddr = address_at(held->address);
	if (send_message(client, &request, is_reboot) != DHCP_VERDICT_NAK)
		return;
	if (held->until > sim.now && !is_of_annex(held->address))
		fail_run("machine %u is refused the address that it has",
			 sim.clients[client].machine);
	held->address = 0;
}

/* To the other network, where it asks for what it had in the one that it comes from. */
static void move(uint32_t client)
{
	struct sim_client *moves = &sim.clients[client];
	uint32_t before = here(client)->address;

	moves->network = 1 - moves->network;
	sim.moves++;
	if (before != 0)
		(void)send_message(client,
				   &(struct dhcp_request){ .type = DHCP_REQUEST,
							   .requested = address_at(before) },
				   true);
}

static void forget_promise(uint32_t address, uint32_t machine)
{
	struct promise *promise = promise_of(address);

	if (promise->machine == machine)
		promise->client = 0;
}

static void release(uint32_t client, enum dhcp_message_type type)
{
	struct holding *gives = here(client);
	struct dhcp_request request = { .type = type,
					.names_server = true,
					.server = address_at(SERVER) };

	if (type == DHCP_RELEASE)
		request.ciaddr = address_at(gives->address);
	else
		request.requested = address_at(gives->address);
	/* Whatever becomes of the message, the client uses the address no more. */
	forget_promise(gives->address, sim.clients[client].machine);
	sim.clients[client].releases++;
	gives->address = 0;
	(void)send_message(client, &request, type == DHCP_DECLINE);
}

/* RELEASE of an address that is another client's. */
static void release_anothers(uint32_t client)
{
	uint32_t address = draw_address();
	struct lease lease = { .address = { address },
			       .state = LEASE_RELEASED,
			       .expires_s = monotonic() };

	if (sim.bug == BUG_RELEASE_BY_ANYBODY)
		lease_queue_commit(sim.queue, &lease, on_kept_already, NULL);
	else if (promise_of(address)->machine != sim.clients[client].machine)
		(void)send_message(
			client,
			&(struct dhcp_request){ .type = DHCP_RELEASE, .ciaddr = { address } },
			false);
}

static void act(uint32_t client)
{
	struct sim_client *acts = &sim.clients[client];
	unsigned what = draw(100);

	if (here(client)->address != 0 && here(client)->until <= sim.now)
		here(client)->address = 0;
	if (may_go_wrong(50)) {
		/* Another machine in its place, which knows nothing. */
		*acts = (struct sim_client){ .machine = sim.next_machine++,
					     .network = draw(NETWORKS),
					     .releases = acts->releases };
	} else if (may_go_wrong(20)) {
		move(client);
	} else if (here(client)->address == 0) {
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
		if (may_go_wrong(200))
			reload();
		if (may_go_wrong(300))
			sim.wall_offset += (int64_t)draw(200000) - 100000;
		/* A clock that is set forward is only told from time that passed while the machine
		 * was down if that was written: the store looks every second. */
		if (sim.file != NULL && lease_file_has_stepped(sim.file))
			(void)lease_file_write(sim.file, NULL, 0);
	}
}

/* When the faults have stopped and what was given to machines that are gone has ended: half of them
 * in each network. */
static void serve_everybody(void)
{
	write_all();
	sim.now += LEASE_TIME_S + PROBATION_S;
	for (uint32_t client = 0; client < sim.client_count; client++) {
		struct sim_client *asks = &sim.clients[client];

		*asks = (struct sim_client){ .machine = asks->machine,
					     .network = client % NETWORKS,
					     .releases = asks->releases };
		for (unsigned i = 0; i < TRIES && here(client)->address == 0; i++) {
			send_discover(client);
			send_request(client);
			write_all();
		}
		if (here(client)->address == 0)
			fail_run("client %u is not served in %u tries", client, TRIES);
	}
}

static unsigned number_of(const char *name, unsigned usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : (unsigned)strtoul(text, NULL, 10);
}

/* Runs of addresses with one between them that is excluded. */
static void set_up_network(unsigned network)
{
	uint32_t count = sim.pool_count / RUN;
	struct address_range *ranges = calloc(count, sizeof(*ranges));

	assert_non_null(ranges);
	for (uint32_t i = 0; i < count; i++)
		ranges[i] = (struct address_range){ { address_of(network, i * RUN) },
						    { address_of(network, (i + 1) * RUN - 2) } };
	sim.subnets[network] =
		(struct subnet_config){ .network = { NETWORK + (network << NETWORK_BITS) },
					.prefix_length = 32 - NETWORK_BITS,
					.ranges = { ranges, count },
					.lease_time_s = LEASE_TIME_S,
					.probation_s = PROBATION_S,
					.is_authoritative = true };
}

static void set_up(enum bug bug, uint32_t client_count)
{
	uint32_t run_count = (client_count * 3 / 4 + 2 * RUN) / RUN;

	memset(&sim, 0, sizeof(sim));
	sim.bug = bug;
	sim.now = 1000000;
	sim.booted_at = sim.now - 5000;
	sim.wall_offset = 1700000000;
	sim.has_faults = true;
	sim.client_count = client_count;
	/* Either network has room for half of the clients, even without its annex. */
	sim.pool_count = RUN * run_count;
	sim.annex = RUN * (run_count - 1 - run_count / 10);
	sim.has_annex = true;
	sim.clients = calloc(sim.client_count, sizeof(*sim.clients));
	sim.promises = calloc((size_t)NETWORKS * sim.pool_count, sizeof(*sim.promises));
	sim.next_machine = 1;
	for (unsigned i = 0; i < NETWORKS; i++)
		set_up_network(i);
	for (uint32_t i = 0; i < client_count; i++)
		sim.clients[i] = (struct sim_client){ .machine = sim.next_machine++,
						      .network = i % NETWORKS };
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
	print_message("%s: %u ACKs, %u restarts, %u of the machine, %u reloads, %u moves: %s\n",
		      bug_names[bug], sim.acks, sim.restarts, sim.crashes, sim.reloads, sim.moves,
		      sim.failure[0] == '\0' ? "right" : sim.failure);
	close_server();
	for (unsigned i = 0; i < NETWORKS; i++)
		free(sim.subnets[i].ranges.list);
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
