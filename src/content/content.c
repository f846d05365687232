#include "content/content.h"
#include "base/cleanup.h"
#include "content/path.h"
#include "content/root_local.h"
#include "io/worker.h"

#include <errno.h>
#include <stdlib.h>

/* Touched by the loop's thread only, but for root, which never changes. */
struct content {
	struct loop *loop;
	struct root_local root;
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
	char path[PATH_SIZE];
	char sentence[ROOT_SENTENCE_SIZE];
};

int content_new(struct loop *loop, const char *root, bool may_follow_links,
		struct content **out_content)
{
	struct content *content = calloc(1, sizeof(*content));
	int error;

	if (content == NULL)
		return -ENOMEM;
	error = root_local_open(root, may_follow_links, &content->root);
	if (error < 0) {
		free(content);
		return error;
	}
	content->loop = loop;
	content->user_count = 1;
	*out_content = content;
	return 0;
}

void content_free(struct content *content)
{
	if (content == NULL || --content->user_count > 0)
		return;
	root_local_close(&content->root);
	free(content);
}

static void open_in_pool(void *context)
{
	struct opening *opening = context;
	struct root_file file;

	if (opening->refusal != CONTENT_OK)
		return;
	opening->refusal = root_local_open_file(&opening->content->root, opening->path, &file,
						opening->sentence);
	if (opening->refusal == CONTENT_OK)
		opening->source->file = file;
}

static void finish_in_loop(void *context)
{
	CLEANUP(free_memory) struct opening *opening = context;
	struct content_answer answer = { .refusal = opening->refusal,
					 .sentence = opening->sentence };

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

int content_open(struct content *content, struct span name, content_callback *on_open,
		 void *context)
{
	CLEANUP(free_memory) struct source *source = calloc(1, sizeof(*source));
	CLEANUP(free_memory) struct opening *opening = calloc(1, sizeof(*opening));
	enum path_refusal refusal;

	if (source == NULL || opening == NULL)
		return -ENOMEM;
	*opening = (struct opening){ .content = content,
				     .on_open = on_open,
				     .context = context,
				     .source = source,
				     .refusal = CONTENT_OK };
	/* A bad name takes the same way as a good one: its answer comes from the loop. */
	if (!path_clean(name, opening->path, &refusal))
		refuse_name(opening, refusal);
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
