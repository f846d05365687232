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

size_t pxe_architectures(const struct dhcp_message *message, uint16_t *out_list, size_t capacity)
{
	struct reader in = reader_of(dhcp_option(message, OPTION_ARCHITECTURE));
	size_t count = 0;

	while (in.left >= 2 && count < capacity)
		out_list[count++] = read_u16(&in);
	if (count == 0 && capacity > 0)
		count = pxe_architecture(message, out_list) ? 1 : 0;
	return count;
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

/* Of option 175, as iPXE's own dhcp.h has them. */
#define IPXE_FEATURE_FIRST 0x10
#define IPXE_FEATURE_LAST  0x4f
#define IPXE_FEATURE_HTTP  0x13
#define IPXE_VERSION       0xeb

/* Has option 175 one of these? */
static bool has_ipxe_option(const struct dhcp_message *message, uint8_t first, uint8_t last)
{
	struct reader in = reader_of(dhcp_option(message, OPTION_IPXE));

	while (in.left > 0) {
		uint8_t code = read_u8(&in);

		if (code == OPTION_END)
			return false;
		if (code == OPTION_PAD)
			continue;
		(void)read_span(&in, read_u8(&in));
		if (!in.is_failed && code >= first && code <= last)
			return true;
	}
	return false;
}

bool pxe_lacks_http(const struct dhcp_message *message)
{
	return has_ipxe_option(message, IPXE_FEATURE_FIRST, IPXE_FEATURE_LAST) &&
	       !has_ipxe_option(message, IPXE_FEATURE_HTTP, IPXE_FEATURE_HTTP);
}

bool pxe_is_ipxe(const struct dhcp_message *message)
{
	struct span user_class = dhcp_option(message, OPTION_USER_CLASS);
	struct reader in = reader_of(user_class);

	if (user_class.bytes == NULL)
		return has_ipxe_option(message, IPXE_VERSION, IPXE_VERSION) ||
		       has_ipxe_option(message, IPXE_FEATURE_FIRST, IPXE_FEATURE_LAST);
	if (span_is(user_class, "iPXE"))
		return true;
	while (in.left > 0) {
		if (span_is(read_span(&in, read_u8(&in)), "iPXE"))
			return true;
	}
	return false;
}

/* The sub-options of option 43 (PXE 2.1, table 2-1). */
enum pxe_sub_option {
	PXE_PAD = 0,
	PXE_DISCOVERY_CONTROL = 6,
	PXE_BOOT_SERVERS = 8,
	PXE_BOOT_MENU = 9,
	PXE_MENU_PROMPT = 10,
	PXE_BOOT_ITEM = 71,
	PXE_END = 255,
};

bool pxe_boot_item(const struct dhcp_message *message, struct pxe_item *out_item)
{
	struct reader in = reader_of(dhcp_option(message, OPTION_VENDOR));

	while (in.left > 0) {
		uint8_t code = read_u8(&in);
		struct span value;

		if (code == PXE_END)
			return false;
		if (code == PXE_PAD)
			continue;
		value = read_span(&in, read_u8(&in));
		if (code == PXE_BOOT_ITEM && value.length == 4) {
			struct reader item = reader_of(value);

			out_item->type = read_u16(&item);
			out_item->layer = read_u16(&item);
			return true;
		}
	}
	return false;
}

static void write_sub_option(struct writer *out, enum pxe_sub_option code, struct span value)
{
	dhcp_write_option(out, (enum dhcp_option_code)code, value);
}

/* Of each entry that a server has: type, how many servers, their addresses. */
static void write_servers(struct writer *out, const struct pxe_vendor *vendor)
{
	uint8_t bytes[UINT8_MAX];
	struct writer list = writer_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < vendor->item_count; i++) {
		if (vendor->items[i].type == PXE_ITEM_LOCAL)
			continue;
		write_u16(&list, vendor->items[i].type);
		write_u8(&list, 1);
		write_u32(&list, vendor->server.value);
	}
	out->is_failed = out->is_failed || list.is_failed;
	write_sub_option(out, PXE_BOOT_SERVERS, (struct span){ bytes, list.used });
}

static void write_items(struct writer *out, const struct pxe_vendor *vendor)
{
	uint8_t bytes[UINT8_MAX];
	struct writer list = writer_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < vendor->item_count; i++) {
		size_t length = strnlen(vendor->items[i].text, UINT8_MAX);

		write_u16(&list, vendor->items[i].type);
		write_u8(&list, (uint8_t)length);
		write_bytes(&list, vendor->items[i].text, length);
	}
	out->is_failed = out->is_failed || list.is_failed;
	write_sub_option(out, PXE_BOOT_MENU, (struct span){ bytes, list.used });
}

static void write_prompt(struct writer *out, const struct pxe_vendor *vendor)
{
	size_t length = strlen(vendor->prompt);

	write_u8(out, PXE_MENU_PROMPT);
	write_u8(out, (uint8_t)(1 + length));
	write_u8(out, vendor->timeout_s);
	write_bytes(out, vendor->prompt, length);
}

static void write_item(struct writer *out, const struct pxe_item *item)
{
	write_u8(out, PXE_BOOT_ITEM);
	write_u8(out, 4);
	write_u16(out, item->type);
	write_u16(out, item->layer);
}

void pxe_write_vendor(struct writer *out, const struct pxe_vendor *vendor)
{
	if (vendor->has_discovery_control)
		write_sub_option(out, PXE_DISCOVERY_CONTROL,
				 (struct span){ &vendor->discovery_control, 1 });
	/* In the order that firmware is known to take: prompt, servers, menu. */
	if (vendor->item_count > 0) {
		write_prompt(out, vendor);
		if (ip4_is_set(vendor->server))
			write_servers(out, vendor);
		write_items(out, vendor);
	}
	if (vendor->has_item)
		write_item(out, &vendor->item);
	write_u8(out, PXE_END);
}
