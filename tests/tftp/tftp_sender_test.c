#include "support.h"
#include "tftp_server.h"

static void sends_a_file(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	const struct event *sent = &server->activity.last[EVENT_TFTP_SENT];

	request(&client, READ_FILE);
	take_file(&client);
	assert_int_not_equal(client.port, server->config.tftp.port);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(count_of(server, EVENT_TFTP_START), 1);
	assert_string_equal(server->activity.file[EVENT_TFTP_SENT], "file");
	assert_int_equal(ip_to_4(sent->address).value, LOOPBACK);
	assert_false(sent->has_mac);
	assert_int_equal(sent->bytes, FILE_SIZE);
	assert_int_equal(sent->size_bytes, FILE_SIZE);
	assert_int_equal(sent->block_size, 512);
	assert_silence(&client);
	client_done(&client);
}

static void grants_options(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\1/file\0OCTET\0BLKSIZE\0"
				"65464\0windowsize\0"
				"4\0tsize\0"
				"0\0timeout\0"
				"5\0"));
	expect_bytes(&client, BINARY("\0\6blksize\0"
				     "1468\0tsize\0"
				     "1100\0timeout\0"
				     "5\0windowsize\0"
				     "4\0"));
	send_ack(&client, 0);
	expect_data(&client, 1, 0, FILE_SIZE);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(server->activity.last[EVENT_TFTP_START].block_size, 1468);
	assert_int_equal(server->activity.last[EVENT_TFTP_START].bytes, FILE_SIZE);
	client_done(&client);
}

static void sends_windows_and_restarts_inside_them(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\1file\0octet\0blksize\0"
				"100\0windowsize\0"
				"4\0"));
	expect_bytes(&client, BINARY("\0\6blksize\0"
				     "100\0windowsize\0"
				     "4\0"));
	send_ack(&client, 0);
	for (uint16_t block = 1; block <= 4; block++)
		expect_data(&client, block, (block - 1u) * 100, 100);
	send_ack(&client, 2);
	for (uint16_t block = 3; block <= 6; block++)
		expect_data(&client, block, (block - 1u) * 100, 100);
	send_ack(&client, 2);
	send_ack(&client, 6);
	for (uint16_t block = 7; block <= 10; block++)
		expect_data(&client, block, (block - 1u) * 100, 100);
	send_ack(&client, 10);
	expect_data(&client, 11, 1000, 100);
	expect_data(&client, 12, 1100, 0);
	send_ack(&client, 12);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(server->activity.last[EVENT_TFTP_SENT].resent_count, 2);
	assert_true(server->activity.last[EVENT_TFTP_SENT].round_trip_us > 0);
	assert_silence(&client);
	client_done(&client);
}

static void sends_empty_files_and_full_last_blocks(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, BINARY("\0\1empty\0octet\0"));
	expect_data(&client, 1, 0, 0);
	send_ack(&client, 1);
	await(server, EVENT_TFTP_SENT, 1);
	request(&client, BINARY("\0\1whole\0octet\0"));
	expect_data(&client, 1, 0, 512);
	send_ack(&client, 1);
	expect_data(&client, 2, 512, 512);
	send_ack(&client, 2);
	expect_data(&client, 3, 1024, 0);
	send_ack(&client, 3);
	await(server, EVENT_TFTP_SENT, 2);
	client_done(&client);
}

static void names_the_machine_of_a_session(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	struct mac mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } };
	uint64_t now_s = loop_now_ms(server->loop) / 1000;

	session_set_address(server->sessions, session_open(server->sessions, mac, now_s),
			    (struct ip4){ LOOPBACK }, 0);
	request(&client, READ_FILE);
	await(server, EVENT_TFTP_START, 1);
	assert_true(server->activity.last[EVENT_TFTP_START].has_mac);
	assert_true(mac_is_same(server->activity.last[EVENT_TFTP_START].mac, mac));
	client_done(&client);
}

static void a_packet_of_another_peer_does_no_harm(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	struct client stranger = client_new(server);

	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	/* An ERROR is never answered; a short packet is, as an ACK is. */
	send_to(&stranger, LOOPBACK, client.port, BINARY("\0\5\0\0no\0"));
	send_to(&stranger, LOOPBACK, client.port, BINARY("\0\4\0\1"));
	send_to(&stranger, LOOPBACK, client.port, BINARY("\0"));
	await(server, EVENT_TFTP_WRONG_PEER, 3);
	expect_error(&stranger, 5, "this transfer is another client's");
	expect_error(&stranger, 5, "this transfer is another client's");
	assert_silence(&stranger);
	send_ack(&client, 1);
	expect_data(&client, 2, 512, 512);
	client_done(&stranger);
	client_done(&client);
}

static void packets_that_no_transfer_expects_are_counted(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	send_to(&client, LOOPBACK, client.port, BINARY("\0\3\0\1x"));
	send_to(&client, LOOPBACK, client.port, READ_FILE);
	send_to(&client, LOOPBACK, client.port, BINARY("\0\4\0"));
	await(server, EVENT_TFTP_UNEXPECTED_PACKET, 3);
	assert_silence(&client);
	send_ack(&client, 1);
	expect_data(&client, 2, 512, 512);
	client_done(&client);
}

static void the_client_ends_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		enum event_kind event;
		const char *detail;
	} rows[] = {
		{ BINARY("\0\5\0\10User aborted the transfer\0"), EVENT_TFTP_ABORTED,
		  "error 8: User aborted the transfer" },
		{ BINARY("\0\5\0\0TFTP Aborted\0"), EVENT_TFTP_ABORTED, "error 0: TFTP Aborted" },
		{ BINARY("\0\5\0\3disk\x1b[2J full"), EVENT_TFTP_CLIENT_ERROR,
		  "error 3: disk\\x1b[2J full" },
	};
	struct server *server = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct client client = client_new(server);
		unsigned before = count_of(server, rows[i].event);

		request(&client, READ_FILE_AND_SIZE);
		receive(&client);
		/* What follows the ERROR in the same batch is nobody's. */
		send_to(&client, LOOPBACK, client.port, rows[i].bytes, rows[i].length);
		send_ack(&client, 0);
		await(server, rows[i].event, before + 1);
		assert_string_equal(server->activity.detail[rows[i].event], rows[i].detail);
		assert_silence(&client);
		client_done(&client);
	}
	assert_int_equal(count_of(server, EVENT_TFTP_SENT), 0);
}

static void a_silent_client_times_out(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	server->config.tftp.timeout_ms = 1;
	stop(server);
	start(server);
	request(&client, READ_FILE_AND_SIZE);
	await(server, EVENT_TFTP_TIMED_OUT, 1);
	assert_string_equal(server->activity.detail[EVENT_TFTP_TIMED_OUT],
			    "the options were never acknowledged");
	for (unsigned i = 0; i < 6; i++)
		expect_bytes(&client, BINARY("\0\6tsize\0"
					     "1100\0"));
	assert_silence(&client);

	/* One that never acknowledges the last block has the file. */
	request(&client, BINARY("\0\1other\0octet\0"));
	await(server, EVENT_TFTP_SENT, 1);
	assert_string_equal(server->activity.detail[EVENT_TFTP_SENT],
			    "block 1 was never acknowledged");
	for (unsigned i = 0; i < 6; i++)
		expect_data(&client, 1, 0, 5);
	assert_silence(&client);
	client_done(&client);
}

static void a_changed_file_is_never_completed(void **state)
{
	static const struct timespec times[] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct server *server = *state;
	struct client client = client_new(server);

	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	assert_int_equal(utimensat(server->folder_fd, "file", times, 0), 0);
	send_ack(&client, 1);
	expect_data(&client, 2, 512, 512);
	send_ack(&client, 2);
	expect_error(&client, 0, "the file changed");
	await(server, EVENT_TFTP_FILE_CHANGED, 1);
	assert_int_equal(server->activity.last[EVENT_TFTP_FILE_CHANGED].bytes, 1024);
	client_done(&client);
}

static void a_file_that_shrinks_is_never_completed(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);
	int fd = openat(server->folder_fd, "file", O_WRONLY | O_CLOEXEC);

	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	assert_int_equal(ftruncate(fd, 600), 0);
	send_ack(&client, 1);
	expect_error(&client, 0, "the file changed");
	await(server, EVENT_TFTP_FILE_CHANGED, 1);
	close_fd(&fd);
	client_done(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(sends_a_file),
		SERVER_TEST(grants_options),
		SERVER_TEST(sends_windows_and_restarts_inside_them),
		SERVER_TEST(sends_empty_files_and_full_last_blocks),
		SERVER_TEST(names_the_machine_of_a_session),
		SERVER_TEST(a_packet_of_another_peer_does_no_harm),
		SERVER_TEST(packets_that_no_transfer_expects_are_counted),
		SERVER_TEST(the_client_ends_it),
		SERVER_TEST(a_silent_client_times_out),
		SERVER_TEST(a_changed_file_is_never_completed),
		SERVER_TEST(a_file_that_shrinks_is_never_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
