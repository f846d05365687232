/* A web server in a thread of the test's own: what it answers is written down byte by byte. */
#ifndef BOOTD_TESTS_CONTENT_WEB_SERVER_H
#define BOOTD_TESTS_CONTENT_WEB_SERVER_H

#define WEB_ANSWERS_MAX 8

/* What a path is answered with: the first time the first, and so on; the last again and again. Each
 * is sent as it is, and the connection closed behind it. A '\v' waits for web_server_release. */
struct web_page {
	const char *path; /* NULL: the list's end */
	const char *answers[WEB_ANSWERS_MAX];
};

struct web_server;

/* Listens on 127.0.0.1. The pages are borrowed; other paths are answered with 404. */
struct web_server *web_server_start(const struct web_page *pages);
void web_server_stop(struct web_server *server);

unsigned web_server_port(const struct web_server *server);
/* Every '\v' is passed from now on. */
void web_server_release(struct web_server *server);

/* How often the path was asked for. */
unsigned web_server_count(struct web_server *server, const char *path);
/* The last request had this text in it. */
int web_server_was_asked(struct web_server *server, const char *text);

#endif
