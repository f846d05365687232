#include "ndp/ndp_wire.h"

#define TYPE_SOLICITATION   133 /* RFC 4861 4.1 */
#define TYPE_ADVERTISEMENT  134 /* RFC 4861 4.2 */
#define OPTION_LINK_ADDRESS 1   /* RFC 4861 4.6.1: the source's */
#define OPTION_UNIT         8   /* bytes; options are counted in these */

/* False: the option does not fit (RFC 4861 6.1.1: its length is greater than zero). */
static bool read_option(struct reader *in, struct mac *mac, bool *has_mac)
{
	uint8_t type = read_u8(in);
	uint8_t units = read_u8(in);
	const uint8_t *body;

	if (units == 0)
		return false;
	body = read_bytes(in, (size_t)units * OPTION_UNIT - 2);
	if (body == NULL)
		return false;
	/* One unit: Ethernet's six bytes (RFC 2464). */
	if (type == OPTION_LINK_ADDRESS && units == 1 && !*has_mac) {
		memcpy(mac->bytes, body, sizeof(mac->bytes));
		*has_mac = true;
	}
	return true;
}

bool ndp_decode_solicitation(struct span message, struct mac *out_mac)
{
	struct reader in = reader_of(message);
	uint8_t type = read_u8(&in);
	uint8_t code = read_u8(&in);
	struct mac mac = { { 0 } };
	bool has_mac = false;

	(void)read_u16(&in); /* the checksum */
	(void)read_u32(&in); /* reserved */
	if (in.is_failed || type != TYPE_SOLICITATION || code != 0)
		return false;
	while (in.left > 0) {
		if (!read_option(&in, &mac, &has_mac))
			return false;
	}
	if (!has_mac)
		return false;
	*out_mac = mac;
	return true;
}

void ndp_encode_no_router(struct writer *out)
{
	write_u8(out, TYPE_ADVERTISEMENT);
	write_u8(out, 0);  /* code */
	write_u16(out, 0); /* the checksum */
	write_u8(out, 0);  /* hop limit: unspecified */
	write_u8(out, 0);  /* neither addresses nor anything else by DHCPv6 */
	write_u16(out, 0); /* lifetime: not a default router */
	write_u32(out, 0); /* reachable time: unspecified */
	write_u32(out, 0); /* retransmission timer: unspecified */
}
