#include "content/source.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/source_local.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct source {
	struct root_file file;
};

struct source *source_local_new(const struct root_file *file)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL) {
		(void)close(file->fd);
		return NULL;
	}
	source->file = *file;
	return source;
}

struct source_status source_status(const struct source *source)
{
	return (struct source_status){ .state = SOURCE_WHOLE,
				       .has_size = true,
				       .size_bytes = source->file.size_bytes,
				       .available_bytes = source->file.size_bytes };
}

struct source_version source_version(const struct source *source)
{
	const struct timespec *modified = &source->file.modified;
	struct source_version version = { .modified_s = modified->tv_sec };

	(void)text_format(version.tag, sizeof(version.tag), "\"%" PRIx64 "-%" PRIx64 ".%lx\"",
			  source->file.size_bytes, (uint64_t)modified->tv_sec,
			  (unsigned long)modified->tv_nsec);
	return version;
}

int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t count = pread(source->file.fd, out, length, (off_t)offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			return -EIO;
		out += count;
		offset += (uint64_t)count;
		length -= (size_t)count;
	}
	return 0;
}

int source_descriptor(const struct source *source, uint64_t *out_offset)
{
	*out_offset = 0;
	return source->file.fd;
}

bool source_is_unchanged(const struct source *source)
{
	return root_file_is_unchanged(&source->file);
}

bool source_wait(struct source *source, struct source_waiter *waiter, uint64_t wanted_bytes)
{
	(void)source;
	(void)waiter;
	(void)wanted_bytes;
	return false;
}

void source_forget(struct source *source, struct source_waiter *waiter)
{
	(void)source;
	(void)waiter;
}

void source_close(struct source *source)
{
	if (source == NULL)
		return;
	close_fd(&source->file.fd);
	free(source);
}
