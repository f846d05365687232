#include "base/log.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000 /* the line feed included */

struct log {
	enum log_type type;
	enum log_level level;
	int fd; /* of LOG_TO_FILE, else STDERR_FILENO */
};

static const struct log log_at_first = { LOG_TO_STDERR, LOG_AT_INFO, STDERR_FILENO };

static struct log log_state = { LOG_TO_STDERR, LOG_AT_INFO, STDERR_FILENO };

/* Lines are written by several threads; another log is opened while none of them writes, or its
 * line could go to whatever the descriptor is next. */
static pthread_rwlock_t log_lock = PTHREAD_RWLOCK_INITIALIZER;

static void replace_log(struct log next)
{
	(void)pthread_rwlock_wrlock(&log_lock);
	if (log_state.type == LOG_TO_FILE)
		(void)close(log_state.fd);
	log_state = next;
	(void)pthread_rwlock_unlock(&log_lock);
}

int log_open(enum log_type type, const char *path, enum log_level level)
{
	int fd = STDERR_FILENO;

	if (type == LOG_TO_FILE) {
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
		if (fd < 0)
			return -errno;
	}
	tzset(); /* now: /etc may be out of reach later */
	replace_log((struct log){ .type = type, .level = level, .fd = fd });
	return 0;
}

void log_close(void)
{
	replace_log(log_at_first);
}

bool log_is_shown(enum log_level level)
{
	bool is_shown;

	(void)pthread_rwlock_rdlock(&log_lock);
	is_shown = log_state.type != LOG_TO_NOWHERE && level <= log_state.level;
	(void)pthread_rwlock_unlock(&log_lock);
	return is_shown;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_AT_CRITICAL:
		return "critical";
	case LOG_AT_ERROR:
		return "error";
	case LOG_AT_INFO:
		return "info";
	case LOG_AT_DEBUG:
		return "debug";
	}
	return "";
}

/* "HH:MM:SS.mmm info  ", local time. Returns its length. */
static size_t format_head(char *out, size_t size, enum log_level level)
{
	struct timespec now = { 0 };
	struct tm local = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)localtime_r(&now.tv_sec, &local);
	(void)text_format(out, size, "%02d:%02d:%02d.%03ld %-5s ", local.tm_hour, local.tm_min,
			  local.tm_sec, now.tv_nsec / 1000000, level_name(level));
	return strlen(out);
}

void log_write(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES + 1];
	size_t used;
	size_t room;
	va_list arguments;
	int length;

	if (!log_is_shown(level))
		return;
	used = format_head(line, sizeof(line), level);
	room = LINE_MAX_BYTES - 1 - used;
	va_start(arguments, format);
	length = vsnprintf(line + used, room + 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length > room)
		memcpy(line + LINE_MAX_BYTES - 4, "...", 3);
	used += (size_t)length > room ? room : (size_t)length;
	line[used++] = '\n';
	/* One write a line: with O_APPEND, lines of several threads never mix. */
	(void)pthread_rwlock_rdlock(&log_lock);
	if (write(log_state.fd, line, used) < 0)
		errno = 0; /* there is nowhere else to tell it */
	(void)pthread_rwlock_unlock(&log_lock);
}
