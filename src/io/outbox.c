#include "io/outbox.h"
#include "io/udp_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 64
#define ROOM_SIZE   ((size_t)2 * 65536)

struct slot {
	struct outbox_letter letter;
	uint8_t *bytes;
};

/* One batch as sendmmsg wants it. */
struct batch {
	struct mmsghdr messages[LETTERS_MAX];
	struct iovec parts[LETTERS_MAX];
	union udp_address to[LETTERS_MAX];
	_Alignas(struct cmsghdr) uint8_t control[LETTERS_MAX][UDP_CONTROL_SIZE];
};

struct outbox {
	outbox_callback *on_failure;
	void *context;
	struct udp *udp;
	size_t count;
	size_t used;
	struct slot slots[LETTERS_MAX];
	struct batch batch;
	uint8_t room[ROOM_SIZE];
};

struct outbox *outbox_new(outbox_callback *on_failure, void *context)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (outbox == NULL)
		return NULL;
	outbox->on_failure = on_failure;
	outbox->context = context;
	return outbox;
}

void outbox_free(struct outbox *outbox)
{
	free(outbox);
}

uint8_t *outbox_room(struct outbox *outbox, struct udp *udp, size_t length)
{
	if (outbox->udp != udp || outbox->count == LETTERS_MAX || length > ROOM_SIZE - outbox->used)
		outbox_flush(outbox);
	outbox->udp = udp;
	return outbox->room + outbox->used;
}

void outbox_put(struct outbox *outbox, const struct outbox_letter *letter)
{
	outbox->slots[outbox->count++] =
		(struct slot){ .letter = *letter, .bytes = outbox->room + outbox->used };
	outbox->used += letter->length;
}

static bool is_segmented(const struct outbox_letter *letter)
{
	return letter->segment_size > 0 && letter->length > letter->segment_size;
}

static void prepare(struct batch *batch, size_t at, const struct outbox_letter *letter,
		    uint8_t *bytes, size_t length, uint16_t segment_size)
{
	struct msghdr *message = &batch->messages[at].msg_hdr;

	batch->parts[at] = (struct iovec){ bytes, length };
	*message = (struct msghdr){ .msg_name = &batch->to[at],
				    .msg_namelen = udp_to_sockaddr(letter->to, &batch->to[at]),
				    .msg_iov = &batch->parts[at],
				    .msg_iovlen = 1 };
	udp_write_control(message, batch->control[at], letter->source, segment_size);
}

/* Returns how many left, or -1 with errno. */
static int send_batch(int fd, struct mmsghdr *messages, unsigned count)
{
	if (count > 1)
		return sendmmsg(fd, messages, count, MSG_DONTWAIT);
	return sendmsg(fd, &messages[0].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
}

/* Sends from the first on. Returns how many left; the next one's error is *out_error then, 0 where
 * all did. */
static size_t send_some(int fd, struct mmsghdr *messages, size_t count, int *out_error)
{
	size_t sent = 0;

	*out_error = 0;
	while (sent < count) {
		int result = send_batch(fd, messages + sent, (unsigned)(count - sent));

		if (result < 0 && errno == EINTR)
			continue;
		if (result < 0) {
			*out_error = -errno;
			break;
		}
		sent += (size_t)result;
	}
	return sent;
}

static void tell(const struct outbox *outbox, const struct outbox_letter *letter, int error)
{
	if (error != -EAGAIN)
		outbox->on_failure(outbox->context, letter, error);
}

/* Its segments as datagrams of their own. The batch is free for it. */
static void send_apart(struct outbox *outbox, const struct slot *slot)
{
	static _Thread_local struct batch batch;
	size_t size = slot->letter.segment_size;
	size_t count = 0;
	size_t sent = 0;
	int error;

	for (size_t at = 0; at < slot->letter.length; at += size, count++) {
		size_t left = slot->letter.length - at;

		prepare(&batch, count, &slot->letter, slot->bytes + at, left < size ? left : size,
			0);
	}
	while (sent < count) {
		sent += send_some(udp_descriptor(outbox->udp), batch.messages + sent, count - sent,
				  &error);
		if (sent == count)
			return;
		tell(outbox, &slot->letter, error);
		sent++;
	}
}

/* EIO: the device computes no checksums; EINVAL, EMSGSIZE: a segment is longer than the MTU, or
 * there are too many. */
static bool is_refused_segments(const struct slot *slot, int error)
{
	return is_segmented(&slot->letter) &&
	       (error == -EIO || error == -EINVAL || error == -EMSGSIZE);
}

void outbox_flush(struct outbox *outbox)
{
	struct batch *batch = &outbox->batch;
	size_t sent = 0;
	int error;

	for (size_t i = 0; i < outbox->count; i++) {
		const struct outbox_letter *letter = &outbox->slots[i].letter;

		prepare(batch, i, letter, outbox->slots[i].bytes, letter->length,
			is_segmented(letter) ? letter->segment_size : 0);
	}
	while (sent < outbox->count) {
		const struct slot *failed;

		sent += send_some(udp_descriptor(outbox->udp), batch->messages + sent,
				  outbox->count - sent, &error);
		if (sent == outbox->count)
			break;
		failed = &outbox->slots[sent++];
		if (is_refused_segments(failed, error))
			send_apart(outbox, failed);
		else
			tell(outbox, &failed->letter, error);
	}
	outbox->count = 0;
	outbox->used = 0;
}
