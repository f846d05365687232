#include "dhcp/dhcp_verdict.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record is one line of this length, written at once: there is no half of it. */
#define RECORD_SIZE 96
#define PROXY       "proxy: "
#define SERVER      "server: "

/* systemd makes the folder (StateDirectory=); a bootd that is started by hand makes it itself. */
static void make_folder_of(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	if (!text_copy(folder, sizeof(folder), path))
		return;
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	(void)mkdir(folder, 0755);
}

int dhcp_verdict_open(const char *path, int *out_fd)
{
	CLEANUP(close_fd) int fd = -1;
	struct stat info;

	make_folder_of(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0 || fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return -EINVAL;
	*out_fd = take_fd(&fd);
	return 0;
}

bool dhcp_verdict_is_proxy(int fd)
{
	char text[sizeof(PROXY) - 1];

	return pread(fd, text, sizeof(text), 0) == (ssize_t)sizeof(text) &&
	       memcmp(text, PROXY, sizeof(text)) == 0;
}

int dhcp_verdict_write(int fd, bool is_proxy, const char *why)
{
	char record[RECORD_SIZE + 1];
	size_t length;

	(void)text_format(record, sizeof(record), "%s%s", is_proxy ? PROXY : SERVER, why);
	length = strlen(record);
	memset(record + length, ' ', RECORD_SIZE - length);
	record[RECORD_SIZE - 1] = '\n';
	errno = EIO;
	if (lseek(fd, 0, SEEK_SET) < 0 || write(fd, record, RECORD_SIZE) != RECORD_SIZE ||
	    fsync(fd) < 0)
		return -errno;
	return 0;
}
