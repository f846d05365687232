#include "http/http_body.h"

#include "http/http_connections.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Up to here a copy costs less than sendfile and its own packet. */
#define SMALL_MAX  32768
#define BLOCK_SIZE 65536
/* For an upstream, after which its own time limits have long ended the source. */
#define STALL_MS 300000

static void on_change(void *context)
{
	const struct http_body *body = context;

	http_connection_resume(body->connection);
}

/* The client must not take what it has for the whole. */
static ssize_t fail(struct http_body *body, const char *why)
{
	body->failure = why;
	http_connection_reset(body->connection);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static const char *describe(enum content_refusal refusal)
{
	switch (refusal) {
	case CONTENT_UNREACHABLE:
		return "the upstream no longer answers";
	case CONTENT_BROKEN:
		return "the upstream's answer broke off or is not to be trusted";
	case CONTENT_OUT_OF_RESOURCES:
		return "there is no room to fetch it";
	default:
		return "the rest cannot be read";
	}
}

static ssize_t wait_for_more(struct http_body *body, uint64_t wanted_bytes)
{
	if (body->is_waiting && http_connection_has_stalled(body->connection))
		return fail(body, "nothing more came from the upstream");
	if (!http_connection_suspend(body->connection, STALL_MS))
		return fail(body, "bootd ends");
	body->is_waiting = true;
	body->waiter.on_change = on_change;
	body->waiter.context = body;
	if (!source_wait(body->source, &body->waiter, wanted_bytes))
		http_connection_resume(body->connection);
	return 0;
}

/* For libmicrohttpd: returns how many bytes there are now; 0: the connection is suspended. */
static ssize_t read_more(void *context, uint64_t position, char *out, size_t size)
{
	struct http_body *body = context;
	struct source_status status = source_status(body->source);
	uint64_t at = body->offset + position;
	uint64_t left = status.available_bytes > at ? status.available_bytes - at : 0;

	if (left == 0) {
		if (status.state == SOURCE_FAILED)
			return fail(body, describe(status.refusal));
		if (status.state == SOURCE_WHOLE)
			return body->has_length ? fail(body, "the file has become shorter")
						: MHD_CONTENT_READER_END_OF_STREAM;
		return wait_for_more(body, at + 1);
	}
	if (size > left)
		size = (size_t)left;
	if (source_read(body->source, at, (uint8_t *)out, size) < 0)
		return fail(body, "the file cannot be read, or has become shorter");
	body->read_bytes = position + size;
	body->is_waiting = false;
	return (ssize_t)size;
}

static struct MHD_Response *respond_small(struct http_body *body)
{
	uint8_t *bytes = malloc(body->length + 1);
	struct MHD_Response *response = NULL;

	if (bytes == NULL)
		return NULL;
	if (source_read(body->source, body->offset, bytes, body->length) < 0)
		body->failure = "the file cannot be read, or has become shorter";
	else if (!source_is_unchanged(body->source))
		body->failure = "the file changed meanwhile";
	else
		response =
			MHD_create_response_from_buffer(body->length, bytes, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(bytes);
	body->is_small = response != NULL;
	return response;
}

/* Of its own, since libmicrohttpd closes what it gets. */
static struct MHD_Response *respond_by_descriptor(const struct http_body *body, int fd,
						  uint64_t offset)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct MHD_Response *response = NULL;

	if (copy >= 0)
		response = MHD_create_response_from_fd_at_offset64(body->length, copy,
								   offset + body->offset);
	if (response == NULL && copy >= 0)
		(void)close(copy);
	return response;
}

/* Never called: libmicrohttpd sends no body. */
static ssize_t read_nothing(void *context, uint64_t position, char *out, size_t size)
{
	(void)context;
	(void)position;
	(void)out;
	(void)size;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

struct MHD_Response *http_body_respond_nothing(uint64_t length)
{
	static_assert(HTTP_BODY_SIZE_UNKNOWN == MHD_SIZE_UNKNOWN, "it is told as it is");
	return MHD_create_response_from_callback(length, 1, read_nothing, NULL, NULL);
}

struct MHD_Response *http_body_respond(struct http_body *body, bool is_head)
{
	uint64_t offset;
	int fd = source_descriptor(body->source, &offset);

	if (is_head)
		return http_body_respond_nothing(body->has_length ? body->length
								  : HTTP_BODY_SIZE_UNKNOWN);
	if (fd >= 0 && body->has_length)
		return body->length <= SMALL_MAX ? respond_small(body)
						 : respond_by_descriptor(body, fd, offset);
	body->is_read = true;
	return MHD_create_response_from_callback(body->has_length ? body->length : MHD_SIZE_UNKNOWN,
						 BLOCK_SIZE, read_more, body, NULL);
}

void http_body_done(struct http_body *body)
{
	if (body->source != NULL)
		source_forget(body->source, &body->waiter);
	source_close(body->source);
	body->source = NULL;
}
