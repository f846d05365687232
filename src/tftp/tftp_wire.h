/* TFTP packets: RFC 1350, with the options of RFC 2347, 2348 (blksize), 2349 (timeout, tsize) and
 * 7440 (windowsize), and tftp-hpa's utimeout and rollover. */
#ifndef BOOTD_TFTP_TFTP_WIRE_H
#define BOOTD_TFTP_TFTP_WIRE_H

#include "base/bytes.h"
#include "tftp/tftp_options.h"

#include <stdbool.h>
#include <stdint.h>

#define TFTP_BLOCK_SIZE         512       /* RFC 1350: without the option */
#define TFTP_BLOCK_SIZE_MIN     8         /* RFC 2348 */
#define TFTP_BLOCK_SIZE_MAX     65464     /* RFC 2348 */
#define TFTP_DATA_HEADER_SIZE   4         /* RFC 1350 */
#define TFTP_FINE_TIMEOUT_MIN   10000     /* us; tftp-hpa */
#define TFTP_FINE_TIMEOUT_MAX   255000000 /* us; tftp-hpa */
#define TFTP_OACK_SIZE_MAX      512       /* RFC 2347 */
#define TFTP_ERROR_MESSAGE_SIZE 128       /* of one that is sent, NUL included */

enum tftp_opcode { /* RFC 1350, 2347 */
		   TFTP_OPCODE_RRQ = 1,
		   TFTP_OPCODE_WRQ,
		   TFTP_OPCODE_DATA,
		   TFTP_OPCODE_ACK,
		   TFTP_OPCODE_ERROR,
		   TFTP_OPCODE_OACK,
};

enum tftp_error { /* RFC 1350, 2347 */
		  TFTP_ERROR_UNDEFINED = 0,
		  TFTP_ERROR_NOT_FOUND = 1,
		  TFTP_ERROR_ACCESS = 2,
		  TFTP_ERROR_ILLEGAL = 4,
		  TFTP_ERROR_UNKNOWN_TID = 5,
		  TFTP_ERROR_OPTIONS = 8,
};

/* Why a datagram is not a request. */
enum tftp_drop {
	TFTP_DROP_TOO_SHORT,
	TFTP_DROP_NOT_A_REQUEST, /* a packet of a transfer */
	TFTP_DROP_BAD_OPCODE,
	TFTP_DROP_BAD_TEXT,    /* the name or the mode does not end */
	TFTP_DROP_BAD_OPTIONS, /* an option's name or value does not end */
};

/* As asked for, or as granted. */
struct tftp_options {
	uint16_t block_size; /* 0: not there */
	uint8_t timeout_s;   /* 0: not there */
	bool has_size;
	uint16_t window;     /* 0: not there */
	uint32_t timeout_us; /* 0: not there */
	bool has_rollover;
	bool wraps_to_one; /* with has_rollover */
};

/* What it points to is in the datagram. */
struct tftp_request {
	struct span name; /* raw */
	bool is_write;
	bool is_octet;
	bool is_netascii; /* where neither, it is mail, or no mode at all */
	struct tftp_options options;
};

/* A client's packet in a transfer; for every opcode but ACK and ERROR the rest is zero. */
struct tftp_packet {
	uint16_t opcode;
	uint16_t block; /* ACK */
	uint16_t error;
	struct span message; /* ERROR: raw, in the datagram */
};

/* Decodes a read or write request. Of each option the first counts; options that are unknown, that
 * are no number or that are out of their RFC's range are taken as not there, except that a block
 * size or window above the range means the largest (RFC 2348, 7440: what is granted may be
 * smaller). Zeros behind the last option are padding. */
bool tftp_decode_request(struct span datagram, struct tftp_request *out_request,
			 enum tftp_drop *out_drop);

/* False: too short for its opcode. An ERROR's message needs no NUL. */
bool tftp_decode_packet(struct span datagram, struct tftp_packet *out_packet);

/* RFC 2347; size_bytes is told where options has it (RFC 2349). */
void tftp_encode_oack(struct writer *out, const struct tftp_options *options, uint64_t size_bytes);

/* The header of a DATA packet; the data follows. */
void tftp_encode_data_header(struct writer *out, uint16_t block);

/* A longer message is cut. */
void tftp_encode_error(struct writer *out, enum tftp_error error, const char *message);

#endif
