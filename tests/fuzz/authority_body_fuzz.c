/* The body of an authority's reply, on any bytes. */
#include "authority/authority_body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_control_character(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char in_host_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789.-_";
	struct authority_reply reply;

	memset(&reply, 'x', sizeof(reply));
	authority_body_parse((struct span){ .bytes = data, .length = size }, &reply);
	/* Host names end in shell scripts of clients, files in names on the disk. */
	if (reply.client[strspn(reply.client, in_host_names)] != '\0' || reply.client[0] == '.' ||
	    reply.client[0] == '-' || has_control_character(reply.file))
		abort();
	return 0;
}
