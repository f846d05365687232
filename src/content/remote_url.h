/* The URLs of the remote root: where it is, and what a clean name is called there. */
#ifndef BOOTD_CONTENT_REMOTE_URL_H
#define BOOTD_CONTENT_REMOTE_URL_H

#include <stdbool.h>
#include <stddef.h>

#define REMOTE_URL_SIZE  2048
#define REMOTE_BASE_SIZE 1024
#define REMOTE_USER_SIZE 256

/* A root's URL taken apart, so that nobody shows or keeps its password by mistake. */
struct remote_place {
	char base[REMOTE_BASE_SIZE]; /* without user and password, and no slash at its end */
	char user[REMOTE_USER_SIZE]; /* decoded; "": none */
	char password[REMOTE_USER_SIZE];
};

/* http:// or https://, a host, perhaps a user before it and a path behind it. False, with
 * *out_place untouched: anything else, or a part that is too long. */
bool remote_place_parse(const char *url, struct remote_place *out_place);

/* Whether everything on the way must be https, redirects too. */
bool remote_url_is_secure(const char *url);

/* The URL of a name of path_clean's below the base: each segment is percent-encoded (RFC 3986 2.1),
 * so that no name adds a query, leaves the base's folder or means another host. False, with out
 * unspecified: it is too long. */
bool remote_url_format(const struct remote_place *place, const char *path,
		       char out[REMOTE_URL_SIZE]);

#endif
