/* The log: one line an entry, with the time and the level, to standard error, a file or nowhere.
 * One log a process. Only activity, the start and the command line write to it. */
#ifndef BOOTD_BASE_LOG_H
#define BOOTD_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_AT_CRITICAL, LOG_AT_ERROR, LOG_AT_INFO, LOG_AT_DEBUG };
enum log_type { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_NOWHERE, LOG_TO_SYSLOG };

/* Opens path for appending when type is LOG_TO_FILE. Returns 0 or -errno; the old log stays then.
 */
int log_open(enum log_type type, const char *path, enum log_level level);
void log_close(void);

bool log_is_shown(enum log_level level);
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);

#endif
