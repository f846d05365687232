/* bootd --explain-file: which file a name leads to, and whether it would be served. */
#ifndef BOOTD_CLI_EXPLAIN_FILE_H
#define BOOTD_CLI_EXPLAIN_FILE_H

#include "content/content.h"

#include <stdbool.h>
#include <stdio.h>

struct config;
struct loop;

/* Who asks for what: the name as a client sends it. */
struct file_question {
	const char *name; /* NULL: nothing was asked */
	struct content_asker asker;
};

enum asker_field { ASKER_MAC, ASKER_IP, ASKER_UUID, ASKER_ARCH };

/* Sets what the command line says of the machine, in the form that [filters] get. Returns NULL, or
 * what is expected instead; the question is untouched then. */
const char *file_question_set(struct file_question *question, enum asker_field field,
			      const char *text);

/* Opens the file as the daemon would and says what led to it, in a few lines on out. Runs the loop.
 * True: it would be served. */
bool explain_file(struct loop *loop, struct content *content, const struct config *config,
		  const struct file_question *question, FILE *out);

#endif
