/* A request over HTTP: its target on the first line, then the headers that decide, one a line. */
#include "content/path.h"
#include "http/http_date.h"
#include "http/http_engine.h"
#include "http/http_target.h"
#include "http/media_type.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_COUNT 7

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_target(const char *target)
{
	uint8_t name[HTTP_NAME_MAX];
	char path[PATH_SIZE];
	size_t length;
	enum http_target_refusal refusal;
	enum path_refusal path_refusal;

	if (!http_target_parse(target, name, &length, &refusal))
		return;
	require(length <= strlen(target) && length <= sizeof(name));
	for (size_t i = 0; i < length; i++)
		require(name[i] >= 0x20 && name[i] != 0x7f);
	if (!path_clean((struct span){ name, length }, path, &path_refusal))
		return;
	require(path[0] != '/' && strncmp(path, "../", 3) != 0 && strstr(path, "/../") == NULL);
	require(strlen(media_type_of(path)) > 0);
}

static void check_date(const char *text)
{
	int64_t time_s;
	int64_t again_s = -1;

	if (!http_date_parse(text, 1767225600, &time_s))
		return;
	require(http_date_parse(http_date_format(time_s).text, 0, &again_s));
	require(again_s == time_s);
}

static void check_decision(char *const lines[LINE_COUNT], bool is_head, uint64_t size_bytes)
{
	struct http_question question = { .is_head = is_head,
					  .range = lines[1],
					  .if_range = lines[2],
					  .if_match = lines[3],
					  .if_none_match = lines[4],
					  .if_modified_since = lines[5],
					  .if_unmodified_since = lines[6] };
	struct http_facts facts = { .has_size = true,
				    .size_bytes = size_bytes,
				    .tag = "\"a\"",
				    .modified_s = 784111777,
				    .now_s = 1767225600 };
	struct http_decision decision = http_decide(&question, &facts);

	if (decision.verdict != HTTP_PART)
		return;
	require(!is_head && question.range != NULL);
	require(decision.part.length > 0 && decision.part.offset < size_bytes);
	require(decision.part.length <= size_bytes - decision.part.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char *lines[LINE_COUNT] = { NULL };
	char *rest = text;

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < LINE_COUNT && rest != NULL; i++)
		lines[i] = strsep(&rest, "\n");
	check_target(lines[0]);
	for (size_t i = 1; i < LINE_COUNT; i++) {
		/* An empty line is a header that was not sent. */
		if (lines[i] != NULL && lines[i][0] == '\0')
			lines[i] = NULL;
		if (lines[i] != NULL)
			check_date(lines[i]);
	}
	check_decision(lines, false, 10000);
	check_decision(lines, true, 10000);
	check_decision(lines, false, 0);
	check_decision(lines, false, UINT64_MAX);
	free(text);
	return 0;
}
