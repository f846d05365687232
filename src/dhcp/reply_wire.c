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

/* The numbers of the options, in the order in which they are written. */
struct order {
	uint8_t list[REPLY_OPTION_MAX];
	size_t count;
	bool has[REPLY_OPTION_MAX];
};

static void append(struct order *order, size_t number)
{
	if (order->has[number])
		return;
	order->has[number] = true;
	order->list[order->count++] = (uint8_t)number;
}

static void append_code(struct order *order, const struct reply_options *options, uint8_t code)
{
	for (size_t i = 0; i < options->count; i++) {
		if (options->list[i].code == code)
			append(order, i);
	}
}

static struct order order_of(const struct reply_options *options, struct span asked)
{
	struct order order = { .count = 0 };
	bool is_done[UINT8_MAX + 1] = { false };

	append_code(&order, options, OPTION_MESSAGE_TYPE);
	append_code(&order, options, OPTION_SERVER_ID);
	for (size_t i = 0; i < asked.length; i++) {
		if (!is_done[asked.bytes[i]])
			append_code(&order, options, asked.bytes[i]);
		is_done[asked.bytes[i]] = true;
	}
	for (size_t i = 0; i < options->count; i++)
		append(&order, i);
	return order;
}

static bool is_asked(struct span asked, uint8_t code)
{
	return asked.length > 0 && memchr(asked.bytes, code, asked.length) != NULL;
}

/* 0: the first to be given room. */
static unsigned rank_of(const struct reply_option *option, struct span asked)
{
	if (option->is_vital)
		return 0;
	return is_asked(asked, option->code) ? 1 : 2;
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
static size_t place(struct reply_options *options, struct span asked, size_t left[FIELD_COUNT],
		    uint8_t *out_overload)
{
	struct order order = order_of(options, asked);
	size_t homeless = 0;

	*out_overload = 0;
	for (unsigned rank = 0; rank <= 2; rank++) {
		for (size_t i = 0; i < order.count; i++) {
			struct reply_option *option = &options->list[order.list[i]];

			if (rank_of(option, asked) != rank)
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
	size_t homeless = place(options, asked, alone, &overload);

	if (homeless == 0 || room[FIELD_OPTIONS] < OVERLOAD_OPTION)
		return 0;
	memcpy(with_others, room, sizeof(with_others));
	with_others[FIELD_OPTIONS] -= OVERLOAD_OPTION;
	if (place(options, asked, with_others, &overload) < homeless)
		return overload;
	/* The other fields are of no use to those. */
	alone[FIELD_OPTIONS] = room[FIELD_OPTIONS];
	(void)place(options, asked, alone, &overload);
	return 0;
}

void reply_write(const struct reply_options *options, struct span asked, enum reply_field field,
		 struct writer *out)
{
	struct order order = order_of(options, asked);

	for (size_t i = 0; i < order.count; i++) {
		const struct reply_option *option = &options->list[order.list[i]];

		if (option->field == field)
			dhcp_write_option(out, (enum dhcp_option_code)option->code, option->value);
	}
}
