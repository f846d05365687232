/* Files that are still being fetched. The sources of this test stand in for those of the room
 * content: the test decides when they grow, and from which thread that is told. */
#include "support.h"
#include "tftp_server.h"

#include "content/source_local.h"
#include "content/source_remote.h"

#include <pthread.h>

struct source {
	pthread_mutex_t lock;
	struct source_status status;
	struct source_waiter *waiter;
	uint64_t wanted_bytes;
	int fd;              /* what source_descriptor tells; -1: nothing */
	unsigned pool_reads; /* from another thread than the loop's */
};

/* The one that the next content_open answers with. */
static struct source the_source;
static unsigned closed_count;
static pthread_t loop_thread;

struct source *source_local_new(const struct root_file *file)
{
	(void)close(file->fd);
	return &the_source;
}

struct source_status source_status(const struct source *source)
{
	return source->status;
}

int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length)
{
	if (!pthread_equal(pthread_self(), loop_thread))
		the_source.pool_reads++;
	if (offset + length > source->status.available_bytes)
		return source->status.state == SOURCE_WHOLE ? -EIO : -EAGAIN;
	for (size_t i = 0; i < length; i++)
		out[i] = byte_at(offset + i);
	return 0;
}

int source_descriptor(const struct source *source, uint64_t *out_offset)
{
	*out_offset = 0;
	return source->fd;
}

bool source_is_unchanged(const struct source *source)
{
	return source->status.state != SOURCE_FAILED;
}

/* No root here is remote. */
struct source *source_object_new(struct cache_object *object)
{
	(void)object;
	return NULL;
}

struct source *source_download_new(struct download *download)
{
	(void)download;
	return NULL;
}

struct source_version source_version_of(const char *etag, const char *last_modified, bool has_size,
					uint64_t size_bytes)
{
	(void)etag;
	(void)last_modified;
	(void)has_size;
	(void)size_bytes;
	return (struct source_version){ .modified_s = 0 };
}

static bool is_due(const struct source *source, uint64_t wanted_bytes)
{
	return source->status.state != SOURCE_GROWING ||
	       source->status.available_bytes >= wanted_bytes;
}

bool source_wait(struct source *source, struct source_waiter *waiter, uint64_t wanted_bytes)
{
	bool must_wait;

	(void)pthread_mutex_lock(&source->lock);
	assert_false(waiter->is_waiting);
	must_wait = !is_due(source, wanted_bytes);
	waiter->is_waiting = must_wait;
	source->waiter = must_wait ? waiter : NULL;
	source->wanted_bytes = wanted_bytes;
	(void)pthread_mutex_unlock(&source->lock);
	return must_wait;
}

void source_forget(struct source *source, struct source_waiter *waiter)
{
	(void)pthread_mutex_lock(&source->lock);
	waiter->is_waiting = false;
	source->waiter = NULL;
	(void)pthread_mutex_unlock(&source->lock);
}

void source_close(struct source *source)
{
	closed_count += source != NULL;
}

static void *change_in_thread(void *context)
{
	struct source *source = &the_source;
	struct source_waiter *waiter;

	(void)pthread_mutex_lock(&source->lock);
	source->status = *(struct source_status *)context;
	waiter = source->waiter;
	if (waiter != NULL && is_due(source, source->wanted_bytes)) {
		source->waiter = NULL;
		waiter->is_waiting = false;
		waiter->on_change(waiter->context);
	}
	(void)pthread_mutex_unlock(&source->lock);
	return NULL;
}

static void change(struct source_status status)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, change_in_thread, &status), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static struct source_status growing(uint64_t available_bytes, uint64_t size_bytes)
{
	return (struct source_status){ .state = SOURCE_GROWING,
				       .has_size = size_bytes > 0,
				       .size_bytes = size_bytes,
				       .available_bytes = available_bytes };
}

static struct source_status whole(uint64_t size_bytes)
{
	return (struct source_status){ .state = SOURCE_WHOLE,
				       .has_size = true,
				       .size_bytes = size_bytes,
				       .available_bytes = size_bytes };
}

static struct source_status failed(uint64_t available_bytes)
{
	return (struct source_status){ .state = SOURCE_FAILED,
				       .available_bytes = available_bytes,
				       .refusal = CONTENT_BROKEN };
}

static void begin_with(struct source_status status)
{
	the_source =
		(struct source){ .lock = PTHREAD_MUTEX_INITIALIZER, .status = status, .fd = -1 };
	loop_thread = pthread_self();
	closed_count = 0;
}

/* Runs the loop until the sender waits for the source. */
static void await_waiter(struct server *server)
{
	timer_start(server->stuck, STUCK_MS);
	while (the_source.waiter == NULL && !server->is_stuck)
		loop_turn(server);
	timer_stop(server->stuck);
	assert_false(server->is_stuck);
}

static void the_first_block_leaves_when_its_bytes_are_there(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_with(growing(0, 0));
	request(&client, READ_FILE);
	await_waiter(server);
	assert_silence(&client);
	change(growing(600, 0));
	expect_data(&client, 1, 0, 512);
	send_ack(&client, 1);
	await_waiter(server);
	change(growing(1100, 0));
	expect_data(&client, 2, 512, 512);
	send_ack(&client, 2);
	await_waiter(server);
	assert_silence(&client);
	change(whole(FILE_SIZE));
	expect_data(&client, 3, 1024, 76);
	send_ack(&client, 3);
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(server->activity.last[EVENT_TFTP_SENT].bytes, FILE_SIZE);
	assert_int_equal(closed_count, 1);
	client_done(&client);
}

static void the_size_is_told_where_it_is_known(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_with(growing(0, FILE_SIZE));
	request(&client, READ_FILE_AND_SIZE);
	expect_bytes(&client, BINARY("\0\6tsize\0"
				     "1100\0"));
	client_done(&client);

	client = client_new(server);
	begin_with(growing(512, 0));
	request(&client, READ_FILE_AND_SIZE);
	expect_data(&client, 1, 0, 512);
	client_done(&client);

	client = client_new(server);
	begin_with(growing(0, 0));
	request(&client, BINARY("\0\1file\0octet\0tsize\0"
				"0\0blksize\0"
				"1000\0"));
	expect_bytes(&client, BINARY("\0\6blksize\0"
				     "1000\0"));
	client_done(&client);
}

static void a_window_is_filled_as_the_file_grows(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_with(growing(1024, 0));
	request(&client, BINARY("\0\1file\0octet\0windowsize\0"
				"4\0"));
	expect_bytes(&client, BINARY("\0\6windowsize\0"
				     "4\0"));
	send_ack(&client, 0);
	expect_data(&client, 1, 0, 512);
	expect_data(&client, 2, 512, 512);
	await_waiter(server);
	change(growing(2047, 0));
	expect_data(&client, 3, 1024, 512);
	await_waiter(server);
	change(growing(4096, 0));
	expect_data(&client, 4, 1536, 512);
	send_ack(&client, 4);
	for (uint16_t block = 5; block <= 8; block++)
		expect_data(&client, block, (block - 1u) * 512, 512);
	change(whole(4096));
	send_ack(&client, 8);
	expect_data(&client, 9, 4096, 0);
	send_ack(&client, 9);
	await(server, EVENT_TFTP_SENT, 1);
	client_done(&client);
}

/* Never a short file: not even where the bytes that came fill no block. */
static void a_fetch_that_fails_ends_in_an_error(void **state)
{
	static const uint64_t available[] = { 0, 100, 512, 600 };
	struct server *server = *state;

	for (size_t i = 0; i < COUNT_OF(available); i++) {
		struct client client = client_new(server);

		begin_with(growing(available[i], i % 2 == 0 ? 0 : 2000));
		request(&client, READ_FILE);
		if (available[i] >= 512) {
			expect_data(&client, 1, 0, 512);
			send_ack(&client, 1);
		}
		await_waiter(server);
		change(failed(available[i]));
		expect_error(&client, 0, "the server cannot get the rest of the file");
		await(server, EVENT_TFTP_READ_FAILED, (unsigned)i + 1);
		assert_string_equal(server->activity.detail[EVENT_TFTP_READ_FAILED],
				    "the upstream's answer broke off");
		assert_int_equal(closed_count, 1);
		client_done(&client);
	}
	assert_int_equal(count_of(server, EVENT_TFTP_SENT), 0);
}

/* The word of the source is under way when the client gives up: the place is kept for it. */
static void word_that_comes_after_the_end_does_no_harm(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	server->config.tftp.transfers_max = 1;
	stop(server);
	start(server);
	begin_with(growing(512, 0));
	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	send_ack(&client, 1);
	await_waiter(server);
	send_to(&client, LOOPBACK, client.port, BINARY("\0\5\0\3full\0"));
	change(growing(2000, 0));
	await(server, EVENT_TFTP_CLIENT_ERROR, 1);
	begin_with(whole(FILE_SIZE));
	request(&client, READ_FILE);
	while (count_of(server, EVENT_TFTP_START) < 2 && count_of(server, EVENT_TFTP_BUSY) == 0)
		loop_turn(server);
	client_done(&client);
}

static void stops_while_word_is_under_way(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_with(growing(0, 0));
	request(&client, READ_FILE);
	await_waiter(server);
	change(growing(2000, 0));
	stop(server);
	assert_int_equal(closed_count, 1);
	client_done(&client);
}

/* RFC 764: LF is CR LF, CR is CR NUL. */
static size_t convert(size_t size, uint8_t *out)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = byte_at(i);

		out[used++] = byte == '\n' ? '\r' : byte;
		if (byte == '\n' || byte == '\r')
			out[used++] = byte == '\n' ? '\n' : 0;
	}
	return used;
}

static void expect_block(struct client *client, uint16_t block, const uint8_t *bytes, size_t length)
{
	uint8_t header[] = { 0, 3, 0, (uint8_t)block };

	receive(client);
	assert_int_equal(client->length, sizeof(header) + length);
	assert_memory_equal(client->packet, header, sizeof(header));
	assert_memory_equal(client->packet + sizeof(header), bytes, length);
}

/* Every size, so that pairs are cut by blocks and blocks are filled by the last pair. */
static void netascii_is_converted_block_by_block(void **state)
{
	static uint8_t expected[4096];
	struct server *server = *state;
	unsigned sent = 0;

	for (size_t size = 0; size < 700; size += size < 20 ? 1 : 13) {
		struct client client = client_new(server);
		size_t length = convert(size, expected);
		size_t at = 0;

		begin_with(whole(size));
		request(&client, BINARY("\0\1file\0NETASCII\0blksize\0"
					"9\0tsize\0"
					"0\0windowsize\0"
					"4\0"));
		expect_bytes(&client, BINARY("\0\6blksize\0"
					     "9\0"));
		send_ack(&client, 0);
		for (uint16_t block = 1; at <= length; block++) {
			size_t part = length - at < 9 ? length - at : 9;

			expect_block(&client, block, expected + at, part);
			send_ack(&client, block);
			at += 9;
		}
		await(server, EVENT_TFTP_SENT, ++sent);
		assert_int_equal(server->activity.last[EVENT_TFTP_SENT].bytes, length);
		client_done(&client);
	}
}

static void netascii_of_a_growing_file(void **state)
{
	static uint8_t expected[4096];
	struct server *server = *state;
	struct client client = client_new(server);
	size_t length = convert(1000, expected);

	assert_in_range(length, 1001, 1023);
	begin_with(growing(400, 0));
	request(&client, BINARY("\0\1file\0netascii\0"));
	await_waiter(server);
	assert_silence(&client);
	change(growing(700, 0));
	expect_block(&client, 1, expected, 512);
	send_ack(&client, 1);
	await_waiter(server);
	change(whole(1000));
	expect_block(&client, 2, expected + 512, length - 512);
	send_ack(&client, 2);
	await(server, EVENT_TFTP_SENT, 1);
	client_done(&client);
}

/* A file that never says what is in memory: procfs has no RWF_NOWAIT. */
static void begin_cold(uint64_t size)
{
	begin_with(whole(size));
	the_source.fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_true(the_source.fd >= 0);
}

static void what_is_not_in_memory_is_read_in_the_pool(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_cold(4000);
	request(&client, BINARY("\0\1file\0octet\0windowsize\0"
				"3\0"));
	expect_bytes(&client, BINARY("\0\6windowsize\0"
				     "3\0"));
	send_ack(&client, 0);
	for (uint16_t first = 1; first <= 7; first = (uint16_t)(first + 3)) {
		for (uint16_t block = first; block < first + 3 && block <= 8; block++)
			expect_data(&client, block, (block - 1u) * 512, block < 8 ? 512 : 416);
		send_ack(&client, first + 2 < 8 ? (uint16_t)(first + 2) : 8);
	}
	await(server, EVENT_TFTP_SENT, 1);
	assert_int_equal(the_source.pool_reads, 3);
	assert_int_equal(closed_count, 1);
	close_fd(&the_source.fd);
	client_done(&client);
}

/* The client goes, or a newer turn comes, while the pool reads. */
static void what_ends_during_a_read_waits_for_it(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	server->config.tftp.transfers_max = 1;
	stop(server);
	start(server);
	begin_cold(4000);
	request(&client, BINARY("\0\1file\0octet\0windowsize\0"
				"3\0"));
	expect_bytes(&client, BINARY("\0\6windowsize\0"
				     "3\0"));
	send_ack(&client, 0);
	send_ack(&client, 1);
	for (uint16_t block = 2; block <= 4; block++) {
		do
			receive(&client);
		while (client.packet[3] < block);
		assert_int_equal(client.packet[3], block);
		assert_int_equal(client.packet[4], byte_at((block - 1u) * 512));
	}
	send_ack(&client, 4);
	send_to(&client, LOOPBACK, client.port, BINARY("\0\5\0\3full\0"));
	await(server, EVENT_TFTP_CLIENT_ERROR, 1);
	while (closed_count == 0)
		loop_turn(server);
	close_fd(&the_source.fd);
	client_done(&client);
}

static void a_file_cut_short_ends_in_an_error(void **state)
{
	struct server *server = *state;
	struct client client = client_new(server);

	begin_cold(1100);
	request(&client, READ_FILE);
	expect_data(&client, 1, 0, 512);
	the_source.status.available_bytes = 600;
	send_ack(&client, 1);
	expect_error(&client, 0, "the server cannot read the file");
	await(server, EVENT_TFTP_READ_FAILED, 1);
	while (closed_count == 0)
		loop_turn(server);
	close_fd(&the_source.fd);
	client_done(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(the_first_block_leaves_when_its_bytes_are_there),
		SERVER_TEST(the_size_is_told_where_it_is_known),
		SERVER_TEST(a_window_is_filled_as_the_file_grows),
		SERVER_TEST(a_fetch_that_fails_ends_in_an_error),
		SERVER_TEST(word_that_comes_after_the_end_does_no_harm),
		SERVER_TEST(stops_while_word_is_under_way),
		SERVER_TEST(what_is_not_in_memory_is_read_in_the_pool),
		SERVER_TEST(what_ends_during_a_read_waits_for_it),
		SERVER_TEST(a_file_cut_short_ends_in_an_error),
		SERVER_TEST(netascii_is_converted_block_by_block),
		SERVER_TEST(netascii_of_a_growing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
