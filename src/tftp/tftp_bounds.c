#include "tftp/tftp_bounds.h"
#include "base/hash.h"
#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>

struct tftp_bounds {
	pthread_mutex_t lock;
	unsigned users;
	uint32_t max;
	uint32_t count;
	struct hash_key key;
	struct table *by_client; /* those that have transfers, with their number */
};

struct tftp_bounds *tftp_bounds_new(uint32_t transfers_max)
{
	struct tftp_bounds *bounds = calloc(1, sizeof(*bounds));

	if (bounds == NULL)
		return NULL;
	bounds->by_client = table_new(transfers_max);
	if (bounds->by_client == NULL || !hash_key_init(&bounds->key)) {
		table_free(bounds->by_client);
		free(bounds);
		return NULL;
	}
	(void)pthread_mutex_init(&bounds->lock, NULL);
	bounds->max = transfers_max;
	bounds->users = 1;
	return bounds;
}

struct tftp_bounds *tftp_bounds_hold(struct tftp_bounds *bounds)
{
	(void)pthread_mutex_lock(&bounds->lock);
	bounds->users++;
	(void)pthread_mutex_unlock(&bounds->lock);
	return bounds;
}

void tftp_bounds_free(struct tftp_bounds *bounds)
{
	unsigned users;

	if (bounds == NULL)
		return;
	(void)pthread_mutex_lock(&bounds->lock);
	users = --bounds->users;
	(void)pthread_mutex_unlock(&bounds->lock);
	if (users > 0)
		return;
	table_free(bounds->by_client);
	(void)pthread_mutex_destroy(&bounds->lock);
	free(bounds);
}

static uint64_t key_of(const struct tftp_bounds *bounds, struct ip client)
{
	return hash_ip(&bounds->key, &(struct ip_endpoint){ .address = client });
}

static uint32_t count_of(const struct tftp_bounds *bounds, uint64_t key)
{
	uint32_t count = 0;

	(void)table_find(bounds->by_client, key, &count);
	return count;
}

enum tftp_bound tftp_bounds_take(struct tftp_bounds *bounds, struct ip client, uint32_t client_max)
{
	uint64_t key = key_of(bounds, client);
	enum tftp_bound bound = TFTP_BOUND_OK;
	uint32_t count;

	(void)pthread_mutex_lock(&bounds->lock);
	count = count_of(bounds, key);
	if (bounds->count == bounds->max)
		bound = TFTP_BOUND_ALL;
	else if (client_max > 0 && count >= client_max)
		bound = TFTP_BOUND_CLIENT;
	/* The table has room for as many clients as there are transfers. */
	if (bound == TFTP_BOUND_OK && table_put(bounds->by_client, key, count + 1))
		bounds->count++;
	(void)pthread_mutex_unlock(&bounds->lock);
	return bound;
}

void tftp_bounds_give_back(struct tftp_bounds *bounds, struct ip client)
{
	uint64_t key = key_of(bounds, client);
	uint32_t count;

	(void)pthread_mutex_lock(&bounds->lock);
	count = count_of(bounds, key);
	if (count > 1)
		(void)table_put(bounds->by_client, key, count - 1);
	else
		table_remove(bounds->by_client, key);
	bounds->count--;
	(void)pthread_mutex_unlock(&bounds->lock);
}
