/* Whoever sends to this machine's address has asked for it by ARP, of which the kernel keeps who
 * asked: so a client's first packet finds its neighbour there already. */
#include "io/neighbours.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_SIZE 4096 /* a route with all its attributes is far below */
#define ANSWERS_MAX  8    /* that are read for one question: those before it were left over */

/* The states in which the address was heard, be it some time ago. */
#define HEARD (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct neighbours {
	pthread_mutex_t lock; /* one question at a time */
	struct mnl_socket *socket;
	uint32_t sequence;
};

/* What is found of a route. */
struct way {
	bool is_direct;
	unsigned interface;
};

int neighbours_open(struct neighbours **out_neighbours)
{
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));
	int error;

	if (neighbours == NULL)
		return -ENOMEM;
	(void)pthread_mutex_init(&neighbours->lock, NULL);
	neighbours->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (neighbours->socket == NULL ||
	    mnl_socket_bind(neighbours->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		neighbours_close(neighbours);
		return error;
	}
	*out_neighbours = neighbours;
	return 0;
}

void neighbours_close(struct neighbours *neighbours)
{
	if (neighbours == NULL)
		return;
	if (neighbours->socket != NULL)
		(void)mnl_socket_close(neighbours->socket);
	(void)pthread_mutex_destroy(&neighbours->lock);
	free(neighbours);
}

/* The kernel answers such a question before the call that asks it returns. */
static bool ask(struct neighbours *neighbours, struct nlmsghdr *request, mnl_cb_t on_answer,
		void *context)
{
	unsigned port = mnl_socket_get_portid(neighbours->socket);
	uint32_t sequence = ++neighbours->sequence;
	char answer[MESSAGE_SIZE];

	request->nlmsg_flags = NLM_F_REQUEST;
	request->nlmsg_seq = sequence;
	if (mnl_socket_sendto(neighbours->socket, request, request->nlmsg_len) < 0)
		return false;
	for (unsigned i = 0; i < ANSWERS_MAX; i++) {
		ssize_t length = mnl_socket_recvfrom(neighbours->socket, answer, sizeof(answer));

		if (length < 0)
			return false;
		if (mnl_nlmsg_seq_ok((const struct nlmsghdr *)(const void *)answer, sequence))
			return mnl_cb_run(answer, (size_t)length, sequence, port, on_answer,
					  context) >= 0;
	}
	return false;
}

static int on_route_attribute(const struct nlattr *attribute, void *context)
{
	struct way *way = context;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type == RTA_OIF && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		way->interface = mnl_attr_get_u32(attribute);
	else if (type == RTA_GATEWAY || type == RTA_VIA)
		way->is_direct = false;
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct way *way = context;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_STOP;
	way->is_direct = header->rtm_type == RTN_UNICAST;
	(void)mnl_attr_parse(message, sizeof(*header), on_route_attribute, way);
	return MNL_CB_STOP;
}

static bool find_way(struct neighbours *neighbours, struct ip4 address, unsigned *out_interface)
{
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	struct way way = { .is_direct = false };

	request->nlmsg_type = RTM_GETROUTE;
	header->rtm_family = AF_INET;
	header->rtm_dst_len = 32;
	mnl_attr_put_u32(request, RTA_DST, htonl(address.value));
	if (!ask(neighbours, request, on_route, &way) || !way.is_direct || way.interface == 0)
		return false;
	*out_interface = way.interface;
	return true;
}

static int on_neighbour_attribute(const struct nlattr *attribute, void *context)
{
	struct mac *mac = context;

	if (mnl_attr_get_type(attribute) == NDA_LLADDR &&
	    mnl_attr_get_payload_len(attribute) == sizeof(mac->bytes))
		memcpy(mac->bytes, mnl_attr_get_payload(attribute), sizeof(mac->bytes));
	return MNL_CB_OK;
}

static int on_neighbour(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWNEIGH && (header->ndm_state & HEARD) != 0)
		(void)mnl_attr_parse(message, sizeof(*header), on_neighbour_attribute, context);
	return MNL_CB_STOP;
}

static bool find_neighbour(struct neighbours *neighbours, struct ip4 address, unsigned interface,
			   struct mac *out_mac)
{
	static const struct mac none;
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	struct mac mac = none;

	request->nlmsg_type = RTM_GETNEIGH;
	header->ndm_family = AF_INET;
	header->ndm_ifindex = (int)interface;
	mnl_attr_put_u32(request, NDA_DST, htonl(address.value));
	if (!ask(neighbours, request, on_neighbour, &mac) || memcmp(&mac, &none, sizeof(mac)) == 0)
		return false;
	*out_mac = mac;
	return true;
}

bool neighbours_find(struct neighbours *neighbours, struct ip4 address,
		     struct neighbour *out_neighbour)
{
	struct neighbour found;
	bool is_found;

	(void)pthread_mutex_lock(&neighbours->lock);
	is_found = find_way(neighbours, address, &found.interface) &&
		   find_neighbour(neighbours, address, found.interface, &found.mac);
	(void)pthread_mutex_unlock(&neighbours->lock);
	if (is_found)
		*out_neighbour = found;
	return is_found;
}
