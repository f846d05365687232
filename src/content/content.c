#include "content/content.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/aside.h"
#include "content/filter.h"
#include "content/known_names.h"
#include "content/path.h"
#include "content/root_local.h"
#include "content/root_remote.h"
#include "content/source_local.h"
#include "content/template.h"
#include "content/translation.h"
#include "io/worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TRANSLATED_SHOWN_SIZE 256

/* It never changes, but for its count, so threads read it without a lock. */
struct content {
	struct root_local root;
	struct root_remote *remote; /* in its stead, where it is not NULL */
	struct remote_place place;
	bool has_filters; /* without them, there is no folder either */
	struct filter_rules filters;
	struct translation_folder folder;
	struct aside aside;
	bool has_templates;
	char script[PATH_SIZE];
	atomic_size_t holder_count; /* each open under way is one, too; the last one frees it */
};

/* One content_open under way. */
struct opening {
	struct content *content;
	content_callback *on_open;
	void *context;
	struct source *source;
	enum content_refusal refusal;
	struct content_asker asker;
	char path[PATH_SIZE];
	char aside_path[ASIDE_SHOWN_SIZE]; /* "": the file is where its name says */
	size_t next_place;                 /* beside the loader, for a remote root */
	char sentence[CONTENT_SENTENCE_SIZE];
	struct remote_opening remote;

	/* The loop to answer in; NULL: any thread does. The worker's work ends there, and what was
	 * found comes from any thread: the second of the two answers. */
	struct loop *loop;
	atomic_int parts_left;
	struct letter letter;
	/* One where there are filters. It is large, and thousands of machines may ask at once. */
	struct translation translation[];
};

/* 0: none matches. */
static unsigned filter_line(const struct opening *opening)
{
	return opening->content->has_filters ? opening->translation->line : 0;
}

static int open_root(struct content *content, const struct content_settings *settings)
{
	content->remote = settings->remote;
	if (settings->remote != NULL)
		return remote_place_parse(settings->root, &content->place) ? 0 : -EINVAL;
	return root_local_open(settings->root, settings->may_follow_links, &content->root);
}

/* What is served beside the root, and otherwise than it is. */
static int open_asides(struct content *content, const struct content_settings *settings)
{
	content->has_templates = settings->script != NULL;
	if (content->has_templates &&
	    !text_copy(content->script, sizeof(content->script), settings->script))
		return -ENAMETOOLONG;
	return aside_open(&settings->mount, &content->aside);
}

static int open_folders(struct content *content, const struct content_settings *settings)
{
	struct translation_folder *folder = &content->folder;
	int error = open_root(content, settings);

	if (error == 0)
		error = open_asides(content, settings);
	if (error < 0 || settings->filters == NULL)
		return error;
	content->has_filters = true;
	error = filter_rules_copy(settings->filters, &content->filters);
	if (error < 0)
		return error;
	if (!text_copy(folder->path, sizeof(folder->path), settings->folder))
		return -ENAMETOOLONG;
	return root_local_open(settings->folder, true, &folder->root);
}

int content_new(const struct content_settings *settings, struct content **out_content)
{
	struct content *content = calloc(1, sizeof(*content));
	int error;

	if (content == NULL)
		return -ENOMEM;
	content->root.fd = -1;
	content->folder.root.fd = -1;
	content->aside.mount.fd = -1;
	atomic_init(&content->holder_count, 1);
	error = open_folders(content, settings);
	if (error < 0) {
		content_free(content);
		return error;
	}
	*out_content = content;
	return 0;
}

struct content *content_hold(struct content *content)
{
	if (content != NULL)
		(void)atomic_fetch_add(&content->holder_count, 1);
	return content;
}

void content_free(struct content *content)
{
	if (content == NULL || atomic_fetch_sub(&content->holder_count, 1) > 1)
		return;
	aside_close(&content->aside);
	root_local_close(&content->folder.root);
	root_local_close(&content->root);
	filter_rules_done(&content->filters);
	free(content);
}

static enum content_refusal open_named(struct opening *opening, struct root_file *out_file)
{
	const struct content *content = opening->content;
	enum content_refusal refusal = CONTENT_NOT_FOUND;

	if (filter_line(opening) > 0)
		return translation_open(&content->folder, opening->path, &opening->asker,
					opening->translation, out_file, opening->sentence);
	if (content->remote == NULL)
		refusal = root_local_open_file(&content->root, opening->path, out_file,
					       opening->sentence);
	if (refusal != CONTENT_NOT_FOUND)
		return refusal;
	return aside_open_file(&content->aside, &content->root, opening->path,
			       opening->asker.loader, out_file, opening->aside_path,
			       opening->sentence);
}

static bool is_template(const struct opening *opening)
{
	return opening->content->has_templates &&
	       template_is_one(opening->path, opening->content->script);
}

/* The row, or the file that it reads, has given a path. */
static bool has_path(const struct opening *opening)
{
	return filter_line(opening) > 0 && !opening->translation->is_from_file &&
	       opening->translation->path[0] != '\0';
}

/* Ends the opening. */
static void answer(void *context)
{
	CLEANUP(free_memory) struct opening *opening = context;
	char translated_path[TRANSLATED_SHOWN_SIZE] = "";
	struct content_answer found = { .source = opening->source,
					.refusal = opening->refusal,
					.sentence = opening->sentence,
					.filter_line = filter_line(opening),
					.translated_path = translated_path,
					.is_optional = opening->refusal == CONTENT_NOT_FOUND &&
						       known_name_is_optional(opening->path) };

	if (has_path(opening))
		translation_format_path(&opening->content->folder, opening->translation,
					translated_path, sizeof(translated_path));
	else if (opening->aside_path[0] != '\0')
		found.translated_path = opening->aside_path;
	opening->on_open(opening->context, &found);
	content_free(opening->content);
}

/* The second of two parts ends the opening. */
static bool is_last_part(struct opening *opening)
{
	return atomic_fetch_sub(&opening->parts_left, 1) == 1;
}

/* The worker's end; in the loop. */
static void on_worked(void *context)
{
	struct opening *opening = context;

	if (is_last_part(opening))
		answer(opening);
}

/* Everything is known now; from any thread. */
static void arrive(struct opening *opening)
{
	if (opening->loop == NULL)
		answer(opening);
	else if (is_last_part(opening))
		loop_post(opening->loop, &opening->letter);
}

/* The source is whole. */
static void make_script(struct opening *opening)
{
	if (opening->refusal == CONTENT_OK && is_template(opening))
		opening->refusal =
			template_apply(&opening->source, &opening->asker, opening->sentence);
}

static void open_local(struct opening *opening)
{
	struct root_file file;

	opening->refusal = open_named(opening, &file);
	if (opening->refusal != CONTENT_OK)
		return;
	opening->source = source_local_new(&file);
	if (opening->source == NULL)
		opening->refusal = CONTENT_OUT_OF_RESOURCES;
	make_script(opening);
}

static void open_remote(struct opening *opening, const char *path)
{
	const struct content *content = opening->content;

	root_remote_open(content->remote, &content->place, path, &opening->remote);
}

/* Another place is tried for what the upstream does not have. False: there is none. */
static bool open_beside(struct opening *opening)
{
	char place[PATH_SIZE];

	if (!aside_find_place(opening->path, opening->asker.loader, &opening->next_place, place))
		return false;
	aside_show(opening->aside_path, "", place);
	open_remote(opening, place);
	return true;
}

static void on_found(void *context, const struct remote_found *found)
{
	struct opening *opening = context;

	if (found->refusal == CONTENT_NOT_FOUND && open_beside(opening))
		return;
	opening->source = found->source;
	opening->refusal = found->refusal;
	(void)text_copy(opening->sentence, sizeof(opening->sentence), found->sentence);
	if (opening->refusal != CONTENT_OK)
		opening->aside_path[0] = '\0';
	make_script(opening);
	arrive(opening);
}

/* It waits for the disk. The opening may be gone when it returns. */
static void find(void *context)
{
	struct opening *opening = context;
	const struct content *content = opening->content;
	bool is_good = opening->refusal == CONTENT_OK;
	bool is_remote = is_good && filter_line(opening) == 0 && content->remote != NULL;

	/* Below a URL, what is mounted comes first: nothing is to be fetched for it. */
	if (is_good && (!is_remote || aside_covers(&content->aside, opening->path)))
		open_local(opening);
	if (is_remote && opening->source == NULL &&
	    (opening->refusal == CONTENT_OK || opening->refusal == CONTENT_NOT_FOUND))
		open_remote(opening, opening->path);
	else
		arrive(opening);
}

static void refuse_name(struct opening *opening, enum path_refusal refusal)
{
	static const struct {
		enum content_refusal refusal;
		const char *sentence;
	} answers[] = {
		[PATH_EMPTY] = { CONTENT_BAD_NAME, "the name is empty" },
		[PATH_CLIMBS_OUT] = { CONTENT_FORBIDDEN, "the name climbs out of the root" },
		[PATH_BAD_CHARACTER] = { CONTENT_BAD_NAME, "the name has a control character" },
		[PATH_TOO_LONG] = { CONTENT_BAD_NAME, "the name is too long" },
	};

	opening->refusal = answers[refusal].refusal;
	memcpy(opening->sentence, answers[refusal].sentence, strlen(answers[refusal].sentence) + 1);
}

/* A name that is refused takes the same way as a good one: its answer comes from the loop. */
static void prepare(struct opening *opening, struct span name)
{
	const struct content *content = opening->content;
	enum path_refusal refusal;

	if (!path_clean(name, opening->path, &refusal))
		refuse_name(opening, refusal);
	else if (content->has_filters)
		(void)translation_find(&content->filters, opening->path, &opening->asker,
				       opening->translation, &opening->refusal, opening->sentence);
}

/* NULL: no memory. */
static struct opening *opening_new(struct content *content, struct span name,
				   const struct content_asker *asker, content_callback *on_open,
				   void *context)
{
	size_t size = sizeof(struct opening);
	struct opening *opening =
		calloc(1, size + (content->has_filters ? sizeof(struct translation) : 0));

	if (opening == NULL)
		return NULL;
	opening->content = content_hold(content);
	opening->on_open = on_open;
	opening->context = context;
	opening->asker = *asker;
	opening->remote = (struct remote_opening){ .on_found = on_found, .context = opening };
	prepare(opening, name);
	/* A script's variables are put in when all of it is here. */
	opening->remote.needs_whole = is_template(opening);
	return opening;
}

int content_open(struct content *content, struct loop *loop, struct span name,
		 const struct content_asker *asker, content_callback *on_open, void *context)
{
	struct opening *opening = opening_new(content, name, asker, on_open, context);

	if (opening == NULL)
		return -ENOMEM;
	opening->loop = loop;
	opening->letter = (struct letter){ .on_arrival = answer, .context = opening };
	atomic_init(&opening->parts_left, 2);
	if (work_submit(loop, find, on_worked, opening) < 0) {
		content_free(content);
		free(opening);
		return -ENOMEM;
	}
	return 0;
}

int content_open_here(struct content *content, struct span name, const struct content_asker *asker,
		      content_callback *on_open, void *context)
{
	struct opening *opening = opening_new(content, name, asker, on_open, context);

	if (opening == NULL)
		return -ENOMEM;
	find(opening);
	return 0;
}
