/* tftp_bare: what the machine allows. Answers read requests for the files of tftp_load with as
 * little work as there can be: no file, no timer, no loss, all on one port.
 * Windows leave by UDP segmentation offload (--plain: by a packet each). */
#include "pattern.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h */
#endif

#define BATCH        64    /* packets that are received in one call */
#define MESSAGES_MAX 256   /* that are sent in one call */
#define BLOCKS_MAX   4096  /* of all of them */
#define DATAGRAM_MAX 65507 /* what segmentation may take at once */
#define SEGMENTS_MAX 64    /* UDP_MAX_SEGMENTS of older kernels */
#define HEADER_SIZE  4
#define SESSIONS_MAX (1 << 18) /* for the whole run: none is ever forgotten */

/* What the client at one address and port reads. */
struct session {
	uint64_t client; /* 0: a free place */
	uint64_t size, number, next_block;
	uint32_t block_size, window_size;
};

union segment_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(uint16_t))];
};

static struct session sessions[SESSIONS_MAX];

static struct {
	struct mmsghdr messages[MESSAGES_MAX];
	struct sockaddr_in targets[MESSAGES_MAX];
	union segment_control controls[MESSAGES_MAX];
	struct iovec slices[2 * BLOCKS_MAX];
	uint8_t headers[BLOCKS_MAX][HEADER_SIZE];
	unsigned int message_count, block_count;
	bool is_plain;
	int fd;
} out;

static void flush(void)
{
	unsigned int sent = 0;

	while (sent < out.message_count) {
		int count = sendmmsg(out.fd, out.messages + sent, out.message_count - sent, 0);

		if (count <= 0) {
			perror("tftp_bare: sendmmsg");
			exit(1);
		}
		sent += (unsigned int)count;
	}
	out.message_count = out.block_count = 0;
}

static struct msghdr *add_message(const struct sockaddr_in *target)
{
	struct msghdr *message;

	if (out.message_count == MESSAGES_MAX)
		flush();
	out.targets[out.message_count] = *target;
	message = &out.messages[out.message_count].msg_hdr;
	*message = (struct msghdr){
		.msg_name = &out.targets[out.message_count],
		.msg_namelen = sizeof(*target),
		.msg_iov = &out.slices[(size_t)2 * out.block_count],
	};
	out.message_count++;
	return message;
}

static void add_block(struct msghdr *message, const struct session *session, uint64_t block)
{
	uint64_t offset = (block - 1) * session->block_size;
	uint64_t left = session->size - offset;
	size_t length = left < session->block_size ? (size_t)left : session->block_size;
	uint8_t *header = out.headers[out.block_count];
	struct iovec *slice = &message->msg_iov[message->msg_iovlen];

	header[0] = 0;
	header[1] = 3; /* DATA */
	header[2] = (uint8_t)(block >> 8);
	header[3] = (uint8_t)block;
	slice[0] = (struct iovec){ header, HEADER_SIZE };
	slice[1] = (struct iovec){ (void *)pattern_at(session->number, offset), length };
	message->msg_iovlen += 2;
	out.block_count++;
}

/* Of the message that was added last. */
static void set_segments(struct msghdr *message, uint16_t size)
{
	union segment_control *control = &out.controls[out.message_count - 1];
	struct cmsghdr *header = &control->header;

	header->cmsg_level = SOL_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(header), &size, sizeof(size));
	message->msg_control = control;
	message->msg_controllen = sizeof(*control);
}

static void send_window(struct session *session, const struct sockaddr_in *client)
{
	uint64_t last = session->size / session->block_size + 1;
	uint64_t end = session->next_block + session->window_size;
	uint32_t packet_size = session->block_size + HEADER_SIZE;
	uint32_t at_once = DATAGRAM_MAX / packet_size;

	if (end > last + 1)
		end = last + 1;
	if (at_once > SEGMENTS_MAX)
		at_once = SEGMENTS_MAX;
	if (out.is_plain)
		at_once = 1;
	while (session->next_block < end) {
		struct msghdr *message;
		uint32_t count = 0;

		if (out.block_count + at_once > BLOCKS_MAX)
			flush();
		message = add_message(client);
		while (session->next_block < end && count < at_once) {
			add_block(message, session, session->next_block++);
			count++;
		}
		if (count > 1)
			set_segments(message, (uint16_t)packet_size);
	}
}

/* The text at the cursor, NULL at the end. */
static const char *next_text(char **at, const char *end)
{
	char *text = *at;
	char *zero = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;

	if (zero == NULL)
		return NULL;
	*at = zero + 1;
	return text;
}

static void begin(struct session *session, const struct sockaddr_in *client, char *at,
		  const char *end)
{
	static char answer[BATCH][128];
	static unsigned int turn;
	char *oack = answer[turn++ % BATCH];
	size_t length = 2;
	const char *name = next_text(&at, end), *value;
	struct msghdr *message;

	*session = (struct session){
		.client = session->client, .next_block = 1, .block_size = 512, .window_size = 1
	};
	if (name == NULL || sscanf(name, "f-%lu-%lu", &session->size, &session->number) != 2 ||
	    next_text(&at, end) == NULL)
		return;
	while ((name = next_text(&at, end)) != NULL && (value = next_text(&at, end)) != NULL) {
		uint64_t granted = strtoull(value, NULL, 10);

		if (strcasecmp(name, "blksize") == 0)
			session->block_size = (uint32_t)granted;
		else if (strcasecmp(name, "windowsize") == 0)
			session->window_size = (uint32_t)granted;
		else
			granted = session->size;
		length +=
			(size_t)snprintf(oack + length, 128 - length, "%s%c%lu", name, 0, granted) +
			1;
	}
	if (length == 2) {
		send_window(session, client);
		return;
	}
	oack[0] = 0;
	oack[1] = 6;
	message = add_message(client);
	message->msg_iov[0] = (struct iovec){ oack, length };
	message->msg_iovlen = 1;
	out.block_count++;
}

static struct session *find(const struct sockaddr_in *client)
{
	uint64_t key = (uint64_t)client->sin_addr.s_addr << 16 | client->sin_port;
	size_t at = (size_t)(key * 11400714819323198485U >> 40) % SESSIONS_MAX;

	for (size_t tried = 0; tried < SESSIONS_MAX; tried++, at = (at + 1) % SESSIONS_MAX) {
		if (sessions[at].client == 0)
			sessions[at].client = key;
		if (sessions[at].client == key)
			return &sessions[at];
	}
	fputs("tftp_bare: too many clients for one run\n", stderr);
	exit(1);
}

static void take(char *packet, size_t length, const struct sockaddr_in *client)
{
	struct session *session = find(client);

	if (length >= 4 && packet[1] == 1)
		begin(session, client, packet + 2, packet + length);
	else if (length == 4 && packet[1] == 4 && session->block_size != 0 &&
		 ((uint8_t)packet[2] << 8 | (uint8_t)packet[3]) ==
			 (int)((session->next_block - 1) & 0xFFFF))
		send_window(session, client);
}

static void serve(void)
{
	static char packets[BATCH][600];
	static struct sockaddr_in clients[BATCH];
	static struct mmsghdr messages[BATCH];
	static struct iovec slices[BATCH];

	for (size_t i = 0; i < BATCH; i++) {
		slices[i] = (struct iovec){ packets[i], sizeof(packets[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &clients[i],
						       .msg_namelen = sizeof(clients[i]),
						       .msg_iov = &slices[i],
						       .msg_iovlen = 1 };
	}
	for (;;) {
		int count = recvmmsg(out.fd, messages, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < count; i++) {
			take(packets[i], messages[i].msg_len, &clients[i]);
			messages[i].msg_hdr.msg_namelen = sizeof(clients[i]);
		}
		flush();
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(69) };
	int size = 8 << 20;

	if (argc < 2 || argc > 3 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1 ||
	    (argc == 3 && strcmp(argv[2], "--plain") != 0)) {
		fputs("tftp_bare ADDRESS [--plain]\n", stderr);
		return 2;
	}
	out.is_plain = argc == 3;
	pattern_init();
	out.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(out.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(out.fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("tftp_bare: bind");
		return 1;
	}
	serve();
}
