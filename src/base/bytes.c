#include "base/bytes.h"

struct span read_text(struct reader *in)
{
	const uint8_t *end = in->left > 0 ? memchr(in->at, '\0', in->left) : NULL;
	struct span text;

	if (end == NULL) {
		in->is_failed = true;
		in->left = 0;
		return (struct span){ 0 };
	}
	text = read_span(in, (size_t)(end - in->at));
	(void)read_u8(in);
	return text;
}
