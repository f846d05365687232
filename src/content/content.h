/* A requested name becomes a readable source. */
#ifndef BOOTD_CONTENT_CONTENT_H
#define BOOTD_CONTENT_CONTENT_H

#include "base/bytes.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum content_refusal {
	CONTENT_OK,
	CONTENT_BAD_NAME,         /* path.h refuses it */
	CONTENT_NOT_FOUND,        /* nothing of that name, or a folder */
	CONTENT_FORBIDDEN,        /* out of the root, not a regular file, no permission */
	CONTENT_OUT_OF_RESOURCES, /* descriptors, memory */
	CONTENT_UNREADABLE,       /* the disk fails */
};

struct source;
struct content;

/* What content_open found: a source, which is the callee's to close, or why there is none, in a
 * sentence for the log. */
struct content_answer {
	struct source *source;
	enum content_refusal refusal;
	const char *sentence;
};

typedef void content_callback(void *context, const struct content_answer *answer);

/* Serves the folder root. Returns 0 with *out_content, or -errno. */
int content_new(struct loop *loop, const char *root, bool may_follow_links,
		struct content **out_content);
void content_free(struct content *content);

/* Opens the file that a client asked for by name, raw as it came. on_open is called once, from the
 * loop, never before this returns 0. Returns -ENOMEM otherwise. */
int content_open(struct content *content, struct span name, content_callback *on_open,
		 void *context);

uint64_t source_size(const struct source *source);
/* Reads length bytes at offset, all of them. Returns 0, -EIO where the file has become shorter, or
 * another -errno. */
int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length);
/* The file is still the one that was opened, byte for byte as far as its times tell. */
bool source_is_unchanged(const struct source *source);
void source_close(struct source *source);

#endif
