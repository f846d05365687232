/* Which machines may read, and what the service tells the filters of them. */
#include "tftp_server.h"

#define MACHINE_MAC ((struct mac){ { 0x52, 0x54, 0x00, 0x77, 0x01, 0x01 } })
#define ALL         "52-54-00-77-01-01_127.0.0.1_03020100-0504-0706-0809-0a0b0c0d0e0f_x64-uefi_host_f"
#define NOTHING     "_127.0.0.1____"

static struct filter_rule filters[] = {
	{ "who", "{mac}_{ip}_{uuid}_{arch}_{client}_{file}", false, 1 },
	{ "any/*", "file", false, 2 },
};

/* As set_up, with filters; the folder that is served is the configuration's, too. */
static int set_up_filters(void **state)
{
	struct content_settings settings = { 0 };
	struct server *server;

	if (set_up(state) < 0)
		return -1;
	server = *state;
	stop(server);
	content_free(server->content);
	server->config.filters =
		(struct filter_rules){ .list = filters, .count = COUNT_OF(filters) };
	settings.root = server->folder;
	settings.folder = server->folder;
	settings.filters = &server->config.filters;
	if (content_new(&settings, &server->content) < 0)
		return -1;
	make_file(server, ALL, 5);
	make_file(server, NOTHING, 3);
	start(server);
	return 0;
}

static int tear_down_filters(void **state)
{
	const struct server *server = *state;

	(void)unlinkat(server->folder_fd, ALL, 0);
	(void)unlinkat(server->folder_fd, NOTHING, 0);
	return tear_down(state);
}

/* The session of the machine at the clients' address. */
static struct session *open_session(const struct server *server)
{
	struct session *session =
		session_open(server->sessions, MACHINE_MAC, loop_now_ms(server->loop) / 1000);

	session_set_address(server->sessions, session, (struct ip4){ LOOPBACK }, 0);
	return session;
}

static void expect_denied(struct server *server, const char *detail)
{
	struct client client = client_new(server);
	unsigned before = count_of(server, EVENT_TFTP_DENIED);

	request(&client, READ_FILE);
	expect_error(&client, 2, "access refused");
	await(server, EVENT_TFTP_DENIED, before + 1);
	assert_string_equal(server->activity.file[EVENT_TFTP_DENIED], "file");
	assert_string_equal(server->activity.detail[EVENT_TFTP_DENIED], detail);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 0);
	client_done(&client);
}

static void expect_served(struct server *server)
{
	struct client client = client_new(server);

	request(&client, READ_FILE);
	take_file(&client);
	await(server, EVENT_TFTP_SENT, 1);
	client_done(&client);
}

static void an_unknown_address_is_served_unless_told_otherwise(void **state)
{
	expect_served(*state);
}

static void an_unknown_address_is_refused_where_only_known_ones_are_served(void **state)
{
	struct server *server = *state;

	server->config.bootp.may_unknown_read_files = false;
	expect_denied(server,
		      "no machine is known at this address, and [bootp] access_files = known");
	assert_false(server->activity.last[EVENT_TFTP_DENIED].has_mac);
}

static void a_known_machine_is_served_where_only_known_ones_are(void **state)
{
	struct server *server = *state;

	server->config.bootp.may_unknown_read_files = false;
	(void)open_session(server);
	expect_served(server);
}

static void a_denied_machine_is_refused_in_any_case(void **state)
{
	struct server *server = *state;

	open_session(server)->is_denied = true;
	expect_denied(server, "this machine may not boot");
	assert_true(server->activity.last[EVENT_TFTP_DENIED].has_mac);
	server->config.bootp.may_unknown_read_files = false;
	expect_denied(server, "this machine may not boot");
}

static void expect_who(struct server *server, size_t length)
{
	struct client client = client_new(server);

	request(&client, BINARY("\0\1who\0octet\0"));
	expect_data(&client, 1, 0, length);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	client_done(&client);
}

static void the_filters_know_what_the_session_knows(void **state)
{
	struct session *session = open_session(*state);

	session->has_uuid = true;
	for (uint8_t i = 0; i < sizeof(session->uuid.bytes); i++)
		session->uuid.bytes[i] = i;
	session->has_architecture = true;
	session->architecture = 7;
	(void)text_copy(session->boot->client, sizeof(session->boot->client), "host");
	(void)text_copy(session->boot->file, sizeof(session->boot->file), "f");
	expect_who(*state, 5);
}

static void the_filters_know_the_address_of_a_stranger(void **state)
{
	expect_who(*state, 3);
}

static void the_log_tells_what_a_name_became(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	char expected[128];

	(void)text_format(expected, sizeof(expected), "any/name (from %s/file)", server->folder);
	request(&client, BINARY("\0\1any/name\0octet\0"));
	take_file(&client);
	await(server, EVENT_TFTP_SENT, 1);
	assert_string_equal(server->activity.file[EVENT_TFTP_START], expected);
	assert_string_equal(server->activity.file[EVENT_TFTP_SENT], expected);
	client_done(&client);
}

#define FILTERS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_filters, tear_down_filters)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(an_unknown_address_is_served_unless_told_otherwise),
		SERVER_TEST(an_unknown_address_is_refused_where_only_known_ones_are_served),
		SERVER_TEST(a_known_machine_is_served_where_only_known_ones_are),
		SERVER_TEST(a_denied_machine_is_refused_in_any_case),
		FILTERS_TEST(the_filters_know_what_the_session_knows),
		FILTERS_TEST(the_filters_know_the_address_of_a_stranger),
		FILTERS_TEST(the_log_tells_what_a_name_became),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
