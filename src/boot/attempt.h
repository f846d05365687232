/* Attempts to boot: one series of DISCOVERs is one attempt, which gets offers of one shape. Where
 * the machine does not go on, its next attempt gets another shape; where it does, the shape is
 * remembered. Bounded: the machine that asked longest ago makes room. */
#ifndef BOOTD_BOOT_ATTEMPT_H
#define BOOTD_BOOT_ATTEMPT_H

#include "boot/client.h"
#include "boot/shape.h"

#define ATTEMPT_LIMIT_S 60 /* how long a machine has to go on */

struct attempt_table;

/* NULL: no memory. */
struct attempt_table *attempt_table_new(uint32_t capacity);
void attempt_table_free(struct attempt_table *attempts);

/* What a DISCOVER shows of the attempts before it. */
struct attempt_news {
	bool has_failed;
	enum boot_shape failed;
};

/* The machine sends a DISCOVER: the shape of its offer, one of the order. A loader that asks with
 * the same MAC address is remembered by itself. */
enum boot_shape attempt_discover(struct attempt_table *attempts, const struct client *client,
				 uint32_t xid, const struct shape_order *order, uint64_t now_s,
				 struct attempt_news *out_news);

/* The shape of what is sent to the machine after its offer; the order's first where it had none. */
enum boot_shape attempt_shape(const struct attempt_table *attempts, const struct client *client,
			      const struct shape_order *order);

/* The machine went on at that time: by a REQUEST to any server, one to port 4011, or one for a
 * file. True, with *out_shape: it did so for the first time after offers of this shape. */
bool attempt_go_on(struct attempt_table *attempts, const struct client *client, uint64_t at_s,
		   enum boot_shape *out_shape);

#endif
