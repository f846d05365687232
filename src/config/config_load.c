#include "config/config_load.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/config_apply.h"
#include "config/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One more than a file may have, so that too large a one is noticed. */
#define BUFFER_SIZE (INI_FILE_MAX + 1)

static void complain_of_file(const char *path, struct problems *problems, const char *sentence)
{
	problems_add(problems, (struct place){ .file = path }, "%s", sentence);
}

static const char *sentence_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "there is no such file; -c FILE names the configuration file";
	case EACCES:
	case EPERM:
		return "no permission to read this file: change its mode, or run bootd with sudo";
	default:
		return strerror(error);
	}
}

/* Opens a regular file, and never waits for the other end of a pipe. -1: a problem says why. */
static int open_file(const char *path, struct problems *problems)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) < 0) {
		complain_of_file(path, problems, sentence_of(errno));
		return -1;
	}
	if (S_ISDIR(info.st_mode)) {
		complain_of_file(path, problems, "this is a folder, not a configuration file");
		return -1;
	}
	if (!S_ISREG(info.st_mode)) {
		complain_of_file(path, problems, "this is not a regular file");
		return -1;
	}
	return take_fd(&fd);
}

/* Reads up to BUFFER_SIZE bytes. False: a problem says why. */
static bool read_file(const char *path, char *buffer, size_t *out_length, struct problems *problems)
{
	CLEANUP(close_fd) int fd = open_file(path, problems);
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got > 0 && length < BUFFER_SIZE) {
		got = read(fd, buffer + length, BUFFER_SIZE - length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			length += (size_t)got;
	}
	if (got < 0) {
		complain_of_file(path, problems, sentence_of(errno));
		return false;
	}
	*out_length = length;
	return true;
}

static bool make_absolute(const char *path, char *out, size_t size)
{
	char folder[PATH_MAX];

	if (path[0] == '/')
		return text_copy(out, size, path);
	return getcwd(folder, sizeof(folder)) != NULL &&
	       text_format(out, size, "%s/%s", folder, path);
}

/* The file's text, parsed; the caller frees it. NULL: a problem says why. */
static struct ini *read_ini(const char *path, struct problems *problems)
{
	char *buffer = malloc(BUFFER_SIZE);
	bool is_read = false;
	struct ini *ini = NULL;
	size_t length;

	if (buffer != NULL)
		is_read = read_file(path, buffer, &length, problems);
	if (is_read)
		ini = ini_parse(path,
				(struct span){ .bytes = (const uint8_t *)buffer, .length = length },
				problems);
	if (buffer == NULL || (is_read && ini == NULL))
		complain_of_file(path, problems, "there is no memory to read this file");
	free(buffer);
	return ini;
}

bool config_load(const char *path, enum config_services services, bool wants_http,
		 const struct config_surroundings *surroundings, struct config *out_config,
		 struct problems *problems)
{
	size_t problems_before = problems->count;
	struct ini *ini;

	*out_config = (struct config){
		.has_dhcp = services == SERVE_ALL || services == SERVE_DHCP_ONLY,
		.has_tftp = services == SERVE_ALL || services == SERVE_TFTP_ONLY,
	};
	if (!make_absolute(path, out_config->path, sizeof(out_config->path))) {
		complain_of_file(path, problems, "this path is too long");
		return false;
	}
	ini = read_ini(path, problems);
	if (ini == NULL)
		return false;
	config_apply(ini, out_config, problems);
	out_config->has_http =
		wants_http || (services == SERVE_ALL && out_config->httpd.is_enabled);
	config_check(out_config, ini, surroundings, problems);
	ini_free(ini);
	if (problems->count == problems_before)
		return true;
	config_done(out_config);
	return false;
}
