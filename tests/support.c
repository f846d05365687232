#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_MAX     2048
#define BOOTP_SIZE_MIN 300
#define OPTIONS_AT     240
#define FILE_SIZE_MAX  4096

struct ip4 ip4_of(const char *text)
{
	struct ip4 address = { 0 };

	if (!ip4_parse(text, &address))
		fail_msg("'%s' is no address", text);
	return address;
}

struct ip ip_of(const char *text)
{
	struct ip address = { 0 };

	if (!ip_parse(text, &address))
		fail_msg("'%s' is no address", text);
	return address;
}

struct mac mac_of(const char *text)
{
	struct mac mac = { 0 };

	if (!mac_parse(text, &mac))
		fail_msg("'%s' is no MAC", text);
	return mac;
}

struct span bytes_copy(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length > 0 ? length : 1);

	assert_non_null(copy);
	if (length > 0)
		memcpy(copy, bytes, length);
	return (struct span){ copy, length };
}

void bytes_free(struct span bytes)
{
	free((void *)(uintptr_t)bytes.bytes);
}

/* Two hexadecimal digits, with any blanks before them. False: there are none. */
static bool next_byte(const char **hex, uint8_t *out_byte)
{
	char digits[3] = "";
	char *end;

	while (isspace((unsigned char)**hex))
		(*hex)++;
	if (!isxdigit((unsigned char)(*hex)[0]) || !isxdigit((unsigned char)(*hex)[1]))
		return false;
	memcpy(digits, *hex, 2);
	*out_byte = (uint8_t)strtoul(digits, &end, 16);
	*hex += 2;
	return true;
}

struct span bytes_of_hex(const char *hex)
{
	uint8_t bytes[PACKET_MAX];
	size_t length = 0;

	while (length < sizeof(bytes) && next_byte(&hex, &bytes[length]))
		length++;
	if (*hex != '\0')
		fail_msg("not hexadecimal: '%s'", hex);
	return bytes_copy(bytes, length);
}

struct span bytes_of_file(const char *name)
{
	char path[512];
	char text[FILE_SIZE_MAX];
	size_t length;
	FILE *file;

	(void)snprintf(path, sizeof(path), SOURCE_ROOT "/tests/data/%s.hex", name);
	file = fopen(path, "re");
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return bytes_of_hex(text);
}

static void option_put(struct option_value *option, uint8_t byte)
{
	if (option->length == sizeof(option->bytes))
		fail_msg("option %u is too long for the tests", option->code);
	option->bytes[option->length++] = byte;
}

/* A value as support.h describes it; returns where it ends. */
static const char *parse_value(const char *at, struct option_value *option)
{
	size_t digits = strspn(at, "0123456789");
	uint8_t byte;

	if (*at == '\'') {
		for (at++; *at != '\'' && *at != '\0'; at++)
			option_put(option, (uint8_t)*at);
		return *at == '\'' ? at + 1 : at;
	}
	if (digits > 0 && at[digits] == '*') {
		unsigned long count = strtoul(at, NULL, 10);

		at += digits + 1;
		if (!next_byte(&at, &byte))
			fail_msg("no byte to repeat: '%s'", at);
		while (count-- > 0)
			option_put(option, byte);
		return at;
	}
	while (*at != ' ' && next_byte(&at, &byte))
		option_put(option, byte);
	return at;
}

bool option_next(const char **list, struct option_value *out_option)
{
	const char *at = *list + strspn(*list, " ");
	char *end;

	if (*at == '\0')
		return false;
	*out_option = (struct option_value){ .code = (unsigned)strtoul(at, &end, 10) };
	if (end == at || *end != '=')
		fail_msg("not an option: '%s'", at);
	at = parse_value(end + 1, out_option);
	if (*at != ' ' && *at != '\0')
		fail_msg("not an option's value: '%s'", at);
	*list = at;
	return true;
}

static void put_address(uint8_t *at, const char *text)
{
	uint32_t value = text == NULL ? 0 : ip4_of(text).value;

	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static size_t put_options(uint8_t *out, const char *list)
{
	struct option_value option;
	size_t used = 0;

	while (option_next(&list, &option)) {
		assert_true(option.length <= UINT8_MAX);
		assert_true(OPTIONS_AT + used + 2 + option.length < PACKET_MAX);
		out[used] = (uint8_t)option.code;
		out[used + 1] = (uint8_t)option.length;
		memcpy(out + used + 2, option.bytes, option.length);
		used += 2 + option.length;
	}
	out[used++] = 255;
	return used;
}

struct span packet_bytes(const struct packet *packet)
{
	uint8_t out[PACKET_MAX] = { 1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 0, 4 };
	struct mac mac = mac_of(packet->mac == NULL ? MACHINE : packet->mac);
	size_t length = OPTIONS_AT;

	out[10] = (uint8_t)(packet->flags >> 8);
	out[11] = (uint8_t)packet->flags;
	put_address(out + 12, packet->ciaddr);
	put_address(out + 24, packet->giaddr);
	memcpy(out + 28, mac.bytes, sizeof(mac.bytes));
	if (packet->sname != NULL)
		memcpy(out + 44, packet->sname, strnlen(packet->sname, 64));
	if (packet->file != NULL)
		memcpy(out + 108, packet->file, strnlen(packet->file, 128));
	if (!packet->has_no_cookie) {
		memcpy(out + 236, "\x63\x82\x53\x63", 4);
		length += put_options(out + OPTIONS_AT,
				      packet->options == NULL ? "" : packet->options);
	}
	return bytes_copy(out, length < BOOTP_SIZE_MIN ? BOOTP_SIZE_MIN : length);
}
