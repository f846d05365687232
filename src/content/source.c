#include "content/source.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/remote_head.h"
#include "content/source_local.h"
#include "content/source_remote.h"
#include "io/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* One of the three. */
struct source {
	struct root_file file; /* a local file; fd is -1 in the others */
	struct cache_object *object;
	struct download *download;
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

struct source *source_object_new(struct cache_object *object)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL) {
		cache_object_release(object);
		return NULL;
	}
	source->file.fd = -1;
	source->object = object;
	return source;
}

struct source *source_download_new(struct download *download)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	download_hold(download);
	source->file.fd = -1;
	source->download = download;
	return source;
}

struct source_version source_version_of(const char *etag, const char *last_modified, bool has_size,
					uint64_t size_bytes)
{
	struct source_version version = { .modified_s = 0 };

	(void)remote_date_parse(last_modified, &version.modified_s);
	if (etag[0] == '"' && text_copy(version.tag, sizeof(version.tag), etag))
		return version;
	if (etag[0] == '\0' && version.modified_s > 0 && has_size)
		(void)text_format(version.tag, sizeof(version.tag), "\"%" PRIx64 "-%" PRIx64 "\"",
				  size_bytes, (uint64_t)version.modified_s);
	return version;
}

/* A source's bytes, once all are here. */
struct body {
	int fd;
	uint64_t offset;
	uint64_t size_bytes;
};

/* NULL: a local file, or one that is not all here. */
static const struct cache_object *object_of(const struct source *source)
{
	return source->download != NULL ? download_object(source->download) : source->object;
}

static struct body body_of(const struct source *source)
{
	const struct cache_object *object = object_of(source);
	struct body body = { .fd = source->file.fd, .size_bytes = source->file.size_bytes };

	if (object != NULL) {
		body.fd = cache_object_descriptor(object, &body.offset);
		body.size_bytes = cache_object_size(object);
	}
	return body;
}

struct source_status source_status(const struct source *source)
{
	struct body body = body_of(source);

	if (body.fd < 0)
		return download_status(source->download);
	return (struct source_status){ .state = SOURCE_WHOLE,
				       .has_size = true,
				       .size_bytes = body.size_bytes,
				       .available_bytes = body.size_bytes };
}

static struct source_version local_version(const struct root_file *file)
{
	const struct timespec *modified = &file->modified;
	struct source_version version = { .modified_s = modified->tv_sec };

	(void)text_format(version.tag, sizeof(version.tag), "\"%" PRIx64 "-%" PRIx64 ".%lx\"",
			  file->size_bytes, (uint64_t)modified->tv_sec,
			  (unsigned long)modified->tv_nsec);
	return version;
}

struct source_version source_version(const struct source *source)
{
	struct cache_facts facts;

	if (source->download != NULL)
		return download_version(source->download);
	if (source->object == NULL)
		return local_version(&source->file);
	facts = cache_object_facts(source->object);
	return source_version_of(facts.etag, facts.last_modified, true,
				 cache_object_size(source->object));
}

int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length)
{
	struct body body = body_of(source);

	if (body.fd < 0)
		return download_read(source->download, offset, out, length);
	return file_read(body.fd, body.offset + offset, out, length);
}

int source_descriptor(const struct source *source, uint64_t *out_offset)
{
	struct body body = body_of(source);

	*out_offset = body.offset;
	return body.fd;
}

/* What was fetched never changes: a new version is another file. */
bool source_is_unchanged(const struct source *source)
{
	return source->file.fd < 0 || root_file_is_unchanged(&source->file);
}

const char *source_unkept_reason(const struct source *source)
{
	const struct cache_object *object = object_of(source);

	return object == NULL ? NULL : cache_object_unkept_reason(object);
}

bool source_wait(struct source *source, struct source_waiter *waiter, uint64_t wanted_bytes)
{
	return source->download != NULL && download_wait(source->download, waiter, wanted_bytes);
}

void source_forget(struct source *source, struct source_waiter *waiter)
{
	if (source->download != NULL)
		download_forget(source->download, waiter);
}

void source_close(struct source *source)
{
	if (source == NULL)
		return;
	close_fd(&source->file.fd);
	cache_object_release(source->object);
	download_release(source->download);
	free(source);
}
