#include "dhcp/dhcp_waiting.h"

#include "base/table.h"

#include <stdlib.h>

/* Packets are allocated one by one: most sites ask no authority, and few machines wait at once. */
struct dhcp_waiting {
	struct table *machines;
	uint32_t capacity;
	uint32_t free_count;
	uint32_t *free_indexes; /* a stack */
	struct waiting_packet **packets;
};

struct dhcp_waiting *dhcp_waiting_new(uint32_t capacity)
{
	struct dhcp_waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting == NULL)
		return NULL;
	waiting->machines = table_new(capacity);
	waiting->free_indexes = calloc(capacity, sizeof(*waiting->free_indexes));
	waiting->packets = calloc(capacity, sizeof(struct waiting_packet *));
	if (waiting->machines == NULL || waiting->free_indexes == NULL ||
	    waiting->packets == NULL) {
		dhcp_waiting_free(waiting);
		return NULL;
	}
	waiting->capacity = capacity;
	while (waiting->free_count < capacity) {
		waiting->free_indexes[waiting->free_count] = waiting->free_count;
		waiting->free_count++;
	}
	return waiting;
}

void dhcp_waiting_free(struct dhcp_waiting *waiting)
{
	if (waiting == NULL)
		return;
	for (uint32_t i = 0; i < waiting->capacity; i++)
		free(waiting->packets[i]);
	free(waiting->packets);
	free(waiting->free_indexes);
	table_free(waiting->machines);
	free(waiting);
}

struct waiting_packet *dhcp_waiting_find(struct dhcp_waiting *waiting, struct mac mac)
{
	uint32_t index;

	if (!table_find(waiting->machines, mac_to_number(mac), &index))
		return NULL;
	return waiting->packets[index];
}

struct waiting_packet *dhcp_waiting_add(struct dhcp_waiting *waiting, struct mac mac)
{
	struct waiting_packet *packet;
	uint32_t index;

	if (waiting->free_count == 0)
		return NULL;
	index = waiting->free_indexes[waiting->free_count - 1];
	packet = calloc(1, sizeof(*packet));
	if (packet == NULL || !table_put(waiting->machines, mac_to_number(mac), index)) {
		free(packet);
		return NULL;
	}
	waiting->free_count--;
	waiting->packets[index] = packet;
	packet->mac = mac;
	packet->index = index;
	return packet;
}

void dhcp_waiting_keep(struct waiting_packet *packet, const struct datagram *datagram, uint32_t xid)
{
	datagram_keep(&packet->kept, datagram);
	packet->xid = xid;
}

void dhcp_waiting_remove(struct dhcp_waiting *waiting, struct waiting_packet *packet)
{
	table_remove(waiting->machines, mac_to_number(packet->mac));
	waiting->packets[packet->index] = NULL;
	waiting->free_indexes[waiting->free_count++] = packet->index;
	free(packet);
}

void dhcp_waiting_clear(struct dhcp_waiting *waiting)
{
	for (uint32_t i = 0; i < waiting->capacity; i++) {
		if (waiting->packets[i] != NULL)
			dhcp_waiting_remove(waiting, waiting->packets[i]);
	}
}
