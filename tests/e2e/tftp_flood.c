/* tftp_flood: throws hostile datagrams at a TFTP server's port, as many as are asked for, the same
 * ones for the same seed. It goes no faster than the server reads: after each batch it asks for a
 * file that is not there and awaits the answer. Some datagrams go to the ports of transfers that
 * it has begun, from a port that is not the transfer's. Prints how many went to the server's port
 * and how many to transfers. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS     512
#define BATCH       64
#define PACKET_MAX  1400
#define WRONG_EVERY 16 /* batches between two transfers that strangers disturb */
#define RESEND_MS   2000
#define TRIES_MAX   30
#define COUNT(of)   (sizeof(of) / sizeof((of)[0]))

enum { OPCODE_RRQ = 1, OPCODE_WRQ, OPCODE_DATA, OPCODE_ACK, OPCODE_ERROR, OPCODE_OACK };

struct packet {
	size_t length;
	uint8_t bytes[PACKET_MAX];
};

static uint64_t chance;
static uint64_t to_server, to_transfers;
static struct sockaddr_in6 server = { .sin6_family = AF_INET6 };
static int sockets[SOCKETS];
static int probe; /* a socket of its own: nobody else's answers come to it */

static uint64_t draw(uint64_t below)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (chance * 2685821657736338717U >> 11) % below;
}

static _Noreturn void end(const char *what)
{
	fprintf(stderr, "tftp_flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(struct packet *packet, const void *bytes, size_t length)
{
	if (length > PACKET_MAX - packet->length)
		length = PACKET_MAX - packet->length;
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

static void add_text(struct packet *packet, const char *text)
{
	add(packet, text, strlen(text) + 1);
}

static void add_noise(struct packet *packet, size_t length)
{
	while (length-- > 0) {
		uint8_t byte = (uint8_t)draw(256);

		add(packet, &byte, 1);
	}
}

static void add_opcode(struct packet *packet, unsigned int opcode)
{
	uint8_t bytes[2] = { (uint8_t)(opcode >> 8), (uint8_t)opcode };

	add(packet, bytes, sizeof(bytes));
}

static void add_options(struct packet *packet)
{
	static const char *const names[] = { "blksize",   "tsize",    "timeout",  "windowsize",
					     "BLKSIZE",   "utimeout", "rollover", "blksize2",
					     "multicast", "" };
	static const char *const values[] = { "0",     "1",          "8",
					      "512",   "1428",       "65464",
					      "65465", "-1",         "x",
					      "",      "4294967296", "99999999999999999999999" };

	for (uint64_t count = draw(6); count > 0; count--) {
		add_text(packet, names[draw(COUNT(names))]);
		add_text(packet, values[draw(COUNT(values))]);
	}
}

static void add_request(struct packet *packet, unsigned int opcode, const char *name)
{
	static const char *const modes[] = { "octet", "octet",    "octet", "OCTET",
					     "mail",  "netascii", "" };

	add_opcode(packet, opcode);
	add_text(packet, name);
	add_text(packet, modes[draw(COUNT(modes))]);
	add_options(packet);
}

static void make_read(struct packet *packet)
{
	add_request(packet, OPCODE_RRQ, "file");
}

static void make_missing(struct packet *packet)
{
	char name[64];

	snprintf(name, sizeof(name), "no/such/%" PRIu64, draw(UINT32_MAX));
	add_request(packet, OPCODE_RRQ, name);
}

static void make_bad_name(struct packet *packet)
{
	static const char *const names[] = { "../file",
					     "a/../../etc/passwd",
					     "/etc/passwd",
					     "",
					     "/",
					     ".",
					     "..",
					     "\x1b[2J",
					     "%s%n",
					     "fifo",
					     "out",
					     "file/",
					     "folder\\..\\..\\x",
					     "\xff\xfe" };

	add_request(packet, OPCODE_RRQ, names[draw(COUNT(names))]);
}

static void make_write(struct packet *packet)
{
	add_request(packet, OPCODE_WRQ, "file");
}

static void make_of_no_transfer(struct packet *packet)
{
	add_opcode(packet, OPCODE_DATA + (unsigned int)draw(4));
	add_noise(packet, draw(600));
}

static void make_stuffed(struct packet *packet)
{
	add_request(packet, OPCODE_RRQ, "file");
	while (packet->length < PACKET_MAX - 40)
		add_options(packet);
	packet->length -= draw(30);
}

static void make_long_name(struct packet *packet)
{
	add_opcode(packet, OPCODE_RRQ);
	for (uint64_t left = draw(PACKET_MAX); left > 0; left--)
		add(packet, draw(8) ? "n" : "/", 1);
	add_text(packet, "");
	add_text(packet, "octet");
}

static void make_noise(struct packet *packet)
{
	add_noise(packet, draw(PACKET_MAX));
}

static void make_mutated(struct packet *packet)
{
	add_request(packet, OPCODE_RRQ, draw(2) ? "file" : "folder/file");
	for (uint64_t count = 1 + draw(8); count > 0 && packet->length > 0; count--) {
		size_t at = (size_t)draw(packet->length);
		size_t length = (size_t)draw(packet->length - at) + 1;

		switch (draw(4)) {
		case 0:
			packet->bytes[at] = (uint8_t)draw(256);
			break;
		case 1:
			packet->bytes[at] ^= (uint8_t)(1U << draw(8));
			break;
		case 2:
			memmove(packet->bytes + at, packet->bytes + at + length,
				packet->length - at - length);
			packet->length -= length;
			break;
		default:
			add(packet, packet->bytes + at, length);
		}
	}
}

static void make(struct packet *packet)
{
	static void (*const makers[])(struct packet *) = {
		make_mutated,        make_mutated, make_mutated,   make_read,
		make_read,           make_missing, make_bad_name,  make_write,
		make_of_no_transfer, make_stuffed, make_long_name, make_noise,
	};

	packet->length = 0;
	makers[draw(COUNT(makers))](packet);
}

static void throw(int from, const struct packet *packet, const struct sockaddr_in6 *to)
{
	/* An earlier answer may have found nobody: the kernel tells so here, once. */
	while (sendto(from, packet->bytes, packet->length, 0, (const struct sockaddr *)to,
		      sizeof(*to)) < 0)
		if (errno != EINTR && errno != ECONNREFUSED && errno != ENOBUFS)
			end("send");
}

/* Sends a request until it is answered, and tells by what; from is the answer's port. */
static unsigned int ask(const char *name, struct sockaddr_in6 *from)
{
	struct packet packet = { 0 };
	struct pollfd wait = { .fd = probe, .events = POLLIN };
	uint8_t answer[600];
	socklen_t size = sizeof(*from);

	add_opcode(&packet, OPCODE_RRQ);
	add_text(&packet, name);
	add_text(&packet, "octet");
	for (unsigned int tries = 0; tries == 0 || poll(&wait, 1, RESEND_MS) != 1; tries++) {
		if (tries == TRIES_MAX)
			end("the server no longer answers");
		throw(probe, &packet, &server);
		to_server++;
	}
	if (recvfrom(probe, answer, sizeof(answer), 0, (struct sockaddr *)from, &size) < 4)
		end("receive");
	return answer[1];
}

static void drain(int socket)
{
	uint8_t byte;

	while (recv(socket, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

/* Begins a transfer if there is room, lets strangers speak to its port, and ends it. */
static void disturb(void)
{
	struct sockaddr_in6 transfer;
	struct packet packet;

	if (ask("file", &transfer) != OPCODE_DATA)
		return;
	for (int i = 0; i < BATCH; i++) {
		make(&packet);
		throw(sockets[draw(SOCKETS)], &packet, &transfer);
		to_transfers++;
	}
	packet.length = 0;
	add_opcode(&packet, OPCODE_ERROR);
	add(&packet, "\0\0\0", 3);
	throw(probe, &packet, &transfer);
}

/* A new probe, so that nothing that is under way to the old one is taken for its answer. */
static void open_probe(void)
{
	if (probe > 0)
		close(probe);
	probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		end("socket");
}

static void throw_all(uint64_t count)
{
	struct sockaddr_in6 from;
	struct packet packet;

	for (uint64_t batch = 0; to_server + to_transfers < count; batch++) {
		for (int i = 0; i < BATCH; i++) {
			int from_socket = sockets[draw(SOCKETS)];

			make(&packet);
			drain(from_socket);
			throw(from_socket, &packet, &server);
			to_server++;
		}
		open_probe();
		if (ask("no-such-file", &from) != OPCODE_ERROR)
			end("a file that is not there is served");
		if (batch % WRONG_EVERY == 0) {
			open_probe();
			disturb();
		}
	}
}

/* IPv4's as IPv6 maps it, which a socket of IPv6 takes. */
static bool parse_address(const char *text)
{
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "::ffff:%s", text);
	return inet_pton(AF_INET6, text, &server.sin6_addr) == 1 ||
	       inet_pton(AF_INET6, mapped, &server.sin6_addr) == 1;
}

int main(int argc, char **argv)
{
	if (argc != 5 || !parse_address(argv[1])) {
		fputs("tftp_flood ADDRESS PORT COUNT SEED\n", stderr);
		return 2;
	}
	server.sin6_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	chance = strtoull(argv[4], NULL, 10) * 2 + 1;
	for (int i = 0; i < SOCKETS; i++) {
		sockets[i] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (sockets[i] < 0)
			end("socket");
	}
	throw_all(strtoull(argv[3], NULL, 10));
	printf("%" PRIu64 " %" PRIu64 "\n", to_server, to_transfers);
	return 0;
}
