/* Bounded text: copies that say when they cut, numbers that say when they are none, and the
 * printable form of what strangers send. */
#ifndef BOOTD_BASE_TEXT_H
#define BOOTD_BASE_TEXT_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Formats into out, always NUL-terminated. False: it did not fit and is cut. */
__attribute__((format(printf, 3, 4))) bool text_format(char *out, size_t size, const char *format,
						       ...);

/* Copies source with its NUL. False, with out untouched: it does not fit. */
bool text_copy(char *out, size_t size, const char *source);

/* Adds one name more to a list with ", " between them, as far as there is room. */
void text_add_to_list(char *list, size_t size, const char *name);

/* Removes white space from both ends, in place; returns the first character that stays. */
char *text_trim(char *text);

/* Both compare without regard to the case of ASCII letters. */
bool text_is_same(const char *one, const char *other);
bool text_starts_with(const char *text, const char *prefix);

/* A whole decimal number, digits only. False, with *out_value untouched: anything else, or past
 * what 64 bits hold. */
bool text_parse_number(const char *text, uint64_t *out_value);

/* The bytes as printable ASCII: the rest becomes \xNN, a backslash \\. Cut with "..." where out is
 * too small. Log lines show a stranger's bytes only through this. */
void text_escape(char *out, size_t size, struct span bytes);

#endif
