#include "load.h"

#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S    1000000000ULL
#define SERVER_PORT 67
#define CLIENT_PORT 68
#define NOBODY      UINT32_MAX
#define SLOT_BITS   16

enum stage { STAGE_OFFER, STAGE_ACK };

/* An exchange that runs. They are listed by sent_ns: all wait equally long. */
struct slot {
	struct slot *older, *newer;
	uint32_t xid;
	uint32_t client;
	enum stage stage;
	bool is_renewal;
	uint32_t address; /* offered, or held */
	uint32_t server;
	uint32_t tries;
	uint64_t began_ns; /* where the rate is given: when it was to begin */
	uint64_t asked_ns; /* this stage */
	uint64_t sent_ns;
};

struct times {
	uint64_t *list;
	uint32_t count;
};

struct load {
	const struct load_plan *plan;
	struct load_result *result;
	struct wire asking;   /* as a relay, or by broadcast */
	struct wire renewing; /* as a client that has its address */
	struct slot *slots, *free_slots;
	struct slot *oldest, *newest;
	uint32_t running;
	uint32_t clients;  /* that were begun with so far */
	uint32_t *held;    /* by client; 0: nothing */
	uint32_t *holders; /* by address of the pool */
	struct times offer, ack, whole;
	uint32_t generation;
	uint64_t began_ns, now_ns, answered_ns;
};

/* What is done in one part of the run. */
struct part {
	enum work work;
	uint32_t count;
	uint64_t end_ns; /* no more are begun then */
	double rate;
	uint32_t begun;
};

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static void unlink_slot(struct load *load, struct slot *slot)
{
	*(slot->older ? &slot->older->newer : &load->oldest) = slot->newer;
	*(slot->newer ? &slot->newer->older : &load->newest) = slot->older;
	slot->older = slot->newer = NULL;
}

static void link_newest(struct load *load, struct slot *slot)
{
	slot->older = load->newest;
	*(load->newest ? &load->newest->newer : &load->oldest) = slot;
	load->newest = slot;
}

static void note_time(struct load *load, struct times *times, uint64_t since_ns)
{
	times->list[times->count++] = load->now_ns - since_ns;
}

static void set_mac(const struct load *load, uint32_t client, uint8_t mac[MAC_SIZE])
{
	mac[0] = 2; /* locally administered */
	mac[1] = load->plan->seed;
	for (unsigned i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(client >> (24 - 8 * i));
}

static void send_newest(struct load *load, struct slot *slot)
{
	bool is_relayed = load->plan->relay.s_addr != 0;
	struct wish wish = { .type = slot->stage == STAGE_OFFER ? DISCOVER : REQUEST,
			     .xid = slot->xid,
			     .is_firmware = load->plan->is_firmware };

	set_mac(load, slot->client, wish.mac);
	if (slot->is_renewal) {
		wish.ciaddr = slot->address;
	} else {
		wish.giaddr = ntohl(load->plan->relay.s_addr);
		wish.hears_only_broadcast = !is_relayed;
	}
	if (slot->stage == STAGE_ACK && !slot->is_renewal) {
		wish.requested = slot->address;
		wish.server = slot->server;
	}
	packet_write(&wish, wire_next(slot->is_renewal ? &load->renewing : &load->asking));
	slot->sent_ns = load->now_ns;
	slot->tries++;
	link_newest(load, slot);
}

static void enter_stage(struct load *load, struct slot *slot, enum stage stage, uint64_t asked_ns)
{
	slot->stage = stage;
	slot->tries = 0;
	slot->asked_ns = asked_ns;
	send_newest(load, slot);
}

static void begin(struct load *load, const struct part *part, uint64_t began_ns)
{
	struct slot *slot = load->free_slots;
	bool is_renewal = part->work == WORK_RENEW || (part->work == WORK_MIXED && part->begun % 2);
	uint32_t number = (uint32_t)(slot - load->slots);

	load->free_slots = slot->newer;
	*slot = (struct slot){ .is_renewal = is_renewal, .began_ns = began_ns };
	slot->client = part->work == WORK_NEW ? load->clients++ : part->begun % load->plan->fill;
	slot->xid = (load->generation++ & 0xffff) << SLOT_BITS | number;
	slot->address = load->held[slot->client];
	load->running++;
	load->result->begun++;
	enter_stage(load, slot, is_renewal ? STAGE_ACK : STAGE_OFFER, began_ns);
}

/* It is not linked. */
static void end(struct load *load, struct slot *slot)
{
	slot->xid = ~slot->xid; /* what still comes for it is late */
	slot->newer = load->free_slots;
	load->free_slots = slot;
	load->running--;
}

static bool is_in_pool(const struct load *load, uint32_t address)
{
	return address - load->plan->pool_first < load->plan->pool_count;
}

/* The whole of an exchange: the client has its address. */
static void note_held(struct load *load, struct slot *slot, uint32_t address)
{
	uint32_t *holder = &load->holders[address - load->plan->pool_first];

	if (*holder != NOBODY && *holder != slot->client)
		load->result->duplicates++;
	*holder = slot->client;
	if (load->held[slot->client] != 0 && load->held[slot->client] != address)
		load->result->changed++;
	load->held[slot->client] = address;
}

static void take_offer(struct load *load, struct slot *slot, const struct answer *answer)
{
	load->result->offers++;
	note_time(load, &load->offer, slot->asked_ns);
	slot->address = answer->yiaddr;
	slot->server = answer->server;
	unlink_slot(load, slot);
	enter_stage(load, slot, STAGE_ACK, load->now_ns);
}

static void take_ack(struct load *load, struct slot *slot, const struct answer *answer)
{
	load->result->acks++;
	load->result->done++;
	load->answered_ns = load->now_ns;
	note_time(load, &load->ack, slot->asked_ns);
	note_time(load, &load->whole, slot->began_ns);
	note_held(load, slot, answer->yiaddr);
	unlink_slot(load, slot);
	end(load, slot);
}

static void take_nak(struct load *load, struct slot *slot)
{
	load->result->naks++;
	if (load->held[slot->client] != 0)
		load->result->changed++;
	load->result->given_up++;
	unlink_slot(load, slot);
	end(load, slot);
}

/* As the client looks at it: RFC 2131 table 3 and section 4.4.1. */
static bool is_right(const struct load *load, const struct slot *slot, const struct answer *answer)
{
	uint8_t mac[MAC_SIZE];

	set_mac(load, slot->client, mac);
	if (memcmp(mac, answer->mac, MAC_SIZE) != 0 || answer->server == 0)
		return false;
	if (slot->stage == STAGE_ACK && slot->server != 0 && answer->server != slot->server)
		return false;
	if (answer->type == NAK)
		return slot->stage == STAGE_ACK;
	if (!is_in_pool(load, answer->yiaddr) || answer->lease_s == 0)
		return false;
	if (slot->stage == STAGE_OFFER)
		return answer->type == OFFER;
	return answer->type == ACK && answer->yiaddr == slot->address;
}

static void take_answer(struct load *load, const struct answer *answer)
{
	uint32_t number = answer->xid & ((1U << SLOT_BITS) - 1);
	struct slot *slot = &load->slots[number];

	/* An OFFER that comes twice because it was asked for twice. */
	if (number >= load->plan->at_once || slot->xid != answer->xid ||
	    (slot->stage == STAGE_ACK && answer->type == OFFER))
		load->result->late++;
	else if (!is_right(load, slot, answer))
		load->result->wrong++;
	else if (answer->type == OFFER)
		take_offer(load, slot, answer);
	else if (answer->type == ACK)
		take_ack(load, slot, answer);
	else
		take_nak(load, slot);
}

static void receive(struct load *load, struct wire *wire)
{
	unsigned count;
	struct answer answer;

	do {
		count = wire_receive(wire);
		load->now_ns = clock_ns();
		for (unsigned i = 0; i < count; i++) {
			if (packet_read(wire->in[i], wire->in_messages[i].msg_len, &answer))
				take_answer(load, &answer);
			else
				load->result->wrong++;
		}
	} while (count == WIRE_BATCH);
}

static uint64_t patience_ns(const struct load *load)
{
	return (uint64_t)(load->plan->patience_s * (double)NS_PER_S);
}

static void repeat_or_give_up(struct load *load)
{
	uint64_t patience = patience_ns(load);
	struct slot *slot = load->oldest;

	while (slot != NULL && slot->sent_ns + patience <= load->now_ns) {
		unlink_slot(load, slot);
		if (slot->tries < load->plan->tries) {
			load->result->resent++;
			send_newest(load, slot);
		} else {
			load->result->given_up++;
			end(load, slot);
		}
		slot = load->oldest;
	}
}

static bool has_more(const struct load *load, const struct part *part)
{
	return part->begun < part->count && (part->end_ns == 0 || load->now_ns < part->end_ns);
}

/* When the next one is to begin. */
static uint64_t due_ns(const struct load *load, const struct part *part)
{
	if (part->rate == 0)
		return load->now_ns;
	return load->began_ns + (uint64_t)((double)part->begun / part->rate * (double)NS_PER_S);
}

static void begin_more(struct load *load, struct part *part)
{
	while (has_more(load, part) && load->free_slots != NULL &&
	       due_ns(load, part) <= load->now_ns) {
		begin(load, part, due_ns(load, part));
		part->begun++;
	}
}

static void wait_for_news(struct load *load, const struct part *part)
{
	struct pollfd fds[] = { { .fd = load->asking.fd, .events = POLLIN },
				{ .fd = load->renewing.fd, .events = POLLIN } };
	uint64_t until_ns = load->now_ns + NS_PER_S;
	struct timespec wait = { 0 };

	if (load->oldest != NULL && load->oldest->sent_ns + patience_ns(load) < until_ns)
		until_ns = load->oldest->sent_ns + patience_ns(load);
	if (has_more(load, part) && load->free_slots != NULL && due_ns(load, part) < until_ns)
		until_ns = due_ns(load, part);
	if (until_ns > load->now_ns) {
		wait.tv_sec = (time_t)((until_ns - load->now_ns) / NS_PER_S);
		wait.tv_nsec = (long)((until_ns - load->now_ns) % NS_PER_S);
	}
	(void)ppoll(fds, 2, &wait, NULL);
	if (fds[0].revents != 0)
		receive(load, &load->asking);
	if (fds[1].revents != 0)
		receive(load, &load->renewing);
	load->now_ns = clock_ns();
}

static void run_part(struct load *load, struct part *part)
{
	load->began_ns = load->now_ns = load->answered_ns = clock_ns();
	if (part->work != WORK_NEW && load->plan->fill == 0)
		part->count = 0;
	while (load->running > 0 || has_more(load, part)) {
		begin_more(load, part);
		wire_flush(&load->asking);
		wire_flush(&load->renewing);
		wait_for_news(load, part);
		repeat_or_give_up(load);
	}
}

static void fill(struct load *load)
{
	struct part part = { .work = WORK_NEW, .count = load->plan->fill };
	char line[16];

	run_part(load, &part);
	if (!load->plan->waits)
		return;
	puts("ready");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
}

static void measure(struct load *load)
{
	const struct load_plan *plan = load->plan;
	struct part part = { .work = plan->work, .count = plan->count, .rate = plan->rate };
	uint64_t wrong = load->result->wrong;
	uint64_t duplicates = load->result->duplicates;

	/* Mistakes count from the beginning, all else from here. */
	*load->result = (struct load_result){ .wrong = wrong, .duplicates = duplicates };
	load->offer.count = load->ack.count = load->whole.count = 0;
	load->asking.sent = load->renewing.sent = 0;
	if (plan->seconds > 0)
		part.end_ns = clock_ns() + (uint64_t)(plan->seconds * (double)NS_PER_S);
	run_part(load, &part);
}

static int compare_u64(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static struct load_latency summary(struct times *times)
{
	struct load_latency latency = { 0 };

	if (times->count == 0)
		return latency;
	qsort(times->list, times->count, sizeof(*times->list), compare_u64);
	latency.p50 = times->list[(uint64_t)(times->count - 1) * 50 / 100];
	latency.p99 = times->list[(uint64_t)(times->count - 1) * 99 / 100];
	latency.longest = times->list[times->count - 1];
	return latency;
}

static void summarize(struct load *load)
{
	struct load_result *result = load->result;

	result->seconds = (double)(load->answered_ns - load->began_ns) / (double)NS_PER_S;
	result->packets = load->asking.sent + load->renewing.sent;
	result->offer = summary(&load->offer);
	result->ack = summary(&load->ack);
	result->whole = summary(&load->whole);
}

static int allocate(struct load *load)
{
	const struct load_plan *plan = load->plan;
	/* Of each exchange one; those that are filled with come before. */
	size_t most = (plan->fill > plan->count ? plan->fill : plan->count) + 1U;

	load->slots = calloc(plan->at_once, sizeof(*load->slots));
	load->held = calloc((size_t)plan->fill + plan->count + 1, sizeof(*load->held));
	load->holders = malloc(plan->pool_count * sizeof(*load->holders));
	load->offer.list = malloc(most * sizeof(uint64_t));
	load->ack.list = malloc(most * sizeof(uint64_t));
	load->whole.list = malloc(most * sizeof(uint64_t));
	if (load->slots == NULL || load->held == NULL || load->holders == NULL ||
	    load->offer.list == NULL || load->ack.list == NULL || load->whole.list == NULL)
		return -ENOMEM;
	memset(load->holders, 0xff, plan->pool_count * sizeof(*load->holders));
	for (uint32_t i = plan->at_once; i-- > 0; load->free_slots = &load->slots[i]) {
		load->slots[i].newer = load->free_slots;
		load->slots[i].xid = ~i;
	}
	load->generation = plan->seed * 251U;
	return 0;
}

static void release(struct load *load)
{
	free(load->slots);
	free(load->held);
	free(load->holders);
	free(load->offer.list);
	free(load->ack.list);
	free(load->whole.list);
}

static int open_wires(struct load *load)
{
	const struct load_plan *plan = load->plan;
	bool is_relayed = plan->relay.s_addr != 0;
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = plan->relay };
	struct sockaddr_in renewing = { .sin_family = AF_INET, .sin_port = htons(CLIENT_PORT) };
	struct sockaddr_in to = plan->server;
	int error;

	local.sin_port = htons(is_relayed ? SERVER_PORT : CLIENT_PORT);
	if (!is_relayed)
		to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	error = wire_open(&load->asking, local, is_relayed ? NULL : plan->device, to);
	if (error < 0)
		return error;
	/* What is broadcast to clients comes to the same port; both sockets would share it. */
	if (!is_relayed)
		renewing.sin_port = 0;
	error = wire_open(&load->renewing, renewing, NULL, plan->server);
	if (error < 0)
		wire_close(&load->asking);
	return error;
}

int load_run(const struct load_plan *plan, struct load_result *out_result)
{
	struct load *load = calloc(1, sizeof(*load));
	int error = load == NULL ? -ENOMEM : 0;

	if (error < 0)
		return error;
	load->plan = plan;
	load->result = out_result;
	*out_result = (struct load_result){ 0 };
	error = allocate(load);
	if (error == 0)
		error = open_wires(load);
	if (error == 0) {
		fill(load);
		measure(load);
		summarize(load);
		wire_close(&load->asking);
		wire_close(&load->renewing);
	}
	release(load);
	free(load);
	return error;
}
