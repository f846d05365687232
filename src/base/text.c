#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Room for the longest form of one byte, \xNN, and NUL. */
#define ESCAPED_SIZE 5

static const char cut_mark[] = "...";

bool text_format(char *out, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(out, size, format, arguments);
	va_end(arguments);
	return length >= 0 && (size_t)length < size;
}

bool text_copy(char *out, size_t size, const char *source)
{
	size_t length = strlen(source);

	if (length >= size)
		return false;
	memcpy(out, source, length + 1);
	return true;
}

void text_add_to_list(char *list, size_t size, const char *name)
{
	size_t length = strlen(list);

	(void)text_format(list + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

/* isspace would ask the locale. */
static bool is_space(char character)
{
	return character != '\0' && strchr(" \t\r\n\v\f", character) != NULL;
}

char *text_trim(char *text)
{
	size_t length;

	while (is_space(*text))
		text++;
	length = strlen(text);
	while (length > 0 && is_space(text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

bool text_is_same(const char *one, const char *other)
{
	return strcasecmp(one, other) == 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

bool text_parse_number(const char *text, uint64_t *out_value)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*out_value = value;
	return true;
}

static void escape_byte(char out[ESCAPED_SIZE], uint8_t byte)
{
	if (byte == '\\')
		(void)text_format(out, ESCAPED_SIZE, "\\\\");
	else if (byte >= 0x20 && byte < 0x7f)
		(void)text_format(out, ESCAPED_SIZE, "%c", byte);
	else
		(void)text_format(out, ESCAPED_SIZE, "\\x%02x", byte);
}

void text_escape(char *out, size_t size, struct span bytes)
{
	char piece[ESCAPED_SIZE];
	size_t used = 0;
	size_t cut_at = 0; /* the last end of a piece that leaves room for the mark */
	size_t length;

	if (size == 0)
		return;
	for (size_t i = 0; i < bytes.length; i++) {
		escape_byte(piece, bytes.bytes[i]);
		length = strlen(piece);
		if (used + length >= size) {
			(void)text_format(out + cut_at, size - cut_at, "%s", cut_mark);
			return;
		}
		memcpy(out + used, piece, length);
		used += length;
		if (used + sizeof(cut_mark) <= size)
			cut_at = used;
	}
	out[used] = '\0';
}
