/* An address on a list is held back in the store as an offer to nobody. It is asked for twice; if
 * nobody says that it is its own, it is ready. Whoever says so later takes it off the list still.
 */
#include "dhcp/dhcp_probe.h"

#include "config/subnet.h"
#include "io/arp.h"
#include "io/icmp4.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS     250
#define PROBES      2   /* one each tick; one more tick for the answer */
#define READY_TICKS 480 /* two minutes; then it is asked for once more */
#define REFILL_MAX  64  /* addresses in a tick, of all networks */
#define HELD_BACK_S 600

struct candidate {
	struct ip4 address;
	unsigned ticks; /* since it was put on the list */
};

struct probe_list {
	struct dhcp_probe *probe;
	size_t pool;
	bool is_on;
	unsigned home;   /* the interface that is on the network; 0: it is behind routers */
	struct arp *arp; /* NULL: behind routers */
	size_t count;
	size_t capacity;
	struct candidate *list; /* the oldest first */
};

struct dhcp_probe {
	struct loop *loop;
	struct icmp4 *icmp4;
	struct timer *timer;
	struct dhcp_service_parts parts;
	struct probe_list *lists; /* of each network, in the configuration's order */
	size_t list_count;
	size_t next; /* whose list is filled first in the next tick */
};

static uint64_t now_s(const struct dhcp_probe *probe)
{
	return loop_now_ms(probe->loop) / 1000;
}

static bool may_be_lost(const struct dhcp_probe *probe, uint64_t time_s)
{
	return probe->parts.leases->lost_until_s > time_s;
}

static void ignore_result(void *context, int error)
{
	(void)context;
	(void)error; /* what is not held back is not on the list for long either */
}

static void keep(const struct dhcp_probe *probe, struct ip4 address, enum lease_state state,
		 uint64_t expires_s)
{
	struct lease_store *leases = probe->parts.leases;
	struct lease lease = { .address = address, .state = state, .expires_s = expires_s };

	leases->operations->commit(leases, &lease, ignore_result, NULL);
}

static void remove_at(struct probe_list *list, size_t at)
{
	list->count--;
	memmove(&list->list[at], &list->list[at + 1], (list->count - at) * sizeof(list->list[0]));
}

static bool is_free(const struct dhcp_probe *probe, struct ip4 address, uint64_t time_s)
{
	const struct lease_store *leases = probe->parts.leases;

	return leases->operations->is_free(leases, address, time_s);
}

static size_t place_of(const struct probe_list *list, struct ip4 address)
{
	size_t at = 0;

	while (at < list->count && !ip4_is_same(list->list[at].address, address))
		at++;
	return at;
}

/* Somebody uses an address that was to be given: it is put in probation. Machines that have theirs
 * from here say so all the time, and are not on the list. */
static void take_claim(struct probe_list *list, struct ip4 address, const struct mac *mac)
{
	struct dhcp_probe *probe = list->probe;
	size_t at = place_of(list, address);
	struct event event = { .kind = mac != NULL ? EVENT_DHCP_CONFLICT : EVENT_DHCP_ECHO_CONFLICT,
			       .has_mac = mac != NULL,
			       .address = ip_from_4(address) };

	if (at == list->count)
		return;
	remove_at(list, at);
	if (!is_free(probe, address, now_s(probe)))
		return;
	keep(probe, address, LEASE_DECLINED,
	     now_s(probe) + probe->parts.config->leases.probation_s);
	if (mac != NULL)
		event.mac = *mac;
	activity_note(probe->parts.activity, &event);
}

static void on_arp(void *context, struct ip4 address, struct mac mac)
{
	take_claim(context, address, &mac);
}

static void on_echo(void *context, struct ip4 address)
{
	struct dhcp_probe *probe = context;
	const struct subnets *subnets;
	const struct subnet_config *subnet;

	if (probe->list_count == 0)
		return;
	subnets = &probe->parts.config->subnets;
	subnet = subnet_find(subnets, address);
	if (subnet != NULL)
		take_claim(&probe->lists[subnet - subnets->list], address, NULL);
}

static bool add(struct probe_list *list)
{
	const struct dhcp_probe *probe = list->probe;
	const struct lease_operations *leases = probe->parts.leases->operations;
	struct ip4 address;

	if (!leases->find_free(probe->parts.leases, list->pool, (struct ip4){ 0 }, now_s(probe),
			       &address))
		return false;
	keep(probe, address, LEASE_OFFERED, now_s(probe) + HELD_BACK_S);
	list->list[list->count++] = (struct candidate){ .address = address };
	return true;
}

/* Each network comes first in its turn. */
static void refill(struct dhcp_probe *probe)
{
	size_t left = REFILL_MAX;

	for (size_t i = 0; i < probe->list_count; i++) {
		struct probe_list *list = &probe->lists[(probe->next + i) % probe->list_count];

		while (list->is_on && left > 0 && list->count < list->capacity && add(list))
			left--;
	}
	if (probe->list_count > 0)
		probe->next = (probe->next + 1) % probe->list_count;
}

static void ask(const struct probe_list *list, struct ip4 address)
{
	/* Where no question can be asked, nobody can be told to be there. */
	if (list->arp != NULL)
		(void)arp_probe(list->arp, address);
	else
		(void)icmp4_ask(list->probe->icmp4, address);
}

static void advance(struct probe_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct candidate *candidate = &list->list[i];

		if (candidate->ticks == READY_TICKS) {
			candidate->ticks = 0;
			keep(list->probe, candidate->address, LEASE_OFFERED,
			     now_s(list->probe) + HELD_BACK_S);
		}
		if (candidate->ticks < PROBES)
			ask(list, candidate->address);
		candidate->ticks++;
	}
}

/* What somebody got by asking for it is no longer to be tried. */
static void drop_given(struct probe_list *list)
{
	for (size_t i = list->count; i > 0; i--) {
		if (!is_free(list->probe, list->list[i - 1].address, now_s(list->probe)))
			remove_at(list, i - 1);
	}
}

static void on_tick(void *context)
{
	struct dhcp_probe *probe = context;

	for (size_t i = 0; i < probe->list_count; i++)
		drop_given(&probe->lists[i]);
	refill(probe);
	for (size_t i = 0; i < probe->list_count; i++)
		advance(&probe->lists[i]);
	timer_start(probe->timer, TICK_MS);
}

static void free_lists(struct probe_list *lists, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		arp_close(lists[i].arp);
		free(lists[i].list);
	}
	free(lists);
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
		error = icmp4_open(loop, on_echo, probe, &probe->icmp4);
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
	free_lists(probe->lists, probe->list_count);
	icmp4_close(probe->icmp4);
	timer_free(probe->timer);
	free(probe);
}

/* The interface that is on the network; 0: none. */
static unsigned home_of(const struct dhcp_service_parts *parts, const struct subnet_config *subnet)
{
	for (size_t i = 0; i < parts->served_count; i++) {
		if (ip4_is_within(parts->served[i].address, subnet->network, subnet->prefix_length))
			return parts->served[i].interface;
	}
	return 0;
}

/* False: its addresses cannot be tried. */
static bool open_list(struct probe_list *list)
{
	if (list->home != 0 && (arp_open(list->probe->loop, on_arp, list, &list->arp) < 0 ||
				arp_listen(list->arp, list->home) < 0))
		return false;
	list->list = calloc(list->capacity, sizeof(list->list[0]));
	return list->list != NULL;
}

static size_t capacity_of_each(const struct subnets *subnets)
{
	size_t capacity = subnets->count == 0 ? 0 : PROBE_ALL_MAX / subnets->count;

	if (capacity > PROBE_LIST_MAX)
		return PROBE_LIST_MAX;
	return capacity > 0 ? capacity : 1;
}

/* Addresses that are held back already need not wait until that has passed. On another link others
 * may use them: there they are tried anew. */
static void take_over(struct dhcp_probe *probe, const struct probe_list *old)
{
	const struct subnets *subnets = &probe->parts.config->subnets;

	for (size_t i = 0; i < old->count; i++) {
		const struct subnet_config *subnet = subnet_find(subnets, old->list[i].address);
		struct probe_list *list;

		if (subnet == NULL)
			continue;
		list = &probe->lists[subnet - subnets->list];
		if (!list->is_on || list->count == list->capacity)
			continue;
		list->list[list->count] = old->list[i];
		if (list->home != old->home)
			list->list[list->count].ticks = 0;
		list->count++;
	}
}

static void open_lists(struct dhcp_probe *probe)
{
	const struct subnets *subnets = &probe->parts.config->subnets;

	probe->lists = calloc(subnets->count, sizeof(probe->lists[0]));
	probe->list_count = probe->lists == NULL ? 0 : subnets->count;
	for (size_t i = 0; i < probe->list_count; i++) {
		struct probe_list *list = &probe->lists[i];

		*list = (struct probe_list){ .probe = probe,
					     .pool = i,
					     .home = home_of(&probe->parts, &subnets->list[i]),
					     .capacity = capacity_of_each(subnets) };
		list->is_on = subnets->list[i].ranges.count > 0 && open_list(list);
	}
}

void dhcp_probe_configure(struct dhcp_probe *probe, const struct dhcp_service_parts *parts)
{
	struct probe_list *old = probe->lists;
	size_t old_count = probe->list_count;

	probe->parts = *parts;
	probe->lists = NULL;
	probe->list_count = 0;
	probe->next = 0;
	/* What was opened for lost leases stays when their time has passed: that does no harm. */
	if (parts->config->bootp.checks_conflicts || may_be_lost(probe, now_s(probe)))
		open_lists(probe);
	for (size_t i = 0; i < old_count && probe->lists != NULL; i++)
		take_over(probe, &old[i]);
	free_lists(old, old_count);
	if (probe->list_count > 0)
		on_tick(probe);
	else
		timer_stop(probe->timer);
}

static bool is_ready(const struct candidate *candidate)
{
	return candidate->ticks > PROBES;
}

/* It stays on the list until it is given. */
static bool find_on_list(struct probe_list *list, bool must_be_ready, uint64_t time_s,
			 struct ip4 *out_address)
{
	size_t i = 0;

	while (i < list->count) {
		if (!is_free(list->probe, list->list[i].address, time_s)) {
			remove_at(list, i);
		} else if (must_be_ready && !is_ready(&list->list[i])) {
			i++;
		} else {
			*out_address = list->list[i].address;
			return true;
		}
	}
	return false;
}

static bool is_ready_on(const struct probe_list *list, struct ip4 address)
{
	size_t at = place_of(list, address);

	return at < list->count && is_ready(&list->list[at]);
}

/* It was nobody's so far, and is of the pool. */
static bool may_have_wanted(const struct dhcp_probe *probe, size_t pool, struct ip4 wanted,
			    uint64_t time_s)
{
	const struct lease_store *leases = probe->parts.leases;
	const struct subnets *subnets = &probe->parts.config->subnets;

	return address_ranges_have(&subnets->list[pool].ranges, wanted) &&
	       is_free(probe, wanted, time_s) &&
	       leases->operations->find_address(leases, wanted) == NULL;
}

bool dhcp_probe_find(struct dhcp_probe *probe, size_t pool, struct ip4 wanted, uint64_t time_s,
		     struct ip4 *out_address)
{
	struct lease_store *leases = probe->parts.leases;
	struct probe_list *list = pool < probe->list_count ? &probe->lists[pool] : NULL;
	bool is_on = list != NULL && list->is_on;
	bool must_be_ready = may_be_lost(probe, time_s);

	if (may_have_wanted(probe, pool, wanted, time_s) &&
	    (!must_be_ready || (is_on && is_ready_on(list, wanted)))) {
		*out_address = wanted;
		return true;
	}
	if (is_on && find_on_list(list, true, time_s, out_address))
		return true;
	if (must_be_ready)
		return false;
	return (is_on && find_on_list(list, false, time_s, out_address)) ||
	       leases->operations->find_free(leases, pool, wanted, time_s, out_address);
}
