#include "content/remote_job.h"

#include "base/text.h"
#include "content/source_remote.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES_MAX        5
#define FIRST_DELAY_MS   UINT32_C(250) /* before a try to go on; doubled for each that follows */
#define UNUSED_BYTES_MAX 16384 /* of an error page, read so that the connection can be kept */
#define SENTENCE_SIZE    320

static int64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void note(const struct remote_job *job, struct remote_event event)
{
	event.url = job->url;
	job->remote->on_event(job->remote->context, &event);
}

static void free_job(struct remote_job *job)
{
	cache_object_release(job->object);
	download_release(job->download);
	free(job);
}

/* The job's end: everybody who waits gets this answer. */
static void settle(struct remote_job *job, const struct remote_result *result)
{
	root_remote_answer(root_remote_take_out(job), result);
	free_job(job);
}

static void settle_with_object(struct remote_job *job)
{
	settle(job, &(struct remote_result){ .object = job->object });
}

static void settle_with_refusal(struct remote_job *job, enum content_refusal refusal,
				const char *sentence)
{
	settle(job, &(struct remote_result){ .refusal = refusal, .sentence = sentence });
}

/* The upstream, or what lies between, is at fault. What the cache has was good once. */
static bool may_serve_stale(enum content_refusal refusal)
{
	return refusal == CONTENT_UNREACHABLE || refusal == CONTENT_BROKEN ||
	       refusal == CONTENT_OUT_OF_RESOURCES;
}

static void refuse(struct remote_job *job, enum content_refusal refusal, const char *sentence)
{
	if (job->object != NULL && may_serve_stale(refusal)) {
		note(job, (struct remote_event){ .kind = REMOTE_EVENT_STALE, .detail = sentence });
		settle_with_object(job);
		return;
	}
	note(job, (struct remote_event){ .kind = REMOTE_EVENT_REFUSED, .detail = sentence });
	settle_with_refusal(job, refusal, sentence);
}

/* With the status, where one came. */
static void refuse_answer(struct remote_job *job, enum content_refusal refusal, const char *reason)
{
	char sentence[SENTENCE_SIZE];

	(void)text_format(sentence, sizeof(sentence), "%s (HTTP status %u)", reason,
			  job->first.status);
	refuse(job, refusal, sentence);
}

/* The fetcher's thread. */

static bool break_off(struct remote_job *job, enum content_refusal fault, const char *reason)
{
	job->fault = fault;
	job->reason = reason;
	return false;
}

static void set_facts(struct remote_job *job, const struct remote_head *head)
{
	(void)text_copy(job->facts.etag, sizeof(job->facts.etag), head->etag);
	(void)text_copy(job->facts.last_modified, sizeof(job->facts.last_modified),
			head->last_modified);
	job->facts.checked_s = now_s();
}

static bool begin_download(struct remote_job *job, const struct remote_head *head)
{
	const struct remote_answer *answer = &job->answer;
	struct source_version version = source_version_of(head->etag, head->last_modified,
							  answer->has_size, answer->size_bytes);
	struct download *download = NULL;
	struct cache_draft *draft;
	int error = cache_draft_new(job->remote->cache, job->url, answer->has_size,
				    answer->size_bytes, &draft);

	if (error == 0)
		download = download_new(draft, answer->has_size, answer->size_bytes, &version);
	if (download == NULL)
		return break_off(job, CONTENT_OUT_OF_RESOURCES,
				 error < 0 ? strerrordesc_np(-error)
					   : "there is not enough memory");
	cache_object_release(job->object);
	job->object = NULL;
	set_facts(job, head);
	job->known = (struct remote_question){ .has_size = answer->has_size,
					       .size_bytes = answer->size_bytes,
					       .size_max_bytes = job->policy.size_max_bytes,
					       .first = &job->first };
	note(job, (struct remote_event){ .kind = REMOTE_EVENT_STARTED,
					 .has_size = answer->has_size,
					 .size_bytes = answer->size_bytes });
	root_remote_answer(root_remote_set_download(job, download),
			   &(struct remote_result){ .download = download });
	return true;
}

/* An answer with nothing to be used. A short body is read, so that the connection can be kept:
 * loaders ask for a dozen names that are not there. */
static bool pass_over(const struct remote_head *head)
{
	return head->has_length && head->length_bytes <= UNUSED_BYTES_MAX;
}

static bool on_head(void *context, const struct remote_head *head)
{
	struct remote_job *job = context;

	job->answer = remote_decide(head, &job->known);
	job->is_answered = true;
	if (job->download == NULL)
		job->first = *head;
	switch (job->answer.verdict) {
	case REMOTE_BEGINS:
		return begin_download(job, head);
	case REMOTE_CONTINUES:
		job->known.has_size = true;
		job->known.size_bytes = job->answer.size_bytes;
		download_set_size(job->download, job->answer.size_bytes);
		return true;
	case REMOTE_UNCHANGED:
		return true;
	case REMOTE_HAS_NONE:
	case REMOTE_REFUSED:
		(void)break_off(job, job->answer.refusal, job->answer.reason);
		return pass_over(head);
	}
	return false;
}

/* Of a body that is not the file's. */
static bool skip(struct remote_job *job, struct span bytes)
{
	job->unused_bytes += bytes.length;
	return job->unused_bytes <= UNUSED_BYTES_MAX;
}

static bool on_body(void *context, struct span bytes)
{
	struct remote_job *job = context;
	struct remote_question *known = &job->known;
	uint64_t limit = known->has_size ? known->size_bytes : known->size_max_bytes;
	int error;

	if (job->download == NULL || job->reason != NULL)
		return skip(job, bytes);
	if (bytes.length > limit - known->received_bytes)
		return known->has_size
			       ? break_off(job, CONTENT_BROKEN, "more came than was promised")
			       : break_off(job, CONTENT_FORBIDDEN,
					   "the file is larger than [cache] max_file_size allows");
	error = download_append(job->download, bytes);
	if (error < 0)
		return break_off(job, CONTENT_OUT_OF_RESOURCES, strerrordesc_np(-error));
	known->received_bytes += bytes.length;
	return true;
}

static void fail_download(struct remote_job *job, enum content_refusal refusal, const char *detail)
{
	struct remote_opening *openings;

	note(job, (struct remote_event){ .kind = REMOTE_EVENT_FAILED,
					 .bytes = job->known.received_bytes,
					 .detail = detail });
	/* Who comes from now on begins anew. */
	openings = root_remote_take_out(job);
	download_fail(job->download, refusal);
	root_remote_answer(openings,
			   &(struct remote_result){ .refusal = refusal, .sentence = detail });
	free_job(job);
}

static void ask_for_rest(struct remote_job *job, const char *validator, const char *detail)
{
	note(job, (struct remote_event){ .kind = REMOTE_EVENT_RESUMED,
					 .bytes = job->known.received_bytes,
					 .detail = detail });
	job->known.is_resumption = true;
	job->is_answered = false;
	job->reason = NULL;
	job->unused_bytes = 0;
	job->fetch.delay_ms = FIRST_DELAY_MS << job->tries;
	job->tries++;
	job->fetch.asked = (struct fetch_question){ .url = job->url,
						    .user = job->user,
						    .password = job->password,
						    .if_range = validator,
						    .range_first = job->known.received_bytes };
	(void)root_remote_hand_over(job);
}

/* May a fetch that ended so be continued? What we broke off ourselves would end so again, but for
 * an upstream that has an error of its own now. */
static bool may_go_on(const struct remote_job *job)
{
	return job->tries < TRIES_MAX && (job->reason == NULL || job->fault == CONTENT_UNREACHABLE);
}

static void end_download(struct remote_job *job, const struct fetch_end *end)
{
	const char *validator = remote_head_strong_validator(&job->first);
	const char *detail = job->reason != NULL ? job->reason : end->sentence;

	switch (remote_decide_end(end->is_whole && job->reason == NULL,
				  validator != NULL && may_go_on(job), &job->known)) {
	case REMOTE_IS_WHOLE:
		root_remote_put_to_keep(job);
		break;
	case REMOTE_TRIES_AGAIN:
		ask_for_rest(job, validator, detail);
		break;
	case REMOTE_FAILED:
		fail_download(job, job->reason != NULL ? job->fault : CONTENT_BROKEN, detail);
		break;
	}
}

static void end_unanswered(struct remote_job *job, const struct fetch_end *end)
{
	if (end->is_unanswered && !end->is_local_fault)
		root_remote_remember_down(job);
	refuse(job, end->is_local_fault ? CONTENT_OUT_OF_RESOURCES : CONTENT_UNREACHABLE,
	       end->sentence);
}

static void end_unchanged(struct remote_job *job)
{
	cache_object_set_checked(job->object, now_s());
	note(job, (struct remote_event){ .kind = REMOTE_EVENT_REVALIDATED });
	settle_with_object(job);
}

static void end_missing(struct remote_job *job)
{
	cache_remove(job->remote->cache, job->url);
	root_remote_remember_missing(job);
	note(job, (struct remote_event){ .kind = REMOTE_EVENT_MISSING });
	settle_with_refusal(job, CONTENT_NOT_FOUND, job->answer.reason);
}

static void on_end(void *context, const struct fetch_end *end)
{
	struct remote_job *job = context;

	if (job->download != NULL)
		end_download(job, end);
	else if (!job->is_answered)
		end_unanswered(job, end);
	else if (job->answer.verdict == REMOTE_UNCHANGED)
		end_unchanged(job);
	else if (job->answer.verdict == REMOTE_HAS_NONE)
		end_missing(job);
	else
		refuse_answer(job, job->fault, job->reason);
}

static void ask(struct remote_job *job)
{
	static const struct fetch_calls calls = { on_head, on_body, on_end };

	job->started_ms = fetch_now_ms();
	if (job->object != NULL)
		job->facts = cache_object_facts(job->object);
	job->known = (struct remote_question){
		.is_conditional = job->facts.etag[0] != '\0' || job->facts.last_modified[0] != '\0',
		.size_max_bytes = job->policy.size_max_bytes,
	};
	job->fetch = (struct fetch){ .asked = { .url = job->url,
						.user = job->user,
						.password = job->password,
						.if_none_match = job->facts.etag,
						.if_modified_since = job->facts.last_modified },
				     .calls = &calls,
				     .context = job };
	if (!root_remote_hand_over(job))
		refuse(job, CONTENT_UNREACHABLE, "bootd is ending");
}

/* Who opens. */

/* A time of check that is still to come tells nothing. */
static bool is_fresh(const struct remote_job *job)
{
	int64_t checked_s = cache_object_facts(job->object).checked_s;
	int64_t now = now_s();

	return checked_s <= now && now - checked_s < job->policy.revalidate_after_s;
}

void remote_job_begin(struct remote_job *job)
{
	job->object = cache_find(job->remote->cache, job->url);
	if (job->object == NULL && job->policy.is_offline)
		refuse(job, CONTENT_UNREACHABLE,
		       "it is not in the cache, and [cache] offline = yes");
	else if (job->object != NULL && (job->policy.is_offline || is_fresh(job)))
		settle_with_object(job);
	else if (job->object != NULL && root_remote_is_down(job))
		refuse(job, CONTENT_UNREACHABLE, "the upstream did not answer a moment ago");
	else
		ask(job);
}

/* The keeper's thread. */

static void note_finished(const struct remote_job *job)
{
	const char *unkept_reason = cache_object_unkept_reason(download_object(job->download));

	note(job, (struct remote_event){ .kind = REMOTE_EVENT_FINISHED,
					 .bytes = job->known.received_bytes,
					 .duration_ms = fetch_now_ms() - job->started_ms });
	if (unkept_reason != NULL)
		note(job, (struct remote_event){ .kind = REMOTE_EVENT_NOT_KEPT,
						 .detail = unkept_reason });
}

void remote_job_keep(struct remote_job *job)
{
	static const char no_memory[] = "there is not enough memory";
	struct remote_result result = { .download = job->download };
	bool is_finished = download_finish(job->download, &job->facts);
	/* The cache has it now, for those who come when the log says so. */
	struct remote_opening *openings = root_remote_take_out(job);

	if (is_finished) {
		note_finished(job);
	} else {
		note(job, (struct remote_event){ .kind = REMOTE_EVENT_FAILED,
						 .bytes = job->known.received_bytes,
						 .detail = no_memory });
		result = (struct remote_result){ .refusal = CONTENT_OUT_OF_RESOURCES,
						 .sentence = no_memory };
	}
	root_remote_answer(openings, &result);
	free_job(job);
}

void remote_job_drop(struct remote_job *job)
{
	if (job->download != NULL)
		fail_download(job, CONTENT_UNREACHABLE, "bootd is ending");
	else
		settle_with_refusal(job, CONTENT_UNREACHABLE, "bootd is ending");
}
