#include "io/icmp6.h"
#include "base/cleanup.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MESSAGE_MAX  1500 /* Ethernet's MTU */
#define CONTROL_SIZE (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)))
#define HOP_LIMIT    255 /* RFC 4861: what proves that no router has passed a message on */
#define TURN_MAX     32  /* messages in one turn of the loop */

struct icmp6 {
	int fd;
	struct watch *watch;
	icmp6_callback *on_message;
	void *context;
};

static void read_control(struct msghdr *header, struct icmp6_message *message)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
	     control = CMSG_NXTHDR(header, control)) {
		struct in6_pktinfo info;

		if (control->cmsg_level != IPPROTO_IPV6)
			continue;
		if (control->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&message->hop_limit, CMSG_DATA(control), sizeof(message->hop_limit));
		if (control->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		message->interface = info.ipi6_ifindex;
	}
}

/* False: nothing waits. */
static bool receive(struct icmp6 *icmp6)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
	uint8_t bytes[MESSAGE_MAX];
	struct sockaddr_in6 from = { 0 };
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr header = { .msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	struct icmp6_message message = { .hop_limit = 0 };
	ssize_t length = recvmsg(icmp6->fd, &header, MSG_DONTWAIT);

	if (length < 0)
		return errno == EINTR;
	message.bytes = (struct span){ bytes, (size_t)length };
	memcpy(message.from.bytes, &from.sin6_addr, sizeof(message.from.bytes));
	read_control(&header, &message);
	if ((header.msg_flags & MSG_TRUNC) == 0)
		icmp6->on_message(icmp6->context, &message);
	return true;
}

static void on_readable(void *context)
{
	struct icmp6 *icmp6 = context;

	for (int i = 0; i < TURN_MAX && receive(icmp6); i++)
		continue;
}

static int set_option(int fd, int name, int value)
{
	return setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_options(int fd, uint8_t type)
{
	struct icmp6_filter filter;
	int error = set_option(fd, IPV6_RECVPKTINFO, 1);

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(type, &filter);
	if (error == 0 && setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0)
		error = -errno;
	if (error == 0)
		error = set_option(fd, IPV6_RECVHOPLIMIT, 1);
	if (error == 0)
		error = set_option(fd, IPV6_UNICAST_HOPS, HOP_LIMIT);
	return error;
}

int icmp6_open(struct loop *loop, uint8_t type, icmp6_callback *on_message, void *context,
	       struct icmp6 **out_icmp6)
{
	CLEANUP(close_fd)
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	struct icmp6 *icmp6;
	int error;

	if (fd < 0)
		return -errno;
	error = set_options(fd, type);
	if (error < 0)
		return error;
	icmp6 = calloc(1, sizeof(*icmp6));
	if (icmp6 == NULL)
		return -ENOMEM;
	icmp6->on_message = on_message;
	icmp6->context = context;
	icmp6->watch = watch_new(loop, fd, on_readable, icmp6);
	if (icmp6->watch == NULL) {
		free(icmp6);
		return -ENOMEM;
	}
	icmp6->fd = take_fd(&fd);
	*out_icmp6 = icmp6;
	return 0;
}

void icmp6_close(struct icmp6 *icmp6)
{
	if (icmp6 == NULL)
		return;
	watch_free(icmp6->watch);
	(void)close(icmp6->fd);
	free(icmp6);
}

/* ff02::2, all routers of the link (RFC 4291 2.7.1) */
static struct ipv6_mreq routers_of(unsigned interface)
{
	return (struct ipv6_mreq){ .ipv6mr_multiaddr.s6_addr = { 0xff, 0x02, [15] = 2 },
				   .ipv6mr_interface = interface };
}

int icmp6_join_routers(struct icmp6 *icmp6, unsigned interface)
{
	struct ipv6_mreq group = routers_of(interface);

	if (setsockopt(icmp6->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

void icmp6_leave_routers(struct icmp6 *icmp6, unsigned interface)
{
	struct ipv6_mreq group = routers_of(interface);

	(void)setsockopt(icmp6->fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &group, sizeof(group));
}

int icmp6_send(struct icmp6 *icmp6, unsigned interface, const struct ip6 *to, struct span message)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_scope_id = interface };

	memcpy(&address.sin6_addr, to->bytes, sizeof(to->bytes));
	if (sendto(icmp6->fd, message.bytes, message.length, MSG_DONTWAIT,
		   (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}
