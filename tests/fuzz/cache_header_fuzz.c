/* The header of a cached file, on any bytes: what is taken for right is exactly what would be
 * written of it. The checksum is put right first, because nothing would be behind it otherwise. */
#include "content/cache_header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECKSUM_AT 4088

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
			return false;
	}
	return length < size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[CACHE_HEADER_SIZE] = { 0 };
	uint8_t again[CACHE_HEADER_SIZE];
	struct cache_header header;
	uint64_t checksum;

	memcpy(bytes, data, size < CHECKSUM_AT ? size : CHECKSUM_AT);
	checksum = cache_header_checksum(bytes);
	for (int i = 0; i < 8; i++)
		bytes[CHECKSUM_AT + i] = (uint8_t)(checksum >> (56 - 8 * i));
	memset(&header, 'x', sizeof(header));
	if (!cache_header_decode(bytes, &header))
		return 0;
	if (!is_text(header.url, sizeof(header.url)) ||
	    !is_text(header.facts.etag, sizeof(header.facts.etag)) ||
	    !is_text(header.facts.last_modified, sizeof(header.facts.last_modified)))
		abort();
	if (!cache_header_encode(&header, again) || memcmp(again, bytes, sizeof(bytes)) != 0)
		abort();
	return 0;
}
