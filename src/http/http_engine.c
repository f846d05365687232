#include "http/http_engine.h"

#include "http/http_date.h"

#include <string.h>

static const char *skip_separators(const char *at)
{
	return at + strspn(at, " \t,");
}

/* The end of the entity tag at the text's start, its W/ included; NULL: there is none. */
static const char *end_of_tag(const char *at)
{
	if (strncmp(at, "W/", 2) == 0)
		at += 2;
	if (*at != '"')
		return NULL;
	at = strchr(at + 1, '"');
	return at == NULL ? NULL : at + 1;
}

/* Is the tag, a strong one, in the list, or does "*" stand for any? Compared weakly, W/ counts for
 * nothing (RFC 9110 8.8.3.2). */
static bool list_has_tag(const char *list, const char *tag, bool is_weak)
{
	const char *at = skip_separators(list);
	const char *end;

	if (strcmp(at, "*") == 0)
		return true;
	for (; (end = end_of_tag(at)) != NULL; at = skip_separators(end)) {
		if (strncmp(at, "W/", 2) == 0) {
			if (!is_weak)
				continue;
			at += 2;
		}
		if ((size_t)(end - at) == strlen(tag) && strncmp(at, tag, strlen(tag)) == 0)
			return true;
	}
	return false;
}

/* The file is no newer than the date. False also where one of them is not known. */
static bool is_unmodified_since(const char *date, const struct http_facts *facts)
{
	int64_t since_s;

	return facts->modified_s > 0 && http_date_parse(date, facts->now_s, &since_s) &&
	       facts->modified_s <= since_s;
}

/* A date counts only if it is exactly the file's and the file cannot have changed twice in that
 * second (RFC 9110 13.1.5). */
static bool is_same_version(const char *validator, const struct http_facts *facts)
{
	int64_t date_s;

	if (*validator == '"')
		return strcmp(validator, facts->tag) == 0;
	return facts->modified_s > 0 && http_date_parse(validator, facts->now_s, &date_s) &&
	       date_s == facts->modified_s && facts->modified_s < facts->now_s;
}

static bool is_precondition_false(const struct http_question *question,
				  const struct http_facts *facts)
{
	int64_t since_s;

	if (question->if_match != NULL)
		return !list_has_tag(question->if_match, facts->tag, false);
	return question->if_unmodified_since != NULL && facts->modified_s > 0 &&
	       http_date_parse(question->if_unmodified_since, facts->now_s, &since_s) &&
	       facts->modified_s > since_s;
}

static bool has_client_it(const struct http_question *question, const struct http_facts *facts)
{
	if (question->if_none_match != NULL)
		return list_has_tag(question->if_none_match, facts->tag, true);
	return question->if_modified_since != NULL &&
	       is_unmodified_since(question->if_modified_since, facts);
}

static struct http_decision decide_range(const struct http_question *question,
					 const struct http_facts *facts)
{
	struct http_decision decision = { .verdict = HTTP_WHOLE };

	if (question->if_range != NULL && !is_same_version(question->if_range, facts))
		return decision;
	switch (range_parse(question->range, facts->size_bytes, &decision.part)) {
	case RANGE_ONE:
		decision.verdict = HTTP_PART;
		break;
	case RANGE_UNSATISFIABLE:
		decision.verdict = HTTP_UNSATISFIABLE;
		break;
	case RANGE_BROKEN:
		decision.verdict = HTTP_BROKEN_RANGE;
		break;
	case RANGE_NONE:
		break;
	}
	return decision;
}

/* The order is that of RFC 9110 13.2.2. Range is defined for GET alone. */
struct http_decision http_decide(const struct http_question *question,
				 const struct http_facts *facts)
{
	if (is_precondition_false(question, facts))
		return (struct http_decision){ .verdict = HTTP_PRECONDITION_FAILED };
	if (has_client_it(question, facts))
		return (struct http_decision){ .verdict = HTTP_NOT_MODIFIED };
	if (question->range != NULL && !question->is_head && facts->has_size)
		return decide_range(question, facts);
	return (struct http_decision){ .verdict = HTTP_WHOLE };
}
