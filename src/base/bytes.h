/* Bounded reading and writing of packets: a cursor whose first error sticks. */
#ifndef BOOTD_BASE_BYTES_H
#define BOOTD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes; bytes is NULL when there is nothing. */
struct span {
	const uint8_t *bytes;
	size_t length;
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool is_failed;
};

struct writer {
	uint8_t *start;
	size_t used;
	size_t capacity;
	bool is_failed;
};

static inline struct reader reader_of(struct span in)
{
	return (struct reader){ .at = in.bytes, .left = in.length };
}

/* The first read past the end fails the reader for good and yields zeros,
 * so a decoder asks once, at its end. A failed reader has nothing left: loops stop. */
static inline const uint8_t *read_bytes(struct reader *in, size_t length)
{
	const uint8_t *bytes = in->at;

	if (length > in->left) {
		in->is_failed = true;
		in->left = 0;
		return NULL;
	}
	if (length > 0)
		in->at += length;
	in->left -= length;
	return bytes;
}

static inline struct span read_span(struct reader *in, size_t length)
{
	const uint8_t *bytes = read_bytes(in, length);

	return (struct span){ .bytes = bytes, .length = bytes == NULL ? 0 : length };
}

static inline uint8_t read_u8(struct reader *in)
{
	const uint8_t *byte = read_bytes(in, 1);

	if (byte == NULL)
		return 0;
	return byte[0];
}

static inline uint16_t read_u16(struct reader *in)
{
	const uint8_t *byte = read_bytes(in, 2);

	if (byte == NULL)
		return 0;
	return (uint16_t)(byte[0] << 8 | byte[1]);
}

static inline uint32_t read_u32(struct reader *in)
{
	const uint8_t *byte = read_bytes(in, 4);

	if (byte == NULL)
		return 0;
	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 |
	       (uint32_t)byte[3];
}

/* Reads up to and over the next NUL; without a NUL the reader fails. The span excludes the NUL. */
struct span read_text(struct reader *in);

static inline struct writer writer_of(uint8_t *buffer, size_t capacity)
{
	return (struct writer){ .start = buffer, .capacity = capacity };
}

/* Room for length more bytes, or NULL: then the writer has failed for good and writes no more. */
static inline uint8_t *write_room(struct writer *out, size_t length)
{
	uint8_t *room = out->start + out->used;

	if (out->is_failed || length > out->capacity - out->used) {
		out->is_failed = true;
		return NULL;
	}
	out->used += length;
	return room;
}

static inline size_t writer_left(const struct writer *out)
{
	return out->is_failed ? 0 : out->capacity - out->used;
}

static inline void write_bytes(struct writer *out, const void *bytes, size_t length)
{
	uint8_t *room = write_room(out, length);

	if (room != NULL && length > 0)
		memcpy(room, bytes, length);
}

static inline void write_u8(struct writer *out, uint8_t value)
{
	write_bytes(out, &value, 1);
}

static inline void write_u16(struct writer *out, uint16_t value)
{
	write_bytes(out, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static inline void write_u32(struct writer *out, uint32_t value)
{
	write_u16(out, (uint16_t)(value >> 16));
	write_u16(out, (uint16_t)value);
}

static inline void write_zeros(struct writer *out, size_t length)
{
	uint8_t *room = write_room(out, length);

	if (room != NULL && length > 0)
		memset(room, 0, length);
}

/* The text and its NUL. */
static inline void write_text(struct writer *out, const char *text)
{
	write_bytes(out, text, strlen(text) + 1);
}

#endif
