#include "boot/access.h"

#include "boot/loader.h"
#include "boot/session.h"

#include <stdlib.h>
#include <string.h>

#define MAC_BITS 48

static struct mac masked(struct mac mac, unsigned prefix_length)
{
	for (unsigned i = 0; i < sizeof(mac.bytes); i++) {
		if (8 * i >= prefix_length)
			mac.bytes[i] = 0;
		else if (8 * (i + 1) > prefix_length)
			mac.bytes[i] &= (uint8_t)(0xff00 >> (prefix_length - 8 * i));
	}
	return mac;
}

const struct mac_rule *access_find_mac(const struct mac_rules *rules, struct mac mac)
{
	const struct mac_rule *found = NULL;

	for (uint8_t length = MAC_BITS; length > 0 && found == NULL && rules->count > 0; length--) {
		struct mac_rule wanted = { .mac = masked(mac, length), .prefix_length = length };

		found = bsearch(&wanted, rules->list, rules->count, sizeof(wanted), mac_rule_order);
	}
	return found;
}

/* The row with these bytes, in the order of the text. */
static const struct uuid_rule *find_uuid(const struct uuid_rules *rules, struct uuid uuid)
{
	struct uuid_rule wanted = { .uuid = uuid };

	if (rules->count == 0)
		return NULL;
	return bsearch(&wanted, rules->list, rules->count, sizeof(wanted), uuid_rule_order);
}

static enum access decide(bool is_yes)
{
	return is_yes ? ACCESS_GRANTED : ACCESS_DENIED;
}

static enum access check_mac(const struct config *config, const struct client *client)
{
	const struct mac_rule *rule = access_find_mac(&config->mac, client->mac);

	return rule == NULL ? ACCESS_UNLISTED : decide(rule->is_yes);
}

/* Some firmware sends the UUID as it is written, most sends it as SMBIOS keeps it (RFC 4578 leaves
 * it open), so a row may mean either. Where both are listed, a no counts. */
static enum access check_uuid(const struct config *config, const struct client *client)
{
	const struct uuid_rule *written;
	const struct uuid_rule *kept;

	if (!client->has_uuid)
		return ACCESS_UNLISTED;
	written = find_uuid(&config->uuid, client->uuid);
	kept = find_uuid(&config->uuid, uuid_other_order(client->uuid));
	if (written == NULL && kept == NULL)
		return ACCESS_UNLISTED;
	return decide((written == NULL || written->is_yes) && (kept == NULL || kept->is_yes));
}

enum access access_check(const struct config *config, const struct client *client,
			 const struct host_config *host)
{
	enum access access = ACCESS_GRANTED;

	switch (config->bootp.access) {
	case ACCESS_OPEN:
		break;
	case ACCESS_BY_MAC:
		access = check_mac(config, client);
		break;
	case ACCESS_BY_UUID:
		access = check_uuid(config, client);
		break;
	case ACCESS_BY_HTTP:
		access = ACCESS_ASK;
		break;
	}
	if (access != ACCESS_GRANTED && access != ACCESS_DENIED &&
	    (host != NULL || ip4_is_set(access_static_address(config, client->mac))))
		return ACCESS_GRANTED;
	return access;
}

struct ip4 access_static_address(const struct config *config, struct mac mac)
{
	const struct static_hosts *hosts = &config->static_dhcp;
	struct static_host wanted = { .mac = mac };
	const struct static_host *found = NULL;

	if (hosts->count > 0)
		found = bsearch(&wanted, hosts->list, hosts->count, sizeof(wanted),
				static_host_order);
	if (found == NULL)
		return (struct ip4){ 0 };
	return found->address;
}

const char *access_file_denial(const struct session *session, uint64_t now_s)
{
	if (session->is_denied)
		return "this machine may not boot";
	if (loader_is_stopped(session, now_s))
		return "its loader asks for itself again and again";
	return NULL;
}
