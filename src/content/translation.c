#include "content/translation.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "content/filter.h"

#include <errno.h>
#include <string.h>

#define PATH_SHOWN_SIZE 256

static struct filter_variables variables_of(const char *name, const struct content_asker *asker)
{
	return (struct filter_variables){ .values = {
						  [FILTER_FILENAME] = name,
						  [FILTER_MAC] = asker->mac.text,
						  [FILTER_IP] = asker->ip.text,
						  [FILTER_UUID] = asker->uuid.text,
						  [FILTER_ARCH] = asker->arch,
						  [FILTER_FILE] = asker->file,
						  [FILTER_CLIENT] = asker->client,
					  } };
}

void translation_format_path(const struct translation_folder *folder,
			     const struct translation *translation, char *out, size_t size)
{
	bool is_relative = translation->path[0] != '/';
	const char *path = translation->path;
	size_t used;

	(void)text_format(out, size, "%s%s", is_relative ? folder->path : "",
			  is_relative ? "/" : "");
	used = strlen(out);
	text_escape(out + used, size - used, (struct span){ (const uint8_t *)path, strlen(path) });
}

static enum content_refusal refuse_expansion(unsigned line, enum filter_refusal refusal,
					     char out_sentence[CONTENT_SENTENCE_SIZE])
{
	static const struct {
		enum content_refusal refusal;
		const char *reason;
	} answers[] = {
		[FILTER_TOO_LONG] = { CONTENT_BAD_NAME, "the path becomes too long" },
		[FILTER_LEADS_OUT] = { CONTENT_FORBIDDEN,
				       "a variable is empty or leads elsewhere: none may begin a "
				       "path with / or bring .. into it" },
		[FILTER_UNKNOWN_VARIABLE] = { CONTENT_UNREADABLE, "the pattern that it reads has "
								  "an unknown {variable}" },
	};

	(void)text_format(out_sentence, CONTENT_SENTENCE_SIZE, "line %u of [filters]: %s", line,
			  answers[refusal].reason);
	return answers[refusal].refusal;
}

bool translation_find(const struct filter_rules *rules, const char *name,
		      const struct content_asker *asker, struct translation *out_translation,
		      enum content_refusal *out_refusal, char out_sentence[CONTENT_SENTENCE_SIZE])
{
	struct filter_variables variables = variables_of(name, asker);
	const struct filter_rule *rule = filter_find(rules, name);
	enum filter_refusal refusal;

	out_translation->line = 0;
	if (rule == NULL)
		return true;
	out_translation->line = rule->line;
	out_translation->is_from_file = rule->is_from_file;
	if (filter_expand(rule->replacement, &variables, out_translation->path,
			  sizeof(out_translation->path), &refusal))
		return true;
	out_translation->path[0] = '\0';
	*out_refusal = refuse_expansion(rule->line, refusal, out_sentence);
	return false;
}

/* What the file at the translation's path is to the row, for a sentence. */
static void describe(const struct translation_folder *folder, const struct translation *translation,
		     const char *reason, char out_sentence[CONTENT_SENTENCE_SIZE])
{
	char shown[PATH_SHOWN_SIZE];

	translation_format_path(folder, translation, shown, sizeof(shown));
	(void)text_format(out_sentence, CONTENT_SENTENCE_SIZE, "line %u of [filters] %s %s: %s",
			  translation->line,
			  translation->is_from_file ? "reads its pattern from" : "makes it", shown,
			  reason);
}

static enum content_refusal open_path(const struct translation_folder *folder,
				      const struct translation *translation,
				      struct root_file *out_file,
				      char out_sentence[CONTENT_SENTENCE_SIZE])
{
	char reason[ROOT_SENTENCE_SIZE];
	enum content_refusal refusal =
		root_local_open_file(&folder->root, translation->path, out_file, reason);

	if (refusal != CONTENT_OK)
		describe(folder, translation, reason, out_sentence);
	return refusal;
}

/* The bytes at the file's start, as text. Returns the error's sentence, or NULL. */
static const char *read_start(int fd, char out[PATH_MAX])
{
	size_t used = 0;

	while (used < PATH_MAX - 1) {
		ssize_t count = pread(fd, out + used, PATH_MAX - 1 - used, (off_t)used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return strerrordesc_np(errno);
		if (count == 0)
			break;
		used += (size_t)count;
	}
	out[used] = '\0';
	if (strlen(out) < used)
		return "it is not text";
	return NULL;
}

/* The first line, trimmed, in place; NULL with *out_reason: there is none to use. */
static const char *first_line(char text[PATH_MAX], const char **out_reason)
{
	size_t length = strcspn(text, "\n");
	char *line;

	if (length == PATH_MAX - 1) {
		*out_reason = "its first line is too long";
		return NULL;
	}
	text[length] = '\0';
	line = text_trim(text);
	if (*line == '\0')
		*out_reason = "its first line is empty";
	return *line == '\0' ? NULL : line;
}

/* Replaces the path, which names a file, by what that file's pattern makes of the name. */
static enum content_refusal read_pattern(const struct translation_folder *folder, const char *name,
					 const struct content_asker *asker,
					 struct translation *translation,
					 char out_sentence[CONTENT_SENTENCE_SIZE])
{
	struct filter_variables variables = variables_of(name, asker);
	char text[PATH_MAX];
	struct root_file file;
	enum content_refusal refusal = open_path(folder, translation, &file, out_sentence);
	enum filter_refusal filter_refusal;
	const char *reason;
	const char *pattern = NULL;

	if (refusal != CONTENT_OK)
		return refusal;
	reason = read_start(file.fd, text);
	close_fd(&file.fd);
	if (reason == NULL)
		pattern = first_line(text, &reason);
	if (pattern == NULL) {
		describe(folder, translation, reason, out_sentence);
		return CONTENT_UNREADABLE;
	}
	translation->is_from_file = false;
	if (filter_expand(pattern, &variables, translation->path, sizeof(translation->path),
			  &filter_refusal))
		return CONTENT_OK;
	translation->path[0] = '\0';
	return refuse_expansion(translation->line, filter_refusal, out_sentence);
}

enum content_refusal translation_open(const struct translation_folder *folder, const char *name,
				      const struct content_asker *asker,
				      struct translation *translation, struct root_file *out_file,
				      char out_sentence[CONTENT_SENTENCE_SIZE])
{
	enum content_refusal refusal = CONTENT_OK;

	if (translation->is_from_file)
		refusal = read_pattern(folder, name, asker, translation, out_sentence);
	if (refusal != CONTENT_OK)
		return refusal;
	return open_path(folder, translation, out_file, out_sentence);
}
