#include "activity/notify.h"

#include "base/text.h"
#include "io/udp.h"

#include <errno.h>
#include <stdlib.h>

struct notifier {
	struct udp *udp;
	size_t count;
	struct endpoint receivers[];
};

/* Nobody answers a notification. */
static void on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	(void)context;
	(void)batch;
	(void)count;
}

int notifier_new(struct loop *loop, const struct endpoint *receivers, size_t count,
		 struct notifier **out_notifier)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier) + count * sizeof(*receivers));
	int error;

	if (notifier == NULL)
		return -ENOMEM;
	notifier->count = count;
	memcpy(notifier->receivers, receivers, count * sizeof(*receivers));
	error = udp_open(loop, &(struct udp_options){ 0 }, on_datagrams, notifier, &notifier->udp);
	if (error < 0) {
		free(notifier);
		return error;
	}
	*out_notifier = notifier;
	return 0;
}

void notifier_free(struct notifier *notifier)
{
	if (notifier == NULL)
		return;
	udp_close(notifier->udp);
	free(notifier);
}

void notification_format(const struct event *event, char out[NOTIFICATION_SIZE])
{
	struct uuid_text uuid = { "" };
	bool has_uuid_field = event->has_uuid;
	const char *kind;

	out[0] = '\0';
	if (event->kind == EVENT_DHCP_RELEASE) {
		kind = "RELEASE";
	} else if (event->kind == EVENT_DHCP_ACK || event->kind == EVENT_BOOTP_REPLY) {
		kind = event->is_boot_stage ? "BOOT" : "LEASE";
		has_uuid_field = has_uuid_field || event->is_boot_stage;
	} else {
		return;
	}
	if (event->has_uuid)
		uuid = uuid_format(event->uuid);
	(void)text_format(out, NOTIFICATION_SIZE, "%s,%s%s%s,%s", kind, uuid.text,
			  has_uuid_field ? "," : "", mac_format(event->mac).text,
			  ip_format(event->address).text);
}

size_t notifier_tell(struct notifier *notifier, const struct event *event)
{
	char line[NOTIFICATION_SIZE];
	size_t lost = 0;

	notification_format(event, line);
	if (line[0] == '\0')
		return 0;
	for (size_t i = 0; i < notifier->count; i++) {
		struct span bytes = { (const uint8_t *)line, strlen(line) };

		if (udp_send(notifier->udp, (struct udp_source){ 0 },
			     ip_endpoint_from_4(notifier->receivers[i]), bytes) < 0)
			lost++;
	}
	return lost;
}
