#include "io/udp.h"
#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CONTROL_SIZE CMSG_SPACE(sizeof(struct in_pktinfo))

struct udp {
	int fd;
	struct watch *watch;
	udp_callback *on_datagrams;
	void *context;
};

/* Where a batch is received. Sockets take turns at it: a batch is gone when its callback returns.
 */
struct receive_batch {
	uint8_t bytes[UDP_BATCH_MAX][DATAGRAM_MAX];
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH_MAX][CONTROL_SIZE];
	struct sockaddr_in from[UDP_BATCH_MAX];
	struct iovec parts[UDP_BATCH_MAX];
	struct mmsghdr messages[UDP_BATCH_MAX];
	struct datagram datagrams[UDP_BATCH_MAX];
};

static _Thread_local struct receive_batch receive_batch;

static struct sockaddr_in to_sockaddr(struct endpoint endpoint)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(endpoint.port),
				     .sin_addr.s_addr = htonl(endpoint.address.value) };
}

static struct endpoint from_sockaddr(const struct sockaddr_in *address)
{
	return (struct endpoint){ .address = { ntohl(address->sin_addr.s_addr) },
				  .port = ntohs(address->sin_port) };
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_options(int fd, const struct udp_options *options)
{
	int error = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);

	if (error == 0)
		error = set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	if (error == 0 && options->may_broadcast)
		error = set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (error == 0 && options->device != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device,
		       (socklen_t)strlen(options->device)) < 0)
		error = -errno;
	/* Past the system's limit where that is allowed, else as far as the limit goes. */
	if (error == 0 && options->receive_buffer > 0 &&
	    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, options->receive_buffer) < 0)
		error = set_option(fd, SOL_SOCKET, SO_RCVBUF, options->receive_buffer);
	return error;
}

static void read_packet_info(struct msghdr *message, struct datagram *datagram)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
	     control = CMSG_NXTHDR(message, control)) {
		struct in_pktinfo info;

		if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		datagram->interface = (unsigned)info.ipi_ifindex;
		datagram->local.value = ntohl(info.ipi_spec_dst.s_addr);
		datagram->destination.value = ntohl(info.ipi_addr.s_addr);
	}
}

static void prepare_batch(struct receive_batch *batch)
{
	for (size_t i = 0; i < UDP_BATCH_MAX; i++) {
		batch->parts[i] = (struct iovec){ batch->bytes[i], DATAGRAM_MAX };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->from[i],
			.msg_namelen = sizeof(batch->from[i]),
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
			.msg_control = batch->control[i],
			.msg_controllen = CONTROL_SIZE,
		};
	}
}

/* Returns how many datagrams are in the batch; 0 where nothing waits or reading failed. */
static size_t receive(int fd, struct receive_batch *batch)
{
	int count;

	prepare_batch(batch);
	do {
		count = recvmmsg(fd, batch->messages, UDP_BATCH_MAX, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	for (int i = 0; i < count; i++) {
		struct msghdr *message = &batch->messages[i].msg_hdr;

		batch->datagrams[i] = (struct datagram){
			.bytes = { batch->bytes[i], batch->messages[i].msg_len },
			.from = from_sockaddr(&batch->from[i]),
			.is_cut = (message->msg_flags & MSG_TRUNC) != 0,
		};
		read_packet_info(message, &batch->datagrams[i]);
	}
	return count < 0 ? 0 : (size_t)count;
}

static void on_readable(void *context)
{
	struct udp *udp = context;
	size_t count = receive(udp->fd, &receive_batch);

	/* The callback may close the socket, so nothing of it is touched afterwards: what is still
	 * waiting makes the descriptor readable again in the next turn. */
	if (count > 0)
		udp->on_datagrams(udp->context, receive_batch.datagrams, count);
}

int udp_open(struct loop *loop, const struct udp_options *options, udp_callback *on_datagrams,
	     void *context, struct udp **out_udp)
{
	CLEANUP(close_fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in local = to_sockaddr(options->local);
	struct udp *udp;
	int error;

	if (fd < 0)
		return -errno;
	error = set_options(fd, options);
	if (error < 0)
		return error;
	if (bind(fd, (const struct sockaddr *)&local, sizeof(local)) < 0)
		return -errno;

	udp = calloc(1, sizeof(*udp));
	if (udp == NULL)
		return -ENOMEM;
	udp->on_datagrams = on_datagrams;
	udp->context = context;
	udp->watch = watch_new(loop, fd, on_readable, udp);
	if (udp->watch == NULL) {
		free(udp);
		return -ENOMEM;
	}
	udp->fd = take_fd(&fd);
	*out_udp = udp;
	return 0;
}

void udp_close(struct udp *udp)
{
	if (udp == NULL)
		return;
	watch_free(udp->watch);
	(void)close(udp->fd);
	free(udp);
}

static void write_packet_info(struct msghdr *message, uint8_t control[CONTROL_SIZE],
			      struct udp_source source)
{
	struct in_pktinfo info = { .ipi_ifindex = (int)source.interface,
				   .ipi_spec_dst.s_addr = htonl(source.address.value) };
	struct cmsghdr *header;

	message->msg_control = control;
	message->msg_controllen = CONTROL_SIZE;
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(header), &info, sizeof(info));
}

int udp_send(struct udp *udp, struct udp_source source, struct endpoint to, struct span bytes)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE] = { 0 };
	bool is_chosen = ip4_is_set(source.address) || source.interface != 0;
	struct sockaddr_in address = to_sockaddr(to);
	struct iovec part = { (void *)bytes.bytes, bytes.length };
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	/* Zeros in the packet info would not leave the choice to the socket: they would undo the
	 * address that it is bound to. */
	if (is_chosen)
		write_packet_info(&message, control, source);
	while (sendmsg(udp->fd, &message, MSG_DONTWAIT) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
