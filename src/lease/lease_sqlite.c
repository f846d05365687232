/* The loop hands the thread one batch at a time and is told of its end; so the two share a batch's
 * address and its result, behind one lock, and nothing else. What is committed in one turn of the
 * loop is handed over together in the next one. */
#include "lease/lease_sqlite.h"

#include "io/loop.h"
#include "io/wake.h"
#include "lease/lease_pools.h"
#include "lease/lease_queue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define WATCH_MS 1000 /* for a disk that failed and is back, and a wall clock that was set */

enum task { TASK_NONE, TASK_WRITE, TASK_END };

struct sqlite_store {
	struct lease_store base; /* first: the store's address is its base's */
	struct lease_pools pools;
	struct lease_queue *queue;
	struct lease_file *file; /* the thread's, once it runs */
	lease_health_callback *on_health;
	void *context;
	struct wake *wake;
	struct timer *timer;
	bool is_woken; /* the loop will hand over in its next turn */
	bool is_busy;  /* the thread has a batch */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t has_task;
	pthread_cond_t has_result;
	enum task task;
	const struct lease_record *records;
	size_t record_count;
	bool is_finished;
	int result;
};

static struct sqlite_store *store_of(const struct lease_store *store)
{
	return (struct sqlite_store *)store;
}

/* The thread. */

static void *run(void *context)
{
	struct sqlite_store *store = context;
	int result;

	(void)pthread_mutex_lock(&store->lock);
	while (store->task != TASK_END) {
		if (store->task == TASK_NONE) {
			(void)pthread_cond_wait(&store->has_task, &store->lock);
			continue;
		}
		store->task = TASK_NONE;
		(void)pthread_mutex_unlock(&store->lock);
		result = lease_file_write(store->file, store->records, store->record_count);
		(void)pthread_mutex_lock(&store->lock);
		store->result = result;
		store->is_finished = true;
		(void)pthread_cond_signal(&store->has_result);
		wake_send(store->wake);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return NULL;
}

static void give_task(struct sqlite_store *store, enum task task)
{
	(void)pthread_mutex_lock(&store->lock);
	store->task = task;
	(void)pthread_cond_signal(&store->has_task);
	(void)pthread_mutex_unlock(&store->lock);
}

/* All signals stay with the main thread. */
static int start_thread(struct sqlite_store *store)
{
	sigset_t all;
	sigset_t before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&store->thread, NULL, run, store);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	store->has_thread = error == 0;
	return -error;
}

/* The loop. */

static void write_nothing(struct sqlite_store *store)
{
	store->records = NULL;
	store->record_count = 0;
	store->is_busy = true;
	give_task(store, TASK_WRITE);
}

static void hand_over(struct sqlite_store *store)
{
	const struct lease_record *records;
	size_t count;

	if (store->is_busy || !store->has_thread)
		return;
	records = lease_queue_take(store->queue, &count);
	if (records == NULL)
		return;
	store->records = records;
	store->record_count = count;
	store->is_busy = true;
	give_task(store, TASK_WRITE);
}

static void note_health(struct sqlite_store *store, int error)
{
	bool failed = store->base.fails;

	store->base.fails = error < 0;
	if (failed != store->base.fails)
		store->on_health(store->context, error);
	timer_start(store->timer, WATCH_MS);
}

static bool take_result(struct sqlite_store *store, int *out_result)
{
	bool is_finished;

	(void)pthread_mutex_lock(&store->lock);
	is_finished = store->is_finished;
	store->is_finished = false;
	*out_result = store->result;
	(void)pthread_mutex_unlock(&store->lock);
	return is_finished;
}

static void finish(struct sqlite_store *store, int result)
{
	bool has_records = store->record_count > 0;

	store->is_busy = false;
	note_health(store, result);
	if (has_records)
		lease_queue_finish(store->queue, result);
}

static void on_wake(void *context)
{
	struct sqlite_store *store = context;
	int result;

	store->is_woken = false;
	if (take_result(store, &result))
		finish(store, result);
	/* The disk goes on while those who waited are told. */
	hand_over(store);
	lease_queue_tell(store->queue);
}

/* An empty transaction shows whether the disk is back, and has what is in the file follow the
 * clock. */
static void on_time(void *context)
{
	struct sqlite_store *store = context;

	if (!store->is_busy && store->has_thread &&
	    (store->base.fails || lease_file_has_stepped(store->file)))
		write_nothing(store);
	else
		timer_start(store->timer, WATCH_MS);
}

/* While nothing can be made durable, what is given back is known in memory alone: after a crash it
 * would be its machine's until it ends, which takes nothing from anybody. */
static void commit_in_memory(struct sqlite_store *store, const struct lease *lease,
			     lease_callback *on_kept, void *context)
{
	if (lease->state == LEASE_BOUND)
		on_kept(context, -EIO);
	else
		on_kept(context, lease_index_put(store->pools.index, lease) ? 0 : -ERANGE);
}

static void commit(struct lease_store *base, const struct lease *lease, lease_callback *on_kept,
		   void *context)
{
	struct sqlite_store *store = store_of(base);

	if (base->fails) {
		commit_in_memory(store, lease, on_kept, context);
		return;
	}
	lease_queue_commit(store->queue, lease, on_kept, context);
	if (lease->state == LEASE_OFFERED || store->is_busy || store->is_woken)
		return;
	store->is_woken = true;
	wake_send(store->wake);
}

static const struct lease *find_machine(const struct lease_store *store, size_t pool,
					const struct lease_identity *owner)
{
	return lease_index_find_machine(store_of(store)->pools.index, pool, owner);
}

static bool knows_machine(const struct lease_store *store, const struct lease_identity *owner)
{
	return lease_index_knows_machine(store_of(store)->pools.index, owner);
}

static const struct lease *find_address(const struct lease_store *store, struct ip4 address)
{
	return lease_index_find_address(store_of(store)->pools.index, address);
}

static bool is_pending(const struct lease_store *store, struct ip4 address)
{
	return lease_index_is_pending(store_of(store)->pools.index, address);
}

static bool is_free(const struct lease_store *store, struct ip4 address, uint64_t now_s)
{
	return lease_index_is_free(store_of(store)->pools.index, address, now_s);
}

static bool find_free(const struct lease_store *store, size_t pool, struct ip4 wanted,
		      uint64_t now_s, struct ip4 *out_address)
{
	return lease_index_find_free(store_of(store)->pools.index, pool, wanted, now_s,
				     out_address);
}

static void visit(const struct lease_store *store, struct ip4 from, uint32_t most,
		  lease_visitor *visitor, void *context)
{
	lease_index_visit(store_of(store)->pools.index, from, most, visitor, context);
}

static int set_pools(struct lease_store *base, const struct lease_pool *pools, size_t pool_count,
		     const struct ip4 *reserved, size_t reserved_count)
{
	struct sqlite_store *store = store_of(base);
	int error = lease_pools_set(&store->pools, pools, pool_count, reserved, reserved_count);

	if (error == 0)
		lease_queue_set_index(store->queue, store->pools.index);
	return error;
}

/* Start and end. */

static void write_what_is_left(struct sqlite_store *store)
{
	const struct lease_record *records;
	size_t count;

	while ((records = lease_queue_take(store->queue, &count)) != NULL) {
		lease_queue_finish(store->queue, lease_file_write(store->file, records, count));
		lease_queue_tell(store->queue);
	}
}

static void await_result(struct sqlite_store *store)
{
	(void)pthread_mutex_lock(&store->lock);
	while (!store->is_finished)
		(void)pthread_cond_wait(&store->has_result, &store->lock);
	(void)pthread_mutex_unlock(&store->lock);
}

/* A task that was given is done before the thread is told to end. */
static void end_thread(struct sqlite_store *store)
{
	int result;

	if (store->is_busy) {
		await_result(store);
		(void)take_result(store, &result);
		finish(store, result);
		lease_queue_tell(store->queue);
	}
	give_task(store, TASK_END);
	(void)pthread_join(store->thread, NULL);
}

static void close_store(struct lease_store *base)
{
	struct sqlite_store *store = store_of(base);

	if (store->has_thread)
		end_thread(store);
	if (store->queue != NULL && store->file != NULL)
		write_what_is_left(store);
	lease_file_close(store->file);
	timer_free(store->timer);
	wake_free(store->wake);
	lease_queue_free(store->queue);
	lease_pools_done(&store->pools);
	(void)pthread_cond_destroy(&store->has_task);
	(void)pthread_cond_destroy(&store->has_result);
	(void)pthread_mutex_destroy(&store->lock);
	free(store);
}

static const struct lease_operations sqlite_operations = {
	.find_machine = find_machine,
	.knows_machine = knows_machine,
	.find_address = find_address,
	.is_pending = is_pending,
	.is_free = is_free,
	.find_free = find_free,
	.commit = commit,
	.visit = visit,
	.set_pools = set_pools,
	.close = close_store,
};

static int open_parts(struct sqlite_store *store, struct loop *loop,
		      const struct lease_sqlite_settings *settings,
		      struct lease_file_report *report)
{
	if (lease_pools_init(&store->pools, true))
		store->queue = lease_queue_new(store->pools.index);
	store->wake = wake_new(loop, on_wake, store);
	store->timer = timer_new(loop, on_time, store);
	if (store->queue == NULL || store->wake == NULL || store->timer == NULL)
		return -ENOMEM;
	timer_start(store->timer, WATCH_MS);
	return lease_file_open(&settings->file, lease_pools_load, &store->pools, &store->file,
			       report);
}

int lease_sqlite_open(struct loop *loop, const struct lease_sqlite_settings *settings,
		      struct lease_store **out_store, struct lease_file_report *out_report)
{
	struct sqlite_store *store = calloc(1, sizeof(*store));
	int error;

	if (store == NULL)
		return -ENOMEM;
	store->base.operations = &sqlite_operations;
	store->on_health = settings->on_health;
	store->context = settings->context;
	(void)pthread_mutex_init(&store->lock, NULL); /* none of them can fail */
	(void)pthread_cond_init(&store->has_task, NULL);
	(void)pthread_cond_init(&store->has_result, NULL);
	error = open_parts(store, loop, settings, out_report);
	if (error == 0 && store->pools.elsewhere.is_cut)
		error = -ENOMEM;
	if (error < 0) {
		close_store(&store->base);
		return error;
	}
	store->base.lost_until_s = out_report->lost_until_s;
	*out_store = &store->base;
	return 0;
}

int lease_sqlite_start(struct lease_store *store)
{
	int error = start_thread(store_of(store));

	if (error == 0)
		hand_over(store_of(store));
	return error;
}
