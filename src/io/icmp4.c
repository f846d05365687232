#include "io/icmp4.h"
#include "base/bytes.h"
#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#define ECHO_SIZE 16
#define MARK_SIZE 12 /* what the questions of no other program have behind the checksum */
#define TURN_MAX  64 /* packets read in one turn of the loop */

struct icmp4 {
	int fd;
	struct watch *watch;
	icmp4_callback *on_answer;
	void *context;
	uint8_t mark[MARK_SIZE];
};

static void write_echo(const struct icmp4 *icmp4, uint8_t type, uint8_t bytes[ECHO_SIZE])
{
	struct writer out = writer_of(bytes, ECHO_SIZE);
	uint32_t sum = 0;

	write_u8(&out, type);
	write_zeros(&out, 3);
	write_bytes(&out, icmp4->mark, MARK_SIZE);
	for (size_t i = 0; i < ECHO_SIZE; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	bytes[2] = (uint8_t)(sum >> 8);
	bytes[3] = (uint8_t)sum;
}

/* The packet has its IP header before it. All answers are the same but for who sent them. */
static bool is_answer(const struct icmp4 *icmp4, struct span packet)
{
	uint8_t expected[ECHO_SIZE];
	size_t header = packet.length > 0 ? (size_t)(packet.bytes[0] & 0xf) * 4 : 0;

	write_echo(icmp4, ICMP_ECHOREPLY, expected);
	return packet.length >= header + ECHO_SIZE &&
	       memcmp(packet.bytes + header, expected, ECHO_SIZE) == 0;
}

static void on_readable(void *context)
{
	const struct icmp4 *icmp4 = context;
	uint8_t bytes[60 + ECHO_SIZE]; /* the longest IP header */
	ssize_t length = 0;

	for (unsigned i = 0; i < TURN_MAX && length >= 0; i++) {
		struct sockaddr_in from = { 0 };
		socklen_t size = sizeof(from);

		length = recvfrom(icmp4->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &size);
		if (length > 0 && is_answer(icmp4, (struct span){ bytes, (size_t)length }))
			icmp4->on_answer(icmp4->context,
					 (struct ip4){ ntohl(from.sin_addr.s_addr) });
	}
}

int icmp4_open(struct loop *loop, icmp4_callback *on_answer, void *context,
	       struct icmp4 **out_icmp4)
{
	CLEANUP(close_fd)
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	struct icmp_filter filter = { .data = ~(1U << ICMP_ECHOREPLY) };
	struct icmp4 *icmp4;

	if (fd < 0 || setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) < 0)
		return -errno;
	icmp4 = calloc(1, sizeof(*icmp4));
	if (icmp4 == NULL)
		return -ENOMEM;
	icmp4->on_answer = on_answer;
	icmp4->context = context;
	if (getrandom(icmp4->mark, sizeof(icmp4->mark), 0) == sizeof(icmp4->mark))
		icmp4->watch = watch_new(loop, fd, on_readable, icmp4);
	if (icmp4->watch == NULL) {
		free(icmp4);
		return -ENOMEM;
	}
	icmp4->fd = take_fd(&fd);
	*out_icmp4 = icmp4;
	return 0;
}

void icmp4_close(struct icmp4 *icmp4)
{
	if (icmp4 == NULL)
		return;
	watch_free(icmp4->watch);
	(void)close(icmp4->fd);
	free(icmp4);
}

int icmp4_ask(struct icmp4 *icmp4, struct ip4 address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address.value) };
	uint8_t bytes[ECHO_SIZE];

	write_echo(icmp4, ICMP_ECHO, bytes);
	if (sendto(icmp4->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}
