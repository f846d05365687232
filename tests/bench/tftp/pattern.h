/* What the measured files hold: computed from a number, so that a client can check every byte
 * without reading a file. */
#ifndef BOOTD_BENCH_TFTP_PATTERN_H
#define BOOTD_BENCH_TFTP_PATTERN_H

#include <stdint.h>

#define PATTERN_PERIOD                                                                             \
	1048573            /* a prime: no whole number of blocks is a whole number of periods      \
			    */
#define PATTERN_ROOM 65536 /* bytes in a row that pattern_at promises */

/* Fills the table behind pattern_at; once, before its first call. */
void pattern_init(void);

/* The PATTERN_ROOM bytes from offset on of the file with this number. A block at a wrong place, or
 * of a file with another number, is different. */
const uint8_t *pattern_at(uint64_t number, uint64_t offset);

#endif
