#include "content/cache_header.h"

#include <assert.h>

#define MAGIC           "bootdobj"
#define MAGIC_SIZE      8
#define VERSION         1
#define CHECKED_SIZE    (CACHE_HEADER_SIZE - sizeof(uint64_t))
#define FNV_1A_64_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_1A_64_PRIME UINT64_C(0x100000001b3)

static_assert(20 + CACHE_URL_SIZE + CACHE_ETAG_SIZE + CACHE_DATE_SIZE <= CHECKED_SIZE,
	      "the longest texts have room");

static uint64_t hash(struct span bytes)
{
	uint64_t value = FNV_1A_64_BASIS;

	for (size_t i = 0; i < bytes.length; i++)
		value = (value ^ bytes.bytes[i]) * FNV_1A_64_PRIME;
	return value;
}

uint64_t cache_header_key(const char *url)
{
	return hash((struct span){ (const uint8_t *)url, strlen(url) });
}

uint64_t cache_header_checksum(const uint8_t bytes[CACHE_HEADER_SIZE])
{
	return hash((struct span){ bytes, CHECKED_SIZE });
}

/* The texts go out again in the headers of requests. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return false;
	}
	return true;
}

static bool is_header_plain(const struct cache_header *header)
{
	return is_plain(header->url) && is_plain(header->facts.etag) &&
	       is_plain(header->facts.last_modified);
}

static void write_u64(struct writer *out, uint64_t value)
{
	write_u32(out, (uint32_t)(value >> 32));
	write_u32(out, (uint32_t)value);
}

static uint64_t read_u64(struct reader *in)
{
	uint64_t high = read_u32(in);

	return high << 32 | read_u32(in);
}

bool cache_header_encode(const struct cache_header *header, uint8_t out[CACHE_HEADER_SIZE])
{
	struct writer writer = writer_of(out, CACHE_HEADER_SIZE);

	if (!is_header_plain(header))
		return false;
	write_bytes(&writer, MAGIC, MAGIC_SIZE);
	write_u32(&writer, VERSION);
	write_u64(&writer, header->size_bytes);
	write_text(&writer, header->url);
	write_text(&writer, header->facts.etag);
	write_text(&writer, header->facts.last_modified);
	write_zeros(&writer, CHECKED_SIZE - writer.used);
	write_u64(&writer, cache_header_checksum(out));
	return !writer.is_failed;
}

static void read_text_into(struct reader *in, char *out, size_t size)
{
	struct span text = read_text(in);

	if (text.length >= size)
		in->is_failed = true;
	if (!in->is_failed && text.length > 0)
		memcpy(out, text.bytes, text.length);
}

static bool is_zero(struct reader *in, size_t length)
{
	bool is_zero = true;

	for (size_t i = 0; i < length; i++)
		is_zero &= read_u8(in) == 0;
	return is_zero;
}

static bool read_start(struct reader *in)
{
	struct span magic = read_span(in, MAGIC_SIZE);

	return memcmp(magic.bytes, MAGIC, MAGIC_SIZE) == 0 && read_u32(in) == VERSION;
}

bool cache_header_decode(const uint8_t bytes[CACHE_HEADER_SIZE], struct cache_header *out_header)
{
	struct reader in = reader_of((struct span){ bytes, CACHE_HEADER_SIZE });
	struct cache_header header = { .size_bytes = 0 };

	if (!read_start(&in))
		return false;
	header.size_bytes = read_u64(&in);
	read_text_into(&in, header.url, sizeof(header.url));
	read_text_into(&in, header.facts.etag, sizeof(header.facts.etag));
	read_text_into(&in, header.facts.last_modified, sizeof(header.facts.last_modified));
	if (in.is_failed || !is_header_plain(&header) ||
	    !is_zero(&in, in.left - sizeof(uint64_t)) ||
	    read_u64(&in) != cache_header_checksum(bytes))
		return false;
	*out_header = header;
	return true;
}
