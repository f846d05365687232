/* Local stream sockets, named by a path. */
#ifndef BOOTD_IO_LOCAL_H
#define BOOTD_IO_LOCAL_H

/* Listens; only the user who does, and root, may connect. A name that nobody listens on any more is
 * taken over. Returns 0 with *out_fd, non-blocking, for the caller to close, or -errno:
 * -EADDRINUSE, somebody listens there; -ENAMETOOLONG. */
int local_listen(const char *path, int *out_fd);

/* The next connection, non-blocking, for the caller to close, or -errno (-EAGAIN: there is none).
 */
int local_accept(int listener, int *out_fd);

/* Returns 0 with *out_fd, blocking, for the caller to close, or -errno. */
int local_connect(const char *path, int *out_fd);

#endif
