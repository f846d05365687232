#include "content/template.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "content/root_local.h"
#include "content/source_local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What variables add to the longest script. */
#define EXPANDED_SIZE_MAX (2 * TEMPLATE_SIZE_MAX)

static const char no_memory[] = "there is no memory left";

bool template_is_one(const char *path, const char *script)
{
	static const char ending[] = ".ipxe";
	size_t length = strlen(path);

	return (length > strlen(ending) && text_is_same(path + length - strlen(ending), ending)) ||
	       strcmp(path, script + strspn(script, "/")) == 0;
}

/* The variable that begins the text; NULL: none does. */
static const char *find_variable(struct span text, const struct content_asker *asker,
				 size_t *out_length)
{
	const struct {
		const char *name;
		const char *value;
	} variables[] = {
		{ "{mac}", asker->mac.text },   { "{ip}", asker->ip.text },
		{ "{uuid}", asker->uuid.text }, { "{arch}", asker->arch },
		{ "{client}", asker->client },
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		*out_length = strlen(variables[i].name);
		if (text.length >= *out_length &&
		    memcmp(text.bytes, variables[i].name, *out_length) == 0)
			return variables[i].value;
	}
	return NULL;
}

static bool is_harmless(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9') ||
	       (character != '\0' && strchr("-._:", character) != NULL);
}

static void write_value(struct writer *out, const char *value)
{
	for (; *value != '\0'; value++)
		write_u8(out, (uint8_t)(is_harmless(*value) ? *value : '_'));
}

void template_expand(struct span text, const struct content_asker *asker, struct writer *out)
{
	size_t at = 0;

	while (at < text.length) {
		struct span rest = { text.bytes + at, text.length - at };
		bool is_ipxes = at > 0 && text.bytes[at - 1] == '$';
		const char *value = NULL;
		size_t length;

		if (rest.bytes[0] == '{' && !is_ipxes)
			value = find_variable(rest, asker, &length);
		if (value != NULL) {
			write_value(out, value);
			at += length;
		} else {
			write_u8(out, rest.bytes[0]);
			at++;
		}
	}
}

/* Returns 0 with *out_file, whose descriptor is the caller's, or -errno. */
static int keep_in_memory(struct span text, struct root_file *out_file)
{
	CLEANUP(close_fd) int fd = memfd_create("bootd-script", MFD_CLOEXEC);
	struct stat info;
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < text.length) {
		ssize_t count = write(fd, text.bytes + used, text.length - used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		used += (size_t)count;
	}
	if (fstat(fd, &info) < 0)
		return -errno;
	*out_file = (struct root_file){ .fd = take_fd(&fd),
					.size_bytes = text.length,
					.modified = info.st_mtim };
	return 0;
}

static enum content_refusal refuse(enum content_refusal refusal, const char *reason,
				   char out_sentence[CONTENT_SENTENCE_SIZE])
{
	(void)text_format(out_sentence, CONTENT_SENTENCE_SIZE, "%s", reason);
	return refusal;
}

/* Puts the text with its variables replaced in the source's place. */
static enum content_refusal expand(struct span text, const struct content_asker *asker,
				   struct source **source, char out_sentence[CONTENT_SENTENCE_SIZE])
{
	CLEANUP(free_memory) uint8_t *expanded = malloc(EXPANDED_SIZE_MAX);
	struct root_file file;
	struct writer out;
	int error;

	if (expanded == NULL)
		return refuse(CONTENT_OUT_OF_RESOURCES, no_memory, out_sentence);
	out = writer_of(expanded, EXPANDED_SIZE_MAX);
	template_expand(text, asker, &out);
	if (out.is_failed)
		return refuse(CONTENT_UNREADABLE, "it becomes too long with its variables",
			      out_sentence);
	error = keep_in_memory((struct span){ expanded, out.used }, &file);
	if (error < 0)
		return refuse(CONTENT_OUT_OF_RESOURCES, strerrordesc_np(-error), out_sentence);
	source_close(*source);
	*source = source_local_new(&file);
	return *source == NULL ? refuse(CONTENT_OUT_OF_RESOURCES, no_memory, out_sentence)
			       : CONTENT_OK;
}

static enum content_refusal expand_source(struct source **source, const struct content_asker *asker,
					  char out_sentence[CONTENT_SENTENCE_SIZE])
{
	struct source_status status = source_status(*source);
	CLEANUP(free_memory) uint8_t *text = NULL;

	if (status.size_bytes > TEMPLATE_SIZE_MAX)
		return refuse(CONTENT_UNREADABLE,
			      "a script with variables can have 256 KiB at most: give it another "
			      "name than *.ipxe",
			      out_sentence);
	text = malloc((size_t)status.size_bytes + 1);
	if (text == NULL)
		return refuse(CONTENT_OUT_OF_RESOURCES, no_memory, out_sentence);
	if (source_read(*source, 0, text, (size_t)status.size_bytes) < 0)
		return refuse(CONTENT_UNREADABLE, "it cannot be read to its end", out_sentence);
	return expand((struct span){ text, (size_t)status.size_bytes }, asker, source,
		      out_sentence);
}

enum content_refusal template_apply(struct source **source, const struct content_asker *asker,
				    char out_sentence[CONTENT_SENTENCE_SIZE])
{
	enum content_refusal refusal = expand_source(source, asker, out_sentence);

	if (refusal == CONTENT_OK)
		return refusal;
	source_close(*source);
	*source = NULL;
	return refusal;
}
