#include "config/host.h"

#include <stdlib.h>
#include <string.h>

/* Firmware sends a UUID as it is written or as SMBIOS keeps it: of the two, the one that sorts
 * first stands for both. */
static struct uuid canonical(struct uuid uuid)
{
	struct uuid other = uuid_other_order(uuid);

	return memcmp(uuid.bytes, other.bytes, sizeof(uuid.bytes)) <= 0 ? uuid : other;
}

static const struct host_config *host_of(const void *pointer)
{
	return *(const struct host_config *const *)pointer;
}

int host_mac_order(const void *one, const void *other)
{
	return memcmp(host_of(one)->mac.bytes, host_of(other)->mac.bytes, sizeof(struct mac));
}

int host_uuid_order(const void *one, const void *other)
{
	struct uuid first = canonical(host_of(one)->uuid);
	struct uuid second = canonical(host_of(other)->uuid);

	return memcmp(first.bytes, second.bytes, sizeof(first.bytes));
}

int host_client_id_order(const void *one, const void *other)
{
	const struct host_config *first = host_of(one);
	const struct host_config *second = host_of(other);

	if (first->client_id_length != second->client_id_length)
		return first->client_id_length < second->client_id_length ? -1 : 1;
	return memcmp(first->client_id, second->client_id, first->client_id_length);
}

static const struct host_config *find(const struct host_config *wanted,
				      const struct host_config *const *list, size_t count,
				      int (*order)(const void *one, const void *other))
{
	const struct host_config *const *found;

	if (count == 0)
		return NULL;
	found = bsearch(&wanted, list, count, sizeof(const struct host_config *), order);
	return found == NULL ? NULL : *found;
}

const struct host_config *host_find(const struct hosts *hosts, const struct mac *mac,
				    const struct uuid *uuid, struct span client_id)
{
	struct host_config wanted = { .mac = *mac };
	const struct host_config *found = NULL;

	if (client_id.length > 0 && client_id.length <= sizeof(wanted.client_id)) {
		wanted.client_id_length = (uint8_t)client_id.length;
		memcpy(wanted.client_id, client_id.bytes, client_id.length);
		found = find(&wanted, hosts->by_client_id, hosts->by_client_id_count,
			     host_client_id_order);
	}
	if (found == NULL && uuid != NULL) {
		wanted.uuid = *uuid;
		found = find(&wanted, hosts->by_uuid, hosts->by_uuid_count, host_uuid_order);
	}
	if (found == NULL)
		found = find(&wanted, hosts->by_mac, hosts->by_mac_count, host_mac_order);
	return found;
}
