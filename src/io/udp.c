#include "io/udp.h"
#include "base/cleanup.h"
#include "io/udp_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TRIAL_INTERVAL 8
/* Batches that are read before the loop hears others. */
#define READS_MAX 16
#define PAUSE_MAX 64

struct udp {
	int fd;
	uint16_t port;
	struct watch *watch;
	udp_callback *on_datagrams;
	void *context;
	unsigned calls;
	bool is_busy; /* more than one datagram came at once */
	bool expects_answers;
	unsigned pause;      /* for so many batches after a vain look for an answer, none is made */
	unsigned pause_left; /* of them */
};

/* Where a batch is received. Sockets take turns at it: a batch is gone when its callback returns.
 */
struct receive_batch {
	uint8_t bytes[UDP_BATCH_MAX][DATAGRAM_MAX];
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH_MAX][UDP_CONTROL_SIZE];
	union udp_address from[UDP_BATCH_MAX];
	struct iovec parts[UDP_BATCH_MAX];
	struct mmsghdr messages[UDP_BATCH_MAX];
	bool is_prepared;
	size_t used; /* messages that the kernel has written to since */
	struct datagram datagrams[UDP_BATCH_MAX];
};

static _Thread_local struct receive_batch receive_batch;
/* Whose callback runs; NULL: it has closed it. */
static _Thread_local const struct udp *reading;

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Past the system's limit where that is allowed, else as far as the limit goes. */
static int set_buffer(int fd, int forced, int option, int bytes)
{
	if (set_option(fd, SOL_SOCKET, forced, bytes) == 0)
		return 0;
	return set_option(fd, SOL_SOCKET, option, bytes);
}

/* An address that its interface got just now is still being looked for on its network (RFC 4862):
 * it can be bound all the same. */
static int set_options_of_6(int fd, const struct udp_options *options)
{
	int error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->families == IP_ONLY_6);

	if (error == 0)
		error = set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (error == 0)
		error = set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	if (error == 0)
		error = set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	return error;
}

/* IPv4's count for IPv4's datagrams on a socket of both families. */
static int set_options(int fd, bool is_ip6, const struct udp_options *options)
{
	int error = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);

	if (error == 0)
		error = set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	if (error == 0 && is_ip6)
		error = set_options_of_6(fd, options);
	if (error == 0 && options->may_broadcast)
		error = set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (error == 0 && options->shares_port)
		error = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (error == 0 && options->interface != 0)
		error = set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)options->interface);
	if (error == 0 && options->receive_buffer > 0)
		error = set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
	if (error == 0 && options->send_buffer > 0)
		error = set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
	return error;
}

static void read_info_of_4(const struct cmsghdr *control, struct datagram *datagram)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(control), sizeof(info));
	datagram->interface = (unsigned)info.ipi_ifindex;
	datagram->local = ip_from_4((struct ip4){ ntohl(info.ipi_spec_dst.s_addr) });
	datagram->destination = ip_from_4((struct ip4){ ntohl(info.ipi_addr.s_addr) });
}

/* A socket of both families tells it of an IPv4 datagram, too, but not of a broadcast's local
 * address. */
static void read_info_of_6(const struct cmsghdr *control, struct datagram *datagram)
{
	struct in6_pktinfo info;
	struct ip destination;

	memcpy(&info, CMSG_DATA(control), sizeof(info));
	destination = ip_from_bytes(info.ipi6_addr.s6_addr);
	if (ip_is_4(destination))
		return;
	if (ip_is_link_local(destination))
		destination.scope = info.ipi6_ifindex;
	datagram->interface = info.ipi6_ifindex;
	datagram->destination = destination;
	if (!ip_is_multicast(destination))
		datagram->local = destination;
}

static void read_packet_info(struct msghdr *message, struct datagram *datagram)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
	     control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO)
			read_info_of_4(control, datagram);
		else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO)
			read_info_of_6(control, datagram);
	}
}

/* Most are as they were left the last time, when fewer came than might have. */
static void prepare_batch(struct receive_batch *batch)
{
	size_t used = batch->is_prepared ? batch->used : UDP_BATCH_MAX;

	for (size_t i = 0; i < used; i++) {
		batch->parts[i] = (struct iovec){ batch->bytes[i], DATAGRAM_MAX };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->from[i],
			.msg_namelen = sizeof(batch->from[i]),
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
			.msg_control = batch->control[i],
			.msg_controllen = UDP_CONTROL_SIZE,
		};
	}
	batch->is_prepared = true;
}

/* Returns how many came, or -1 with errno. One is cheaper by recvmsg. */
static int receive_some(int fd, struct mmsghdr *messages, unsigned length)
{
	ssize_t size;

	if (length > 1)
		return recvmmsg(fd, messages, length, MSG_DONTWAIT, NULL);
	size = recvmsg(fd, &messages[0].msg_hdr, MSG_DONTWAIT);
	messages[0].msg_len = size < 0 ? 0 : (unsigned)size;
	return size < 0 ? -1 : 1;
}

/* Returns how many datagrams are in the batch; 0 where nothing waits or reading failed. */
static size_t receive(const struct udp *udp, struct receive_batch *batch, unsigned length)
{
	int count;

	prepare_batch(batch);
	do {
		count = receive_some(udp->fd, batch->messages, length);
	} while (count < 0 && errno == EINTR);
	batch->used = count > 0 ? (size_t)count : 1;
	for (int i = 0; i < count; i++) {
		struct msghdr *message = &batch->messages[i].msg_hdr;

		batch->datagrams[i] = (struct datagram){
			.bytes = { batch->bytes[i], batch->messages[i].msg_len },
			.from = udp_from_sockaddr(&batch->from[i]),
			.port = udp->port,
			.is_cut = (message->msg_flags & MSG_TRUNC) != 0,
		};
		read_packet_info(message, &batch->datagrams[i]);
	}
	return count < 0 ? 0 : (size_t)count;
}

/* Asking for more than one costs a system call's half where there is only one, as with one client
 * at a time. So that is done where there were more the last time, and tried now and then. */
static unsigned batch_length(struct udp *udp)
{
	udp->calls++;
	return udp->is_busy || udp->calls % TRIAL_INTERVAL == 0 ? UDP_BATCH_MAX : 1;
}

/* Returns how many datagrams the callback was given, or -1: it has closed the socket. */
static int read_batch(struct udp *udp)
{
	unsigned length = batch_length(udp);
	size_t count = receive(udp, &receive_batch, length);

	if (length > 1)
		udp->is_busy = count > 1;
	if (count == 0)
		return 0;
	reading = udp;
	udp->on_datagrams(udp->context, receive_batch.datagrams, count);
	return reading == udp ? (int)count : -1;
}

/* A client on this machine's CPU, or on a fast wire, has answered when the callback has returned.
 * Looking then spares the way through the loop; looking in vain costs a system call, so after that
 * it is left for a while. Where many clients ask, the loop's turn lets their datagrams gather:
 * batches are cheaper than looks. */
static bool may_look_again(struct udp *udp)
{
	if (!udp->expects_answers || udp->is_busy)
		return false;
	if (udp->pause_left == 0)
		return true;
	udp->pause_left--;
	return false;
}

static void note_look(struct udp *udp, bool was_vain)
{
	if (!was_vain)
		udp->pause = 0;
	else if (udp->pause < PAUSE_MAX)
		udp->pause = udp->pause * 2 + 1;
	udp->pause_left = udp->pause;
}

/* What still waits at the end makes the descriptor readable again in the next turn. */
static void on_readable(void *context)
{
	struct udp *udp = context;
	int count = read_batch(udp);

	for (unsigned reads = 1; count > 0 && reads < READS_MAX && may_look_again(udp); reads++) {
		count = read_batch(udp);
		if (count >= 0)
			note_look(udp, count == 0);
	}
}

static int bind_socket(int fd, bool is_ip6, struct ip_endpoint local)
{
	union udp_address address;
	socklen_t size;

	if (!is_ip6 && !ip_is_set(local.address))
		local.address = ip_from_4((struct ip4){ 0 });
	size = udp_to_sockaddr(local, &address);
	return bind(fd, &address.any, size) < 0 ? -errno : 0;
}

static int open_bound(const struct udp_options *options, int *out_fd)
{
	bool is_ip6 = options->families != IP_ONLY_4;
	int type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	CLEANUP(close_fd) int fd = socket(is_ip6 ? AF_INET6 : AF_INET, type, 0);
	int error;

	if (fd < 0 && errno == EAFNOSUPPORT && options->families == IP_BOTH) {
		is_ip6 = false;
		fd = socket(AF_INET, type, 0);
	}
	if (fd < 0)
		return -errno;
	error = set_options(fd, is_ip6, options);
	if (error == 0)
		error = bind_socket(fd, is_ip6, options->local);
	if (error == 0)
		*out_fd = take_fd(&fd);
	return error;
}

void datagram_keep(struct kept_datagram *out_kept, const struct datagram *datagram)
{
	size_t length =
		datagram->bytes.length < DATAGRAM_MAX ? datagram->bytes.length : DATAGRAM_MAX;

	memcpy(out_kept->bytes, datagram->bytes.bytes, length);
	out_kept->datagram = *datagram;
	out_kept->datagram.bytes = (struct span){ out_kept->bytes, length };
}

int udp_open(struct loop *loop, const struct udp_options *options, udp_callback *on_datagrams,
	     void *context, struct udp **out_udp)
{
	CLEANUP(close_fd) int fd = -1;
	struct udp *udp;
	int error = open_bound(options, &fd);

	if (error < 0)
		return error;
	udp = calloc(1, sizeof(*udp));
	if (udp == NULL)
		return -ENOMEM;
	udp->on_datagrams = on_datagrams;
	udp->context = context;
	udp->is_busy = true;
	udp->expects_answers = options->expects_answers;
	udp->port = options->local.port;
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
	if (reading == udp)
		reading = NULL;
	watch_free(udp->watch);
	(void)close(udp->fd);
	free(udp);
}

/* Anew where it is the same, too: that does no harm. */
int udp_bind_interface(struct udp *udp, unsigned interface)
{
	return set_option(udp->fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)interface);
}

int udp_descriptor(const struct udp *udp)
{
	return udp->fd;
}

uint16_t udp_port(const struct udp *udp)
{
	union udp_address local = { 0 };
	socklen_t length = sizeof(local);

	(void)getsockname(udp->fd, &local.any, &length);
	return udp_from_sockaddr(&local).port;
}

uint32_t udp_interface_mtu(const struct udp *udp, unsigned interface)
{
	struct ifreq request = { .ifr_ifindex = (int)interface };

	if (ioctl(udp->fd, SIOCGIFNAME, &request) < 0 || ioctl(udp->fd, SIOCGIFMTU, &request) < 0 ||
	    request.ifr_mtu < 0)
		return 0;
	return (uint32_t)request.ifr_mtu;
}

int udp_send(struct udp *udp, struct udp_source source, struct ip_endpoint to, struct span bytes)
{
	_Alignas(struct cmsghdr) uint8_t control[UDP_CONTROL_SIZE];
	union udp_address address;
	struct iovec part = { (void *)bytes.bytes, bytes.length };
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = udp_to_sockaddr(to, &address),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	udp_write_control(&message, control, source, 0);
	while (sendmsg(udp->fd, &message, MSG_DONTWAIT) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
