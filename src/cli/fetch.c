#include "cli/fetch.h"
#include "base/text.h"
#include "content/content.h"
#include "io/loop.h"

#include <inttypes.h>
#include <string.h>

#define NAME_SHOWN   200
#define NAME_COLUMNS 28 /* before the bar */
#define BAR_COLUMNS  20
#define DRAW_MS      100

#define MIB (1024.0 * 1024.0)

/* ECMA-48: back to the first column, and the line is erased. */
#define NEW_LINE "\r\033[K"

struct fetching {
	struct loop *loop;
	struct content *content;
	const struct fetch_order *order;
	FILE *out;
	size_t at; /* in the order's names */
	bool has_all;

	struct source *source;
	struct source_waiter waiter;
	struct letter letter; /* from the waiter, in another thread */
	struct timer *timer;  /* of the progress bar; NULL: there is none */
	uint64_t began_ms;
	bool was_whole; /* when it was opened */
	bool is_local;  /* a row of [filters] leads to a file of this machine */
};

static void begin_next(struct fetching *fetching);

static void shown_name(const struct fetching *fetching, char out[NAME_SHOWN])
{
	const char *name = fetching->order->names[fetching->at];

	text_escape(out, NAME_SHOWN, (struct span){ (const uint8_t *)name, strlen(name) });
}

static double seconds_since(const struct fetching *fetching)
{
	return (double)(loop_now_ms(fetching->loop) - fetching->began_ms) / 1000;
}

/* The name's end is what tells files apart. */
static void draw(const struct fetching *fetching)
{
	struct source_status status = source_status(fetching->source);
	double seconds = seconds_since(fetching);
	double fetched = (double)status.available_bytes / MIB;
	char name[NAME_SHOWN];
	char bar[BAR_COLUMNS + 1] = "";
	size_t length, filled;

	shown_name(fetching, name);
	length = strlen(name);
	(void)fprintf(fetching->out, NEW_LINE "%-*s ", NAME_COLUMNS,
		      length > NAME_COLUMNS ? name + length - NAME_COLUMNS : name);
	if (status.has_size && status.size_bytes > 0) {
		double share = (double)status.available_bytes / (double)status.size_bytes;

		filled = (size_t)(share * BAR_COLUMNS);
		memset(bar, '#', filled < BAR_COLUMNS ? filled : BAR_COLUMNS);
		(void)fprintf(fetching->out, "[%-*s] %3.0f %%", BAR_COLUMNS, bar, share * 100);
	}
	(void)fprintf(fetching->out, " %8.1f MiB", fetched);
	if (seconds > 0)
		(void)fprintf(fetching->out, " %6.1f MiB/s", fetched / seconds);
	(void)fflush(fetching->out);
}

static void on_draw(void *context)
{
	struct fetching *fetching = context;

	draw(fetching);
	timer_start(fetching->timer, DRAW_MS);
}

static void print_result(const struct fetching *fetching, const char *what, const char *detail)
{
	char name[NAME_SHOWN];

	shown_name(fetching, name);
	if (fetching->timer != NULL)
		(void)fputs(NEW_LINE, fetching->out);
	(void)fprintf(fetching->out, "%s: %s%s\n", name, what, detail);
	(void)fflush(fetching->out);
}

/* The source is whole, or has failed. Returns whether the file is there from now on. */
static bool print_end(const struct fetching *fetching)
{
	struct source_status status = source_status(fetching->source);
	const char *unkept_reason = source_unkept_reason(fetching->source);
	char detail[64];

	(void)text_format(detail, sizeof(detail), "%" PRIu64 " bytes", status.size_bytes);
	if (status.state != SOURCE_WHOLE) {
		print_result(fetching, "not fetched: ", "the download failed");
		return false;
	}
	if (fetching->is_local) {
		print_result(fetching, "a file of this machine, ", detail);
		return true;
	}
	if (unkept_reason != NULL) {
		print_result(fetching, "fetched, but the cache does not keep it: ", unkept_reason);
		return false;
	}
	if (fetching->was_whole) {
		print_result(fetching, "in the cache already, ", detail);
		return true;
	}
	(void)text_format(detail, sizeof(detail), "%" PRIu64 " bytes in %.1f s", status.size_bytes,
			  seconds_since(fetching));
	print_result(fetching, "fetched, ", detail);
	return true;
}

static void end_one(void *context)
{
	struct fetching *fetching = context;

	if (fetching->timer != NULL)
		timer_stop(fetching->timer);
	fetching->has_all &= print_end(fetching);
	source_close(fetching->source);
	fetching->at++;
	begin_next(fetching);
}

/* In any thread. */
static void on_change(void *context)
{
	struct fetching *fetching = context;

	loop_post(fetching->loop, &fetching->letter);
}

static void fail_one(struct fetching *fetching, const char *sentence)
{
	print_result(fetching, "not fetched: ", sentence);
	fetching->has_all = false;
	fetching->at++;
	begin_next(fetching);
}

static void on_open(void *context, const struct content_answer *answer)
{
	struct fetching *fetching = context;

	if (answer->refusal != CONTENT_OK) {
		fail_one(fetching, answer->sentence);
		return;
	}
	fetching->source = answer->source;
	fetching->was_whole = source_status(answer->source).state == SOURCE_WHOLE;
	fetching->is_local = answer->translated_path[0] != '\0';
	fetching->waiter = (struct source_waiter){ .on_change = on_change, .context = fetching };
	if (!source_wait(fetching->source, &fetching->waiter, UINT64_MAX))
		end_one(fetching);
	else if (fetching->timer != NULL)
		on_draw(fetching);
}

static void begin_next(struct fetching *fetching)
{
	static const struct content_asker nobody;
	const struct fetch_order *order = fetching->order;
	const char *name;

	if (fetching->at == order->count) {
		loop_stop(fetching->loop);
		return;
	}
	name = order->names[fetching->at];
	fetching->began_ms = loop_now_ms(fetching->loop);
	if (content_open(fetching->content, fetching->loop,
			 (struct span){ (const uint8_t *)name, strlen(name) }, &nobody, on_open,
			 fetching) < 0) {
		print_result(fetching, "not fetched: ", "there is not enough memory");
		fetching->has_all = false;
		loop_stop(fetching->loop);
	}
}

bool fetch_files(struct loop *loop, struct content *content, const struct fetch_order *order,
		 FILE *out)
{
	struct fetching fetching = {
		.loop = loop, .content = content, .order = order, .out = out, .has_all = true
	};

	fetching.letter = (struct letter){ .on_arrival = end_one, .context = &fetching };
	if (order->has_progress_bar)
		fetching.timer = timer_new(loop, on_draw, &fetching);
	begin_next(&fetching);
	loop_run(loop);
	timer_free(fetching.timer);
	return fetching.has_all;
}
