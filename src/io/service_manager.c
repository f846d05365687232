#include "io/service_manager.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define SEND_TIMEOUT_S 1
#define MESSAGE_SIZE   256

/* A path, or '@' and a name in the abstract namespace, which on the wire begins with a NUL. */
static int connect_to(int fd, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	if (name[0] != '/' && name[0] != '@')
		return -EAFNOSUPPORT;
	if (!text_copy(address.sun_path, sizeof(address.sun_path), name))
		return -ENAMETOOLONG;
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	if (connect(fd, (const struct sockaddr *)&address, length) < 0)
		return -errno;
	return 0;
}

int service_manager_open(struct service_manager *out_manager)
{
	const char *name = getenv("NOTIFY_SOCKET");
	const struct timeval timeout = { .tv_sec = SEND_TIMEOUT_S };
	CLEANUP(close_fd) int fd = -1;
	int error;

	if (name == NULL) {
		*out_manager = (struct service_manager){ .fd = -1 };
		return 0;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	error = connect_to(fd, name);
	if (error < 0)
		return error;
	out_manager->fd = take_fd(&fd);
	return 0;
}

void service_manager_close(struct service_manager *manager)
{
	close_fd(&manager->fd);
	manager->fd = -1;
}

static int tell(const struct service_manager *manager, const char *message)
{
	if (manager->fd < 0)
		return 0;
	while (send(manager->fd, message, strlen(message), MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int service_manager_tell_ready(const struct service_manager *manager)
{
	return tell(manager, "READY=1");
}

/* The time tells systemd which of two messages that cross is about which reload. */
int service_manager_tell_reloading(const struct service_manager *manager)
{
	char message[MESSAGE_SIZE];
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)text_format(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			  (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	return tell(manager, message);
}

int service_manager_tell_stopping(const struct service_manager *manager)
{
	return tell(manager, "STOPPING=1");
}

int service_manager_tell_status(const struct service_manager *manager, const char *status)
{
	char message[MESSAGE_SIZE];

	(void)text_format(message, sizeof(message), "STATUS=%s", status);
	return tell(manager, message);
}
