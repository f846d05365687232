#include "support.h"
#include "tftp/tftp_options.h"
#include "tftp_server.h"

static const struct {
	const char *bytes;
	size_t length;
	enum event_kind event;
	uint8_t code;
	const char *message;
	const char *file;
	const char *detail;
} refused[] = {
	{ BINARY("\0\1absent\0octet\0"), EVENT_TFTP_NOT_FOUND, 1, "file not found", "absent",
	  "there is no such file" },
	{ BINARY("\0\1a\nb\0octet\0"), EVENT_TFTP_REFUSED, 1, "no file can have this name",
	  "a\\x0ab", "the name has a control character" },
	{ BINARY("\0\1\0octet\0"), EVENT_TFTP_REFUSED, 1, "no file can have this name", "",
	  "the name is empty" },
	{ BINARY("\0\1../file\0octet\0"), EVENT_TFTP_REFUSED, 2, "access refused", "../file",
	  "the name climbs out of the root" },
	{ BINARY("\0\1out/x\0octet\0"), EVENT_TFTP_REFUSED, 2, "access refused", "out/x",
	  "the symbolic link out leads out of the root; [tftp] symlinks = follow would allow it" },
	{ BINARY("\0\2file\0octet\0"), EVENT_TFTP_WRITE_REFUSED, 2, "this server is read-only",
	  "file", "this server is read-only" },
	{ BINARY("\0\1file\0mail\0"), EVENT_TFTP_MODE_REFUSED, 4,
	  "only the modes octet and netascii are served", "file",
	  "only the modes octet and netascii are served" },
	{ BINARY("\0\1file\0octet"), EVENT_TFTP_MALFORMED, 4, "malformed request", "",
	  "its name or mode has no end" },
	{ BINARY("\0\1file\0octet\0tsize\0"), EVENT_TFTP_MALFORMED, 4, "malformed request", "",
	  "its options have no end" },
	{ BINARY("\0\11"), EVENT_TFTP_MALFORMED, 4, "malformed request", "",
	  "its opcode is unknown" },
	{ BINARY("x"), EVENT_TFTP_MALFORMED, 4, "malformed request", "", "it is too short" },
};

static void refuses_by_name(void **state)
{
	struct server *server = *state;

	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct client client = client_new(server);
		enum event_kind event = refused[i].event;
		unsigned before = count_of(server, event);

		request(&client, refused[i].bytes, refused[i].length);
		expect_error(&client, refused[i].code, refused[i].message);
		await(server, event, before + 1);
		assert_string_equal(server->activity.file[event], refused[i].file);
		assert_string_equal(server->activity.detail[event], refused[i].detail);
		client_done(&client);
	}
	assert_int_equal(count_of(server, EVENT_TFTP_START), 0);
}

static void packets_of_no_transfer_are_not_answered(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\4\0\1"));
	request(&client, BINARY("\0\3\0\1data"));
	request(&client, BINARY("\0\5\0\0no\0"));
	request(&client, BINARY("\0\6tsize\0"
				"0\0"));
	await(server, EVENT_TFTP_NOT_A_REQUEST, 4);
	assert_silence(&client);
	client_done(&client);
}

static void a_repeated_request_is_the_same_transfer(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	/* The second comes while the file is being opened, the third before the first ACK. */
	request(&client, READ_FILE_AND_SIZE);
	request(&client, READ_FILE_AND_SIZE);
	expect_bytes(&client, BINARY("\0\6tsize\0"
				     "1100\0"));
	request(&client, READ_FILE_AND_SIZE);
	await(server, EVENT_TFTP_REPEATED_REQUEST, 2);
	send_ack(&client, 0);
	expect_data(&client, 1, 0, 512);
	/* The fourth was late. */
	request(&client, READ_FILE_AND_SIZE);
	await(server, EVENT_TFTP_REPEATED_REQUEST, 3);
	send_ack(&client, 1);
	expect_data(&client, 2, 512, 512);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 1);
	client_done(&client);
}

/* Requests come to one socket and ACKs to another: which is read first is chance. Here somebody
 * else has asked before. */
static void a_request_may_be_read_before_the_last_ack(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	struct client other = client_new(server);

	for (unsigned i = 1; i <= 3; i++) {
		request(&client, READ_FILE);
		expect_data(&client, 1, 0, 512);
		send_ack(&client, 1);
		expect_data(&client, 2, 512, 512);
		send_ack(&client, 2);
		expect_data(&client, 3, 1024, 76);
		request(&other, BINARY("\0\2w\0octet\0"));
		send_ack(&client, 3);
		request(&client, READ_FILE);
		take_file(&client);
		await(server, EVENT_TFTP_SENT, 2 * i);
	}
	assert_int_equal(count_of(server, EVENT_TFTP_REPEATED_REQUEST), 0);
	assert_int_equal(count_of(server, EVENT_TFTP_SUPERSEDED), 0);
	client_done(&other);
	client_done(&client);
}

/* No ACK was under way: the last block's is still to come, and that transfer goes on. */
static void a_request_that_is_repeated_at_the_end_changes_nothing(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\1other\0octet\0"));
	expect_data(&client, 1, 0, 5);
	request(&client, BINARY("\0\1other\0octet\0"));
	request(&client, BINARY("\0\1other\0octet\0"));
	await(server, EVENT_TFTP_REPEATED_REQUEST, 2);
	assert_silence(&client);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 1);
	client_done(&client);
}

static void another_request_supersedes_the_transfer(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	request(&client, BINARY("\0\1other\0octet\0"));
	expect_data(&client, 1, 0, 5);
	assert_int_equal(count_of(server, EVENT_TFTP_SUPERSEDED), 1);
	assert_string_equal(server->activity.file[EVENT_TFTP_SUPERSEDED], "file");
	/* Its last block is out: the client has it, though it never said so. */
	request(&client, READ_FILE);
	take_file(&client);
	await(server, EVENT_TFTP_SENT, 2);
	assert_int_equal(count_of(server, EVENT_TFTP_SUPERSEDED), 1);
	client_done(&client);
}

static void another_request_supersedes_one_whose_file_is_being_opened(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, READ_FILE);
	request(&client, BINARY("\0\1other\0octet\0"));
	expect_data(&client, 1, 0, 5);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(count_of(server, EVENT_TFTP_SUPERSEDED), 1);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 1);
	assert_silence(&client);
	client_done(&client);
}

static void too_many_transfers_are_refused(void **state)
{
	struct server *server = *state;
	struct client one = client_new(server);
	struct client other = client_new(server);

	server->config.tftp.transfers_max = 1;
	stop(server);
	start(server);
	request(&one, READ_FILE);
	expect_data(&one, 1, 0, 512);
	request(&other, READ_FILE);
	expect_error(&other, 0, "too many transfers, try again later");
	assert_int_equal(count_of(server, EVENT_TFTP_BUSY), 1);
	/* The one that has a place keeps it, and leaves it at its end. */
	send_ack(&one, 1);
	expect_data(&one, 2, 512, 512);
	send_ack(&one, 2);
	expect_data(&one, 3, 1024, 76);
	send_ack(&one, 3);
	await(server, EVENT_TFTP_SENT, 1);
	request(&other, READ_FILE);
	take_file(&other);
	await(server, EVENT_TFTP_SENT, 2);
	client_done(&other);
	client_done(&one);
}

static void too_many_transfers_of_one_client_are_refused(void **state)
{
	struct server *server = *state;
	struct client one = client_new(server);
	struct client other = client_new(server);

	server->config.tftp.client_transfers_max = 1;
	request(&one, READ_FILE);
	expect_data(&one, 1, 0, 512);
	request(&other, READ_FILE);
	expect_error(&other, 0, "too many transfers of this client");
	assert_int_equal(count_of(server, EVENT_TFTP_BUSY), 1);
	send_ack(&one, 1);
	expect_data(&one, 2, 512, 512);
	client_done(&other);
	client_done(&one);
}

static void options_are_refused_and_capped(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	struct tftp_client_rule rule = { .network = { LOOPBACK },
					 .prefix_length = 32,
					 .caps = { .block_size_max = 1000, .window_max = 2 } };

	server->config.tftp.refused = 1u << TFTP_OPTION_SIZE;
	server->config.tftp_clients = (struct tftp_client_rules){ &rule, 1 };
	request(&client, BINARY("\0\1file\0octet\0tsize\0"
				"0\0blksize\0"
				"1400\0windowsize\0"
				"64\0"));
	expect_bytes(&client, BINARY("\0\6blksize\0"
				     "1000\0windowsize\0"
				     "2\0"));
	client_done(&client);
}

static void a_single_port_serves_all(void **state)
{
	struct server *server = *state;
	struct client one = client_new(server);
	struct client other = client_new(server);

	server->config.tftp.uses_single_port = true;
	request(&one, READ_FILE);
	expect_data(&one, 1, 0, 512);
	assert_int_equal(one.port, server->config.tftp.port);
	request(&other, READ_FILE);
	expect_data(&other, 1, 0, 512);
	send_ack(&one, 1);
	expect_data(&one, 2, 512, 512);
	/* A reload that ends it ends no transfer. */
	server->config.tftp.uses_single_port = false;
	send_ack(&one, 2);
	expect_data(&one, 3, 1024, 76);
	send_ack(&one, 3);
	await(server, EVENT_TFTP_SENT, 1);
	/* Of no transfer any more. */
	send_to(&one, LOOPBACK, server->config.tftp.port, BINARY("\0\4\0\3"));
	await(server, EVENT_TFTP_NOT_A_REQUEST, 1);
	send_to(&other, LOOPBACK, server->config.tftp.port, BINARY("\0\5\0\0end\0"));
	await(server, EVENT_TFTP_ABORTED, 1);
	client_done(&other);
	client_done(&one);
}

static void the_ports_are_of_the_range(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	uint16_t last = 0;

	stop(server);
	server->config.tftp.port_range = (struct port_range){ 20000, 29999 };
	start(server);
	for (unsigned i = 1; i <= 4; i++) {
		request(&client, BINARY("\0\1other\0octet\0"));
		expect_data(&client, 1, 0, 5);
		assert_in_range(client.port, 20000, 29999);
		assert_int_not_equal(client.port, last);
		last = client.port;
		send_ack(&client, 1);
		await(server, EVENT_TFTP_SENT, i);
	}
	client_done(&client);
}

/* What is late of the last transfer is no reason for an ERROR, which might end the next one. */
static void late_packets_are_thrown_away(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\1other\0octet\0"));
	expect_data(&client, 1, 0, 5);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_LATE_PACKET, 1);
	assert_silence(&client);
	client_done(&client);
}

static void answers_from_the_address_that_was_asked(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	send_to(&client, OTHER_LOOPBACK, server->config.tftp.port, READ_FILE);
	take_file(&client);
	assert_int_equal(client.from, OTHER_LOOPBACK);
	send_to(&client, OTHER_LOOPBACK, server->config.tftp.port, BINARY("\0\2w\0octet\0"));
	expect_error(&client, 2, "this server is read-only");
	assert_int_equal(client.from, OTHER_LOOPBACK);
	client_done(&client);
}

static void serves_the_selected_interface_only(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	server->config.tftp.address.kind = SELECT_INTERFACE;
	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	server->served.interface += 1000;
	request(&client, READ_FILE);
	await(server, EVENT_TFTP_WRONG_INTERFACE, 1);
	assert_silence(&client);
	client_done(&client);
}

static void listens_on_a_selected_address_only(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	server->config.tftp.address =
		(struct selector){ .kind = SELECT_ADDRESS, .address = IP_MAPPED(LOOPBACK) };
	stop(server);
	start(server);
	send_to(&client, OTHER_LOOPBACK, server->config.tftp.port, BINARY("\0\1x\0octet\0"));
	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	assert_int_equal(count_of(server, EVENT_TFTP_NOT_FOUND), 0);
	client_done(&client);
}

static void a_port_in_use_stops_the_start(void **state)
{
	struct server *server = *state;
	struct tftp_service_parts parts = parts_of(server);
	struct tftp_service *second = NULL;

	assert_int_equal(tftp_service_open(&parts, &second), -EADDRINUSE);
	assert_null(second);
}

/* The file is let go of when it arrives, which is in loop_free. */
static void stops_while_files_are_being_opened(void **state)
{
	struct server *server = *state;
	struct client one = client_new(server);
	struct client other = client_new(server);

	/* Both come in one batch, the first of all: the file is still being opened then. */
	request(&other, READ_FILE);
	request(&other, BINARY("\0\2w\0octet\0"));
	await(server, EVENT_TFTP_WRITE_REFUSED, 1);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 0);
	stop(server);

	start(server);
	request(&one, READ_FILE);
	expect_data(&one, 1, 0, 512);
	stop(server);
	client_done(&other);
	client_done(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(refuses_by_name),
		SERVER_TEST(packets_of_no_transfer_are_not_answered),
		SERVER_TEST(a_repeated_request_is_the_same_transfer),
		SERVER_TEST(a_request_may_be_read_before_the_last_ack),
		SERVER_TEST(a_request_that_is_repeated_at_the_end_changes_nothing),
		SERVER_TEST(another_request_supersedes_the_transfer),
		SERVER_TEST(another_request_supersedes_one_whose_file_is_being_opened),
		SERVER_TEST(too_many_transfers_are_refused),
		SERVER_TEST(too_many_transfers_of_one_client_are_refused),
		SERVER_TEST(options_are_refused_and_capped),
		SERVER_TEST(a_single_port_serves_all),
		SERVER_TEST(the_ports_are_of_the_range),
		SERVER_TEST(late_packets_are_thrown_away),
		SERVER_TEST(answers_from_the_address_that_was_asked),
		SERVER_TEST(serves_the_selected_interface_only),
		SERVER_TEST(listens_on_a_selected_address_only),
		SERVER_TEST(a_port_in_use_stops_the_start),
		SERVER_TEST(stops_while_files_are_being_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
