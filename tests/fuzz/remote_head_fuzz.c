/* The head of an upstream's answer, and what it means, on any lines. */
#include "content/remote_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at > '~')
			abort(); /* it goes out again in requests */
	}
}

/* Whatever it says: a file begins only where its end can be told, and continues only where it broke
 * off. */
static void check_answer(const struct remote_head *head, bool is_resumption)
{
	static const struct remote_head first = { .etag = "\"a\"" };
	const struct remote_question question = { .is_resumption = is_resumption,
						  .received_bytes = is_resumption ? 4 : 0,
						  .has_size = is_resumption,
						  .size_bytes = 10,
						  .size_max_bytes = 100,
						  .first = &first };
	struct remote_answer answer = remote_decide(head, &question);

	if (answer.verdict == REMOTE_BEGINS &&
	    (is_resumption || head->is_encoded || answer.size_bytes > 100 ||
	     answer.has_size == head->is_chunked))
		abort();
	if (answer.verdict == REMOTE_CONTINUES &&
	    (!is_resumption || head->range_first != 4 || head->range_last != 9 ||
	     answer.size_bytes != 10 || strcmp(head->etag, first.etag) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct remote_head head = { .status = 0 };

	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end == NULL ? size : (size_t)(end - data) + 1;

		remote_head_add(&head, (struct span){ .bytes = data, .length = length });
		data += length;
		size -= length;
	}
	check_text(head.etag);
	check_text(head.last_modified);
	check_answer(&head, false);
	check_answer(&head, true);
	return 0;
}
