#include "content/fetch_slot.h"

#include "base/text.h"
#include "content/remote_url.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEADERS_MAX 65536 /* in all, those of redirects and trailers included */
#define LINE_SIZE   400

static bool hand_on_head(struct fetch_slot *slot)
{
	if (!slot->has_head) {
		slot->has_head = true;
		slot->is_broken_off =
			!slot->fetch->calls->on_head(slot->fetch->context, &slot->head);
	}
	return !slot->is_broken_off;
}

static bool is_blank(struct span line)
{
	return line.length <= 2 &&
	       (line.length == 0 || line.bytes[0] == '\r' || line.bytes[0] == '\n');
}

/* The answers after which another one comes on the same way. A redirect without a target is the
 * last one, which shows when its body or its end comes. */
static bool is_interim(unsigned status)
{
	return status < 200 || (status >= 300 && status < 400 && status != 304);
}

/* Fewer bytes taken than given tell libcurl to break off. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch_slot *slot = context;
	struct span line = { (const uint8_t *)bytes, count };

	(void)size; /* always 1 */
	if (count > HEADERS_MAX - slot->headers_length)
		return 0;
	slot->headers_length += count;
	slot->active_ms = fetch_now_ms();
	if (slot->has_head)
		return count; /* a trailer */
	if (!is_blank(line))
		remote_head_add(&slot->head, line);
	else if (!is_interim(slot->head.status) && !hand_on_head(slot))
		return 0;
	return count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch_slot *slot = context;

	(void)size; /* always 1 */
	slot->active_ms = fetch_now_ms();
	if (!hand_on_head(slot))
		return 0;
	slot->is_broken_off = !slot->fetch->calls->on_body(
		slot->fetch->context, (struct span){ (const uint8_t *)bytes, count });
	return slot->is_broken_off ? 0 : count;
}

/* What all fetches have in common. Certificates are checked: that is libcurl's default, and so are
 * the proxies of the environment, and that no encoding is asked for. */
static bool set_common(struct fetch_slot *slot)
{
	CURL *easy = slot->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs would else hold the whole thread, and the end of it. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/* One parser to trust instead of two. */
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	return curl_easy_setopt(easy, CURLOPT_USERAGENT, "bootd/" BOOTD_VERSION) == CURLE_OK;
}

static bool add_line(struct fetch_slot *slot, const char *name, const char *value)
{
	char line[LINE_SIZE];
	struct curl_slist *lines;

	if (value == NULL || value[0] == '\0')
		return true;
	if (!text_format(line, sizeof(line), "%s: %s", name, value))
		return false;
	lines = curl_slist_append(slot->lines, line);
	if (lines == NULL)
		return false;
	slot->lines = lines;
	return true;
}

/* The range is a line of ours: libcurl would check the answer to one of its own, and call an
 * answer with the whole file a success. */
static bool add_lines(struct fetch_slot *slot, const struct fetch_question *asked)
{
	char range[48];

	(void)text_format(range, sizeof(range), "bytes=%" PRIu64 "-", asked->range_first);
	return add_line(slot, "If-None-Match", asked->if_none_match) &&
	       add_line(slot, "If-Modified-Since", asked->if_modified_since) &&
	       add_line(slot, "If-Range", asked->if_range) &&
	       add_line(slot, "Range", asked->if_range == NULL ? NULL : range);
}

/* Texts are copied by libcurl, which may have no memory for them. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
	return curl_easy_setopt(easy, option, text != NULL && text[0] != '\0' ? text : NULL) ==
	       CURLE_OK;
}

/* The one file of authorities instead of all that the system has. */
static bool set_authorities(CURL *easy, const char *ca_file)
{
	return ca_file[0] == '\0' ||
	       (set_text(easy, CURLOPT_CAINFO, ca_file) && set_text(easy, CURLOPT_CAPATH, NULL));
}

static bool set_up(struct fetch_slot *slot, const struct fetch_question *asked,
		   const struct fetch_limits *limits)
{
	/* What was asked for in secret is not answered in the open. */
	const char *protocols = remote_url_is_secure(asked->url) ? "https" : "http,https";
	CURL *easy = slot->easy;

	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)limits->redirects_max);
	return set_common(slot) && add_lines(slot, asked) &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->lines) == CURLE_OK &&
	       set_text(easy, CURLOPT_PROTOCOLS_STR, protocols) &&
	       set_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols) &&
	       set_authorities(easy, limits->ca_file) &&
	       set_text(easy, CURLOPT_USERNAME, asked->user) &&
	       set_text(easy, CURLOPT_PASSWORD, asked->password) &&
	       set_text(easy, CURLOPT_URL, asked->url);
}

static void make_idle(struct fetch_slot *slot)
{
	curl_slist_free_all(slot->lines);
	slot->lines = NULL;
	slot->fetch = NULL;
}

int fetch_slot_start(struct fetch_slot *slot, CURLM *multi, struct fetch *fetch,
		     const struct fetch_limits *limits)
{
	if (slot->easy == NULL)
		slot->easy = curl_easy_init();
	if (slot->easy == NULL)
		return -ENOMEM;
	curl_easy_reset(slot->easy); /* it keeps its connections */
	slot->fetch = fetch;
	slot->head = (struct remote_head){ .status = 0 };
	slot->headers_length = 0;
	slot->has_head = false;
	slot->is_broken_off = false;
	slot->is_second = false;
	slot->started_ms = fetch_now_ms();
	slot->active_ms = slot->started_ms;
	slot->stall_timeout_ms = UINT64_C(1000) * limits->stall_timeout_s;
	slot->error[0] = '\0';
	if (!set_up(slot, &fetch->asked, limits) ||
	    curl_multi_add_handle(multi, slot->easy) != CURLM_OK) {
		make_idle(slot);
		return -ENOMEM;
	}
	return 0;
}

struct fetch_slot *fetch_slot_of(CURL *easy)
{
	struct fetch_slot *slot = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
	return slot;
}

static bool is_local_fault(CURLcode result)
{
	return result == CURLE_OUT_OF_MEMORY || result == CURLE_SSL_CACERT_BADFILE ||
	       result == CURLE_FAILED_INIT;
}

/* libcurl's own limit takes a head that arrives line by line for silence, and counts in seconds.
 * Until the connection is there, its own timeout counts. */
uint64_t fetch_slot_patience_ms(const struct fetch_slot *slot, uint64_t now_ms)
{
	uint64_t since_ms = slot->active_ms;
	curl_off_t connected_us = 0;

	(void)curl_easy_getinfo(slot->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	if (connected_us == 0)
		return slot->stall_timeout_ms;
	if (since_ms < slot->started_ms + (uint64_t)connected_us / 1000)
		since_ms = slot->started_ms + (uint64_t)connected_us / 1000;
	if (now_ms < since_ms + slot->stall_timeout_ms)
		return since_ms + slot->stall_timeout_ms - now_ms;
	return 0;
}

/* A connection that was kept may be spoilt: the last answer on it went on after its end, or the
 * upstream has let go of it. */
static bool ask_again(struct fetch_slot *slot, CURLM *multi, CURLcode result)
{
	long connects = 1;

	(void)curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
	if (result == CURLE_OK || result == CURLE_OPERATION_TIMEDOUT || connects > 0 ||
	    slot->is_second || slot->has_head)
		return false;
	slot->is_second = true;
	slot->error[0] = '\0';
	(void)curl_multi_remove_handle(multi, slot->easy);
	(void)curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, 1L);
	return curl_multi_add_handle(multi, slot->easy) == CURLM_OK;
}

bool fetch_slot_finish(struct fetch_slot *slot, CURLM *multi, CURLcode result)
{
	struct fetch *fetch = slot->fetch;
	struct fetch_end end = { .is_local_fault = is_local_fault(result),
				 .is_unanswered = slot->head.status == 0 };
	const char *why = slot->error[0] != '\0' ? slot->error : curl_easy_strerror(result);

	if (ask_again(slot, multi, result))
		return false;
	(void)curl_multi_remove_handle(multi, slot->easy);
	/* A file without a byte, or a redirect that leads nowhere. */
	end.is_whole = result == CURLE_OK && hand_on_head(slot);
	text_escape(end.sentence, sizeof(end.sentence),
		    (struct span){ (const uint8_t *)why, strlen(why) });
	make_idle(slot);
	fetch->calls->on_end(fetch->context, &end);
	return true;
}

void fetch_slot_done(struct fetch_slot *slot, CURLM *multi)
{
	if (slot->easy == NULL)
		return;
	if (slot->fetch != NULL)
		(void)curl_multi_remove_handle(multi, slot->easy);
	make_idle(slot);
	curl_easy_cleanup(slot->easy);
	slot->easy = NULL;
}
