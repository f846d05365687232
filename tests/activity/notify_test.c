/* Notifications: their text, and their way over loopback to sockets that really hear them. */
#include "activity/notify.h"

#include "activity/activity.h"
#include "base/log.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_S  60
#define LOOPBACK 0x7f000001
#define FIRMWARE .is_boot_stage = true
#define UUID                                                                                       \
	.has_uuid = true, .uuid = { { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99,  \
				      0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } }
#define UUID_TEXT "00112233-4455-6677-8899-aabbccddeeff"
#define WHO                                                                                        \
	.has_mac = true, .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } }, .address = IP_MAPPED(0xc0a84d94)
#define WHO_TEXT "52-54-00-77-01-01,192.168.77.148"

static const struct {
	const char *what;
	struct event event;
	const char *line;
} lines[] = {
	/* clang-format off */
	{ "a machine that boots",
	  { .kind = EVENT_DHCP_ACK, FIRMWARE, UUID, WHO }, "BOOT," UUID_TEXT "," WHO_TEXT },
	{ "one whose firmware tells no UUID",
	  { .kind = EVENT_DHCP_ACK, FIRMWARE, WHO }, "BOOT,," WHO_TEXT },
	{ "one that boots by BOOTP",
	  { .kind = EVENT_BOOTP_REPLY, FIRMWARE, UUID, WHO }, "BOOT," UUID_TEXT "," WHO_TEXT },
	{ "a simple client",
	  { .kind = EVENT_DHCP_ACK, WHO }, "LEASE," WHO_TEXT },
	{ "a simple client whose UUID is known",
	  { .kind = EVENT_DHCP_ACK, UUID, WHO }, "LEASE," UUID_TEXT "," WHO_TEXT },
	{ "a simple client of BOOTP",
	  { .kind = EVENT_BOOTP_REPLY, WHO }, "LEASE," WHO_TEXT },
	{ "a simple client that goes",
	  { .kind = EVENT_DHCP_RELEASE, WHO }, "RELEASE," WHO_TEXT },
	{ "one that goes, whose UUID is known",
	  { .kind = EVENT_DHCP_RELEASE, UUID, WHO }, "RELEASE," UUID_TEXT "," WHO_TEXT },
	{ "a loader that goes before its system comes",
	  { .kind = EVENT_DHCP_RELEASE, FIRMWARE, UUID, WHO },
	  "RELEASE," UUID_TEXT "," WHO_TEXT },
	{ "a RELEASE has an empty field no more than a LEASE has",
	  { .kind = EVENT_DHCP_RELEASE, FIRMWARE, WHO }, "RELEASE," WHO_TEXT },
	/* clang-format on */
};

static void notifications_are_of_this_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char line[NOTIFICATION_SIZE];

		print_message("%s\n", lines[i].what);
		notification_format(&lines[i].event, line);
		assert_string_equal(line, lines[i].line);
	}
}

static bool is_told(enum event_kind kind)
{
	return kind == EVENT_DHCP_ACK || kind == EVENT_BOOTP_REPLY || kind == EVENT_DHCP_RELEASE;
}

static void nobody_is_told_of_other_events(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		struct event event = { .kind = kind, FIRMWARE, UUID, WHO };
		char line[NOTIFICATION_SIZE] = "not written to";

		notification_format(&event, line);
		assert_int_equal(strlen(line) > 0, is_told(kind));
	}
}

static void the_longest_notification_is_whole(void **state)
{
	struct event event = { .kind = EVENT_DHCP_RELEASE, UUID, WHO };
	char line[NOTIFICATION_SIZE];

	(void)state;
	event.address = ip_from_4(IP4_BROADCAST);
	notification_format(&event, line);
	assert_string_equal(line, "RELEASE," UUID_TEXT ",52-54-00-77-01-01,255.255.255.255");
}

/* A socket that hears; *out_endpoint is where. */
static int open_receiver(struct endpoint *out_endpoint)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK) };
	socklen_t length = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	*out_endpoint = (struct endpoint){ { LOOPBACK }, ntohs(local.sin_port) };
	return fd;
}

/* Where nobody hears. */
static struct endpoint closed_port(void)
{
	struct endpoint endpoint;

	(void)close(open_receiver(&endpoint));
	return endpoint;
}

static void assert_hears(int fd, const char *expected)
{
	char line[NOTIFICATION_SIZE + 1] = "";

	assert_int_equal(recv(fd, line, sizeof(line) - 1, 0), strlen(expected));
	assert_string_equal(line, expected);
}

static void assert_hears_no_more(int fd)
{
	char line[NOTIFICATION_SIZE];

	assert_true(recv(fd, line, sizeof(line), MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static struct notifier *new_notifier(struct loop *loop, const struct endpoint *receivers,
				     size_t count)
{
	struct notifier *notifier = NULL;

	assert_int_equal(notifier_new(loop, receivers, count, &notifier), 0);
	assert_non_null(notifier);
	return notifier;
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

/* Whatever came back to the sockets is seen to. */
static void turn(struct loop *loop)
{
	struct timer *timer = timer_new(loop, stop_loop, loop);

	assert_non_null(timer);
	timer_start(timer, 0);
	loop_run(loop);
	timer_free(timer);
}

static void each_receiver_hears_each_notification(void **state)
{
	struct loop *loop = loop_new();
	struct endpoint receivers[2];
	int fds[] = { open_receiver(&receivers[0]), open_receiver(&receivers[1]) };
	struct notifier *notifier = new_notifier(loop, receivers, 2);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_int_equal(notifier_tell(notifier, &lines[i].event), 0);
	assert_int_equal(notifier_tell(notifier, &(struct event){ .kind = EVENT_DHCP_OFFER }), 0);
	for (size_t receiver = 0; receiver < 2; receiver++) {
		for (size_t i = 0; i < COUNT_OF(lines); i++)
			assert_hears(fds[receiver], lines[i].line);
		assert_hears_no_more(fds[receiver]);
		(void)close(fds[receiver]);
	}
	notifier_free(notifier);
	loop_free(loop);
}

/* The kernel says that the port is closed; the others hear all the same, before and after it. */
static void a_receiver_that_is_not_there_harms_nothing(void **state)
{
	struct event event = { .kind = EVENT_DHCP_ACK, WHO };
	struct loop *loop = loop_new();
	struct endpoint receivers[3];
	int first = open_receiver(&receivers[0]);
	int last = open_receiver(&receivers[2]);
	struct notifier *notifier;

	(void)state;
	receivers[1] = closed_port();
	notifier = new_notifier(loop, receivers, 3);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(notifier_tell(notifier, &event), 0);
		turn(loop);
		assert_hears(first, "LEASE," WHO_TEXT);
		assert_hears(last, "LEASE," WHO_TEXT);
	}
	(void)close(first);
	(void)close(last);
	notifier_free(notifier);
	loop_free(loop);
}

/* The socket may not broadcast, so this is a receiver that no datagram is sent to. */
static void what_cannot_be_sent_is_lost_and_counted(void **state)
{
	struct event event = { .kind = EVENT_DHCP_ACK, WHO };
	struct activity *activity = activity_new();
	struct endpoint receivers[2] = { { IP4_BROADCAST, 7 } };
	struct loop *loop = loop_new();
	int fd = open_receiver(&receivers[1]);
	struct notifier *notifier = new_notifier(loop, receivers, 2);

	(void)state;
	assert_int_equal(notifier_tell(notifier, &event), 1);
	assert_hears(fd, "LEASE," WHO_TEXT);
	activity_set_notifier(activity, notifier);
	activity_note(activity, &event);
	activity_note(activity, &event);
	assert_hears(fd, "LEASE," WHO_TEXT);
	assert_hears(fd, "LEASE," WHO_TEXT);
	assert_int_equal(activity_count(activity, EVENT_NOTIFICATION_LOST), 2);
	assert_int_equal(activity_count(activity, EVENT_DHCP_ACK), 2);
	(void)close(fd);
	activity_free(activity);
	notifier_free(notifier);
	loop_free(loop);
}

static void activity_tells_what_happens_while_it_may(void **state)
{
	struct event event = { .kind = EVENT_DHCP_ACK, WHO };
	struct activity *activity = activity_new();
	struct loop *loop = loop_new();
	struct endpoint receiver;
	int fd = open_receiver(&receiver);
	struct notifier *notifier = new_notifier(loop, &receiver, 1);

	(void)state;
	activity_note(activity, &event);
	activity_set_notifier(activity, notifier);
	event.is_boot_stage = true;
	activity_note(activity, &event);
	activity_note(activity, &(struct event){ .kind = EVENT_DHCP_OFFER, WHO });
	activity_set_notifier(activity, NULL);
	activity_note(activity, &event);
	assert_hears(fd, "BOOT,," WHO_TEXT);
	assert_hears_no_more(fd);
	assert_int_equal(activity_count(activity, EVENT_DHCP_ACK), 3);
	assert_int_equal(activity_count(activity, EVENT_NOTIFICATION_LOST), 0);
	(void)close(fd);
	activity_free(activity);
	notifier_free(notifier);
	loop_free(loop);
}

/* Lines that the log leaves out are told all the same: nobody would know of the machine. */
static void the_rate_of_the_log_is_not_that_of_notifications(void **state)
{
	enum { MANY = 200 };
	struct event event = { .kind = EVENT_DHCP_ACK, WHO };
	struct activity *activity = activity_new();
	struct loop *loop = loop_new();
	struct endpoint receiver;
	int fd = open_receiver(&receiver);
	struct notifier *notifier = new_notifier(loop, &receiver, 1);

	(void)state;
	activity_set_notifier(activity, notifier);
	for (int i = 0; i < MANY; i++) {
		activity_note(activity, &event);
		assert_hears(fd, "LEASE," WHO_TEXT);
	}
	(void)close(fd);
	activity_free(activity);
	notifier_free(notifier);
	loop_free(loop);
}

static void no_notifier_is_freed_in_peace(void **state)
{
	(void)state;
	notifier_free(NULL);
}

static int enter(void **state)
{
	(void)state;
	(void)alarm(STUCK_S);
	return log_open(LOG_TO_NOWHERE, NULL, LOG_AT_INFO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(notifications_are_of_this_form),
		cmocka_unit_test(nobody_is_told_of_other_events),
		cmocka_unit_test(the_longest_notification_is_whole),
		cmocka_unit_test(each_receiver_hears_each_notification),
		cmocka_unit_test(a_receiver_that_is_not_there_harms_nothing),
		cmocka_unit_test(what_cannot_be_sent_is_lost_and_counted),
		cmocka_unit_test(activity_tells_what_happens_while_it_may),
		cmocka_unit_test(the_rate_of_the_log_is_not_that_of_notifications),
		cmocka_unit_test(no_notifier_is_freed_in_peace),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
