/* A file that can be read: whole, or still growing while it is fetched. Every call may be made from
 * any thread; a source has one owner, who closes it. */
#ifndef BOOTD_CONTENT_SOURCE_H
#define BOOTD_CONTENT_SOURCE_H

#include "content/refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_TAG_SIZE 80

struct source;

enum source_state {
	SOURCE_GROWING,
	SOURCE_WHOLE,
	SOURCE_FAILED, /* the rest never comes: what was read of it must not look whole */
};

struct source_status {
	enum source_state state;
	bool has_size; /* always true of SOURCE_WHOLE */
	uint64_t size_bytes;
	uint64_t available_bytes;     /* from the beginning; they can be read now */
	enum content_refusal refusal; /* why SOURCE_FAILED */
};

/* Which version of a file this is, for HTTP's validators. */
struct source_version {
	char tag[SOURCE_TAG_SIZE]; /* a strong entity tag with its quotes (RFC 9110 8.8.3); "": none
				    */
	int64_t modified_s;        /* since 1970; 0: not known */
};

struct source_status source_status(const struct source *source);
struct source_version source_version(const struct source *source);

/* Reads length bytes at offset, all of them. Returns 0, -EAGAIN where they are not all available,
 * -EIO where the file has become shorter, or another -errno. */
int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length);

/* The descriptor of a whole source and where the file's first byte lies in it, for sendfile and
 * mmap; borrowed until source_close. -1: the source is not whole. */
int source_descriptor(const struct source *source, uint64_t *out_offset);

/* The file is still the one that was opened, byte for byte as far as its times tell. */
bool source_is_unchanged(const struct source *source);

/* Why the cache does not keep a whole source that was fetched, a sentence's end; NULL: it does, or
 * the source is a local file. */
const char *source_unkept_reason(const struct source *source);

/* Someone who waits for more of a growing source. The owner fills in the first two; zeros else. It
 * must live until it was called or source_forget has returned. */
struct source_waiter {
	/* Called once, from any thread, with the source's lock held: it may wake somebody, and must
	 * neither call the source nor wait. */
	void (*on_change)(void *context);
	void *context;
	uint64_t wanted_bytes;
	struct source_waiter *next; /* the source's, as is_waiting */
	bool is_waiting;
};

/* Calls the waiter when wanted_bytes are available, or the state is no longer SOURCE_GROWING.
 * False: that is so already, and the waiter is not called. */
bool source_wait(struct source *source, struct source_waiter *waiter, uint64_t wanted_bytes);
/* The waiter is not called any more. */
void source_forget(struct source *source, struct source_waiter *waiter);

/* NULL is allowed. A fetch that others read, too, or that the cache wants, goes on. */
void source_close(struct source *source);

#endif
