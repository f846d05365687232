#include "dhcp/reply_wire.h"

#include "dhcp/dhcp_wire.h"

#define OVERLOAD_OPTION 3 /* octets of option 52 */

/* The list itself is not cleared: it is large, and answers are many. */
void reply_init(struct reply_options *options)
{
	options->count = 0;
	options->scratch_used = 0;
}

bool reply_has(const struct reply_options *options, enum dhcp_option_code code)
{
	for (size_t i = 0; i < options->count; i++) {
		if (options->list[i].code == code)
			return true;
	}
	return false;
}

void reply_add(struct reply_options *options, enum dhcp_option_code code, struct span value,
	       bool is_vital)
{
	if (reply_has(options, code) || options->count == REPLY_OPTION_MAX)
		return;
	options->list[options->count++] = (struct reply_option){ .code = (uint8_t)code,
								 .is_vital = is_vital,
								 .value = value };
}

void reply_add_copy(struct reply_options *options, enum dhcp_option_code code, struct span value,
		    bool is_vital)
{
	uint8_t *room = options->scratch + options->scratch_used;

	if (value.length > sizeof(options->scratch) - options->scratch_used)
		return;
	if (value.length > 0)
		memcpy(room, value.bytes, value.length);
	options->scratch_used += value.length;
	reply_add(options, code, (struct span){ room, value.length }, is_vital);
}

/* Where an option is written, before all of a higher number; UNASKED: behind those. */
#define UNASKED SIZE_MAX

static size_t turn_of(uint8_t code, struct span asked)
{
	const uint8_t *at;

	if (code == OPTION_MESSAGE_TYPE)
		return 0;
	if (code == OPTION_SERVER_ID)
		return 1;
	at = asked.length == 0 ? NULL : memchr(asked.bytes, code, asked.length);
	return at == NULL ? UNASKED : 2 + (size_t)(at - asked.bytes);
}

/* Into the order in which they are written; those of one turn stay as they were added. */
static void sort(struct reply_options *options, struct span asked)
{
	for (size_t i = 0; i < options->count; i++) {
		struct reply_option option = options->list[i];
		size_t at = i;

		option.turn = turn_of(option.code, asked);
		for (; at > 0 && options->list[at - 1].turn > option.turn; at--)
			options->list[at] = options->list[at - 1];
		options->list[at] = option;
	}
}

/* Without these three there is no lease (RFC 2131 table 3): a client drops the answer. */
static bool is_of_lease(uint8_t code)
{
	return code == OPTION_MESSAGE_TYPE || code == OPTION_SERVER_ID || code == OPTION_LEASE_TIME;
}

#define RANK_LAST 3

/* 0: the first to be given room. */
static unsigned rank_of(const struct reply_option *option)
{
	if (is_of_lease(option->code))
		return 0;
	if (option->is_vital)
		return 1;
	return option->turn == UNASKED ? RANK_LAST : 2;
}

static enum reply_field find_field(const struct reply_option *option, size_t left[FIELD_COUNT])
{
	size_t size = dhcp_option_size(option->value.length);

	for (enum reply_field field = FIELD_OPTIONS; field < FIELD_COUNT; field++) {
		if (size > left[field])
			continue;
		left[field] -= size;
		return field;
	}
	return FIELD_NONE;
}

/* Returns how many had no room, and in *out_overload which other fields are used. */
static size_t place(struct reply_options *options, size_t left[FIELD_COUNT], uint8_t *out_overload)
{
	size_t homeless = 0;

	*out_overload = 0;
	for (unsigned rank = 0; rank <= RANK_LAST; rank++) {
		for (size_t i = 0; i < options->count; i++) {
			struct reply_option *option = &options->list[i];

			if (rank_of(option) != rank)
				continue;
			option->field = find_field(option, left);
			homeless += option->field == FIELD_NONE;
			if (option->field == FIELD_FILE)
				*out_overload |= OVERLOAD_FILE;
			if (option->field == FIELD_SNAME)
				*out_overload |= OVERLOAD_SNAME;
		}
	}
	return homeless;
}

uint8_t reply_place(struct reply_options *options, struct span asked,
		    const size_t room[FIELD_COUNT])
{
	size_t alone[FIELD_COUNT] = { [FIELD_OPTIONS] = room[FIELD_OPTIONS] };
	size_t with_others[FIELD_COUNT];
	uint8_t overload;
	size_t homeless;

	sort(options, asked);
	homeless = place(options, alone, &overload);
	if (homeless == 0 || room[FIELD_OPTIONS] < OVERLOAD_OPTION)
		return 0;
	memcpy(with_others, room, sizeof(with_others));
	with_others[FIELD_OPTIONS] -= OVERLOAD_OPTION;
	if (place(options, with_others, &overload) < homeless)
		return overload;
	/* The other fields are of no use to those. */
	alone[FIELD_OPTIONS] = room[FIELD_OPTIONS];
	(void)place(options, alone, &overload);
	return 0;
}

void reply_write(const struct reply_options *options, enum reply_field field, struct writer *out)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct reply_option *option = &options->list[i];

		if (option->field == field)
			dhcp_write_option(out, (enum dhcp_option_code)option->code, option->value);
	}
}
