#include "io/arp.h"
#include "base/bytes.h"
#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ARP_SIZE    28 /* RFC 826, of Ethernet and IPv4 */
#define IPV4_LENGTH 4
#define TURN_MAX    64 /* packets read in one turn of the loop */

struct arp {
	int fd;
	struct watch *watch;
	arp_callback *on_claim;
	void *context;
	unsigned interface; /* 0: none yet */
	struct mac mac;     /* the interface's */
};

/* False: this is no claim of an address. */
static bool read_claim(struct span packet, struct ip4 *out_address, struct mac *out_mac)
{
	struct reader in = reader_of(packet);
	uint16_t hardware = read_u16(&in);
	uint16_t protocol = read_u16(&in);
	uint8_t hardware_length = read_u8(&in);
	uint8_t protocol_length = read_u8(&in);
	const uint8_t *mac;

	(void)read_u16(&in); /* a question tells its sender's address as well as an answer does */
	mac = read_bytes(&in, sizeof(out_mac->bytes));
	out_address->value = read_u32(&in);
	if (in.is_failed || hardware != ARPHRD_ETHER || protocol != ETH_P_IP ||
	    hardware_length != sizeof(out_mac->bytes) || protocol_length != IPV4_LENGTH)
		return false;
	memcpy(out_mac->bytes, mac, sizeof(out_mac->bytes));
	return ip4_is_set(*out_address);
}

static void on_readable(void *context)
{
	const struct arp *arp = context;
	uint8_t bytes[ARP_SIZE];
	struct ip4 address;
	struct mac mac;
	ssize_t length = 0;

	for (unsigned i = 0; i < TURN_MAX && length >= 0; i++) {
		length = recv(arp->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (length > 0 && arp->interface != 0 &&
		    read_claim((struct span){ bytes, (size_t)length }, &address, &mac))
			arp->on_claim(arp->context, address, mac);
	}
}

int arp_open(struct loop *loop, arp_callback *on_claim, void *context, struct arp **out_arp)
{
	/* Of no protocol it hears nothing until it is bound to one. */
	CLEANUP(close_fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct arp *arp;

	if (fd < 0)
		return -errno;
	arp = calloc(1, sizeof(*arp));
	if (arp == NULL)
		return -ENOMEM;
	arp->on_claim = on_claim;
	arp->context = context;
	arp->watch = watch_new(loop, fd, on_readable, arp);
	if (arp->watch == NULL) {
		free(arp);
		return -ENOMEM;
	}
	arp->fd = take_fd(&fd);
	*out_arp = arp;
	return 0;
}

void arp_close(struct arp *arp)
{
	if (arp == NULL)
		return;
	watch_free(arp->watch);
	(void)close(arp->fd);
	free(arp);
}

int arp_listen(struct arp *arp, unsigned interface)
{
	struct sockaddr_ll local = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(ETH_P_ARP),
				     .sll_ifindex = (int)interface };
	socklen_t length = sizeof(local);

	arp->interface = 0;
	if (bind(arp->fd, (const struct sockaddr *)&local, sizeof(local)) < 0 ||
	    getsockname(arp->fd, (struct sockaddr *)&local, &length) < 0)
		return -errno;
	if (local.sll_hatype != ARPHRD_ETHER)
		return -ENODEV;
	memcpy(arp->mac.bytes, local.sll_addr, sizeof(arp->mac.bytes));
	arp->interface = interface;
	return 0;
}

int arp_probe(struct arp *arp, struct ip4 address)
{
	uint8_t bytes[ARP_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = (int)arp->interface,
				  .sll_halen = sizeof(arp->mac.bytes),
				  .sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

	if (arp->interface == 0)
		return -ENODEV;
	write_u16(&out, ARPHRD_ETHER);
	write_u16(&out, ETH_P_IP);
	write_u8(&out, sizeof(arp->mac.bytes));
	write_u8(&out, IPV4_LENGTH);
	write_u16(&out, ARPOP_REQUEST);
	write_bytes(&out, arp->mac.bytes, sizeof(arp->mac.bytes));
	write_u32(&out, 0);
	write_zeros(&out, sizeof(arp->mac.bytes));
	write_u32(&out, address.value);
	if (sendto(arp->fd, bytes, out.used, MSG_DONTWAIT, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}
