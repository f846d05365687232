/* dhcp_flood: strangers that ask a DHCP server as fast as is said, each packet with a MAC address
 * of its own, the same ones for the same seed. They hear no answer. Prints what was sent as one
 * line of JSON. */
#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NS_PER_S 1000000000ULL
#define BATCH    64

struct flood {
	int fd;
	struct sockaddr_in server;
	uint64_t chance;
	double rate;
	double seconds;
	uint8_t packets[BATCH][PACKET_SIZE];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

static _Noreturn void end(const char *what)
{
	fprintf(stderr, "dhcp_flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

/* xorshift64* */
static uint64_t draw(struct flood *flood)
{
	flood->chance ^= flood->chance >> 12;
	flood->chance ^= flood->chance << 25;
	flood->chance ^= flood->chance >> 27;
	return flood->chance * 2685821657736338717U;
}

static bool prepare(struct flood *flood, const char *kind)
{
	struct wish wish = { .type = DISCOVER, .is_firmware = strcmp(kind, "firmware") == 0 };

	if (strcmp(kind, "bootp") == 0)
		wish.type = BOOTP;
	else if (!wish.is_firmware && strcmp(kind, "discover") != 0)
		return false;
	for (unsigned i = 0; i < BATCH; i++) {
		packet_write(&wish, flood->packets[i]);
		flood->parts[i] = (struct iovec){ flood->packets[i], PACKET_SIZE };
		flood->messages[i].msg_hdr = (struct msghdr){ .msg_name = &flood->server,
							      .msg_namelen = sizeof(flood->server),
							      .msg_iov = &flood->parts[i],
							      .msg_iovlen = 1 };
	}
	return true;
}

/* Another transaction (offset 4) of another machine (offset 28). */
static void make_anew(struct flood *flood, uint8_t *packet)
{
	uint64_t words[2] = { draw(flood), draw(flood) };

	memcpy(packet + 4, &words[0], 4);
	memcpy(packet + 28, &words[1], MAC_SIZE);
	packet[28] = (uint8_t)((packet[28] | 2) & 0xfe); /* local, no multicast */
}

static unsigned throw(struct flood * flood)
{
	int count;

	for (unsigned i = 0; i < BATCH; i++)
		make_anew(flood, flood->packets[i]);
	do {
		count = sendmmsg(flood->fd, flood->messages, BATCH, 0);
	} while (count < 0 && (errno == EINTR || errno == ENOBUFS));
	if (count < 0)
		end("send");
	return (unsigned)count;
}

/* Sleeps while it is ahead of the rate. */
static void throw_all(struct flood *flood)
{
	uint64_t began_ns = clock_ns();
	uint64_t passed_ns = 0;
	uint64_t sent = 0;
	const struct timespec pause = { .tv_nsec = 100000 };

	while ((double)passed_ns < flood->seconds * (double)NS_PER_S) {
		if ((double)sent * (double)NS_PER_S < flood->rate * (double)passed_ns)
			sent += throw(flood);
		else
			nanosleep(&pause, NULL);
		passed_ns = clock_ns() - began_ns;
	}
	printf("{\"sent\": %" PRIu64 ", \"per_s\": %.0f}\n", sent,
	       (double)sent * (double)NS_PER_S / (double)passed_ns);
}

int main(int argc, char **argv)
{
	struct flood flood = { .server = { .sin_family = AF_INET, .sin_port = htons(67) } };

	if (argc != 6 || inet_pton(AF_INET, argv[1], &flood.server.sin_addr) != 1) {
		fputs("dhcp_flood ADDRESS discover|firmware|bootp RATE SECONDS SEED\n", stderr);
		return 2;
	}
	flood.rate = strtod(argv[3], NULL);
	flood.seconds = strtod(argv[4], NULL);
	flood.chance = strtoull(argv[5], NULL, 10) * 2 + 1;
	flood.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (flood.fd < 0)
		end("socket");
	if (!prepare(&flood, argv[2])) {
		fprintf(stderr, "dhcp_flood: no such kind: %s\n", argv[2]);
		return 2;
	}
	throw_all(&flood);
	return 0;
}
