/* The authority: a web server that is asked whether a machine may boot. Asked off the packet path,
 * in a thread of its own, so that a slow one delays nobody else. */
#ifndef BOOTD_AUTHORITY_AUTHORITY_H
#define BOOTD_AUTHORITY_AUTHORITY_H

#include "base/addr.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define AUTHORITY_CLIENT_SIZE 64
#define AUTHORITY_FILE_SIZE   128

struct authority;

struct authority_question {
	struct mac mac;
	bool has_uuid;
	struct uuid uuid;
	bool is_boot_stage; /* the path "pxe", else the path "dhcp" */
};

enum authority_verdict {
	AUTHORITY_GRANTS,       /* 200 */
	AUTHORITY_DENIES,       /* 401, 403 */
	AUTHORITY_OTHER_STATUS, /* any other, a redirect included: none is followed */
	AUTHORITY_TIMED_OUT,    /* no whole reply in time */
	AUTHORITY_UNREACHABLE,  /* no name, no connection, or not the right certificate */
	AUTHORITY_BAD_REPLY,    /* no HTTP, cut short, or too large, whatever its status */
	AUTHORITY_BUSY,         /* too many questions wait already */
};

struct authority_reply {
	enum authority_verdict verdict;
	int status;                         /* of HTTP; 0: none came */
	char client[AUTHORITY_CLIENT_SIZE]; /* "Client: NAME" of the reply's body; "": none */
	char file[AUTHORITY_FILE_SIZE];     /* "File: NAME" */
};

struct authority_settings {
	const char *location; /* http:// or https:// */
	const char *pxe_path; /* begins with a slash, as the other */
	const char *dhcp_path;
	uint32_t timeout_ms;   /* from the question to the end of the reply, waiting included */
	uint32_t parallel_max; /* questions asked at once; as many times 16 may wait */
};

typedef void authority_callback(void *context, const struct authority_reply *reply);

/* Copies the settings. Returns 0 with *out_authority, or -errno: -EINVAL for a setting of 0,
 * -ENAMETOOLONG for a location and path of more than 2 KiB. */
int authority_new(struct loop *loop, const struct authority_settings *settings,
		  struct authority **out_authority);
/* Ends the thread at once; questions under way are not answered. Not from within on_reply. */
void authority_free(struct authority *authority);

/* on_reply is called once, from the loop, perhaps with AUTHORITY_BUSY, never before this returns.
 * Returns 0, or -ENOMEM: then it is not called. */
int authority_ask(struct authority *authority, const struct authority_question *question,
		  authority_callback *on_reply, void *context);

#endif
