#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S    1000000000ULL
#define REPEAT_NS   NS_PER_S
#define BATCH       64 /* packets of one transfer that are received in one call */
#define PACKET_ROOM 2048
#define EVENTS_MAX  256

/* A transfer that runs. They are listed by touched_ns: all wait equally long. */
struct job {
	struct transfer transfer;
	struct job *older, *newer;
	uint64_t started_ns;
	uint64_t news_ns;    /* something new came */
	uint64_t touched_ns; /* something came or was sent */
	int fd;
	bool has_peer;
};

struct load {
	const struct load_plan *plan;
	struct load_result *result;
	struct job *oldest, *newest;
	struct job *free_jobs;
	uint64_t *durations_ns;
	uint64_t chance;     /* state of the random numbers */
	uint64_t loss_below; /* a random number below is a loss */
	uint64_t began_ns;
	uint64_t now_ns;
	uint32_t begun, running;
	int epoll_fd; /* -1: one at a time, each receive waits by itself */
	int error;
	size_t packet_room;
	uint8_t *packets;
	struct iovec slices[BATCH];
	struct mmsghdr messages[BATCH];
};

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

/* xorshift64*: each packet is lost or not by the seed alone. */
static bool is_lost(struct load *load)
{
	if (load->loss_below == 0)
		return false;
	load->chance ^= load->chance >> 12;
	load->chance ^= load->chance << 25;
	load->chance ^= load->chance >> 27;
	if (load->chance * 2685821657736338717U >= load->loss_below)
		return false;
	load->result->lost++;
	return true;
}

static void unlink_job(struct load *load, struct job *job)
{
	*(job->older ? &job->older->newer : &load->oldest) = job->newer;
	*(job->newer ? &job->newer->older : &load->newest) = job->older;
	job->older = job->newer = NULL;
}

static void link_newest(struct load *load, struct job *job)
{
	job->older = load->newest;
	*(load->newest ? &load->newest->newer : &load->oldest) = job;
	load->newest = job;
}

/* A packet that the kernel refuses is as good as lost: it is sent again in a second. */
static void send_newest(struct load *load, struct job *job)
{
	const struct transfer *transfer = &job->transfer;
	const struct sockaddr_in *server = &load->plan->server;

	job->touched_ns = load->now_ns;
	if (is_lost(load))
		return;
	if (job->has_peer)
		(void)send(job->fd, transfer->sent, transfer->sent_length, 0);
	else
		(void)sendto(job->fd, transfer->sent, transfer->sent_length, 0,
			     (const struct sockaddr *)server, sizeof(*server));
}

/* Each client has an address of its own, as machines have. */
static int bind_source(const struct load *load, int fd)
{
	const struct load_plan *plan = load->plan;
	uint32_t address;
	struct sockaddr_in source = { .sin_family = AF_INET };

	if (plan->source_count == 0)
		return 0;
	address = ntohl(plan->source.s_addr) + load->begun % plan->source_count;
	source.sin_addr.s_addr = htonl(address);
	return bind(fd, (struct sockaddr *)&source, sizeof(source)) < 0 ? -errno : 0;
}

static int open_socket(struct load *load, struct job *job)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = job };
	struct timeval second = { .tv_sec = 1 };

	job->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (job->fd < 0)
		return -errno;
	if (load->epoll_fd < 0)
		return setsockopt(job->fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) < 0
			       ? -errno
			       : 0;
	return epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, job->fd, &event) < 0 ? -errno : 0;
}

/* Starts transfers until as many run as may. */
static void begin_more(struct load *load)
{
	const struct load_plan *plan = load->plan;

	while (load->error == 0 && load->begun < plan->transfer_count && load->free_jobs != NULL) {
		struct job *job = load->free_jobs;

		load->free_jobs = job->newer;
		memset(job, 0, sizeof(*job));
		transfer_begin(&job->transfer, &plan->wish, load->begun % plan->file_count);
		load->error = open_socket(load, job);
		if (load->error == 0)
			load->error = bind_source(load, job->fd);
		job->started_ns = job->news_ns = job->touched_ns = load->now_ns;
		link_newest(load, job);
		load->begun++;
		load->running++;
		send_newest(load, job);
	}
}

static void end_job(struct load *load, struct job *job)
{
	struct load_result *result = load->result;
	const struct transfer *transfer = &job->transfer;

	result->bytes += transfer->received_bytes;
	result->repeated_blocks += transfer->repeated_blocks;
	result->block_size = transfer->block_size;
	result->window_size = transfer->window_size;
	if (transfer->end == TRANSFER_DONE) {
		load->durations_ns[result->done++] = load->now_ns - job->started_ns;
	} else if (transfer->end == TRANSFER_FAILED) {
		result->failed++;
		if (result->failure == NULL)
			result->failure = transfer->failure;
	} else {
		result->unfinished++;
	}
	close(job->fd);
	unlink_job(load, job);
	job->newer = load->free_jobs;
	load->free_jobs = job;
	load->running--;
}

static void take_packet(struct load *load, struct job *job, const uint8_t *packet, size_t length)
{
	struct transfer *transfer = &job->transfer;
	uint64_t block = transfer->next_block;
	bool was_answered = transfer->is_answered;

	if (transfer->end != TRANSFER_GOING || is_lost(load))
		return;
	job->touched_ns = load->now_ns;
	if (transfer_receive(transfer, packet, length))
		send_newest(load, job);
	if (transfer->next_block != block || transfer->is_answered != was_answered)
		job->news_ns = load->now_ns;
}

/* One at a time, the wait was in the call that received. */
static void note_time(struct load *load)
{
	if (load->epoll_fd < 0)
		load->now_ns = clock_ns();
}

static void fail_job(struct job *job, const char *why)
{
	job->transfer.end = TRANSFER_FAILED;
	job->transfer.failure = why;
}

static void take_receive_error(struct job *job)
{
	if (errno == ECONNREFUSED)
		fail_job(job, "port unreachable");
	else if (errno != EAGAIN && errno != EINTR)
		fail_job(job, strerror(errno));
}

/* The first packet tells the server's port, which the socket then keeps to (RFC 1350, 4). */
static void receive_first(struct load *load, struct job *job, int flags)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t length = recvfrom(job->fd, load->packets, load->packet_room, flags,
				  (struct sockaddr *)&from, &size);

	note_time(load);
	if (length < 0) {
		take_receive_error(job);
		return;
	}
	if (connect(job->fd, (struct sockaddr *)&from, size) < 0) {
		fail_job(job, "connect");
		return;
	}
	job->has_peer = true;
	take_packet(load, job, load->packets, (size_t)length);
}

static void receive_batch(struct load *load, struct job *job, int flags)
{
	int count = recvmmsg(job->fd, load->messages, BATCH, flags | MSG_WAITFORONE, NULL);

	note_time(load);
	if (count < 0)
		take_receive_error(job);
	for (int i = 0; i < count; i++)
		take_packet(load, job, load->slices[i].iov_base, load->messages[i].msg_len);
}

static void receive_one(struct load *load, struct job *job, int flags)
{
	ssize_t length = recv(job->fd, load->packets, load->packet_room, flags);

	note_time(load);
	if (length < 0)
		take_receive_error(job);
	else
		take_packet(load, job, load->packets, (size_t)length);
}

static void receive(struct load *load, struct job *job, int flags)
{
	if (!job->has_peer)
		receive_first(load, job, flags);
	else if (job->transfer.window_size > 1)
		receive_batch(load, job, flags);
	else
		receive_one(load, job, flags);
	unlink_job(load, job);
	link_newest(load, job);
	if (job->transfer.end != TRANSFER_GOING)
		end_job(load, job);
}

/* Sends again what a second of silence has followed, and gives up the hopeless. */
static void repeat_or_end(struct load *load)
{
	uint64_t patience_ns = (uint64_t)(load->plan->patience_s * (double)NS_PER_S);
	struct job *job = load->oldest;

	while (job != NULL && job->touched_ns + REPEAT_NS <= load->now_ns) {
		if (job->news_ns + patience_ns <= load->now_ns) {
			fail_job(job, "silence");
			end_job(load, job);
		} else {
			load->result->repeated_sends++;
			send_newest(load, job);
			unlink_job(load, job);
			link_newest(load, job);
		}
		job = load->oldest;
	}
}

static void wait_for_many(struct load *load)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t wake_ns = load->oldest->touched_ns + REPEAT_NS;
	int wait_ms = wake_ns > load->now_ns ? (int)((wake_ns - load->now_ns) / 1000000) + 1 : 0;
	int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, wait_ms);

	load->now_ns = clock_ns();
	for (int i = 0; i < count; i++)
		receive(load, events[i].data.ptr, MSG_DONTWAIT);
}

static bool is_time_over(const struct load *load)
{
	double seconds = (double)(load->now_ns - load->began_ns) / (double)NS_PER_S;

	return load->plan->seconds_max > 0 && seconds > load->plan->seconds_max;
}

static void run(struct load *load)
{
	load->began_ns = load->now_ns = clock_ns();
	begin_more(load);
	while (load->running > 0 && load->error == 0 && !is_time_over(load)) {
		if (load->epoll_fd < 0)
			receive(load, load->oldest, 0);
		else
			wait_for_many(load);
		repeat_or_end(load);
		begin_more(load);
	}
	load->now_ns = clock_ns();
	while (load->oldest != NULL)
		end_job(load, load->oldest);
}

static int compare_u64(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static double percentile_s(const struct load *load, uint32_t percent)
{
	uint64_t count = load->result->done;
	uint64_t at;

	if (count == 0)
		return 0;
	at = (count - 1) * percent / 100;
	return (double)load->durations_ns[at] / (double)NS_PER_S;
}

static void summarize(struct load *load)
{
	struct load_result *result = load->result;

	result->seconds = (double)(load->now_ns - load->began_ns) / (double)NS_PER_S;
	qsort(load->durations_ns, result->done, sizeof(*load->durations_ns), compare_u64);
	result->p50_s = percentile_s(load, 50);
	result->p99_s = percentile_s(load, 99);
	result->longest_s = percentile_s(load, 100);
}

static void prepare(struct load *load)
{
	const struct load_plan *plan = load->plan;
	/* 2^64, as close as a double comes to it. */
	double all = 18446744073709549568.0;

	load->chance = plan->seed * 2 + 1;
	load->loss_below = (uint64_t)(plan->loss_each_way * all);
	for (size_t i = 0; i < BATCH; i++) {
		load->slices[i].iov_base = load->packets + i * load->packet_room;
		load->slices[i].iov_len = load->packet_room;
		load->messages[i].msg_hdr.msg_iov = &load->slices[i];
		load->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

int load_run(const struct load_plan *plan, struct load_result *out_result)
{
	size_t packet_room = plan->wish.block_size > PACKET_ROOM - 64 ? 65536 : PACKET_ROOM;
	struct load load = {
		.plan = plan, .result = out_result, .epoll_fd = -1, .packet_room = packet_room
	};
	struct job *jobs = calloc(plan->at_once, sizeof(*jobs));

	*out_result = (struct load_result){ 0 };
	load.durations_ns = calloc(plan->transfer_count, sizeof(*load.durations_ns));
	load.packets = malloc(BATCH * packet_room);
	if (plan->at_once > 1)
		load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (jobs == NULL || load.durations_ns == NULL || load.packets == NULL ||
	    (plan->at_once > 1 && load.epoll_fd < 0)) {
		load.error = errno != 0 ? -errno : -ENOMEM;
	} else {
		for (uint32_t i = plan->at_once; i-- > 0; load.free_jobs = &jobs[i])
			jobs[i].newer = load.free_jobs;
		prepare(&load);
		run(&load);
		summarize(&load);
	}
	if (load.epoll_fd >= 0)
		close(load.epoll_fd);
	free(load.packets);
	free(load.durations_ns);
	free(jobs);
	return load.error;
}
