#include "control/control_json.h"

#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const commands[] = {
	[CONTROL_LEASES] = "leases",
	[CONTROL_RELEASE] = "release",
};

static json_t *load(struct span line)
{
	return json_loadb((const char *)line.bytes, line.length,
			  JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
}

/* The object's line; it is given up. "" where there is no memory or no room. */
static void dump(json_t *object, char *out, size_t size)
{
	size_t length =
		object == NULL ? size : json_dumpb(object, out, size - 1, JSON_PRESERVE_ORDER);

	json_decref(object);
	out[length < size ? length : 0] = '\0';
}

static bool parse_command(const char *name, struct control_request *out_request)
{
	for (size_t i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i]) == 0) {
			out_request->command = (enum control_command)i;
			return true;
		}
	}
	return false;
}

bool control_request_parse(struct span line, struct control_request *out_request)
{
	json_t *object = load(line);
	struct control_request request = { 0 };
	const char *address = json_string_value(json_object_get(object, "address"));
	bool is_right =
		parse_command(json_string_value(json_object_get(object, "command")), &request);

	if (is_right && request.command == CONTROL_RELEASE)
		is_right = address != NULL && ip4_parse(address, &request.address);
	json_decref(object);
	if (is_right)
		*out_request = request;
	return is_right;
}

void control_request_format(const struct control_request *request, char *out, size_t size)
{
	json_t *object = json_pack("{s:s}", "command", commands[request->command]);

	if (request->command == CONTROL_RELEASE)
		(void)json_object_set_new(object, "address",
					  json_string(ip4_format(request->address).text));
	dump(object, out, size);
}

static const char *state_name(const struct lease *lease, uint64_t now_s)
{
	switch (lease->state) {
	case LEASE_OFFERED:
		return "offered";
	case LEASE_BOUND:
		return lease->expires_s > now_s ? "bound" : "expired";
	case LEASE_RELEASED:
		return "released";
	case LEASE_DECLINED:
		break;
	}
	return "declined";
}

static const char *identity_name(const struct lease_identity *owner)
{
	if (owner->length == 0)
		return "";
	if (owner->bytes[0] == LEASE_BY_CLIENT_ID)
		return "client-id:";
	return owner->bytes[0] == LEASE_BY_UUID ? "uuid:" : "mac:";
}

static void format_identity(const struct lease_identity *owner, char *out, size_t size)
{
	size_t used;

	(void)text_format(out, size, "%s", identity_name(owner));
	used = strlen(out);
	for (unsigned i = 1; i < owner->length && used + 2 < size; i++, used += 2)
		(void)text_format(out + used, size - used, "%02x", owner->bytes[i]);
}

void control_lease_format(const struct lease *lease, uint64_t now_s, char *out, size_t size)
{
	char identity[2 * LEASE_IDENTITY_MAX + 16];
	json_t *object =
		json_pack("{s:s, s:s, s:s}", "address", ip4_format(lease->address).text, "mac",
			  mac_format(lease->mac).text, "state", state_name(lease, now_s));
	json_t *left = lease->expires_s == LEASE_FOR_EVER
			       ? json_null()
			       : json_integer((json_int_t)(lease->expires_s - now_s));

	format_identity(&lease->owner, identity, sizeof(identity));
	(void)json_object_set_new(object, "seconds_left", left);
	(void)json_object_set_new(object, "identity", json_string(identity));
	dump(object, out, size);
}

void control_error_format(const char *sentence, char *out, size_t size)
{
	dump(json_pack("{s:s}", "error", sentence), out, size);
}

static bool copy_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL && text_copy(out, size, text);
}

enum control_line control_line_parse(struct span line, struct control_lease *out_lease,
				     char *out_sentence, size_t sentence_size)
{
	json_t *object = load(line);
	const json_t *left = json_object_get(object, "seconds_left");
	enum control_line kind = CONTROL_LINE_WRONG;

	if (json_object_get(object, "end") != NULL) {
		kind = CONTROL_LINE_END;
	} else if (copy_text(object, "error", out_sentence, sentence_size)) {
		kind = CONTROL_LINE_ERROR;
	} else if (copy_text(object, "address", out_lease->address, sizeof(out_lease->address)) &&
		   copy_text(object, "mac", out_lease->mac, sizeof(out_lease->mac)) &&
		   copy_text(object, "state", out_lease->state, sizeof(out_lease->state)) &&
		   left != NULL) {
		out_lease->never_ends = json_is_null(left);
		out_lease->seconds_left = json_integer_value(left);
		kind = CONTROL_LINE_LEASE;
	}
	json_decref(object);
	return kind;
}
