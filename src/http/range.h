/* The header Range: which part of a file is asked for (RFC 9110 14). Pure. */
#ifndef BOOTD_HTTP_RANGE_H
#define BOOTD_HTTP_RANGE_H

#include <stdint.h>

struct range {
	uint64_t offset;
	uint64_t length;
};

enum range_kind {
	RANGE_NONE, /* malformed, several, or of another unit: it is ignored (RFC 9110 14.2) */
	RANGE_ONE,
	RANGE_UNSATISFIABLE,
	/* "bytes=u-u": what an old iPXE sends, whose printf knows no 64-bit numbers. */
	RANGE_BROKEN,
};

/* *out_range is set for RANGE_ONE only: not empty, and within the file. */
enum range_kind range_parse(const char *header, uint64_t size_bytes, struct range *out_range);

#endif
