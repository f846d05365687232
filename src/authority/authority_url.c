#include "authority/authority_url.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

#define QUESTION_SIZE (sizeof("mac=&uuid=") + 17 + 36) /* with NUL */

static_assert(AUTHORITY_URL_SIZE >= AUTHORITY_PREFIX_SIZE - 1 + QUESTION_SIZE,
	      "every question fits behind every prefix");

bool authority_url_prefix(const char *location, const char *path, char *out, size_t size)
{
	const char *joint = strchr(path, '?') == NULL ? "?" : "&";

	return text_format(out, size, "%s%s%s", location, path, joint);
}

bool authority_url_format(const char *prefix, const struct authority_question *question, char *out,
			  size_t size)
{
	if (!question->has_uuid)
		return text_format(out, size, "%smac=%s", prefix, mac_format(question->mac).text);
	return text_format(out, size, "%smac=%s&uuid=%s", prefix, mac_format(question->mac).text,
			   uuid_format(question->uuid).text);
}
