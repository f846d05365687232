/* Release where acquired: CLEANUP(free_fd) int fd = open(...); handing over is take_fd(&fd). */
#ifndef BOOTD_BASE_CLEANUP_H
#define BOOTD_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void close_file(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

static inline void free_memory(void *pointer)
{
	free(*(void **)pointer);
}

#endif
