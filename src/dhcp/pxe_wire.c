#include "dhcp/pxe_wire.h"

#define ARCHITECTURE_DIGITS 5

static bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && memcmp(span.bytes, text, span.length) == 0;
}

bool pxe_has_vendor_class(const struct dhcp_message *message, const char *start)
{
	struct span value = dhcp_option(message, OPTION_VENDOR_CLASS);

	return value.length >= strlen(start) && memcmp(value.bytes, start, strlen(start)) == 0;
}

/* "PXEClient:Arch:00007:UNDI:003016", and "HTTPClient:Arch:00016..." the same. */
static bool vendor_class_architecture(struct span vendor_class, uint16_t *out_architecture)
{
	static const char mark[] = "Client:Arch:";
	struct reader in = reader_of(vendor_class);
	uint32_t number = 0;

	/* "PXE" or "HTTP" comes first. */
	while (in.left >= sizeof(mark) - 1 && memcmp(in.at, mark, sizeof(mark) - 1) != 0)
		(void)read_u8(&in);
	(void)read_bytes(&in, sizeof(mark) - 1);
	for (int i = 0; i < ARCHITECTURE_DIGITS; i++) {
		uint8_t digit = read_u8(&in);

		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (uint32_t)(digit - '0');
	}
	if (number > UINT16_MAX)
		return false;
	*out_architecture = (uint16_t)number;
	return true;
}

bool pxe_architecture(const struct dhcp_message *message, uint16_t *out_architecture)
{
	struct span list = dhcp_option(message, OPTION_ARCHITECTURE);
	struct reader in = reader_of(list);

	if (list.length >= 2) {
		*out_architecture = read_u16(&in);
		return true;
	}
	return vendor_class_architecture(dhcp_option(message, OPTION_VENDOR_CLASS),
					 out_architecture);
}

/* All zeros and all ones are what is there before a maker fills it in; a Raspberry Pi repeats its
 * serial number. A word that repeats four times covers the three. */
static bool is_one_word_repeated(struct uuid uuid)
{
	return memcmp(uuid.bytes, uuid.bytes + 4, sizeof(uuid.bytes) - 4) == 0;
}

bool pxe_uuid(const struct dhcp_message *message, struct uuid *out_uuid)
{
	struct span value = dhcp_option(message, OPTION_MACHINE_UUID);
	struct uuid uuid;

	if (value.length != 1 + sizeof(uuid.bytes) || value.bytes[0] != 0)
		return false;
	memcpy(uuid.bytes, value.bytes + 1, sizeof(uuid.bytes));
	if (is_one_word_repeated(uuid))
		return false;
	*out_uuid = uuid;
	return true;
}

bool pxe_is_ipxe(const struct dhcp_message *message)
{
	struct span user_class = dhcp_option(message, OPTION_USER_CLASS);
	struct reader in = reader_of(user_class);

	if (span_is(user_class, "iPXE"))
		return true;
	while (in.left > 0) {
		if (span_is(read_span(&in, read_u8(&in)), "iPXE"))
			return true;
	}
	return false;
}
