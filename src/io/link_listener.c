#include "io/link_listener.h"

#include "base/cleanup.h"
#include "io/checksum.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define IP_HEADER_SIZE  20 /* RFC 791, without options */
#define UDP_HEADER_SIZE 8
#define PACKET_MAX      (DATAGRAM_MAX + 60 + 8) /* with the longest IP header, and UDP's */
#define CONTROL_SIZE    CMSG_SPACE(sizeof(struct tpacket_auxdata))
#define FRAGMENT_MASK   0x3fff /* "more fragments" and the offset (RFC 791) */
#define VLAN_ID_MASK    0x0fff /* IEEE 802.1Q; 0: a priority only */
#define FRAGMENT_OFFSET 6
#define PROTOCOL_OFFSET 9

struct link_listener {
	int fd;
	struct watch *watch;
	udp_callback *on_datagrams;
	void *context;
};

struct packet_batch {
	uint8_t bytes[UDP_BATCH_MAX][PACKET_MAX];
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH_MAX][CONTROL_SIZE];
	struct sockaddr_ll from[UDP_BATCH_MAX];
	struct iovec parts[UDP_BATCH_MAX];
	struct mmsghdr messages[UDP_BATCH_MAX];
	struct datagram datagrams[UDP_BATCH_MAX];
};

static _Thread_local struct packet_batch packet_batch;

/* Past the IP header, with the addresses in *datagram; bytes is NULL where it is no sound one. */
static struct span decode_ip(struct span packet, struct datagram *datagram)
{
	static const struct span none;
	struct reader in = reader_of(packet);
	uint8_t first = read_u8(&in);
	size_t header_length = (size_t)(first & 0x0f) * 4;
	size_t length;

	(void)read_u8(&in);
	length = read_u16(&in);
	(void)read_bytes(&in, 8);
	datagram->from.address = ip_from_4((struct ip4){ read_u32(&in) });
	datagram->destination = ip_from_4((struct ip4){ read_u32(&in) });
	/* What follows the packet's own length fills up the frame. */
	if (in.is_failed || first >> 4 != 4 || header_length < IP_HEADER_SIZE ||
	    length < header_length || length > packet.length)
		return none;
	if (checksum_end(checksum_add(0, (struct span){ packet.bytes, header_length })) != 0)
		return none;
	return (struct span){ packet.bytes + header_length, length - header_length };
}

/* RFC 768: over a pseudo header, the header and the data; 0 is no checksum. */
static bool is_udp_sound(const struct datagram *datagram, struct span udp, uint16_t checksum)
{
	uint8_t pseudo[12];
	struct writer out = writer_of(pseudo, sizeof(pseudo));
	uint32_t sum;

	write_u32(&out, ip_to_4(datagram->from.address).value);
	write_u32(&out, ip_to_4(datagram->destination).value);
	write_u16(&out, IPPROTO_UDP);
	write_u16(&out, (uint16_t)udp.length);
	sum = checksum_add(0, (struct span){ pseudo, out.used });
	return checksum == 0 || checksum_end(checksum_add(sum, udp)) == 0;
}

bool link_decode_udp(struct span packet, bool has_checksum, struct datagram *out_datagram)
{
	struct datagram datagram = { 0 };
	struct span udp = decode_ip(packet, &datagram);
	struct reader in = reader_of(udp);
	uint16_t length;
	uint16_t checksum;

	datagram.from.port = read_u16(&in);
	datagram.port = read_u16(&in);
	length = read_u16(&in);
	checksum = read_u16(&in);
	if (in.is_failed || length < UDP_HEADER_SIZE || length > udp.length)
		return false;
	udp.length = length;
	if (has_checksum && !is_udp_sound(&datagram, udp, checksum))
		return false;
	datagram.bytes = (struct span){ udp.bytes + UDP_HEADER_SIZE, length - UDP_HEADER_SIZE };
	datagram.is_cut = datagram.bytes.length > DATAGRAM_MAX;
	*out_datagram = datagram;
	return true;
}

/* What the kernel knows of a packet beside its bytes. */
static struct tpacket_auxdata read_auxdata(struct msghdr *message)
{
	struct tpacket_auxdata auxdata = { 0 };

	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
	     control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == SOL_PACKET && control->cmsg_type == PACKET_AUXDATA)
			memcpy(&auxdata, CMSG_DATA(control), sizeof(auxdata));
	}
	return auxdata;
}

/* A packet of a VLAN that has an interface of its own arrives there, without its tag. One that
 * still has a tag is of a network that this machine is not on. */
static bool is_for_this_machine(const struct sockaddr_ll *from,
				const struct tpacket_auxdata *auxdata)
{
	bool has_vlan = (auxdata->tp_status & TP_STATUS_VLAN_VALID) != 0 &&
			(auxdata->tp_vlan_tci & VLAN_ID_MASK) != 0;

	return from->sll_pkttype != PACKET_OTHERHOST && from->sll_pkttype != PACKET_OUTGOING &&
	       !has_vlan;
}

static bool decode(struct msghdr *message, size_t length, const struct sockaddr_ll *from,
		   struct datagram *out_datagram)
{
	struct tpacket_auxdata auxdata = read_auxdata(message);
	struct span packet = { message->msg_iov->iov_base, length };
	/* A machine on this host, such as a virtual one, leaves it to hardware that is not there.
	 */
	bool has_checksum = (auxdata.tp_status & TP_STATUS_CSUMNOTREADY) == 0;

	if ((message->msg_flags & MSG_TRUNC) != 0 || !is_for_this_machine(from, &auxdata) ||
	    !link_decode_udp(packet, has_checksum, out_datagram))
		return false;
	out_datagram->interface = (unsigned)from->sll_ifindex;
	if (from->sll_pkttype == PACKET_HOST)
		out_datagram->local = out_datagram->destination;
	if (from->sll_halen == sizeof(out_datagram->from_mac.bytes))
		memcpy(out_datagram->from_mac.bytes, from->sll_addr, from->sll_halen);
	return true;
}

static void prepare_batch(struct packet_batch *batch)
{
	for (size_t i = 0; i < UDP_BATCH_MAX; i++) {
		batch->parts[i] = (struct iovec){ batch->bytes[i], PACKET_MAX };
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

static void on_readable(void *context)
{
	struct link_listener *listener = context;
	struct packet_batch *batch = &packet_batch;
	size_t kept = 0;
	int count;

	prepare_batch(batch);
	do {
		count = recvmmsg(listener->fd, batch->messages, UDP_BATCH_MAX, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	for (int i = 0; i < count; i++)
		kept += decode(&batch->messages[i].msg_hdr, batch->messages[i].msg_len,
			       &batch->from[i], &batch->datagrams[kept]);
	/* The callback may close the listener: nothing of it is touched afterwards. */
	if (kept > 0)
		listener->on_datagrams(listener->context, batch->datagrams, kept);
}

/* Classic BPF over the IP packet: UDP, no fragment, these ports. Everything else never leaves the
 * kernel. */
static int attach_filter(int fd, const struct link_listener_options *options)
{
	/* The IP header's length is in X, so offsets after it are those of the UDP header. */
	struct sock_filter rows[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PROTOCOL_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, FRAGMENT_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FRAGMENT_MASK, 6, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, options->port, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		/* Any port, where none is asked for. */
		BPF_JUMP(BPF_JMP | (options->from_port == 0 ? BPF_JGE : BPF_JEQ) | BPF_K,
			 options->from_port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(rows) / sizeof(rows[0]), .filter = rows };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int bind_to(int fd, unsigned interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_IP),
				       .sll_ifindex = (int)interface };

	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int set_options(int fd, const struct link_listener_options *options)
{
	int size = options->receive_buffer;
	int on = 1;
	int error = attach_filter(fd, options);

	if (error < 0)
		return error;
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0)
		return -errno;
	/* Past the system's limit where that is allowed, else as far as the limit goes. */
	if (size > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		return -errno;
	return bind_to(fd, options->interface);
}

int link_listener_open(struct loop *loop, const struct link_listener_options *options,
		       udp_callback *on_datagrams, void *context,
		       struct link_listener **out_listener)
{
	/* Of protocol 0 until its filter is in place: nothing comes in before that. */
	CLEANUP(close_fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct link_listener *listener;
	int error;

	if (fd < 0)
		return -errno;
	error = set_options(fd, options);
	if (error < 0)
		return error;
	listener = calloc(1, sizeof(*listener));
	if (listener == NULL)
		return -ENOMEM;
	listener->on_datagrams = on_datagrams;
	listener->context = context;
	listener->watch = watch_new(loop, fd, on_readable, listener);
	if (listener->watch == NULL) {
		free(listener);
		return -ENOMEM;
	}
	listener->fd = take_fd(&fd);
	*out_listener = listener;
	return 0;
}

int link_listener_bind(struct link_listener *listener, unsigned interface)
{
	return bind_to(listener->fd, interface);
}

void link_listener_close(struct link_listener *listener)
{
	if (listener == NULL)
		return;
	watch_free(listener->watch);
	(void)close(listener->fd);
	free(listener);
}
