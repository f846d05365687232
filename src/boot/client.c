#include "boot/client.h"

#include "base/text.h"
#include "boot/architecture.h"

static void describe_architecture(const struct client *client, char *out, size_t size)
{
	const char *name = NULL;

	if (client->has_architecture)
		name = architecture_name(client->architecture);
	if (!client->has_architecture)
		(void)text_format(out, size, "architecture not told");
	else if (name != NULL)
		(void)text_format(out, size, "%s", name);
	else
		(void)text_format(out, size, "unknown architecture %u", client->architecture);
}

void client_describe(const struct client *client, char *out, size_t size)
{
	char architecture[48];

	describe_architecture(client, architecture, sizeof(architecture));
	(void)text_format(out, size, "%s%s%s%s", architecture, client->is_ipxe ? ", iPXE" : "",
			  client->has_uuid ? ", UUID " : "",
			  client->has_uuid ? uuid_format(client->uuid).text : "");
}
