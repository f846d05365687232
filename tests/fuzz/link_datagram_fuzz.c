/* A datagram out of whatever comes off the wire. */
#include "io/link_listener.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct datagram datagram;

	for (int has_checksum = 0; has_checksum <= 1; has_checksum++) {
		if (!link_decode_udp((struct span){ data, size }, has_checksum, &datagram))
			continue;
		if (datagram.bytes.bytes < data ||
		    datagram.bytes.bytes + datagram.bytes.length > data + size)
			abort();
	}
	return 0;
}
