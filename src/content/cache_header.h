/* What stands before the body of an object of the cache: 4096 bytes, all checked when they are
 * read, because a file may have been damaged or put there by somebody else.
 *
 *   0  "bootdobj"
 *   8  version of this format, 32 bits, as all numbers with the highest byte first
 *  12  size of the body, 64 bits
 *  20  URL, ETag and Last-Modified, each with a NUL, then zeros
 *  4088  FNV-1a, 64 bits, of all before it
 *
 * The object of a URL is the file that bears its FNV-1a, 64 bits, as 16 hexadecimal digits. */
#ifndef BOOTD_CONTENT_CACHE_HEADER_H
#define BOOTD_CONTENT_CACHE_HEADER_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_HEADER_SIZE 4096

#define CACHE_URL_SIZE  2048
#define CACHE_ETAG_SIZE 256
#define CACHE_DATE_SIZE 64

/* What the upstream told of an object. */
struct cache_facts {
	char etag[CACHE_ETAG_SIZE];          /* as sent, its quotes included; "": none */
	char last_modified[CACHE_DATE_SIZE]; /* as sent; "": none */
	int64_t checked_s; /* since 1970: when the upstream last said it is good */
};

struct cache_header {
	char url[CACHE_URL_SIZE];
	struct cache_facts facts; /* but for checked_s: that is the file's time of modification */
	uint64_t size_bytes;      /* of the body */
};

/* Of a URL. */
uint64_t cache_header_key(const char *url);
/* What stands at the end of a header. */
uint64_t cache_header_checksum(const uint8_t bytes[CACHE_HEADER_SIZE]);

/* False: a text has a control character, which none that was sent in a header has. */
bool cache_header_encode(const struct cache_header *header, uint8_t out[CACHE_HEADER_SIZE]);

/* False, with *out_header untouched: that is no header of an object. */
bool cache_header_decode(const uint8_t bytes[CACHE_HEADER_SIZE], struct cache_header *out_header);

#endif
