#include "io/local.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 8

static int name_socket(const char *path, struct sockaddr_un *out_name)
{
	*out_name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return text_copy(out_name->sun_path, sizeof(out_name->sun_path), path) ? 0 : -ENAMETOOLONG;
}

int local_connect(const char *path, int *out_fd)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name;
	int error = name_socket(path, &name);

	if (error < 0)
		return error;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	*out_fd = take_fd(&fd);
	return 0;
}

/* Removes what a process that is gone left behind. */
static int clear_name(const char *path)
{
	CLEANUP(close_fd) int fd = -1;
	struct stat info;
	int error;

	if (lstat(path, &info) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(info.st_mode))
		return -EEXIST;
	error = local_connect(path, &fd);
	if (error != -ECONNREFUSED)
		return error == 0 ? -EADDRINUSE : error;
	return unlink(path) < 0 ? -errno : 0;
}

int local_listen(const char *path, int *out_fd)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un name;
	mode_t mask;
	int error = name_socket(path, &name);

	if (fd < 0)
		return -errno;
	if (error == 0)
		error = clear_name(path);
	if (error < 0)
		return error;
	mask = umask(0177);
	error = bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (error < 0)
		return error;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	*out_fd = take_fd(&fd);
	return 0;
}

int local_accept(int listener, int *out_fd)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}
