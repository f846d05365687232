#include "wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (8 * 1024 * 1024)

static void prepare(struct wire *wire)
{
	for (unsigned i = 0; i < WIRE_BATCH; i++) {
		wire->out_parts[i] = (struct iovec){ wire->out[i], PACKET_SIZE };
		wire->out_messages[i].msg_hdr = (struct msghdr){ .msg_name = &wire->to,
								 .msg_namelen = sizeof(wire->to),
								 .msg_iov = &wire->out_parts[i],
								 .msg_iovlen = 1 };
		wire->in_parts[i] = (struct iovec){ wire->in[i], WIRE_PACKET };
		wire->in_messages[i].msg_hdr =
			(struct msghdr){ .msg_iov = &wire->in_parts[i], .msg_iovlen = 1 };
	}
}

static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

int wire_open(struct wire *wire, struct sockaddr_in local, const char *device,
	      struct sockaddr_in to)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (set(fd, SO_BROADCAST, 1) < 0 || set(fd, SO_RCVBUFFORCE, BUFFER) < 0 ||
	    (device != NULL &&
	     setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0) ||
	    bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		error = -errno;
	if (error < 0) {
		close(fd);
		return error;
	}
	*wire = (struct wire){ .fd = fd, .to = to };
	prepare(wire);
	return 0;
}

void wire_close(struct wire *wire)
{
	close(wire->fd);
}

uint8_t *wire_next(struct wire *wire)
{
	if (wire->written == WIRE_BATCH)
		wire_flush(wire);
	return wire->out[wire->written++];
}

/* What the kernel does not take is lost, as any datagram may be: the client asks again. */
void wire_flush(struct wire *wire)
{
	unsigned done = 0;

	while (done < wire->written) {
		int count = sendmmsg(wire->fd, wire->out_messages + done, wire->written - done, 0);

		if (count > 0) {
			done += (unsigned)count;
			wire->sent += (unsigned)count;
		} else if (errno != EINTR) {
			done++;
		}
	}
	wire->written = 0;
}

unsigned wire_receive(struct wire *wire)
{
	int count = recvmmsg(wire->fd, wire->in_messages, WIRE_BATCH, MSG_DONTWAIT, NULL);

	return count < 0 ? 0 : (unsigned)count;
}
