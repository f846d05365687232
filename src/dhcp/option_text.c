#include "dhcp/option_text.h"

#include "base/addr.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define SEPARATORS     " \t,;"
#define HEX            "hex:"
#define HEX_SEPARATORS " \t:-"
#define WORD_SIZE      256 /* of a list, NUL included: a domain name is the longest */
#define LABEL_MAX      63  /* RFC 1035 2.3.4 */
#define DOMAIN_MAX     255 /* the same, in the wire's form */
#define PREFIX_MAX     32

#define SIP_NAMES     0 /* RFC 3361 3.1 */
#define SIP_ADDRESSES 1 /* RFC 3361 3.2 */

/* The next word of a list. False: there is none; a word that is too long comes cut, which no form
 * takes. */
static bool next_word(const char **at, char word[WORD_SIZE])
{
	size_t length;

	*at += strspn(*at, SEPARATORS);
	length = strcspn(*at, SEPARATORS);
	if (length == 0)
		return false;
	if (length >= WORD_SIZE)
		word[0] = '\0';
	else
		memcpy(word, *at, length);
	word[length < WORD_SIZE ? length : 0] = '\0';
	*at += length;
	return true;
}

static bool write_flag(const char *text, struct writer *out)
{
	bool is_yes = text_is_same(text, "yes") || text_is_same(text, "true") ||
		      text_is_same(text, "on") || strcmp(text, "1") == 0;
	bool is_no = text_is_same(text, "no") || text_is_same(text, "false") ||
		     text_is_same(text, "off") || strcmp(text, "0") == 0;

	write_u8(out, is_yes);
	return is_yes || is_no;
}

static bool write_number(const char *text, uint64_t most, struct writer *out)
{
	uint64_t value;

	if (!text_parse_number(text, &value) || value > most)
		return false;
	if (most == UINT8_MAX)
		write_u8(out, (uint8_t)value);
	else if (most == UINT16_MAX)
		write_u16(out, (uint16_t)value);
	else
		write_u32(out, (uint32_t)value);
	return true;
}

static bool write_signed(const char *text, struct writer *out)
{
	bool is_negative = text[0] == '-';
	uint64_t most = (uint64_t)INT32_MAX + (is_negative ? 1 : 0);
	uint64_t value;

	if (!text_parse_number(text + (is_negative ? 1 : 0), &value) || value > most)
		return false;
	write_u32(out, is_negative ? (uint32_t)(0 - value) : (uint32_t)value);
	return true;
}

static bool write_address(const char *text, struct writer *out)
{
	struct ip4 address;

	if (!ip4_parse(text, &address))
		return false;
	write_u32(out, address.value);
	return true;
}

/* RFC 1035 3.1: labels with their lengths, and the root's. A dot may stand at the end. */
static bool write_domain(const char *text, struct writer *out)
{
	size_t begin = out->used;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		size_t length = strcspn(text, ".");

		if (length == 0 || length > LABEL_MAX ||
		    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
				 ".") < length)
			return false;
		write_u8(out, (uint8_t)length);
		write_bytes(out, text, length);
		text += length;
		if (*text == '.')
			text++;
	}
	write_u8(out, 0);
	return out->used - begin <= DOMAIN_MAX;
}

/* "10.0.0.0/8", as RFC 3442 has it: the prefix length, then as many bytes as it covers. */
static bool write_network(char *text, struct writer *out)
{
	char *slash = strchr(text, '/');
	struct ip4 network;
	uint64_t length;

	if (slash == NULL || !text_parse_number(slash + 1, &length) || length > PREFIX_MAX)
		return false;
	*slash = '\0';
	if (!ip4_parse(text, &network) ||
	    !ip4_is_same(ip4_network(network, (uint8_t)length), network))
		return false;
	write_u8(out, (uint8_t)length);
	for (unsigned i = 0; i < (length + 7) / 8; i++)
		write_u8(out, (uint8_t)(network.value >> (24 - 8 * i)));
	return true;
}

static bool write_routes(const char *text, struct writer *out)
{
	char word[WORD_SIZE];
	size_t count = 0;

	for (; next_word(&text, word); count++) {
		if (!write_network(word, out) || !next_word(&text, word) ||
		    !write_address(word, out))
			return false;
	}
	return count > 0;
}

typedef bool word_writer(const char *word, struct writer *out);

/* Returns how many words there were; 0: one of them is wrong, or there are none. */
static size_t write_words(const char *text, word_writer *write, struct writer *out)
{
	char word[WORD_SIZE];
	size_t count = 0;

	for (; next_word(&text, word); count++) {
		if (!write(word, out))
			return 0;
	}
	return count;
}

static bool write_pairs(const char *text, struct writer *out)
{
	size_t count = write_words(text, write_address, out);

	return count > 0 && count % 2 == 0;
}

static bool write_u16_word(const char *word, struct writer *out)
{
	return write_number(word, UINT16_MAX, out);
}

static bool write_sip(const char *text, struct writer *out)
{
	size_t begin = out->used;

	write_u8(out, SIP_ADDRESSES);
	if (write_words(text, write_address, out) > 0)
		return true;
	out->used = begin;
	write_u8(out, SIP_NAMES);
	return write_words(text, write_domain, out) > 0;
}

static bool write_plain_text(const char *text, struct writer *out)
{
	write_bytes(out, text, strlen(text));
	return *text != '\0';
}

static uint8_t digit_of(char letter)
{
	static const char digits[] = "0123456789abcdef";

	return (uint8_t)(strchr(digits, tolower((unsigned char)letter)) - digits);
}

static bool write_hex(const char *text, struct writer *out)
{
	size_t count = 0;

	for (text += strspn(text, HEX_SEPARATORS); *text != '\0';
	     text += strspn(text, HEX_SEPARATORS)) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		write_u8(out, (uint8_t)(digit_of(text[0]) << 4 | digit_of(text[1])));
		text += 2;
		count++;
	}
	return count > 0;
}

static bool write_value(enum option_form form, const char *text, struct writer *out)
{
	switch (form) {
	case FORM_FLAG:
		return write_flag(text, out);
	case FORM_U8:
		return write_number(text, UINT8_MAX, out);
	case FORM_U16:
		return write_number(text, UINT16_MAX, out);
	case FORM_U32:
		return write_number(text, UINT32_MAX, out);
	case FORM_S32:
		return write_signed(text, out);
	case FORM_U16_LIST:
		return write_words(text, write_u16_word, out) > 0;
	case FORM_ADDRESS:
		return write_address(text, out);
	case FORM_ADDRESSES:
		return write_words(text, write_address, out) > 0;
	case FORM_ADDRESS_PAIRS:
		return write_pairs(text, out);
	case FORM_ROUTES:
		return write_routes(text, out);
	case FORM_TEXT:
		return write_plain_text(text, out);
	case FORM_DOMAINS:
		return write_words(text, write_domain, out) > 0;
	case FORM_DOMAIN:
		return write_domain(text, out);
	case FORM_SIP:
		return write_sip(text, out);
	case FORM_BYTES:
	case FORM_OWN:
		break;
	}
	return false;
}

static const char *expectation(enum option_form form)
{
	static const char pairs[] = "expected pairs of IPv4 addresses, such as 10.9.0.0 10.0.0.1";
	static const char routes[] = "expected networks with their routers, such as 10.9.0.0/16 "
				     "10.0.0.1, 0.0.0.0/0 10.0.0.2; no bit of a network lies "
				     "behind its prefix";
	static const char *const sentences[] = {
		[FORM_FLAG] = "expected yes or no",
		[FORM_U8] = "expected a number from 0 to 255",
		[FORM_U16] = "expected a number from 0 to 65535",
		[FORM_U32] = "expected a number from 0 to 4294967295",
		[FORM_S32] = "expected a number from -2147483648 to 2147483647",
		[FORM_U16_LIST] = "expected numbers from 0 to 65535, such as 576, 1500",
		[FORM_ADDRESS] = "expected an IPv4 address",
		[FORM_ADDRESSES] = "expected IPv4 addresses, such as 10.0.0.1, 10.0.0.2",
		[FORM_ADDRESS_PAIRS] = pairs,
		[FORM_ROUTES] = routes,
		[FORM_TEXT] = "expected a text",
		[FORM_DOMAINS] = "expected domain names, such as lab.example.org, example.org",
		[FORM_DOMAIN] = "expected a domain name",
		[FORM_SIP] = "expected IPv4 addresses or domain names",
		[FORM_BYTES] = "expected bytes, such as hex:01 0a ff",
		[FORM_OWN] = "bootd or the client sets this option itself",
	};

	return sentences[form];
}

bool option_parse(enum option_form form, const char *text, struct writer *out,
		  const char **out_problem)
{
	bool is_hex = text_starts_with(text, HEX) && form != FORM_OWN;

	if (is_hex ? !write_hex(text + strlen(HEX), out) : !write_value(form, text, out)) {
		*out_problem = is_hex ? expectation(FORM_BYTES) : expectation(form);
		return false;
	}
	if (out->is_failed)
		*out_problem = "the value is too long";
	return !out->is_failed;
}
