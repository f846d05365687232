#include "dhcp/relay_wire.h"

#define RELAY_LINK_SELECTION     5  /* RFC 3527 */
#define RELAY_SERVER_ID_OVERRIDE 11 /* RFC 5107 */

static void take_address(struct span value, struct ip4 *address)
{
	if (value.length == 4 && !ip4_is_set(*address))
		*address = ip4_from_bytes(value.bytes);
}

struct relay_info relay_decode(struct span option)
{
	struct reader in = reader_of(option);
	struct relay_info info = { 0 };

	while (in.left > 0) {
		uint8_t code = read_u8(&in);
		struct span value = read_span(&in, read_u8(&in));

		if (code == RELAY_LINK_SELECTION)
			take_address(value, &info.link);
		else if (code == RELAY_SERVER_ID_OVERRIDE)
			take_address(value, &info.server_id);
	}
	if (in.is_failed)
		return (struct relay_info){ 0 };
	return info;
}
