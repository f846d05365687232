#include "io/thread.h"

#include <signal.h>

int thread_start(void *(*run)(void *context), void *context, pthread_t *out_thread)
{
	sigset_t all;
	sigset_t before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(out_thread, NULL, run, context);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}
