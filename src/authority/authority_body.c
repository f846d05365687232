#include "authority/authority_body.h"

#include "base/text.h"

#include <string.h>

/* Longer lines hold no usable value; what is cut off such a line is not looked at. */
#define LINE_SIZE 512

typedef bool character_check(char character);

static bool is_alphanumeric(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9');
}

/* RFC 1123, 2.1, and the underscore that many use. */
static bool is_of_host_name(char character)
{
	return is_alphanumeric(character) ||
	       (character != '\0' && strchr(".-_", character) != NULL);
}

static bool is_of_file_name(char character)
{
	return (unsigned char)character >= ' ' && character != '\x7f';
}

static bool is_made_of(const char *value, character_check *is_right)
{
	for (const char *at = value; *at != '\0'; at++) {
		if (!is_right(*at))
			return false;
	}
	return *value != '\0';
}

static void take_client(const char *value, struct authority_reply *reply)
{
	if (reply->client[0] == '\0' && is_alphanumeric(value[0]) &&
	    is_made_of(value, is_of_host_name))
		(void)text_copy(reply->client, sizeof(reply->client), value);
}

static void take_file(const char *value, struct authority_reply *reply)
{
	if (reply->file[0] == '\0' && is_made_of(value, is_of_file_name))
		(void)text_copy(reply->file, sizeof(reply->file), value);
}

static void parse_line(char *line, struct authority_reply *reply)
{
	char *colon = strchr(line, ':');
	const char *value;

	if (colon == NULL)
		return;
	*colon = '\0';
	value = text_trim(colon + 1);
	if (text_is_same(text_trim(line), "Client"))
		take_client(value, reply);
	else if (text_is_same(text_trim(line), "File"))
		take_file(value, reply);
}

/* Copies the next line, without its end, as text. */
static struct span next_line(struct span rest, struct span *out_line)
{
	const uint8_t *end = memchr(rest.bytes, '\n', rest.length);
	size_t length = end == NULL ? rest.length : (size_t)(end - rest.bytes);
	size_t taken = end == NULL ? length : length + 1;

	*out_line = (struct span){ .bytes = rest.bytes, .length = length };
	return (struct span){ .bytes = rest.bytes + taken, .length = rest.length - taken };
}

void authority_body_parse(struct span body, struct authority_reply *out_reply)
{
	char text[LINE_SIZE];
	struct span line;

	out_reply->client[0] = '\0';
	out_reply->file[0] = '\0';
	while (body.length > 0) {
		body = next_line(body, &line);
		/* A NUL would end the text too early, and make half a name of it. */
		if (line.length >= sizeof(text) || memchr(line.bytes, '\0', line.length) != NULL)
			continue;
		memcpy(text, line.bytes, line.length);
		text[line.length] = '\0';
		parse_line(text, out_reply);
	}
}
