/* An address on the list is held back in the store as an offer to nobody. It is asked for twice; if
 * nobody says that it is its own, it is ready. Whoever says so later takes it off the list still.
 */
#include "dhcp/dhcp_probe.h"

#include "io/arp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS     250
#define PROBES      2   /* one each tick; one more tick for the answer */
#define READY_TICKS 480 /* two minutes; then it is asked for once more */
#define REFILL_MAX  64  /* addresses in a tick */
#define HELD_BACK_S 600

struct candidate {
	struct ip4 address;
	unsigned ticks; /* since it was put on the list */
};

struct dhcp_probe {
	struct loop *loop;
	struct arp *arp;
	struct timer *timer;
	struct dhcp_service_parts parts;
	bool is_on;
	size_t count;
	struct candidate list[PROBE_LIST_MAX]; /* the oldest first */
};

static uint64_t now_s(const struct dhcp_probe *probe)
{
	return loop_now_ms(probe->loop) / 1000;
}

static void ignore_result(void *context, int error)
{
	(void)context;
	(void)error; /* what is not held back is not on the list for long either */
}

static void keep(struct dhcp_probe *probe, struct ip4 address, enum lease_state state,
		 uint64_t expires_s)
{
	struct lease_store *leases = probe->parts.leases;
	struct lease lease = { .address = address, .state = state, .expires_s = expires_s };

	leases->operations->commit(leases, &lease, ignore_result, NULL);
}

static void remove_at(struct dhcp_probe *probe, size_t at)
{
	probe->count--;
	memmove(&probe->list[at], &probe->list[at + 1],
		(probe->count - at) * sizeof(probe->list[0]));
}

static bool is_free(const struct dhcp_probe *probe, struct ip4 address, uint64_t time_s)
{
	const struct lease_store *leases = probe->parts.leases;

	return leases->operations->is_free(leases, address, time_s);
}

/* Somebody uses an address that was to be given: it is put in probation. Machines that have theirs
 * from here say so all the time, and are not on the list. */
static void on_claim(void *context, struct ip4 address, struct mac mac)
{
	struct dhcp_probe *probe = context;
	size_t at = 0;

	while (at < probe->count && !ip4_is_same(probe->list[at].address, address))
		at++;
	if (at == probe->count)
		return;
	remove_at(probe, at);
	if (!is_free(probe, address, now_s(probe)))
		return;
	keep(probe, address, LEASE_DECLINED,
	     now_s(probe) + probe->parts.config->leases.probation_s);
	activity_note(probe->parts.activity, &(struct event){ .kind = EVENT_DHCP_CONFLICT,
							      .has_mac = true,
							      .mac = mac,
							      .address = ip_from_4(address) });
}

static void add(struct dhcp_probe *probe)
{
	const struct lease_operations *leases = probe->parts.leases->operations;
	struct ip4 address;

	if (!leases->find_free(probe->parts.leases, 0, (struct ip4){ 0 }, now_s(probe), &address))
		return;
	keep(probe, address, LEASE_OFFERED, now_s(probe) + HELD_BACK_S);
	probe->list[probe->count++] = (struct candidate){ .address = address };
}

static void refill(struct dhcp_probe *probe)
{
	for (size_t i = 0; i < REFILL_MAX && probe->count < PROBE_LIST_MAX; i++) {
		size_t before = probe->count;

		add(probe);
		if (probe->count == before)
			return;
	}
}

static void advance(struct dhcp_probe *probe)
{
	for (size_t i = 0; i < probe->count; i++) {
		struct candidate *candidate = &probe->list[i];

		if (candidate->ticks == READY_TICKS) {
			candidate->ticks = 0;
			keep(probe, candidate->address, LEASE_OFFERED, now_s(probe) + HELD_BACK_S);
		}
		if (candidate->ticks < PROBES)
			(void)arp_probe(probe->arp, candidate->address);
		candidate->ticks++;
	}
}

/* What somebody got by asking for it is no longer to be tried. */
static void drop_given(struct dhcp_probe *probe)
{
	for (size_t i = probe->count; i > 0; i--) {
		if (!is_free(probe, probe->list[i - 1].address, now_s(probe)))
			remove_at(probe, i - 1);
	}
}

static void on_tick(void *context)
{
	struct dhcp_probe *probe = context;

	drop_given(probe);
	refill(probe);
	advance(probe);
	timer_start(probe->timer, TICK_MS);
}

int dhcp_probe_new(struct loop *loop, struct dhcp_probe **out_probe)
{
	struct dhcp_probe *probe = calloc(1, sizeof(*probe));
	int error = -ENOMEM;

	if (probe == NULL)
		return -ENOMEM;
	probe->loop = loop;
	probe->timer = timer_new(loop, on_tick, probe);
	if (probe->timer != NULL)
		error = arp_open(loop, on_claim, probe, &probe->arp);
	if (error < 0) {
		dhcp_probe_free(probe);
		return error;
	}
	*out_probe = probe;
	return 0;
}

void dhcp_probe_free(struct dhcp_probe *probe)
{
	if (probe == NULL)
		return;
	arp_close(probe->arp);
	timer_free(probe->timer);
	free(probe);
}

/* The interface on which the first network is; 0: none. */
static unsigned home_of(const struct dhcp_service_parts *parts)
{
	const struct subnets *subnets = &parts->config->subnets;

	for (size_t i = 0; i < parts->served_count && subnets->count > 0; i++) {
		if (ip4_is_within(parts->served[i].address, subnets->list[0].network,
				  subnets->list[0].prefix_length))
			return parts->served[i].interface;
	}
	return 0;
}

void dhcp_probe_configure(struct dhcp_probe *probe, const struct dhcp_service_parts *parts)
{
	unsigned interface = home_of(parts);

	probe->parts = *parts;
	drop_given(probe);
	probe->is_on = parts->config->bootp.checks_conflicts && interface != 0 &&
		       arp_listen(probe->arp, interface) == 0;
	if (probe->is_on)
		on_tick(probe);
	else
		timer_stop(probe->timer);
}

static bool is_ready(const struct candidate *candidate)
{
	return candidate->ticks > PROBES;
}

/* It stays on the list until it is given. */
static bool find_on_list(struct dhcp_probe *probe, bool must_be_ready, uint64_t time_s,
			 struct ip4 *out_address)
{
	size_t i = 0;

	while (i < probe->count) {
		if (!is_free(probe, probe->list[i].address, time_s)) {
			remove_at(probe, i);
		} else if (must_be_ready && !is_ready(&probe->list[i])) {
			i++;
		} else {
			*out_address = probe->list[i].address;
			return true;
		}
	}
	return false;
}

/* It was nobody's so far. */
static bool may_have_wanted(const struct dhcp_probe *probe, struct ip4 wanted, bool must_be_ready,
			    uint64_t time_s)
{
	const struct lease_store *leases = probe->parts.leases;
	size_t i = 0;

	if (!is_free(probe, wanted, time_s) ||
	    leases->operations->find_address(leases, wanted) != NULL)
		return false;
	while (i < probe->count && !ip4_is_same(probe->list[i].address, wanted))
		i++;
	return !must_be_ready || (i < probe->count && is_ready(&probe->list[i]));
}

bool dhcp_probe_find(struct dhcp_probe *probe, struct ip4 wanted, uint64_t time_s,
		     struct ip4 *out_address)
{
	struct lease_store *leases = probe->parts.leases;
	bool must_be_ready = probe->is_on && leases->lost_until_s > time_s;

	if (may_have_wanted(probe, wanted, must_be_ready, time_s)) {
		*out_address = wanted;
		return true;
	}
	if (find_on_list(probe, true, time_s, out_address))
		return true;
	if (must_be_ready)
		return false;
	return find_on_list(probe, false, time_s, out_address) ||
	       leases->operations->find_free(leases, 0, wanted, time_s, out_address);
}
