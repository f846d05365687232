/* One read transfer as a state machine: an input comes in, a turn goes out that says what to send
 * and how long to wait. Lock-step (RFC 1350): one packet is unacknowledged at a time. */
#ifndef BOOTD_TFTP_TFTP_ENGINE_H
#define BOOTD_TFTP_TFTP_ENGINE_H

#include "tftp/tftp_wire.h"

#include <stdbool.h>
#include <stdint.h>

#define TFTP_SENDS_MAX 6 /* of one packet; the client is given up after the last one's wait */

/* The longest timeout that a client is granted: a place in the table of transfers is held for as
 * long as its packet is sent again, whoever asked for it. */
#define TFTP_TIMEOUT_MAX_S 30

struct tftp_limits {
	uint16_t block_size_max; /* 8 to 65464 */
	uint32_t timeout_ms;     /* of the first wait, where the client did not ask for one */
};

/* Block n is the file's bytes from (n - 1) * block_size on, counted in 64 bits; on the wire it has
 * the lower 16 bits. Block 0 is the OACK. */
struct tftp_state {
	struct tftp_options granted;
	uint64_t size_bytes; /* of the file */
	uint64_t block;      /* sent, not acknowledged */
	uint64_t block_last;
	uint32_t timeout_ms;
	uint16_t block_size;
	uint8_t send_count;   /* of block */
	bool is_acknowledged; /* the client has acknowledged something */
};

enum tftp_input_kind { TFTP_INPUT_ACK, TFTP_INPUT_ERROR, TFTP_INPUT_DEADLINE };

struct tftp_input {
	enum tftp_input_kind kind;
	uint16_t number; /* the block of an ACK, the code of an ERROR */
};

enum tftp_verdict {
	TFTP_GOING,
	TFTP_SENT,
	TFTP_ABORTED,      /* the client wanted no more, as firmware does that only asks the size */
	TFTP_CLIENT_ERROR, /* the client cannot go on */
	TFTP_TIMED_OUT,
};

enum tftp_send { TFTP_SEND_NOTHING, TFTP_SEND_OACK, TFTP_SEND_DATA };

/* With TFTP_SEND_NOTHING and TFTP_GOING, the deadline of an earlier turn stays. With another
 * verdict the transfer is over and takes no more input. */
struct tftp_turn {
	enum tftp_verdict verdict;
	enum tftp_send send;
	uint64_t deadline_ms; /* from now, where something is sent */
	uint64_t offset;      /* of the data in the file */
	uint16_t length;      /* of the data */
	uint16_t number;      /* of the block on the wire */
	bool is_last;
};

/* The file is open: begins the transfer with what of the options asked for is granted. */
struct tftp_turn tftp_begin(struct tftp_state *state, const struct tftp_options *asked,
			    uint64_t size_bytes, const struct tftp_limits *limits);

struct tftp_turn tftp_decide(struct tftp_state *state, const struct tftp_input *input);

/* How much of the file the client has acknowledged. */
uint64_t tftp_acknowledged_bytes(const struct tftp_state *state);

/* Is a repeat of the transfer's own request a datagram that was late or sent twice, not a client
 * that begins anew? Until the first ACK it is. Later it is as long as the client answers in time: a
 * machine that was reset is silent for longer. */
bool tftp_is_repeat_expected(const struct tftp_state *state);

/* Is the last block out? Some clients never acknowledge it. */
bool tftp_is_at_last_block(const struct tftp_state *state);

#endif
