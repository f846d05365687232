#include "tftp/tftp_transfers.h"
#include "base/hash.h"
#include "base/table.h"

#include <stdlib.h>

/* The free places are chained by index, the last one freed first: its memory is warm. */
#define NO_PLACE UINT32_MAX

struct place {
	struct tftp_transfer transfer;
	uint32_t next_free;
};

struct tftp_transfers {
	struct hash_key key;
	struct table *by_client;
	uint32_t capacity;
	uint32_t count;
	uint32_t first_free;
	struct place places[];
};

struct tftp_transfers *tftp_transfers_new(uint32_t capacity)
{
	struct tftp_transfers *transfers =
		calloc(1, sizeof(*transfers) + capacity * sizeof(transfers->places[0]));

	if (transfers == NULL)
		return NULL;
	transfers->by_client = table_new(capacity);
	if (transfers->by_client == NULL || !hash_key_init(&transfers->key)) {
		table_free(transfers->by_client);
		free(transfers);
		return NULL;
	}
	transfers->capacity = capacity;
	for (uint32_t i = 0; i < capacity; i++)
		transfers->places[i].next_free = i + 1 < capacity ? i + 1 : NO_PLACE;
	transfers->first_free = capacity > 0 ? 0 : NO_PLACE;
	return transfers;
}

void tftp_transfers_free(struct tftp_transfers *transfers)
{
	if (transfers == NULL)
		return;
	table_free(transfers->by_client);
	free(transfers);
}

static bool is_same(const struct ip_endpoint *one, const struct ip_endpoint *other)
{
	return one->port == other->port && ip_is_same(one->address, other->address);
}

struct tftp_transfer *tftp_transfers_find(struct tftp_transfers *transfers,
					  struct ip_endpoint client)
{
	struct tftp_transfer *transfer;
	uint32_t index;

	if (!table_find(transfers->by_client, hash_ip(&transfers->key, &client), &index))
		return NULL;
	transfer = &transfers->places[index].transfer;
	return is_same(&transfer->client, &client) ? transfer : NULL;
}

struct tftp_transfer *tftp_transfers_add(struct tftp_transfers *transfers,
					 struct ip_endpoint client)
{
	uint32_t index = transfers->first_free;
	struct place *place;

	if (index == NO_PLACE ||
	    !table_put(transfers->by_client, hash_ip(&transfers->key, &client), index))
		return NULL;
	place = &transfers->places[index];
	transfers->first_free = place->next_free;
	transfers->count++;
	place->transfer = (struct tftp_transfer){ .stage = TFTP_STAGE_OPENING,
						  .client = client,
						  .index = index };
	return &place->transfer;
}

/* Of two clients with one key, the later one's transfer is found. */
static void forget(struct tftp_transfers *transfers, const struct tftp_transfer *transfer)
{
	if (tftp_transfers_find(transfers, transfer->client) == transfer)
		table_remove(transfers->by_client, hash_ip(&transfers->key, &transfer->client));
}

static bool has_client(const struct tftp_transfer *transfer)
{
	return transfer->stage == TFTP_STAGE_OPENING || transfer->stage == TFTP_STAGE_SENDING;
}

void tftp_transfers_abandon(struct tftp_transfers *transfers, struct tftp_transfer *transfer,
			    enum tftp_stage stage)
{
	if (has_client(transfer))
		forget(transfers, transfer);
	transfer->stage = stage;
}

void tftp_transfers_remove(struct tftp_transfers *transfers, struct tftp_transfer *transfer)
{
	/* An abandoned one's client may have another transfer by now. */
	if (has_client(transfer))
		forget(transfers, transfer);
	transfer->stage = TFTP_STAGE_FREE;
	transfers->places[transfer->index].next_free = transfers->first_free;
	transfers->first_free = transfer->index;
	transfers->count--;
}

uint32_t tftp_transfers_count(const struct tftp_transfers *transfers)
{
	return transfers->count;
}

struct tftp_transfer *tftp_transfers_next(struct tftp_transfers *transfers,
					  const struct tftp_transfer *previous)
{
	for (uint32_t i = previous == NULL ? 0 : previous->index + 1; i < transfers->capacity;
	     i++) {
		if (transfers->places[i].transfer.stage != TFTP_STAGE_FREE)
			return &transfers->places[i].transfer;
	}
	return NULL;
}
