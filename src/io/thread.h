/* Threads that are no loop's. */
#ifndef BOOTD_IO_THREAD_H
#define BOOTD_IO_THREAD_H

#include <pthread.h>

/* Starts a thread that gets no signals: all stay with the main thread. SIGPIPE too: a connection
 * that its other end closed would raise it in a library that does not ask for MSG_NOSIGNAL.
 * Returns 0 with *out_thread for pthread_join, or -errno. */
int thread_start(void *(*run)(void *context), void *context, pthread_t *out_thread);

#endif
