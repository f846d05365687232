#include "boot/client.h"

#include "base/text.h"
#include "boot/architecture.h"

#define UNKNOWN_SIZE sizeof("unknown architecture 65535")

/* Its name, or what is written to unknown. */
static const char *describe_architecture(const struct client *client, char unknown[UNKNOWN_SIZE])
{
	const char *name;

	if (!client->has_architecture)
		return "architecture not told";
	name = architecture_name(client->architecture);
	if (name != NULL)
		return name;
	(void)text_format(unknown, UNKNOWN_SIZE, "unknown architecture %u", client->architecture);
	return unknown;
}

void client_describe(const struct client *client, char *out, size_t size)
{
	char unknown[UNKNOWN_SIZE];
	const char *architecture = describe_architecture(client, unknown);

	if (!client->is_ipxe && !client->has_uuid && text_copy(out, size, architecture))
		return;
	(void)text_format(out, size, "%s%s%s%s", architecture, client->is_ipxe ? ", iPXE" : "",
			  client->has_uuid ? ", UUID " : "",
			  client->has_uuid ? uuid_format(client->uuid).text : "");
}
