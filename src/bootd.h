/* The daemon: every part of it, from start to stop. */
#ifndef BOOTD_BOOTD_H
#define BOOTD_BOOTD_H

#include "base/problem.h"
#include "config/config_load.h"

/* Whom a bootd of root becomes where the configuration names nobody. */
#define BOOTD_USER          "bootd"
#define BOOTD_USER_FALLBACK "nobody"

struct bootd;
struct file_question;

/* Where the settings come from. */
struct bootd_options {
	const char *config_path;
	enum config_services services;
	bool wants_http; /* whatever [httpd] enable says */
	bool is_debug;
};

/* Reads the configuration and opens all that it names, short of the sockets: what --check does.
 * Returns what the caller closes, or NULL with all problems told. */
struct bootd *bootd_open(const struct bootd_options *options, struct problems *problems);

/* Opens the sockets, then gives up every privilege that is not needed any more. No thread may have
 * been started before. False: problems says why, and what to do. */
bool bootd_listen(struct bootd *bootd, struct problems *problems);

/* Instead of serving: prints to standard output what one name leads to. True: a file that would be
 * served. */
bool bootd_explain_file(struct bootd *bootd, const struct file_question *question);

struct fetch_order;

/* Instead of serving: brings files into the cache, confined as the daemon is. Prints what comes of
 * it to standard output. True: all of them are there now; else problems may say why not. */
bool bootd_fetch(struct bootd *bootd, const struct fetch_order *order, struct problems *problems);

/* Problems as errors and warnings of the log. */
void bootd_log_problems(const struct problems *problems);

/* Serves until SIGINT or SIGTERM. */
void bootd_run(struct bootd *bootd);

void bootd_close(struct bootd *bootd);

#endif
