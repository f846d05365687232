#include "io/netif.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define DUMP_SIZE  32768 /* what the kernel fills at most of one dump message */
#define LIST_TRIES 16    /* for a list that is cut by a change (EINTR) */

struct collection {
	struct local_address *list;
	size_t capacity;
	size_t count;
};

/* IFA_LOCAL is this machine's end; on a point-to-point link IFA_ADDRESS is the other one's. */
static int on_attribute(const struct nlattr *attribute, void *context)
{
	struct local_address *address = context;

	if (mnl_attr_get_type(attribute) == IFA_LOCAL &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		address->address.value = ntohl(mnl_attr_get_u32(attribute));
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct collection *found = context;
	struct local_address address = { .interface = header->ifa_index,
					 .prefix_length = header->ifa_prefixlen };

	if (message->nlmsg_type != RTM_NEWADDR || header->ifa_family != AF_INET ||
	    header->ifa_prefixlen > 32)
		return MNL_CB_OK;
	(void)mnl_attr_parse(message, sizeof(*header), on_attribute, &address);
	if (!ip4_is_set(address.address) || found->count == found->capacity)
		return MNL_CB_OK;
	/* The interface may have gone in between: then its address has gone with it. */
	if (if_indextoname(address.interface, address.name) != NULL)
		found->list[found->count++] = address;
	return MNL_CB_OK;
}

struct collection_6 {
	struct local_ip *list;
	size_t capacity;
	size_t count;
};

/* As in on_attribute; where there is no other end, there is no IFA_LOCAL. */
static int on_attribute_6(const struct nlattr *attribute, void *context)
{
	const void **addresses = context;
	uint16_t type = mnl_attr_get_type(attribute);

	if ((type == IFA_LOCAL || type == IFA_ADDRESS) &&
	    mnl_attr_validate2(attribute, MNL_TYPE_BINARY, sizeof(struct in6_addr)) >= 0)
		addresses[type == IFA_LOCAL ? 0 : 1] = mnl_attr_get_payload(attribute);
	return MNL_CB_OK;
}

static int on_address_6(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct collection_6 *found = context;
	struct local_ip address = { .interface = header->ifa_index,
				    .prefix_length = header->ifa_prefixlen };
	const void *own_and_other[2] = { NULL, NULL };

	if (message->nlmsg_type != RTM_NEWADDR || header->ifa_family != AF_INET6 ||
	    header->ifa_prefixlen > 128 || (header->ifa_flags & IFA_F_DADFAILED) != 0)
		return MNL_CB_OK;
	(void)mnl_attr_parse(message, sizeof(*header), on_attribute_6, own_and_other);
	if (own_and_other[0] == NULL)
		own_and_other[0] = own_and_other[1];
	if (own_and_other[0] == NULL || found->count == found->capacity ||
	    if_indextoname(address.interface, address.name) == NULL)
		return MNL_CB_OK;
	address.address = ip_from_bytes(own_and_other[0]);
	if (ip_is_link_local(address.address))
		address.address.scope = address.interface;
	found->list[found->count++] = address;
	return MNL_CB_OK;
}

static int dump_addresses(struct mnl_socket *socket, unsigned char family, mnl_cb_t on_message,
			  void *found)
{
	char buffer[DUMP_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *header;
	ssize_t length;
	int state = MNL_CB_OK;

	request->nlmsg_type = RTM_GETADDR;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->ifa_family = family;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (state > MNL_CB_STOP) {
		length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		state = mnl_cb_run(buffer, (size_t)length, 0, mnl_socket_get_portid(socket),
				   on_message, found);
	}
	return state == MNL_CB_ERROR ? -errno : 0;
}

static int list_once(unsigned char family, mnl_cb_t on_message, void *found)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int error;

	if (socket == NULL)
		return -errno;
	error = dump_addresses(socket, family, on_message, found);
	(void)mnl_socket_close(socket);
	return error;
}

int netif_list(struct local_address *out_list, size_t capacity, size_t *out_count)
{
	struct collection found = { 0 };
	int error = -EINTR;

	for (int i = 0; i < LIST_TRIES && error == -EINTR; i++) {
		found = (struct collection){ .list = out_list, .capacity = capacity };
		error = list_once(AF_INET, on_address, &found);
	}
	if (error == 0)
		*out_count = found.count;
	return error;
}

int netif_list_6(struct local_ip *out_list, size_t capacity, size_t *out_count)
{
	struct collection_6 found = { 0 };
	int error = -EINTR;

	for (int i = 0; i < LIST_TRIES && error == -EINTR; i++) {
		found = (struct collection_6){ .list = out_list, .capacity = capacity };
		error = list_once(AF_INET6, on_address_6, &found);
	}
	if (error == 0)
		*out_count = found.count;
	return error;
}

static int on_setting(const struct nlattr *attribute, void *context)
{
	bool *forwards = context;

	if (mnl_attr_get_type(attribute) == NETCONFA_FORWARDING &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		*forwards = mnl_attr_get_u32(attribute) != 0;
	return MNL_CB_OK;
}

static int on_settings(const struct nlmsghdr *message, void *context)
{
	if (message->nlmsg_type == RTM_NEWNETCONF)
		(void)mnl_attr_parse(message, sizeof(struct netconfmsg), on_setting, context);
	return MNL_CB_STOP;
}

static int ask_settings(struct mnl_socket *socket, unsigned interface, bool *out_forwards)
{
	char buffer[DUMP_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct netconfmsg *header;
	ssize_t length;

	request->nlmsg_type = RTM_GETNETCONF;
	request->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->ncm_family = AF_INET6;
	mnl_attr_put_u32(request, NETCONFA_IFINDEX, interface);
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (length < 0 || mnl_cb_run(buffer, (size_t)length, 0, mnl_socket_get_portid(socket),
				     on_settings, out_forwards) < 0)
		return errno == EINVAL ? -ENODEV : -errno;
	return 0;
}

int netif_forwards_ip6(unsigned interface, bool *out_forwards)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	bool forwards = false;
	int error;

	if (socket == NULL)
		return -errno;
	error = ask_settings(socket, interface, &forwards);
	(void)mnl_socket_close(socket);
	if (error == 0)
		*out_forwards = forwards;
	return error;
}
