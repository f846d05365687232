#include "packet.h"

#include <string.h>

#define OPTIONS_AT 240
#define ANSWER_MAX 1500

enum option {
	OPTION_REQUESTED = 50,
	OPTION_LEASE_TIME = 51,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_PARAMETERS = 55,
	OPTION_VENDOR_CLASS = 60,
	OPTION_ARCHITECTURE = 93,
	OPTION_INTERFACE = 94,
	OPTION_END = 255,
};

static const uint8_t cookie[] = { 99, 130, 83, 99 };

static void put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint8_t *add(uint8_t *at, enum option code, const void *value, size_t length)
{
	at[0] = (uint8_t)code;
	at[1] = (uint8_t)length;
	memcpy(at + 2, value, length);
	return at + 2 + length;
}

static uint8_t *add_address(uint8_t *at, enum option code, uint32_t address)
{
	uint8_t bytes[4];

	put_u32(bytes, address);
	return address == 0 ? at : add(at, code, bytes, sizeof(bytes));
}

static uint8_t *add_firmware(uint8_t *at)
{
	static const char class[] = "PXEClient:Arch:00007:UNDI:003000";

	at = add(at, OPTION_ARCHITECTURE, "\0\7", 2);
	at = add(at, OPTION_INTERFACE, "\1\3\0", 3);
	return add(at, OPTION_VENDOR_CLASS, class, sizeof(class) - 1);
}

void packet_write(const struct wish *wish, uint8_t out[PACKET_SIZE])
{
	static const uint8_t parameters[] = { 1, 3, 6, 12, 15, 28, 51, 58, 59 };
	uint8_t type = (uint8_t)wish->type;
	uint8_t *at = out + OPTIONS_AT;

	memset(out, 0, PACKET_SIZE);
	out[0] = out[1] = 1;
	out[2] = MAC_SIZE;
	out[3] = wish->giaddr != 0;
	put_u32(out + 4, wish->xid);
	out[10] = wish->hears_only_broadcast ? 0x80 : 0;
	put_u32(out + 12, wish->ciaddr);
	put_u32(out + 24, wish->giaddr);
	memcpy(out + 28, wish->mac, MAC_SIZE);
	memcpy(out + 236, cookie, sizeof(cookie));
	if (wish->type != BOOTP) {
		at = add(at, OPTION_TYPE, &type, 1);
		at = add_address(at, OPTION_REQUESTED, wish->requested);
		at = add_address(at, OPTION_SERVER, wish->server);
	}
	if (wish->is_firmware)
		at = add_firmware(at);
	else if (wish->type != BOOTP)
		at = add(at, OPTION_PARAMETERS, parameters, sizeof(parameters));
	*at = OPTION_END;
}

static void take(struct answer *answer, uint8_t code, const uint8_t *value, size_t length)
{
	if (code == OPTION_TYPE && length == 1 && value[0] <= NAK)
		answer->type = (enum dhcp_message)value[0];
	else if (code == OPTION_SERVER && length == 4)
		answer->server = get_u32(value);
	else if (code == OPTION_LEASE_TIME && length == 4)
		answer->lease_s = get_u32(value);
}

/* False: no END, or an option past the end. */
static bool read_options(const uint8_t *bytes, size_t length, struct answer *answer)
{
	size_t at = OPTIONS_AT;

	while (at < length && bytes[at] != OPTION_END) {
		size_t size = bytes[at] == 0 || at + 1 == length ? 0 : bytes[at + 1];

		if (bytes[at] == 0) {
			at++;
			continue;
		}
		if (at + 2 + size > length)
			return false;
		take(answer, bytes[at], bytes + at + 2, size);
		at += 2 + size;
	}
	return at < length;
}

bool packet_read(const uint8_t *bytes, size_t length, struct answer *out)
{
	struct answer answer = { .type = BOOTP };

	if (length <= OPTIONS_AT || length > ANSWER_MAX || bytes[0] != 2 || bytes[1] != 1 ||
	    bytes[2] != MAC_SIZE || memcmp(bytes + 236, cookie, sizeof(cookie)) != 0 ||
	    !read_options(bytes, length, &answer))
		return false;
	answer.xid = get_u32(bytes + 4);
	answer.yiaddr = get_u32(bytes + 16);
	memcpy(answer.mac, bytes + 28, MAC_SIZE);
	*out = answer;
	return true;
}
