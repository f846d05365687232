#include "config/config_caps.h"

#include "base/text.h"
#include "tftp/tftp_options.h"

#include <stddef.h>
#include <string.h>

#define WORD_SIZE        32
#define BLOCK_SIZE_LEAST 8
#define BLOCK_SIZE_MOST  65464 /* RFC 2348 */
#define WINDOW_MOST      4096

/* The next word, moved behind. False: there is none, or it is too long to be one, which out_word
 * tells by being empty. */
static bool next_word(const char **text, char out_word[WORD_SIZE])
{
	const char *start = *text + strspn(*text, " \t");
	size_t length = strcspn(start, " \t");

	*text = start + length;
	out_word[0] = '\0';
	if (length > 0 && length < WORD_SIZE)
		(void)text_format(out_word, WORD_SIZE, "%.*s", (int)length, start);
	return length > 0;
}

static bool find_option(const char *name, enum tftp_option *out_option)
{
	for (enum tftp_option option = 0; option < TFTP_OPTION_COUNT; option++) {
		if (text_is_same(name, tftp_option_names[option])) {
			*out_option = option;
			return true;
		}
	}
	return false;
}

static bool parse_cap(const char *number, uint64_t least, uint64_t most, uint16_t *out_cap)
{
	uint64_t value;

	if (!text_parse_number(number, &value) || value < least || value > most)
		return false;
	*out_cap = (uint16_t)value;
	return true;
}

static bool parse_word(char *word, struct tftp_caps *caps)
{
	char *number = strchr(word, '=');
	enum tftp_option option;

	if (number != NULL)
		*number++ = '\0';
	if (!find_option(word, &option))
		return false;
	if (number == NULL) {
		caps->refused |= (uint8_t)(1u << option);
		return true;
	}
	if (option == TFTP_OPTION_BLOCK_SIZE)
		return parse_cap(number, BLOCK_SIZE_LEAST, BLOCK_SIZE_MOST, &caps->block_size_max);
	return option == TFTP_OPTION_WINDOW && parse_cap(number, 1, WINDOW_MOST, &caps->window_max);
}

bool caps_parse(const char *text, struct tftp_caps *out_caps)
{
	struct tftp_caps caps = { 0 };
	char word[WORD_SIZE];
	size_t count = 0;

	for (; next_word(&text, word); count++) {
		if (!parse_word(word, &caps))
			return false;
	}
	if (count == 0)
		return false;
	*out_caps = caps;
	return true;
}

bool caps_parse_options(const char *text, uint8_t *out_refused)
{
	struct tftp_caps caps;

	if (!caps_parse(text, &caps) || caps.block_size_max > 0 || caps.window_max > 0)
		return false;
	*out_refused = caps.refused;
	return true;
}

bool caps_parse_network(const char *text, struct ip *out_network, uint8_t *out_prefix_length)
{
	const char *slash = strchr(text, '/');
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char address[sizeof(struct ip_text)];
	uint64_t before; /* what is before the prefix that the text tells */
	uint64_t prefix_length;
	struct ip network;

	if (!text_format(address, sizeof(address), "%.*s", (int)length, text) ||
	    !ip_parse(address, &network))
		return false;
	before = ip_is_4(network) ? IP_MAPPED_PREFIX : 0;
	prefix_length = 128 - before;
	if (slash != NULL &&
	    (!text_parse_number(slash + 1, &prefix_length) || prefix_length > 128 - before))
		return false;
	prefix_length += before;
	if (!ip_is_same(network, ip_network(network, (uint8_t)prefix_length)))
		return false;
	*out_network = network;
	*out_prefix_length = (uint8_t)prefix_length;
	return true;
}
