/* Slots in one array, found by machine, in a ring from the newest to the oldest, as sessions are.
 */
#include "boot/attempt.h"

#include "base/table.h"

#include <stdlib.h>

/* A series with one xid may last longer than the limit; some firmware has only one xid, so it ends
 * some time all the same. */
#define SERIES_LIMIT_S (UINT64_C(2) * ATTEMPT_LIMIT_S)
/* A shape that has worked before is not given up for one attempt: somebody may have pressed a key.
 */
#define FAILURES_OF_PROVEN 2

struct attempt {
	uint64_t key;
	enum boot_shape shape;
	bool has_worked;   /* this shape, in any attempt */
	bool has_gone_on;  /* in this attempt */
	unsigned failures; /* one after the other */
	uint32_t xid;
	uint64_t started_s;
	uint32_t newer;
	uint32_t older;
};

struct attempt_table {
	struct table *machines;
	uint32_t capacity;
	uint32_t used;
	/* slots[capacity] is the ring's anchor: its older is the newest, its newer the oldest. */
	struct attempt slots[];
};

struct attempt_table *attempt_table_new(uint32_t capacity)
{
	struct attempt_table *attempts =
		calloc(1, sizeof(*attempts) + ((size_t)capacity + 1) * sizeof(attempts->slots[0]));

	if (attempts == NULL)
		return NULL;
	attempts->capacity = capacity;
	attempts->machines = table_new(capacity);
	if (attempts->machines == NULL) {
		attempt_table_free(attempts);
		return NULL;
	}
	attempts->slots[capacity].newer = capacity;
	attempts->slots[capacity].older = capacity;
	return attempts;
}

void attempt_table_free(struct attempt_table *attempts)
{
	if (attempts == NULL)
		return;
	table_free(attempts->machines);
	free(attempts);
}

/* Firmware and iPXE of one machine are two: they need not take the same shape. */
static uint64_t key_of(const struct client *client)
{
	return mac_to_number(client->mac) | (uint64_t)client->is_ipxe << 48;
}

static void unlink_slot(struct attempt_table *attempts, uint32_t number)
{
	const struct attempt *slot = &attempts->slots[number];

	attempts->slots[slot->newer].older = slot->older;
	attempts->slots[slot->older].newer = slot->newer;
}

static void link_as_newest(struct attempt_table *attempts, uint32_t number)
{
	struct attempt *anchor = &attempts->slots[attempts->capacity];
	struct attempt *slot = &attempts->slots[number];

	slot->newer = attempts->capacity;
	slot->older = anchor->older;
	attempts->slots[slot->older].newer = number;
	anchor->older = number;
}

static struct attempt *find(struct attempt_table *attempts, const struct client *client)
{
	uint32_t number;

	if (!table_find(attempts->machines, key_of(client), &number))
		return NULL;
	return &attempts->slots[number];
}

/* A slot for a machine that has none: an unused one, else the oldest. */
static struct attempt *add(struct attempt_table *attempts, const struct client *client)
{
	uint32_t number = attempts->used;

	if (attempts->used < attempts->capacity) {
		attempts->used++;
	} else {
		number = attempts->slots[attempts->capacity].newer;
		table_remove(attempts->machines, attempts->slots[number].key);
		unlink_slot(attempts, number);
	}
	attempts->slots[number] = (struct attempt){ .key = key_of(client) };
	link_as_newest(attempts, number);
	/* It cannot be full: one key a slot. */
	(void)table_put(attempts->machines, key_of(client), number);
	return &attempts->slots[number];
}

static bool is_same_attempt(const struct attempt *attempt, uint32_t xid, uint64_t now_s)
{
	uint64_t age_s = now_s - attempt->started_s;

	if (attempt->xid != xid && attempt->has_gone_on)
		return false;
	return age_s < ATTEMPT_LIMIT_S || (attempt->xid == xid && age_s < SERIES_LIMIT_S);
}

static size_t place_of(enum boot_shape shape, const struct shape_order *order)
{
	size_t place = 0;

	while (place < order->count && order->list[place] != shape)
		place++;
	return place;
}

static void take_shape(struct attempt *attempt, enum boot_shape shape)
{
	if (attempt->shape == shape)
		return;
	attempt->shape = shape;
	attempt->has_worked = false;
	attempt->failures = 0;
}

/* The attempt before has ended: what the next one gets. */
static void begin(struct attempt *attempt, const struct shape_order *order,
		  struct attempt_news *news)
{
	size_t place = place_of(attempt->shape, order);
	unsigned patience = attempt->has_worked ? FAILURES_OF_PROVEN : 1;

	if (!attempt->has_gone_on) {
		news->has_failed = true;
		news->failed = attempt->shape;
		attempt->failures++;
	}
	if (attempt->failures >= patience && place < order->count) {
		/* With one shape only, it is tried again and again. */
		attempt->failures = 0;
		take_shape(attempt, order->list[(place + 1) % order->count]);
	}
}

enum boot_shape attempt_discover(struct attempt_table *attempts, const struct client *client,
				 uint32_t xid, const struct shape_order *order, uint64_t now_s,
				 struct attempt_news *out_news)
{
	struct attempt *attempt = find(attempts, client);

	*out_news = (struct attempt_news){ 0 };
	if (attempt == NULL) {
		attempt = add(attempts, client);
		attempt->shape = order->list[0];
	} else if (is_same_attempt(attempt, xid, now_s) &&
		   place_of(attempt->shape, order) < order->count) {
		return attempt->shape;
	} else {
		unlink_slot(attempts, (uint32_t)(attempt - attempts->slots));
		link_as_newest(attempts, (uint32_t)(attempt - attempts->slots));
		begin(attempt, order, out_news);
	}
	/* The configuration may have changed, or the machine tells more of itself. */
	if (place_of(attempt->shape, order) == order->count)
		take_shape(attempt, order->list[0]);
	attempt->has_gone_on = false;
	attempt->xid = xid;
	attempt->started_s = now_s;
	return attempt->shape;
}

enum boot_shape attempt_shape(const struct attempt_table *attempts, const struct client *client,
			      const struct shape_order *order)
{
	uint32_t number;

	if (!table_find(attempts->machines, key_of(client), &number) ||
	    place_of(attempts->slots[number].shape, order) == order->count)
		return order->list[0];
	return attempts->slots[number].shape;
}

bool attempt_go_on(struct attempt_table *attempts, const struct client *client, uint64_t at_s,
		   enum boot_shape *out_shape)
{
	struct attempt *attempt = find(attempts, client);

	if (attempt == NULL || at_s < attempt->started_s ||
	    at_s - attempt->started_s > SERIES_LIMIT_S)
		return false;
	attempt->has_gone_on = true;
	attempt->failures = 0;
	if (attempt->has_worked)
		return false;
	attempt->has_worked = true;
	*out_shape = attempt->shape;
	return true;
}
