#include "lease/lease_queue.h"

#include "base/table.h"

#include <errno.h>
#include <stdlib.h>

/* Who waits for a record, and what there was before it: what to go back to. */
struct waiter {
	lease_callback *on_kept; /* NULL: nobody waits */
	void *context;
	bool has_previous;
	struct lease previous;
};

struct batch {
	struct table *places; /* by address */
	uint32_t count;
	struct lease_record *records;
	struct waiter *waiters;
};

struct lease_queue {
	struct lease_index *index;
	bool is_writing;
	struct batch waiting;
	struct batch written; /* at the moment */
	struct batch ended;   /* whose waiters are to be told */
	int error;            /* theirs */
};

static bool batch_init(struct batch *batch)
{
	batch->places = table_new(LEASE_QUEUE_MAX);
	batch->records = calloc(LEASE_QUEUE_MAX, sizeof(*batch->records));
	batch->waiters = calloc(LEASE_QUEUE_MAX, sizeof(*batch->waiters));
	return batch->places != NULL && batch->records != NULL && batch->waiters != NULL;
}

static void batch_done(struct batch *batch)
{
	table_free(batch->places);
	free(batch->records);
	free(batch->waiters);
}

struct lease_queue *lease_queue_new(struct lease_index *index)
{
	struct lease_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->index = index;
	if (!batch_init(&queue->waiting) || !batch_init(&queue->written) ||
	    !batch_init(&queue->ended)) {
		lease_queue_free(queue);
		return NULL;
	}
	return queue;
}

void lease_queue_free(struct lease_queue *queue)
{
	if (queue == NULL)
		return;
	batch_done(&queue->waiting);
	batch_done(&queue->written);
	batch_done(&queue->ended);
	free(queue);
}

void lease_queue_set_index(struct lease_queue *queue, struct lease_index *index)
{
	queue->index = index;
	for (uint32_t i = 0; i < queue->waiting.count; i++)
		lease_index_set_pending(index, queue->waiting.records[i].lease.address, true);
	for (uint32_t i = 0; i < queue->written.count; i++)
		lease_index_set_pending(index, queue->written.records[i].lease.address, true);
}

static void call_back(struct waiter *waiter, int error)
{
	lease_callback *on_kept = waiter->on_kept;

	waiter->on_kept = NULL;
	if (on_kept != NULL)
		on_kept(waiter->context, error);
}

/* The address' place in the next batch, a new one if it has none. The caller saw to the room. */
static uint32_t place_of(struct lease_queue *queue, struct ip4 address)
{
	struct batch *batch = &queue->waiting;
	const struct lease *known = lease_index_find_address(queue->index, address);
	uint32_t place;

	if (table_find(batch->places, address.value, &place))
		return place;
	place = batch->count++;
	(void)table_put(batch->places, address.value, place);
	batch->waiters[place] = (struct waiter){ .has_previous = known != NULL };
	if (known != NULL)
		batch->waiters[place].previous = *known;
	return place;
}

/* The newest for an address is enough: of a machine that asks again only the last is answered. */
static void put(struct lease_queue *queue, const struct lease_record *record,
		lease_callback *on_kept, void *context)
{
	uint32_t place = place_of(queue, record->lease.address);
	struct waiter *waiter = &queue->waiting.waiters[place];

	call_back(waiter, -EALREADY);
	queue->waiting.records[place] = *record;
	waiter->on_kept = on_kept;
	waiter->context = context;
}

/* What the machine has elsewhere in the pool goes with the same batch. */
static void give_up_other(struct lease_queue *queue, size_t pool, const struct lease *lease)
{
	const struct lease *held = lease_index_find_machine(queue->index, pool, &lease->owner);
	struct lease_record gone = { .is_gone = true };

	if (held == NULL || held->state == LEASE_OFFERED ||
	    ip4_is_same(held->address, lease->address))
		return;
	gone.lease.address = held->address;
	put(queue, &gone, NULL, NULL);
	lease_index_set_pending(queue->index, gone.lease.address, true);
}

void lease_queue_commit(struct lease_queue *queue, const struct lease *lease,
			lease_callback *on_kept, void *context)
{
	struct lease_record record = { .lease = *lease };
	bool is_in_pool;
	size_t pool;

	if (lease->state == LEASE_OFFERED) {
		is_in_pool = lease_index_put(queue->index, lease);
		on_kept(context, is_in_pool ? 0 : -ERANGE);
		return;
	}
	if (!lease_index_find_pool(queue->index, lease->address, &pool)) {
		on_kept(context, -ERANGE);
		return;
	}
	if (queue->waiting.count + 2 > LEASE_QUEUE_MAX) {
		on_kept(context, -EBUSY);
		return;
	}
	give_up_other(queue, pool, lease);
	put(queue, &record, on_kept, context);
	lease_index_set_pending(queue->index, lease->address, true);
	(void)lease_index_put(queue->index, lease);
}

const struct lease_record *lease_queue_take(struct lease_queue *queue, size_t *out_count)
{
	struct batch taken = queue->waiting;

	if (queue->is_writing || taken.count == 0)
		return NULL;
	queue->waiting = queue->written;
	queue->written = taken;
	queue->is_writing = true;
	*out_count = taken.count;
	return taken.records;
}

/* What was given back or declined stays so in memory: nobody was promised anything by it. */
static bool is_taken_back(const struct lease_record *record)
{
	return record->is_gone || record->lease.state == LEASE_BOUND;
}

/* None of a batch that failed stands in another one's way when it goes back to what it was. */
static void forget_batch(struct lease_queue *queue, const struct batch *batch)
{
	uint32_t newer;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct ip4 address = batch->records[i].lease.address;

		if (is_taken_back(&batch->records[i]) &&
		    !table_find(queue->waiting.places, address.value, &newer))
			lease_index_forget(queue->index, address);
	}
}

/* Its machine has got another address in the next batch. */
static bool has_moved_on(const struct lease_queue *queue, const struct lease *lease)
{
	const struct lease *held;
	size_t pool;

	if (!lease_index_find_pool(queue->index, lease->address, &pool))
		return false;
	held = lease_index_find_machine(queue->index, pool, &lease->owner);
	return held != NULL && !ip4_is_same(held->address, lease->address);
}

static void roll_back(struct lease_queue *queue, const struct lease_record *record,
		      const struct waiter *waiter)
{
	if (is_taken_back(record) && waiter->has_previous &&
	    !has_moved_on(queue, &waiter->previous))
		(void)lease_index_put(queue->index, &waiter->previous);
}

/* A newer record of the same address waits: it has to know what it would go back to. */
static void tell_newer(struct waiter *newer, const struct lease_record *record,
		       const struct waiter *waiter, int error)
{
	newer->has_previous = error == 0 ? !record->is_gone : waiter->has_previous;
	newer->previous = error == 0 ? record->lease : waiter->previous;
}

static void finish_one(struct lease_queue *queue, const struct lease_record *record,
		       const struct waiter *waiter, int error)
{
	struct ip4 address = record->lease.address;
	uint32_t newer;

	table_remove(queue->written.places, address.value);
	if (table_find(queue->waiting.places, address.value, &newer)) {
		tell_newer(&queue->waiting.waiters[newer], record, waiter, error);
		return;
	}
	if (error < 0)
		roll_back(queue, record, waiter);
	lease_index_set_pending(queue->index, address, false);
}

void lease_queue_finish(struct lease_queue *queue, int error)
{
	struct batch ended = queue->written;

	if (error < 0)
		forget_batch(queue, &ended);
	for (uint32_t i = 0; i < ended.count; i++)
		finish_one(queue, &ended.records[i], &ended.waiters[i], error);
	queue->written = queue->ended;
	queue->ended = ended;
	queue->error = error;
	queue->is_writing = false;
}

void lease_queue_tell(struct lease_queue *queue)
{
	struct batch *batch = &queue->ended;

	for (uint32_t i = 0; i < batch->count; i++)
		call_back(&batch->waiters[i], queue->error);
	batch->count = 0;
}
