/* One read transfer as a state machine: an input comes in, a turn goes out that says what to send
 * and how long to wait. A window of blocks is unacknowledged at a time (RFC 7440), one block where
 * the client asked for no windows (RFC 1350). The file may still be growing. */
#ifndef BOOTD_TFTP_TFTP_ENGINE_H
#define BOOTD_TFTP_TFTP_ENGINE_H

#include "tftp/tftp_wire.h"

#include <stdbool.h>
#include <stdint.h>

/* A client that never answered is sent its first packet so often, and no more: the request may
 * carry a stranger's address. One that fell silent later is sent its window so often, and from then
 * on the window's first block: with its ACK, at the latest that of its own timeout (RFC 7440 4), it
 * goes on. */
#define TFTP_SENDS_MAX 6

/* The longest timeout that a client is granted: a place in the table of transfers is held for as
 * long as its packet is sent again, whoever asked for it. */
#define TFTP_TIMEOUT_MAX_S 30

/* No packet is sent again earlier, so that a ROM that pauses is not flooded. */
#define TFTP_WAIT_MIN_MS 10

/* A file of which no more comes for so long is given up. */
#define TFTP_STALL_MS 60000

struct tftp_limits {
	uint16_t block_size_max; /* 8 to 65464 */
	uint16_t window_max;     /* blocks */
	uint32_t timeout_ms;     /* of the longest wait, where the client did not ask for one */
	bool wraps_to_one;       /* block 65535 is followed by 1, unless the client asks for 0 */
};

/* How much of the file is there. */
struct tftp_extent {
	uint64_t available_bytes; /* from its beginning */
	uint64_t size_bytes;      /* with has_size */
	bool has_size;
	bool is_whole; /* all of it is available; has_size then */
};

/* Block n is the file's bytes from (n - 1) * block_size on, counted in 64 bits; on the wire it has
 * the number that tftp_block_number tells. */
struct tftp_state {
	struct tftp_options granted;
	struct tftp_extent extent;
	uint64_t acknowledged; /* block; 0: none */
	uint64_t sent;         /* block, the last of the window so far */
	uint64_t sent_most;    /* the highest block that was ever sent */
	uint64_t sent_us;      /* when the last packet was sent */
	uint64_t heard_us;     /* when the client got on, or the transfer began */
	uint64_t resent_count; /* packets, not windows */
	uint32_t round_trip_us;
	uint32_t variation_us; /* RFC 6298's RTTVAR */
	uint32_t wait_us;      /* RFC 6298's RTO */
	uint32_t timeout_ms;
	uint16_t block_size;
	uint16_t window;
	uint16_t send_count; /* of the same window */
	bool wraps_to_one;
	bool is_at_oack;      /* it is sent and not acknowledged */
	bool is_repeating;    /* what is out was sent before: its ACK tells no round trip (Karn) */
	bool is_acknowledged; /* the client has acknowledged something */
};

enum tftp_input_kind { TFTP_INPUT_ACK, TFTP_INPUT_ERROR, TFTP_INPUT_DEADLINE, TFTP_INPUT_GROWN };

struct tftp_input {
	enum tftp_input_kind kind;
	uint16_t number;           /* the block of an ACK, the code of an ERROR */
	uint64_t now_us;           /* monotonic */
	struct tftp_extent extent; /* with TFTP_INPUT_GROWN */
};

enum tftp_verdict {
	TFTP_GOING,
	TFTP_SENT,
	TFTP_ABORTED,      /* the client wanted no more, as firmware does that only asks the size */
	TFTP_CLIENT_ERROR, /* the client cannot go on */
	TFTP_TIMED_OUT,
	TFTP_STALLED, /* the file no longer grows */
};

enum tftp_send { TFTP_SEND_NOTHING, TFTP_SEND_OACK, TFTP_SEND_DATA };

/* With another verdict than TFTP_GOING the transfer is over and takes no more input. */
struct tftp_turn {
	enum tftp_verdict verdict;
	enum tftp_send send;
	uint64_t deadline_ms;  /* from now; 0: the deadline of an earlier turn stays */
	uint64_t wanted_bytes; /* TFTP_INPUT_GROWN is due when so many are there; 0: it is not */
	uint64_t block;        /* the first to send */
	uint32_t count;        /* of blocks */
	uint64_t offset;       /* of the first one's data in the file */
	uint64_t length;       /* of the data of all blocks; but the last, each is full */
	bool is_last;          /* the file's last block is among them */
};

/* The file is open: begins the transfer with what of the options asked for is granted. */
struct tftp_turn tftp_begin(struct tftp_state *state, const struct tftp_options *asked,
			    const struct tftp_extent *extent, const struct tftp_limits *limits,
			    uint64_t now_us);

struct tftp_turn tftp_decide(struct tftp_state *state, const struct tftp_input *input);

/* The number on the wire: the lower 16 bits, or, where the client wraps to one, 1 to 65535. */
uint16_t tftp_block_number(const struct tftp_state *state, uint64_t block);

/* How much of the file the client has acknowledged. */
uint64_t tftp_acknowledged_bytes(const struct tftp_state *state);

/* Is a repeat of the transfer's own request a datagram that was late or sent twice, not a client
 * that begins anew? Until the first ACK it is. Later it is as long as the client answers in time,
 * or is not the one to answer: a machine that was reset is silent for longer. */
bool tftp_is_repeat_expected(const struct tftp_state *state, uint64_t now_us);

/* Is the last block out? Some clients never acknowledge it. */
bool tftp_is_at_last_block(const struct tftp_state *state);

#endif
