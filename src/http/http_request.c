/* A request is made when its first line is there, and asks for its file when it is complete:
 * libmicrohttpd closes the connection after an answer that comes earlier. Where the file is not
 * open at once, the connection is suspended; the opening then holds the request, too, since it may
 * outlive the connection. */
#include "http/http_request.h"

#include "activity/activity.h"
#include "base/text.h"
#include "boot/access.h"
#include "boot/architecture.h"
#include "boot/session.h"
#include "content/content.h"
#include "http/http_body.h"
#include "http/http_connections.h"
#include "http/http_date.h"
#include "http/http_engine.h"
#include "http/http_target.h"
#include "http/media_type.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define FILE_SHOWN_SIZE 400
#define NAME_SHOWN_SIZE 200
#define VALUE_SIZE      96
/* An upstream's own time limits are shorter. */
#define OPEN_MS 120000

struct http_request {
	struct http_server *server;
	struct http_connection *connection;
	atomic_uint holder_count;
	struct timespec started;
	uint64_t acknowledged_bytes; /* by the client, before the answer */
	bool has_headers;
	bool is_head;
	bool is_asked; /* content has been asked for the file */
	bool is_answered;
	bool is_target_good;
	enum http_target_refusal target_refusal;
	bool has_mac;
	struct mac mac;
	char file[FILE_SHOWN_SIZE];
	struct http_body body;

	pthread_mutex_t lock; /* of what content answers, and: */
	bool is_open;
	bool is_waiting;  /* the connection is suspended until it is open */
	bool is_given_up; /* nobody waits for the file any more */
	struct source *source;
	enum content_refusal refusal;
	bool is_optional; /* most clients do without it */
	char sentence[CONTENT_SENTENCE_SIZE];
	char translated_path[NAME_SHOWN_SIZE];

	size_t name_length;
	uint8_t name[HTTP_NAME_MAX];
};

/* An answer without a file. */
struct refusal {
	enum event_kind event;
	unsigned status;
	const char *sentence; /* for the client; the log has its own */
};

static void release(struct http_request *request)
{
	if (atomic_fetch_sub(&request->holder_count, 1) > 1)
		return;
	source_close(request->source);
	(void)pthread_mutex_destroy(&request->lock);
	free(request);
}

static void show_name(struct http_request *request, const char *target)
{
	struct span shown = { request->name, request->name_length };

	if (!request->is_target_good)
		shown = (struct span){ (const uint8_t *)target, strlen(target) };
	while (request->is_target_good && shown.length > 0 && *shown.bytes == '/') {
		shown.bytes++;
		shown.length--;
	}
	text_escape(request->file, NAME_SHOWN_SIZE, shown);
	if (request->file[0] == '\0')
		(void)text_copy(request->file, sizeof(request->file), "/");
}

struct http_request *http_request_new(struct http_server *server,
				      struct http_connection *connection, const char *target)
{
	struct http_request *request = malloc(sizeof(*request));

	if (request == NULL)
		return NULL;
	memset(request, 0, offsetof(struct http_request, name)); /* the name is 2 KiB */
	request->server = server;
	request->connection = connection;
	atomic_init(&request->holder_count, 1);
	(void)pthread_mutex_init(&request->lock, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &request->started);
	request->body.connection = connection;
	request->is_target_good = http_target_parse(target, request->name, &request->name_length,
						    &request->target_refusal);
	show_name(request, target);
	return request;
}

static uint64_t elapsed_ms(const struct http_request *request)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - request->started.tv_sec) * 1000 +
			  (now.tv_nsec - request->started.tv_nsec) / 1000000);
}

static void note(const struct http_request *request, enum event_kind kind, const char *detail,
		 uint64_t bytes)
{
	struct event event = { .kind = kind,
			       .has_mac = request->has_mac,
			       .mac = request->mac,
			       .address = request->connection->address,
			       .file = request->file,
			       .detail = detail,
			       .bytes = bytes,
			       .duration_ms = elapsed_ms(request) };

	activity_note(request->server->activity, &event);
}

/* Consumes the response. */
static enum MHD_Result queue(struct http_request *request, unsigned status,
			     struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(request->connection->handle, status, response);

	request->is_answered = true;
	MHD_destroy_response(response);
	return result;
}

/* False: no memory. */
static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

static enum MHD_Result queue_sentence(struct http_request *request, unsigned status,
				      const char *sentence, const char *name, const char *value)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(sentence), (void *)sentence, MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	if (!add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8") ||
	    (name != NULL && !add_header(response, name, value))) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return queue(request, status, response);
}

static enum MHD_Result refuse(struct http_request *request, const struct refusal *refusal,
			      const char *detail)
{
	note(request, refusal->event, detail, 0);
	return queue_sentence(request, refusal->status, refusal->sentence, NULL, NULL);
}

static enum MHD_Result refuse_method(struct http_request *request, const char *method)
{
	char shown[32];
	char detail[64];

	text_escape(shown, sizeof(shown), (struct span){ (const uint8_t *)method, strlen(method) });
	(void)text_format(detail, sizeof(detail), "%s is asked for; bootd only reads", shown);
	note(request, EVENT_HTTP_REFUSED, detail, 0);
	return queue_sentence(request, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "Only GET and HEAD are served here.\n", MHD_HTTP_HEADER_ALLOW,
			      "GET, HEAD");
}

static enum MHD_Result refuse_target(struct http_request *request)
{
	static const struct {
		struct refusal refusal;
		const char *detail;
	} answers[] = {
		[HTTP_TARGET_NO_PATH] = { { EVENT_HTTP_REFUSED, MHD_HTTP_BAD_REQUEST,
					    "The request has no path.\n" },
					  "the request has no path" },
		[HTTP_TARGET_BAD_ESCAPE] = { { EVENT_HTTP_REFUSED, MHD_HTTP_BAD_REQUEST,
					       "A % in the path has no two hexadecimal digits "
					       "behind it.\n" },
					     "a % in it has no two hexadecimal digits behind it" },
		[HTTP_TARGET_BAD_CHARACTER] = { { EVENT_HTTP_REFUSED, MHD_HTTP_BAD_REQUEST,
						  "The path has a control character.\n" },
						"the name has a control character" },
		[HTTP_TARGET_TOO_LONG] = { { EVENT_HTTP_REFUSED, MHD_HTTP_URI_TOO_LONG,
					     "The path is too long.\n" },
					   "the name is too long" },
	};

	return refuse(request, &answers[request->target_refusal].refusal,
		      answers[request->target_refusal].detail);
}

static enum MHD_Result refuse_file(struct http_request *request, enum content_refusal refusal,
				   const char *detail)
{
	static const struct refusal answers[] = {
		[CONTENT_BAD_NAME] = { EVENT_HTTP_NOT_FOUND, MHD_HTTP_NOT_FOUND,
				       "No file can have this name.\n" },
		[CONTENT_NOT_FOUND] = { EVENT_HTTP_NOT_FOUND, MHD_HTTP_NOT_FOUND,
					"There is no such file.\n" },
		[CONTENT_FORBIDDEN] = { EVENT_HTTP_REFUSED, MHD_HTTP_FORBIDDEN,
					"This file is not served; bootd's log says why.\n" },
		[CONTENT_OUT_OF_RESOURCES] = { EVENT_HTTP_BUSY, MHD_HTTP_SERVICE_UNAVAILABLE,
					       "The server is out of resources, try again "
					       "later.\n" },
		[CONTENT_UNREADABLE] = { EVENT_HTTP_READ_FAILED, MHD_HTTP_INTERNAL_SERVER_ERROR,
					 "The server cannot read the file; its log says why.\n" },
		[CONTENT_UNREACHABLE] = { EVENT_HTTP_READ_FAILED, MHD_HTTP_GATEWAY_TIMEOUT,
					  "The server that has the file cannot be reached.\n" },
		[CONTENT_BROKEN] = { EVENT_HTTP_READ_FAILED, MHD_HTTP_BAD_GATEWAY,
				     "The server that has the file gave a bad answer.\n" },
	};

	assert(answers[refusal].sentence != NULL); /* it is a refusal */
	return refuse(request, &answers[refusal], detail);
}

static const char *header_of(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection->handle, MHD_HEADER_KIND, name);
}

static int64_t wall_clock_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now.tv_sec;
}

static struct http_decision decide(const struct http_request *request,
				   const struct source_status *status,
				   const struct source_version *version)
{
	struct http_question question = {
		.is_head = request->is_head,
		.range = header_of(request, MHD_HTTP_HEADER_RANGE),
		.if_range = header_of(request, MHD_HTTP_HEADER_IF_RANGE),
		.if_match = header_of(request, MHD_HTTP_HEADER_IF_MATCH),
		.if_none_match = header_of(request, MHD_HTTP_HEADER_IF_NONE_MATCH),
		.if_modified_since = header_of(request, MHD_HTTP_HEADER_IF_MODIFIED_SINCE),
		.if_unmodified_since = header_of(request, MHD_HTTP_HEADER_IF_UNMODIFIED_SINCE),
	};
	struct http_facts facts = { .has_size = status->has_size,
				    .size_bytes = status->size_bytes,
				    .tag = version->tag,
				    .modified_s = version->modified_s,
				    .now_s = wall_clock_s() };

	return http_decide(&question, &facts);
}

/* An empty value makes some firmware refuse the whole answer, so there is none. */
static bool add_version(struct MHD_Response *response, const struct source_version *version)
{
	struct http_date_text modified = { "" };

	if (version->modified_s > 0)
		modified = http_date_format(version->modified_s);
	return (version->tag[0] == '\0' ||
		add_header(response, MHD_HTTP_HEADER_ETAG, version->tag)) &&
	       (modified.text[0] == '\0' ||
		add_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, modified.text));
}

static bool add_file_headers(const struct http_request *request, struct MHD_Response *response,
			     const struct source_status *status,
			     const struct source_version *version)
{
	char name[NAME_SHOWN_SIZE];
	struct span end = { request->name, request->name_length };

	if (end.length >= sizeof(name)) { /* the type is in the last few bytes */
		end.bytes += end.length - (sizeof(name) - 1);
		end.length = sizeof(name) - 1;
	}
	memcpy(name, end.bytes, end.length);
	name[end.length] = '\0';
	return add_version(response, version) &&
	       add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type_of(name)) &&
	       (!status->has_size || add_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes"));
}

/* Of a part; the log tells of it, too. */
static bool add_content_range(struct http_request *request, struct MHD_Response *response,
			      uint64_t size_bytes)
{
	const struct http_body *body = &request->body;
	size_t used = strlen(request->file);
	char value[VALUE_SIZE];

	(void)text_format(value, sizeof(value), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			  body->offset, body->offset + body->length - 1, size_bytes);
	(void)text_format(request->file + used, sizeof(request->file) - used, " (%s)", value);
	return add_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, value);
}

static enum MHD_Result send_file(struct http_request *request, const struct range *part,
				 const struct source_status *status,
				 const struct source_version *version)
{
	struct http_body *body = &request->body;
	struct MHD_Response *response;

	body->source = request->source;
	request->source = NULL;
	body->has_length = status->has_size;
	body->offset = part != NULL ? part->offset : 0;
	body->length = part != NULL ? part->length : status->size_bytes;
	response = http_body_respond(body, request->is_head);
	if (response == NULL) {
		const char *failure = body->failure;

		http_body_done(body);
		return failure != NULL ? refuse_file(request, CONTENT_UNREADABLE, failure)
				       : refuse_file(request, CONTENT_OUT_OF_RESOURCES,
						     "there is no memory or descriptor left");
	}
	if (!add_file_headers(request, response, status, version) ||
	    (part != NULL && !add_content_range(request, response, status->size_bytes))) {
		MHD_destroy_response(response);
		http_body_done(body);
		return MHD_NO;
	}
	return queue(request, part != NULL ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

/* RFC 9110 8.6: a Content-Length here must be the file's. */
static enum MHD_Result send_not_modified(struct http_request *request,
					 const struct source_status *status,
					 const struct source_version *version)
{
	struct MHD_Response *response = http_body_respond_nothing(
		status->has_size ? status->size_bytes : HTTP_BODY_SIZE_UNKNOWN);

	if (response == NULL)
		return MHD_NO;
	if (!add_version(response, version)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	note(request, EVENT_HTTP_ASKED, "the client has it already", 0);
	return queue(request, MHD_HTTP_NOT_MODIFIED, response);
}

static enum MHD_Result refuse_range(struct http_request *request, uint64_t size_bytes,
				    const char *detail)
{
	char value[VALUE_SIZE];

	(void)text_format(value, sizeof(value), "bytes */%" PRIu64, size_bytes);
	note(request, EVENT_HTTP_REFUSED, detail, 0);
	return queue_sentence(request, MHD_HTTP_RANGE_NOT_SATISFIABLE,
			      "The file has no such range.\n", MHD_HTTP_HEADER_CONTENT_RANGE,
			      value);
}

/* From here on the log tells where the file comes from. */
static void name_translated(struct http_request *request)
{
	size_t used = strlen(request->file);

	if (request->translated_path[0] != '\0')
		(void)text_format(request->file + used, sizeof(request->file) - used, " (from %s)",
				  request->translated_path);
}

static enum MHD_Result answer_file(struct http_request *request)
{
	static const struct refusal precondition = { EVENT_HTTP_REFUSED,
						     MHD_HTTP_PRECONDITION_FAILED,
						     "The file is another version.\n" };
	struct source_status status = source_status(request->source);
	struct source_version version = source_version(request->source);
	struct http_decision decision = decide(request, &status, &version);

	name_translated(request);
	switch (decision.verdict) {
	case HTTP_WHOLE:
		return send_file(request, NULL, &status, &version);
	case HTTP_PART:
		return send_file(request, &decision.part, &status, &version);
	case HTTP_NOT_MODIFIED:
		return send_not_modified(request, &status, &version);
	case HTTP_PRECONDITION_FAILED:
		return refuse(request, &precondition, "the client asks for another version");
	case HTTP_UNSATISFIABLE:
		return refuse_range(request, status.size_bytes,
				    "it does not have the bytes that are asked for");
	case HTTP_BROKEN_RANGE:
		return refuse_range(request, status.size_bytes,
				    "its range is bytes=u-u: this iPXE is too old to ask for "
				    "ranges; build a newer one, or do not boot by sanboot");
	}
	return MHD_NO;
}

static enum MHD_Result answer_opened(struct http_request *request)
{
	static const struct refusal optional = { EVENT_HTTP_OPTIONAL, MHD_HTTP_NOT_FOUND,
						 "There is no such file.\n" };

	if (request->is_optional)
		return refuse(request, &optional, NULL);
	if (request->refusal != CONTENT_OK)
		return refuse_file(request, request->refusal, request->sentence);
	return answer_file(request);
}

/* From any thread. */
static void on_open(void *context, const struct content_answer *answer)
{
	struct http_request *request = context;

	(void)pthread_mutex_lock(&request->lock);
	request->source = answer->source;
	request->refusal = answer->refusal;
	request->is_optional = answer->is_optional;
	if (answer->refusal != CONTENT_OK)
		(void)text_format(request->sentence, sizeof(request->sentence), "%s",
				  answer->sentence);
	(void)text_format(request->translated_path, sizeof(request->translated_path), "%s",
			  answer->translated_path);
	request->is_open = true;
	if (request->is_waiting && !request->is_given_up)
		http_connection_resume(request->connection);
	(void)pthread_mutex_unlock(&request->lock);
	release(request);
}

/* Returns whether the file is open, or will not be any more. Else the connection is suspended. */
static bool await_open(struct http_request *request)
{
	bool is_open;

	(void)pthread_mutex_lock(&request->lock);
	is_open = request->is_open;
	if (!is_open && request->is_waiting)
		request->is_given_up = true; /* resumed, and not by on_open */
	else if (!is_open)
		request->is_waiting = true;
	if (!is_open && !request->is_given_up)
		request->is_given_up = !http_connection_suspend(request->connection, OPEN_MS);
	is_open = is_open || request->is_given_up;
	(void)pthread_mutex_unlock(&request->lock);
	return is_open;
}

static enum MHD_Result answer_when_open(struct http_request *request)
{
	if (!await_open(request))
		return MHD_YES;
	if (request->is_given_up)
		return refuse_file(request, CONTENT_UNREACHABLE, "it was not opened in time");
	return answer_opened(request);
}

static struct content_asker asker_of(const struct http_request *request,
				     const struct session *session)
{
	struct content_asker asker = { .ip = ip_format(request->connection->address) };

	if (session == NULL)
		return asker;
	asker.mac = mac_format(session->mac);
	if (session->has_uuid)
		asker.uuid = uuid_format(session->uuid);
	if (session->has_architecture)
		architecture_format(session->architecture, asker.arch, sizeof(asker.arch));
	(void)text_copy(asker.file, sizeof(asker.file), session->boot->file);
	(void)text_copy(asker.client, sizeof(asker.client), session->boot->client);
	(void)text_copy(asker.loader, sizeof(asker.loader), session->boot->loader.file);
	return asker;
}

static struct http_settings take_settings(struct http_server *server)
{
	struct http_settings settings;

	(void)pthread_mutex_lock(&server->lock);
	settings = server->settings;
	(void)content_hold(settings.content);
	(void)pthread_mutex_unlock(&server->lock);
	return settings;
}

static enum MHD_Result open_file(struct http_request *request, struct content *content,
				 const struct session *session)
{
	struct content_asker asker = asker_of(request, session);
	struct span name = { request->name, request->name_length };

	(void)atomic_fetch_add(&request->holder_count, 1);
	if (content_open_here(content, name, &asker, on_open, request) < 0) {
		release(request);
		return refuse_file(request, CONTENT_OUT_OF_RESOURCES, "there is no memory left");
	}
	return answer_when_open(request);
}

/* Why the machine may read no file at all; NULL: it may. */
static const char *find_denial(const struct http_settings *settings, const struct session *session,
			       uint64_t now_s)
{
	if (session != NULL)
		return access_file_denial(session, now_s);
	if (!settings->may_unknown_read)
		return settings->unknown_denial;
	return NULL;
}

static enum MHD_Result ask(struct http_request *request)
{
	static const struct refusal denied = { EVENT_HTTP_DENIED, MHD_HTTP_FORBIDDEN,
					       "This machine may read no files here.\n" };
	struct http_settings settings = take_settings(request->server);
	uint64_t now_s = (uint64_t)request->started.tv_sec;
	struct session_boot boot;
	struct session session;
	struct ip4 address = ip_to_4(request->connection->address);
	bool is_known =
		session_copy_address(request->server->sessions, address, now_s, &session, &boot);
	const char *denial = find_denial(&settings, is_known ? &session : NULL, now_s);
	enum MHD_Result result;

	request->has_mac = is_known;
	if (is_known) {
		request->mac = session.mac;
		session_note_file(request->server->sessions, address, now_s);
	}
	if (denial != NULL)
		result = refuse(request, &denied, denial);
	else
		result = open_file(request, settings.content, is_known ? &session : NULL);
	content_free(settings.content);
	return result;
}

static bool has_body(const struct http_request *request)
{
	const char *length = header_of(request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length != NULL && strcmp(length, "0") != 0) ||
	       header_of(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* What is answered before the request is complete ends the connection, so its body is not read. */
static enum MHD_Result take_headers(struct http_request *request, const char *method)
{
	static const struct refusal body = { EVENT_HTTP_REFUSED, MHD_HTTP_BAD_REQUEST,
					     "A request for a file has no body.\n" };

	request->has_headers = true;
	request->acknowledged_bytes = http_connection_begin_answer(request->connection);
	if (!has_body(request))
		return MHD_YES;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && !request->is_head)
		return refuse_method(request, method);
	return refuse(request, &body, "the request has a body");
}

enum MHD_Result http_request_advance(struct http_request *request, const char *method)
{
	if (request->is_answered)
		return MHD_YES;
	request->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	if (!request->has_headers)
		return take_headers(request, method);
	if (request->is_asked)
		return answer_when_open(request);
	request->is_asked = true;
	if (!request->is_head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return refuse_method(request, method);
	if (!request->is_target_good)
		return refuse_target(request);
	return ask(request);
}

/* Of the body, as far as the client's kernel has it: what stands before the body is counted with
 * it, unless bootd has read the body itself. */
static uint64_t taken_bytes(const struct http_request *request)
{
	const struct http_body *body = &request->body;
	uint64_t taken =
		http_connection_acknowledged(request->connection) - request->acknowledged_bytes;

	if (body->is_read)
		return body->read_bytes;
	return taken < body->length ? taken : body->length;
}

static void note_sent(const struct http_request *request)
{
	const struct http_body *body = &request->body;

	if (request->is_head) {
		note(request, EVENT_HTTP_ASKED, "only its headers were asked for", 0);
	} else if (!body->is_small && !source_is_unchanged(body->source)) {
		/* What the client does not have yet, it does not get. */
		http_connection_reset(request->connection);
		note(request, EVENT_HTTP_FILE_CHANGED, NULL, taken_bytes(request));
	} else {
		note(request, EVENT_HTTP_SENT, NULL,
		     body->has_length ? body->length : body->read_bytes);
	}
}

static void note_body(const struct http_request *request, enum MHD_RequestTerminationCode code)
{
	const struct http_body *body = &request->body;
	uint64_t taken;

	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && body->failure == NULL) {
		note_sent(request);
		return;
	}
	taken = taken_bytes(request);
	http_connection_reset(request->connection);
	if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		note(request, EVENT_HTTP_ABORTED, "bootd ends", taken);
	else if (body->failure != NULL)
		note(request, EVENT_HTTP_READ_FAILED, body->failure, taken);
	else if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ||
		 http_connection_cut(request->connection) == HTTP_CUT_SLOW)
		note(request, EVENT_HTTP_TIMED_OUT, NULL, taken);
	else
		note(request, EVENT_HTTP_ABORTED, "the client ended it", taken);
}

void http_request_end(struct http_request *request, enum MHD_RequestTerminationCode code)
{
	if (request->body.source != NULL)
		note_body(request, code);
	http_body_done(&request->body);
	if (request->has_headers)
		http_connection_end_answer(request->connection);
	(void)pthread_mutex_lock(&request->lock);
	request->is_given_up = true;
	(void)pthread_mutex_unlock(&request->lock);
	release(request);
}
