#include "http/http_target.h"

#include "base/text.h"

static int digit_of(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

/* Where the path begins: at its slash, or at the end of a URL that has none. NULL: nowhere. */
static const char *find_path(const char *target)
{
	const char *after_scheme = NULL;

	if (*target == '/')
		return target;
	if (text_starts_with(target, "http://"))
		after_scheme = target + strlen("http://");
	else if (text_starts_with(target, "https://"))
		after_scheme = target + strlen("https://");
	else
		return NULL;
	return after_scheme + strcspn(after_scheme, "/?");
}

/* The byte at *at, decoded; *at is moved past it. False: the escape is none. */
static bool take_byte(const char **at, uint8_t *out_byte)
{
	int high;
	int low;

	if (**at != '%') {
		*out_byte = (uint8_t) * (*at)++;
		return true;
	}
	high = digit_of((*at)[1]);
	low = high < 0 ? -1 : digit_of((*at)[2]);
	if (low < 0)
		return false;
	*out_byte = (uint8_t)(high << 4 | low);
	*at += 3;
	return true;
}

static bool refuse(enum http_target_refusal refusal, enum http_target_refusal *out_refusal)
{
	*out_refusal = refusal;
	return false;
}

bool http_target_parse(const char *target, uint8_t out_name[HTTP_NAME_MAX], size_t *out_length,
		       enum http_target_refusal *out_refusal)
{
	const char *at = find_path(target);
	size_t length = 0;

	if (at == NULL)
		return refuse(HTTP_TARGET_NO_PATH, out_refusal);
	while (*at != '\0' && *at != '?') {
		uint8_t byte;

		if (length == HTTP_NAME_MAX)
			return refuse(HTTP_TARGET_TOO_LONG, out_refusal);
		if (!take_byte(&at, &byte))
			return refuse(HTTP_TARGET_BAD_ESCAPE, out_refusal);
		if (byte < 0x20 || byte == 0x7f)
			return refuse(HTTP_TARGET_BAD_CHARACTER, out_refusal);
		out_name[length++] = byte;
	}
	*out_length = length;
	return true;
}
