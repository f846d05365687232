#include "content/content.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/path.h"
#include "content/root_local.h"
#include "content/translation.h"
#include "io/worker.h"

#include <errno.h>
#include <stdlib.h>

#define TRANSLATED_SHOWN_SIZE 256

/* Touched by the loop's thread only, but for root and folder, which never change. */
struct content {
	struct loop *loop;
	struct root_local root;
	const struct filter_rules *filters; /* NULL: there is no folder either */
	struct translation_folder folder;
	size_t user_count; /* the owner, and each open under way; the last one frees it */
};

struct source {
	struct root_file file;
};

/* One content_open under way. */
struct opening {
	struct content *content;
	content_callback *on_open;
	void *context;
	struct source *source;
	enum content_refusal refusal;
	struct content_asker asker;
	struct translation translation;
	char path[PATH_SIZE];
	char sentence[CONTENT_SENTENCE_SIZE];
};

static int open_folders(struct content *content, const struct content_settings *settings)
{
	struct translation_folder *folder = &content->folder;
	int error = root_local_open(settings->root, settings->may_follow_links, &content->root);

	if (error < 0 || settings->filters == NULL)
		return error;
	if (!text_copy(folder->path, sizeof(folder->path), settings->folder))
		return -ENAMETOOLONG;
	return root_local_open(settings->folder, true, &folder->root);
}

int content_new(struct loop *loop, const struct content_settings *settings,
		struct content **out_content)
{
	struct content *content = calloc(1, sizeof(*content));
	int error;

	if (content == NULL)
		return -ENOMEM;
	content->loop = loop;
	content->root.fd = -1;
	content->folder.root.fd = -1;
	content->filters = settings->filters;
	content->user_count = 1;
	error = open_folders(content, settings);
	if (error < 0) {
		content_free(content);
		return error;
	}
	*out_content = content;
	return 0;
}

void content_free(struct content *content)
{
	if (content == NULL || --content->user_count > 0)
		return;
	root_local_close(&content->folder.root);
	root_local_close(&content->root);
	free(content);
}

static enum content_refusal open_file(struct opening *opening, struct root_file *out_file)
{
	const struct content *content = opening->content;

	if (opening->translation.line > 0)
		return translation_open(&content->folder, opening->path, &opening->asker,
					&opening->translation, out_file, opening->sentence);
	return root_local_open_file(&content->root, opening->path, out_file, opening->sentence);
}

static void open_in_pool(void *context)
{
	struct opening *opening = context;
	struct root_file file;

	if (opening->refusal != CONTENT_OK)
		return;
	opening->refusal = open_file(opening, &file);
	if (opening->refusal == CONTENT_OK)
		opening->source->file = file;
}

/* The row, or the file that it reads, has given a path. */
static bool has_path(const struct translation *translation)
{
	return translation->line > 0 && !translation->is_from_file && translation->path[0] != '\0';
}

static void finish_in_loop(void *context)
{
	CLEANUP(free_memory) struct opening *opening = context;
	char translated_path[TRANSLATED_SHOWN_SIZE] = "";
	struct content_answer answer = { .refusal = opening->refusal,
					 .sentence = opening->sentence,
					 .filter_line = opening->translation.line,
					 .translated_path = translated_path };

	if (has_path(&opening->translation))
		translation_format_path(&opening->content->folder, &opening->translation,
					translated_path, sizeof(translated_path));
	if (answer.refusal == CONTENT_OK)
		answer.source = opening->source;
	else
		free(opening->source);
	opening->on_open(opening->context, &answer);
	content_free(opening->content);
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
	const struct filter_rules *filters = opening->content->filters;
	enum path_refusal refusal;

	if (!path_clean(name, opening->path, &refusal))
		refuse_name(opening, refusal);
	else if (filters != NULL)
		(void)translation_find(filters, opening->path, &opening->asker,
				       &opening->translation, &opening->refusal, opening->sentence);
}

int content_open(struct content *content, struct span name, const struct content_asker *asker,
		 content_callback *on_open, void *context)
{
	CLEANUP(free_memory) struct source *source = calloc(1, sizeof(*source));
	CLEANUP(free_memory) struct opening *opening = calloc(1, sizeof(*opening));

	if (source == NULL || opening == NULL)
		return -ENOMEM;
	opening->content = content;
	opening->on_open = on_open;
	opening->context = context;
	opening->source = source;
	opening->asker = *asker;
	prepare(opening, name);
	if (work_submit(content->loop, open_in_pool, finish_in_loop, opening) < 0)
		return -ENOMEM;
	content->user_count++;
	source = NULL;
	opening = NULL;
	return 0;
}

uint64_t source_size(const struct source *source)
{
	return source->file.size_bytes;
}

int source_read(const struct source *source, uint64_t offset, uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t count = pread(source->file.fd, out, length, (off_t)offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			return -EIO;
		out += count;
		offset += (uint64_t)count;
		length -= (size_t)count;
	}
	return 0;
}

bool source_is_unchanged(const struct source *source)
{
	return root_file_is_unchanged(&source->file);
}

void source_close(struct source *source)
{
	if (source == NULL)
		return;
	close_fd(&source->file.fd);
	free(source);
}
