#include "dhcp/dhcp_crowd.h"

#include <stdlib.h>
#include <string.h>

struct place {
	struct datagram datagram; /* its bytes are those below */
	uint8_t bytes[DATAGRAM_MAX];
};

struct dhcp_crowd {
	size_t first;
	size_t count;
	struct place places[DHCP_CROWD_MAX];
};

struct dhcp_crowd *dhcp_crowd_new(void)
{
	return calloc(1, sizeof(struct dhcp_crowd));
}

void dhcp_crowd_free(struct dhcp_crowd *crowd)
{
	free(crowd);
}

bool dhcp_crowd_put(struct dhcp_crowd *crowd, const struct datagram *datagram)
{
	bool has_room = crowd->count < DHCP_CROWD_MAX;
	struct place *place = &crowd->places[(crowd->first + crowd->count) % DHCP_CROWD_MAX];

	if (has_room)
		crowd->count++;
	else
		crowd->first = (crowd->first + 1) % DHCP_CROWD_MAX;
	memcpy(place->bytes, datagram->bytes.bytes, datagram->bytes.length);
	place->datagram = *datagram;
	place->datagram.bytes.bytes = place->bytes;
	return has_room;
}

const struct datagram *dhcp_crowd_take(struct dhcp_crowd *crowd)
{
	const struct place *place = &crowd->places[crowd->first];

	if (crowd->count == 0)
		return NULL;
	crowd->first = (crowd->first + 1) % DHCP_CROWD_MAX;
	crowd->count--;
	return &place->datagram;
}
