/* Least privilege: what a running daemon no longer needs is given up for good. */
#ifndef BOOTD_IO_SANDBOX_H
#define BOOTD_IO_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_USER_SIZE   64
#define SANDBOX_LACKS_MAX   8
#define SANDBOX_REPORT_SIZE 700

struct sandbox_options {
	const char *user;          /* whom a process of root becomes; never root itself */
	const char *fallback_user; /* where there is no such user; NULL: that is an error */
	bool keeps_net_raw;        /* CAP_NET_RAW, and opening packet sockets with it */
	/* Files, and folders with all beneath them. One that is not there now stays out of reach.
	 * What the C library and libcurl read is added: the settings in /etc, certificates, time
	 * zones, shared libraries. */
	const char *const *read_paths;
	size_t read_count;
	const char *const *write_paths; /* may be read, too */
	size_t write_count;
	/* As write_paths, and files may be removed there, too. A folder of root's in which there is
	 * nothing yet becomes the user's. */
	const char *const *own_folders;
	size_t own_folder_count;
	const char *const *owned_files; /* become the user's, those that are there */
	size_t owned_count;
};

/* What sandbox_enter does, in this order. */
enum sandbox_step {
	SANDBOX_COUNTING_THREADS,
	SANDBOX_GATHERING_PATHS,
	SANDBOX_FINDING_USER,
	SANDBOX_GIVING_FILES,
	SANDBOX_DROPPING_PRIVILEGES,
	SANDBOX_ENTERING_LANDLOCK,
	SANDBOX_LOADING_FILTER,
};

struct sandbox_report {
	char user[SANDBOX_USER_SIZE]; /* whom it became; "": not root before, so nobody else */
	bool is_fallback;
	bool has_net_raw;
	int landlock_abi; /* 0: none */
	bool has_seccomp;
	const char *lacks[SANDBOX_LACKS_MAX]; /* of the kernel's: what is therefore not limited */
	size_t lack_count;
	enum sandbox_step step; /* that failed, if one did */
};

/* Confines the process, for good. Started as root it becomes the user, without supplementary
 * groups; otherwise it stays who it is, and all the rest holds too. Capabilities go, but for
 * CAP_NET_RAW; nothing started could gain any (no_new_privs); Landlock limits files, seccomp limits
 * system calls. What the kernel lacks is left out and told in the report.
 *
 * To be called while the process has one thread, because Landlock holds for the calling thread and
 * those that it starts. Returns 0 or -errno; then the process may be half confined and can only
 * end. */
int sandbox_enter(const struct sandbox_options *options, struct sandbox_report *out_report);

/* The report of a success as one line for the log. */
void sandbox_format(const struct sandbox_options *options, const struct sandbox_report *report,
		    char *out, size_t size);

/* Why sandbox_enter returned error, and what to do about it: a sentence for a person. */
void sandbox_explain(const struct sandbox_options *options, const struct sandbox_report *report,
		     int error, char *out, size_t size);

#endif
