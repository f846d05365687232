/* Leases on their way to the disk. What is committed is known at once and pending; one batch at a
 * time is being written, all else waits to be the next one, the newest for each address. Without
 * threads: whoever writes takes a batch and says how it went. */
#ifndef BOOTD_LEASE_LEASE_QUEUE_H
#define BOOTD_LEASE_LEASE_QUEUE_H

#include "lease/lease_file.h"
#include "lease/lease_index.h"

#define LEASE_QUEUE_MAX 16384 /* addresses in a batch */

struct lease_queue;

/* The index is borrowed. NULL: no memory. */
struct lease_queue *lease_queue_new(struct lease_index *index);
void lease_queue_free(struct lease_queue *queue);

/* From now on this index, which has all that the other one had. */
void lease_queue_set_index(struct lease_queue *queue, struct lease_index *index);

/* As lease_operations.commit; the queue being full is -EBUSY. */
void lease_queue_commit(struct lease_queue *queue, const struct lease *lease,
			lease_callback *on_kept, void *context);

/* What is to be written next, until lease_queue_finish; NULL: nothing waits, or a batch is being
 * written. */
const struct lease_record *lease_queue_take(struct lease_queue *queue, size_t *out_count);

/* The batch that was taken is durable (0), or none of it is (-errno): then its leases are as they
 * were before. The next one can be taken at once; before it is finished, lease_queue_tell calls
 * back those who waited for this one. */
void lease_queue_finish(struct lease_queue *queue, int error);
void lease_queue_tell(struct lease_queue *queue);

#endif
