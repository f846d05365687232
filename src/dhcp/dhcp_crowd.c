#include "dhcp/dhcp_crowd.h"

#include <stdlib.h>

struct dhcp_crowd {
	size_t first;
	size_t count;
	struct kept_datagram places[DHCP_CROWD_MAX];
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
	size_t at = (crowd->first + crowd->count) % DHCP_CROWD_MAX;

	if (has_room)
		crowd->count++;
	else
		crowd->first = (crowd->first + 1) % DHCP_CROWD_MAX;
	datagram_keep(&crowd->places[at], datagram);
	return has_room;
}

const struct datagram *dhcp_crowd_take(struct dhcp_crowd *crowd)
{
	const struct kept_datagram *place = &crowd->places[crowd->first];

	if (crowd->count == 0)
		return NULL;
	crowd->first = (crowd->first + 1) % DHCP_CROWD_MAX;
	crowd->count--;
	return &place->datagram;
}
