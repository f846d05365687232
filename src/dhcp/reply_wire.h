/* The options of an answer: which of them have room, in which field, and in which order. */
#ifndef BOOTD_DHCP_REPLY_WIRE_H
#define BOOTD_DHCP_REPLY_WIRE_H

#include "base/bytes.h"
#include "dhcp/dhcp_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where options can be: the options field and, by option 52, two more (RFC 2132 section 9.3). */
enum reply_field { FIELD_OPTIONS, FIELD_FILE, FIELD_SNAME, FIELD_COUNT, FIELD_NONE = FIELD_COUNT };

#define REPLY_OPTION_MAX  254 /* each code but PAD and END once */
#define REPLY_SCRATCH_MAX 512

struct reply_option {
	uint8_t code;
	bool is_vital;          /* before those that are not, where there is not room for all */
	enum reply_field field; /* reply_place's, as turn */
	size_t turn;            /* in which it is written */
	struct span value;      /* of up to 65535 octets */
};

/* The values are borrowed, but for copied ones. */
struct reply_options {
	struct reply_option list[REPLY_OPTION_MAX];
	size_t count;
	uint8_t scratch[REPLY_SCRATCH_MAX];
	size_t scratch_used;
};

void reply_init(struct reply_options *options);

/* Adds an option at the end, unless the list has the code: what is added first counts. The second
 * keeps a copy of its value; one that is too long for that is left out. */
void reply_add(struct reply_options *options, enum dhcp_option_code code, struct span value,
	       bool is_vital);
void reply_add_copy(struct reply_options *options, enum dhcp_option_code code, struct span value,
		    bool is_vital);
bool reply_has(const struct reply_options *options, enum dhcp_option_code code);

/* Finds a field for each option that has room; room[] is what each field has, 0: it is not to be
 * used. 53, 54 and 51 come first, then the vital ones, then those of asked, which is option 55, in
 * its order (RFC 2131 section 4.3.1), then the rest. Returns the value of option 52: which other
 * fields hold options; the options field then has room for it, too. */
uint8_t reply_place(struct reply_options *options, struct span asked,
		    const size_t room[FIELD_COUNT]);

/* Writes the options of one field as reply_place ordered them: 53 and 54 first, those of asked in
 * its order, then the rest. A value of more than 255 octets is several options (RFC 3396). */
void reply_write(const struct reply_options *options, enum reply_field field, struct writer *out);

#endif
