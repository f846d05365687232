/* The checksum of IP, UDP and their kin (RFC 1071). */
#ifndef BOOTD_IO_CHECKSUM_H
#define BOOTD_IO_CHECKSUM_H

#include "base/bytes.h"

/* The sum of 16-bit words in one's complement, carried on from sum. An odd octet at the end counts
 * as the first half of a word, so only the last part may have one. */
static inline uint32_t checksum_add(uint32_t sum, struct span bytes)
{
	struct reader in = reader_of(bytes);

	while (in.left >= 2)
		sum += read_u16(&in);
	if (in.left == 1)
		sum += (uint32_t)read_u8(&in) << 8;
	return sum;
}

static inline uint16_t checksum_end(uint32_t sum)
{
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif
