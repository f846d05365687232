#include "dhcp/dhcp_client.h"

/* Firmware and loaders mark themselves; some in one message only and not in the next. */
static bool is_boot_stage(const struct dhcp_message *message)
{
	return pxe_has_vendor_class(message, "PXEClient") ||
	       pxe_has_vendor_class(message, "HTTPClient") ||
	       pxe_has_vendor_class(message, "U-Boot") ||
	       dhcp_has_option(message, OPTION_ARCHITECTURE) ||
	       dhcp_has_option(message, OPTION_MACHINE_UUID) ||
	       dhcp_has_option(message, OPTION_IPXE) || pxe_is_ipxe(message);
}

/* By the maker's prefixes: its firmware is told apart by nothing else that is always there. */
static bool is_raspberry_pi(struct mac mac)
{
	static const uint8_t prefixes[][3] = {
		{ 0xB8, 0x27, 0xEB }, { 0xDC, 0xA6, 0x32 }, { 0xE4, 0x5F, 0x01 },
		{ 0x28, 0xCD, 0xC1 }, { 0xD8, 0x3A, 0xDD },
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (memcmp(mac.bytes, prefixes[i], sizeof(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static void identify_architectures(const struct dhcp_message *message, struct client *client)
{
	uint16_t list[CLIENT_ARCHITECTURES_MAX];
	size_t count = pxe_architectures(message, list, CLIENT_ARCHITECTURES_MAX);

	client->has_architecture = count > 0;
	if (count == 0)
		return;
	client->architecture = list[0];
	client->more_count = count - 1;
	memcpy(client->more_architectures, list + 1, client->more_count * sizeof(list[0]));
}

/* FNV-1a. */
static uint32_t mix(uint32_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.length; i++)
		hash = (hash ^ bytes.bytes[i]) * UINT32_C(0x01000193);
	return hash;
}

/* What one program always asks with, and another does not. */
static uint32_t marks_of(const struct dhcp_message *message)
{
	uint32_t marks = UINT32_C(0x811c9dc5);

	marks = mix(marks, dhcp_option(message, OPTION_VENDOR_CLASS));
	marks = mix(marks, dhcp_option(message, OPTION_USER_CLASS));
	return mix(marks, dhcp_option(message, OPTION_PARAMETERS));
}

struct client dhcp_identify(const struct dhcp_message *message)
{
	struct client client = {
		.mac = message->mac,
		.is_boot_stage = is_boot_stage(message),
		.is_pxe = pxe_has_vendor_class(message, "PXEClient"),
		.is_http = pxe_has_vendor_class(message, "HTTPClient"),
		.is_ipxe = pxe_is_ipxe(message),
		.lacks_http = pxe_is_ipxe(message) && pxe_lacks_http(message),
		.marks = marks_of(message),
		.is_raspberry_pi = is_raspberry_pi(message->mac),
		.wants_terminated_text = pxe_has_vendor_class(message, "MSFT"),
	};

	identify_architectures(message, &client);
	client.has_uuid = pxe_uuid(message, &client.uuid);
	return client;
}

struct dhcp_request dhcp_request_of(const struct dhcp_message *message)
{
	struct dhcp_request request = {
		.type = dhcp_type(message),
		.mac = message->mac,
		.ciaddr = message->header.ciaddr,
	};

	(void)dhcp_option_address(message, OPTION_REQUESTED_ADDRESS, &request.requested);
	request.names_server = dhcp_option_address(message, OPTION_SERVER_ID, &request.server);
	request.has_item = pxe_boot_item(message, &request.item);
	return request;
}

struct lease_identity dhcp_owner_of(const struct dhcp_message *message, const struct client *client,
				    enum lease_identity_kind kind)
{
	struct span id = dhcp_option(message, OPTION_CLIENT_ID);

	/* RFC 2132 section 9.14: a type, and at least one octet. */
	if (kind == LEASE_BY_CLIENT_ID && id.length >= 2 && id.length < LEASE_IDENTITY_MAX)
		return lease_identity_of(kind, id.bytes, id.length);
	if (kind == LEASE_BY_UUID && client->has_uuid)
		return lease_identity_of(kind, client->uuid.bytes, sizeof(client->uuid.bytes));
	return lease_identity_of_mac(message->mac);
}
