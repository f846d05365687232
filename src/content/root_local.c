#include "content/root_local.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A rename elsewhere while ".." of a link is resolved makes openat2 give up with EAGAIN. */
#define OPEN_TRIES_MAX 16

#define LINK_SHOWN_SIZE 100

static int open_beneath(int root_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };

	for (int tries = 1;; tries++) {
		long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if ((errno != EAGAIN && errno != EINTR) || tries == OPEN_TRIES_MAX)
			return -errno;
	}
}

static uint64_t resolve_flags(const struct root_local *root)
{
	return root->may_follow_links ? RESOLVE_NO_MAGICLINKS
				      : RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
}

int root_local_open(const char *folder, bool may_follow_links, struct root_local *out_root)
{
	CLEANUP(close_fd) int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct root_local root = { .fd = fd, .may_follow_links = may_follow_links };
	int probe;

	if (fd < 0)
		return -errno;
	probe = open_beneath(fd, ".", O_PATH, resolve_flags(&root));
	if (probe < 0)
		return probe;
	close_fd(&probe);
	root.fd = take_fd(&fd);
	*out_root = root;
	return 0;
}

void root_local_close(struct root_local *root)
{
	close_fd(&root->fd);
	root->fd = -1;
}

static bool is_absolute_link(int root_fd, const char *path)
{
	char target[1];

	return readlinkat(root_fd, path, target, sizeof(target)) == 1 && target[0] == '/';
}

/* Names the first part of the path that cannot be resolved beneath the root. A clean path has no
 * "..", so that part is a symbolic link. */
static void describe_escape(const struct root_local *root, const char *path,
			    char out_sentence[ROOT_SENTENCE_SIZE])
{
	char part[PATH_SIZE];
	char shown[LINK_SHOWN_SIZE];
	size_t length = 0;
	int fd;

	do {
		length += strcspn(path + length + 1, "/") + 1;
		(void)text_format(part, sizeof(part), "%.*s", (int)length, path);
		fd = open_beneath(root->fd, part, O_PATH, resolve_flags(root));
		close_fd(&fd);
	} while (fd >= 0 && path[length] != '\0');
	text_escape(shown, sizeof(shown), (struct span){ (const uint8_t *)part, length });
	(void)text_format(
		out_sentence, ROOT_SENTENCE_SIZE,
		"the symbolic link %s leads out of the root%s; [tftp] symlinks = follow "
		"would allow it",
		shown, is_absolute_link(root->fd, part) ? " because its target is absolute" : "");
}

static enum content_refusal refuse(enum content_refusal refusal, const char *reason,
				   char out_sentence[ROOT_SENTENCE_SIZE])
{
	(void)text_format(out_sentence, ROOT_SENTENCE_SIZE, "%s", reason);
	return refusal;
}

static enum content_refusal describe(const struct root_local *root, const char *path, int error,
				     char out_sentence[ROOT_SENTENCE_SIZE])
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return refuse(CONTENT_NOT_FOUND, "there is no such file", out_sentence);
	case EXDEV:
		describe_escape(root, path, out_sentence);
		return CONTENT_FORBIDDEN;
	case ELOOP:
		return refuse(CONTENT_FORBIDDEN,
			      "its symbolic links form a loop or lead through /proc", out_sentence);
	case EACCES:
	case EPERM:
		return refuse(CONTENT_FORBIDDEN,
			      "bootd has no permission to read it; make it and the folders above "
			      "it readable for bootd's user",
			      out_sentence);
	case ENXIO: /* a socket */
	case ENODEV:
		return refuse(CONTENT_FORBIDDEN, "it is not a regular file", out_sentence);
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return refuse(CONTENT_OUT_OF_RESOURCES, strerrordesc_np(error), out_sentence);
	default:
		return refuse(CONTENT_UNREADABLE, strerrordesc_np(error), out_sentence);
	}
}

enum content_refusal root_local_open_file(const struct root_local *root, const char *path,
					  struct root_file *out_file,
					  char out_sentence[ROOT_SENTENCE_SIZE])
{
	/* O_NONBLOCK: a FIFO must not wait for its writer before fstat tells what it is. */
	CLEANUP(close_fd)
	int fd =
		open_beneath(root->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve_flags(root));
	struct stat info;

	if (fd < 0)
		return describe(root, path, -fd, out_sentence);
	if (fstat(fd, &info) < 0)
		return describe(root, path, errno, out_sentence);
	if (S_ISDIR(info.st_mode))
		return refuse(CONTENT_NOT_FOUND, "it is a folder", out_sentence);
	if (!S_ISREG(info.st_mode))
		return refuse(CONTENT_FORBIDDEN, "it is not a regular file", out_sentence);
	*out_file = (struct root_file){ .fd = take_fd(&fd),
					.size_bytes = (uint64_t)info.st_size,
					.modified = info.st_mtim };
	return CONTENT_OK;
}

bool root_file_is_unchanged(const struct root_file *file)
{
	struct stat info;

	return fstat(file->fd, &info) == 0 && (uint64_t)info.st_size == file->size_bytes &&
	       info.st_mtim.tv_sec == file->modified.tv_sec &&
	       info.st_mtim.tv_nsec == file->modified.tv_nsec;
}
