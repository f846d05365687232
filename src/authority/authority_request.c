#include "authority/authority_request.h"

#include "authority/authority_body.h"

#include <errno.h>
#include <string.h>

#define HTTP_OK           200
#define HTTP_UNAUTHORIZED 401
#define HTTP_FORBIDDEN    403

/* Fewer bytes taken than given tell libcurl to break off. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct authority_request *request = context;

	(void)line;
	(void)size; /* always 1 */
	if (count > AUTHORITY_HEADERS_MAX - request->headers_length)
		return 0;
	request->headers_length += count;
	return count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct authority_request *request = context;

	(void)size; /* always 1 */
	if (count > sizeof(request->body) - request->body_length)
		return 0;
	memcpy(request->body + request->body_length, bytes, count);
	request->body_length += count;
	return count;
}

/* What all requests have in common. Redirects are not followed and certificates are checked: that
 * is libcurl's default, and so are the proxies of the environment. */
static CURL *new_easy(struct authority_request *request)
{
	CURL *easy = curl_easy_init();
	bool is_set;

	if (easy == NULL)
		return NULL;
	is_set = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		 curl_easy_setopt(easy, CURLOPT_USERAGENT, "bootd/" BOOTD_VERSION) == CURLE_OK;
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs would else hold the whole thread, and the end of it. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/* One parser to trust instead of two; a question gains nothing from HTTP/2. */
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	if (!is_set) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

int authority_request_start(struct authority_request *request, CURLM *multi, const char *url,
			    uint32_t timeout_ms)
{
	if (request->easy == NULL)
		request->easy = new_easy(request);
	if (request->easy == NULL)
		return -ENOMEM;
	request->headers_length = 0;
	request->body_length = 0;
	(void)curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	if (curl_easy_setopt(request->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_multi_add_handle(multi, request->easy) != CURLM_OK)
		return -ENOMEM;
	return 0;
}

struct authority_request *authority_request_of(CURL *easy)
{
	struct authority_request *request = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
	return request;
}

static enum authority_verdict verdict_of_status(long status)
{
	switch (status) {
	case HTTP_OK:
		return AUTHORITY_GRANTS;
	case HTTP_UNAUTHORIZED:
	case HTTP_FORBIDDEN:
		return AUTHORITY_DENIES;
	default:
		return AUTHORITY_OTHER_STATUS;
	}
}

/* Whatever goes wrong once the request is sent is the reply's fault: the connection closed, no
 * HTTP, too large. request_length: how much was sent. */
static enum authority_verdict verdict_of(CURLcode result, long status, long request_length)
{
	if (result == CURLE_OK)
		return verdict_of_status(status);
	if (result == CURLE_OPERATION_TIMEDOUT)
		return AUTHORITY_TIMED_OUT;
	return request_length > 0 ? AUTHORITY_BAD_REPLY : AUTHORITY_UNREACHABLE;
}

struct authority_reply authority_request_finish(struct authority_request *request, CURLM *multi,
						CURLcode result)
{
	struct authority_reply reply = { 0 };
	long status = 0;
	long request_length = 0;

	(void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(request->easy, CURLINFO_REQUEST_SIZE, &request_length);
	(void)curl_multi_remove_handle(multi, request->easy);
	reply.verdict = verdict_of(result, status, request_length);
	reply.status = (int)status;
	if (reply.verdict == AUTHORITY_GRANTS)
		authority_body_parse((struct span){ request->body, request->body_length }, &reply);
	return reply;
}

void authority_request_done(struct authority_request *request, CURLM *multi)
{
	if (request->easy == NULL)
		return;
	if (request->question != NULL)
		(void)curl_multi_remove_handle(multi, request->easy);
	curl_easy_cleanup(request->easy);
	request->easy = NULL;
}
