/* A question goes from the loop to the thread and back: authority_ask puts it into the queue
 * "waiting"; the thread takes it out when a request is idle, asks, and puts it into "answered";
 * on_wake takes it from there and calls back. Both queues are behind one lock, a question itself
 * belongs to the side that took it out. */
#include "authority/authority.h"

#include "authority/authority_request.h"
#include "authority/authority_url.h"
#include "io/thread.h"
#include "io/wake.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define WAITING_FACTOR 16
#define POLL_MS        60000 /* libcurl wakes earlier for its own deadlines */

struct question {
	struct question *next;
	struct authority_question asked;
	struct authority_reply reply;
	uint64_t deadline_ms;
	bool is_counted; /* in open_count, which a question that found no room is not */
	authority_callback *on_reply;
	void *context;
};

struct queue {
	struct question *first;
	struct question **end;
};

struct authority {
	char boot_prefix[AUTHORITY_PREFIX_SIZE];
	char dhcp_prefix[AUTHORITY_PREFIX_SIZE];
	uint32_t timeout_ms;
	size_t parallel_max;

	/* of the loop */
	struct wake *wake;
	size_t open_count; /* questions that are asked or wait */
	bool is_calling_back;

	/* of the thread */
	pthread_t thread;
	bool has_thread;
	CURLM *multi;
	struct authority_request *requests; /* parallel_max of them */

	pthread_mutex_t lock; /* of what follows */
	struct queue waiting;
	struct queue answered;
	bool is_ending;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_put(struct queue *queue, struct question *question)
{
	question->next = NULL;
	*queue->end = question;
	queue->end = &question->next;
}

static struct question *queue_take_all(struct queue *queue)
{
	struct question *first = queue->first;

	queue_init(queue);
	return first;
}

static struct question *queue_take(struct queue *queue)
{
	struct question *question = queue->first;

	if (question == NULL)
		return NULL;
	queue->first = question->next;
	if (queue->first == NULL)
		queue_init(queue);
	return question;
}

static void free_questions(struct question *question)
{
	struct question *next;

	for (; question != NULL; question = next) {
		next = question->next;
		free(question);
	}
}

static void put_answered(struct authority *authority, struct question *question)
{
	(void)pthread_mutex_lock(&authority->lock);
	queue_put(&authority->answered, question);
	(void)pthread_mutex_unlock(&authority->lock);
	wake_send(authority->wake);
}

static void fail(struct authority *authority, struct question *question,
		 enum authority_verdict verdict)
{
	question->reply.verdict = verdict;
	put_answered(authority, question);
}

/* The thread. */

static struct authority_request *find_idle(struct authority *authority)
{
	for (size_t i = 0; i < authority->parallel_max; i++) {
		if (authority->requests[i].question == NULL)
			return &authority->requests[i];
	}
	return NULL;
}

/* Questions are asked in the order in which they came and all have the same time: one that waits is
 * in time, unless those before it used theirs up. */
static void ask(struct authority *authority, struct authority_request *request,
		struct question *question)
{
	const char *prefix =
		question->asked.is_boot_stage ? authority->boot_prefix : authority->dhcp_prefix;
	uint64_t now = now_ms();
	char url[AUTHORITY_URL_SIZE];
	bool is_whole = authority_url_format(prefix, &question->asked, url, sizeof(url));

	assert(is_whole);
	(void)is_whole;
	if (now >= question->deadline_ms) {
		fail(authority, question, AUTHORITY_TIMED_OUT);
		return;
	}
	if (authority_request_start(request, authority->multi, url,
				    (uint32_t)(question->deadline_ms - now)) < 0) {
		fail(authority, question, AUTHORITY_UNREACHABLE);
		return;
	}
	request->question = question;
}

static struct question *take_waiting(struct authority *authority)
{
	struct question *question;

	(void)pthread_mutex_lock(&authority->lock);
	question = queue_take(&authority->waiting);
	(void)pthread_mutex_unlock(&authority->lock);
	return question;
}

static void ask_waiting(struct authority *authority)
{
	struct authority_request *request;
	struct question *question;

	while ((request = find_idle(authority)) != NULL) {
		question = take_waiting(authority);
		if (question == NULL)
			return;
		ask(authority, request, question);
	}
}

/* Returns whether a request ended, so that another may begin. */
static bool collect_replies(struct authority *authority)
{
	struct authority_request *request;
	struct question *question;
	const CURLMsg *message;
	bool has_ended = false;
	int left;

	while ((message = curl_multi_info_read(authority->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		request = authority_request_of(message->easy_handle);
		question = request->question;
		request->question = NULL;
		question->reply =
			authority_request_finish(request, authority->multi, message->data.result);
		put_answered(authority, question);
		has_ended = true;
	}
	return has_ended;
}

static bool must_end(struct authority *authority)
{
	bool is_ending;

	(void)pthread_mutex_lock(&authority->lock);
	is_ending = authority->is_ending;
	(void)pthread_mutex_unlock(&authority->lock);
	return is_ending;
}

static void *run(void *context)
{
	struct authority *authority = context;
	int running;

	while (!must_end(authority)) {
		ask_waiting(authority);
		(void)curl_multi_perform(authority->multi, &running);
		/* A wake-up that came meanwhile ends the poll at once. */
		if (!collect_replies(authority))
			(void)curl_multi_poll(authority->multi, NULL, 0, POLL_MS, NULL);
	}
	return NULL;
}

/* The loop. */

static void answer(struct authority *authority, struct question *question)
{
	if (question->is_counted)
		authority->open_count--;
	question->on_reply(question->context, &question->reply);
	free(question);
}

/* All at once: what on_reply asks anew is answered in another turn of the loop. */
static void on_wake(void *context)
{
	struct authority *authority = context;
	struct question *question;
	struct question *next;

	(void)pthread_mutex_lock(&authority->lock);
	question = queue_take_all(&authority->answered);
	(void)pthread_mutex_unlock(&authority->lock);
	authority->is_calling_back = true;
	for (; question != NULL; question = next) {
		next = question->next;
		answer(authority, question);
	}
	authority->is_calling_back = false;
}

static int set_up(struct authority *authority, struct loop *loop,
		  const struct authority_settings *settings)
{
	int error;

	if (settings->timeout_ms == 0 || settings->parallel_max == 0)
		return -EINVAL;
	if (!authority_url_prefix(settings->location, settings->pxe_path, authority->boot_prefix,
				  sizeof(authority->boot_prefix)) ||
	    !authority_url_prefix(settings->location, settings->dhcp_path, authority->dhcp_prefix,
				  sizeof(authority->dhcp_prefix)))
		return -ENAMETOOLONG;
	authority->timeout_ms = settings->timeout_ms;
	authority->parallel_max = settings->parallel_max;
	authority->requests = calloc(settings->parallel_max, sizeof(authority->requests[0]));
	authority->multi = curl_multi_init();
	authority->wake = wake_new(loop, on_wake, authority);
	if (authority->requests == NULL || authority->multi == NULL || authority->wake == NULL)
		return -ENOMEM;
	(void)curl_multi_setopt(authority->multi, CURLMOPT_MAXCONNECTS,
				(long)settings->parallel_max);
	error = thread_start(run, authority, &authority->thread);
	authority->has_thread = error == 0;
	return error;
}

int authority_new(struct loop *loop, const struct authority_settings *settings,
		  struct authority **out_authority)
{
	struct authority *authority;
	int error;

	/* It must happen before the thread starts, and is counted, as the clean-up is. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	authority = calloc(1, sizeof(*authority));
	if (authority == NULL) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&authority->lock, NULL); /* it cannot fail */
	queue_init(&authority->waiting);
	queue_init(&authority->answered);
	error = set_up(authority, loop, settings);
	if (error < 0) {
		authority_free(authority);
		return error;
	}
	*out_authority = authority;
	return 0;
}

static void end_thread(struct authority *authority)
{
	(void)pthread_mutex_lock(&authority->lock);
	authority->is_ending = true;
	(void)pthread_mutex_unlock(&authority->lock);
	(void)curl_multi_wakeup(authority->multi);
	(void)pthread_join(authority->thread, NULL);
}

void authority_free(struct authority *authority)
{
	if (authority == NULL)
		return;
	assert(!authority->is_calling_back);
	if (authority->has_thread)
		end_thread(authority);
	for (size_t i = 0; authority->requests != NULL && i < authority->parallel_max; i++) {
		authority_request_done(&authority->requests[i], authority->multi);
		free(authority->requests[i].question);
	}
	free(authority->requests);
	(void)curl_multi_cleanup(authority->multi);
	wake_free(authority->wake);
	free_questions(authority->waiting.first);
	free_questions(authority->answered.first);
	(void)pthread_mutex_destroy(&authority->lock);
	free(authority);
	curl_global_cleanup();
}

int authority_ask(struct authority *authority, const struct authority_question *question,
		  authority_callback *on_reply, void *context)
{
	struct question *asked = calloc(1, sizeof(*asked));

	if (asked == NULL)
		return -ENOMEM;
	asked->asked = *question;
	asked->on_reply = on_reply;
	asked->context = context;
	if (authority->open_count == authority->parallel_max * (1 + WAITING_FACTOR)) {
		fail(authority, asked, AUTHORITY_BUSY);
		return 0;
	}
	authority->open_count++;
	asked->is_counted = true;
	asked->deadline_ms = now_ms() + authority->timeout_ms;
	(void)pthread_mutex_lock(&authority->lock);
	queue_put(&authority->waiting, asked);
	(void)pthread_mutex_unlock(&authority->lock);
	(void)curl_multi_wakeup(authority->multi);
	return 0;
}
