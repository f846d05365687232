#include "content/remote_answer.h"

#include <string.h>

/* RFC 9110 15 */
#define HTTP_OK                 200
#define HTTP_PARTIAL_CONTENT    206
#define HTTP_NOT_MODIFIED       304
#define HTTP_UNAUTHORIZED       401
#define HTTP_FORBIDDEN          403
#define HTTP_NOT_FOUND          404
#define HTTP_PROXY_WANTS_LOGIN  407
#define HTTP_TIMED_OUT          408
#define HTTP_GONE               410
#define HTTP_TOO_MANY_REQUESTS  429
#define HTTP_FIRST_SERVER_ERROR 500

static struct remote_answer refuse(enum content_refusal refusal, const char *reason)
{
	return (struct remote_answer){ .verdict = REMOTE_REFUSED,
				       .refusal = refusal,
				       .reason = reason };
}

/* Why the answer's end could not be told, or its bytes not be the file's; NULL: all is well. */
static const char *find_fault(const struct remote_head *head)
{
	if (head->is_garbled)
		return "the answer's header contradicts itself or makes no sense";
	if (head->is_encoded)
		return "the answer has a Content-Encoding or Transfer-Encoding, which was not "
		       "asked for";
	if (head->is_multipart && head->status == HTTP_PARTIAL_CONTENT)
		return "the answer has several parts";
	if (head->is_chunked && (head->has_length || head->is_before_1_1))
		return "the answer's header contradicts itself or makes no sense";
	if (!head->is_chunked && !head->has_length)
		return "the answer tells neither its length nor sends chunks, so nobody could see "
		       "that it is whole";
	return NULL;
}

static struct remote_answer decide_begin(const struct remote_head *head,
					 const struct remote_question *question)
{
	const char *fault = find_fault(head);

	if (question->is_resumption)
		return refuse(CONTENT_BROKEN,
			      "it broke off, and has changed since or cannot be continued");
	if (fault != NULL)
		return refuse(CONTENT_BROKEN, fault);
	if (head->has_length && head->length_bytes > question->size_max_bytes)
		return refuse(CONTENT_FORBIDDEN,
			      "the file is larger than [cache] max_file_size allows");
	return (struct remote_answer){ .verdict = REMOTE_BEGINS,
				       .has_size = head->has_length,
				       .size_bytes = head->length_bytes };
}

static bool is_same_file(const struct remote_head *head, const struct remote_question *question)
{
	const struct remote_head *first = question->first;

	if (first->etag[0] != '\0' && strcmp(first->etag, head->etag) != 0)
		return false;
	/* RFC 9110 15.3.7: it may be left out where If-Range was asked. */
	if (first->last_modified[0] != '\0' && head->last_modified[0] != '\0' &&
	    strcmp(first->last_modified, head->last_modified) != 0)
		return false;
	return !question->has_size || question->size_bytes == head->total_bytes;
}

static bool is_exact_rest(const struct remote_head *head, const struct remote_question *question)
{
	return head->has_range && head->has_total &&
	       head->range_first == question->received_bytes &&
	       head->range_first <= head->range_last && head->total_bytes == head->range_last + 1 &&
	       (!head->has_length ||
		head->length_bytes == head->range_last - head->range_first + 1);
}

static struct remote_answer decide_partial(const struct remote_head *head,
					   const struct remote_question *question)
{
	const char *fault = find_fault(head);

	if (!question->is_resumption)
		return refuse(CONTENT_BROKEN, "a part was answered where the whole was asked for");
	if (fault != NULL)
		return refuse(CONTENT_BROKEN, fault);
	if (!is_exact_rest(head, question))
		return refuse(CONTENT_BROKEN, "it broke off, and another part came than the rest");
	if (!is_same_file(head, question))
		return refuse(CONTENT_BROKEN, "it broke off, and has changed since");
	if (head->total_bytes > question->size_max_bytes)
		return refuse(CONTENT_FORBIDDEN,
			      "the file is larger than [cache] max_file_size allows");
	return (struct remote_answer){ .verdict = REMOTE_CONTINUES,
				       .has_size = true,
				       .size_bytes = head->total_bytes };
}

static struct remote_answer decide_missing(const struct remote_question *question)
{
	if (question->is_resumption)
		return refuse(CONTENT_BROKEN, "it broke off, and is gone");
	return (struct remote_answer){ .verdict = REMOTE_HAS_NONE,
				       .refusal = CONTENT_NOT_FOUND,
				       .reason = "the upstream has no such file" };
}

struct remote_answer remote_decide(const struct remote_head *head,
				   const struct remote_question *question)
{
	switch (head->status) {
	case HTTP_OK:
		return decide_begin(head, question);
	case HTTP_PARTIAL_CONTENT:
		return decide_partial(head, question);
	case HTTP_NOT_MODIFIED:
		if (question->is_conditional)
			return (struct remote_answer){ .verdict = REMOTE_UNCHANGED };
		return refuse(CONTENT_BROKEN, "it is called unchanged, which was not asked");
	case HTTP_NOT_FOUND:
	case HTTP_GONE:
		return decide_missing(question);
	case HTTP_UNAUTHORIZED:
		return refuse(CONTENT_FORBIDDEN, "the upstream wants a user and a password: put "
						 "them into the URL of the root");
	case HTTP_FORBIDDEN:
		return refuse(CONTENT_FORBIDDEN, "the upstream forbids it");
	case HTTP_PROXY_WANTS_LOGIN:
		return refuse(CONTENT_UNREACHABLE, "the proxy wants a user and a password");
	case HTTP_TIMED_OUT:
	case HTTP_TOO_MANY_REQUESTS:
		return refuse(CONTENT_UNREACHABLE, "the upstream is too busy");
	default:
		break;
	}
	if (head->status >= HTTP_FIRST_SERVER_ERROR)
		return refuse(CONTENT_UNREACHABLE, "the upstream has an error of its own");
	return refuse(CONTENT_BROKEN, "the answer's status is none that a file comes with");
}

enum remote_end remote_decide_end(bool ended_well, bool may_resume,
				  const struct remote_question *question)
{
	if (question->has_size && question->received_bytes > question->size_bytes)
		return REMOTE_FAILED;
	if (ended_well && (!question->has_size || question->received_bytes == question->size_bytes))
		return REMOTE_IS_WHOLE;
	/* All of it is here, yet the connection said that it is not: of no file can that be. */
	if (question->has_size && question->received_bytes == question->size_bytes)
		return REMOTE_FAILED;
	return may_resume ? REMOTE_TRIES_AGAIN : REMOTE_FAILED;
}
