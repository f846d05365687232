/* The lines of the control socket as JSON. */
#ifndef BOOTD_CONTROL_CONTROL_JSON_H
#define BOOTD_CONTROL_CONTROL_JSON_H

#include "base/bytes.h"
#include "lease/lease.h"

enum control_command { CONTROL_LEASES, CONTROL_RELEASE };

struct control_request {
	enum control_command command;
	struct ip4 address;
};

/* False: it is none. */
bool control_request_parse(struct span line, struct control_request *out_request);

/* Each writes one line, without its line feed. */
void control_request_format(const struct control_request *request, char *out, size_t size);
void control_lease_format(const struct lease *lease, uint64_t now_s, char *out, size_t size);
void control_error_format(const char *sentence, char *out, size_t size);

/* What a line of an answer says. */
enum control_line { CONTROL_LINE_LEASE, CONTROL_LINE_END, CONTROL_LINE_ERROR, CONTROL_LINE_WRONG };

struct control_lease {
	char address[20];
	char mac[20];
	char state[12];
	bool never_ends;
	int64_t seconds_left; /* negative: since then */
};

/* Fills the lease of a CONTROL_LINE_LEASE, or the sentence of a CONTROL_LINE_ERROR. */
enum control_line control_line_parse(struct span line, struct control_lease *out_lease,
				     char *out_sentence, size_t sentence_size);

#endif
