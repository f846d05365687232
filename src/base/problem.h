/* What is wrong with a configuration or a start, for a person: file, line, key and a sentence.
 * All problems are gathered before the first is shown. */
#ifndef BOOTD_BASE_PROBLEM_H
#define BOOTD_BASE_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

#define PROBLEMS_MAX 100

struct problem {
	char file[256];
	char key[96];
	char text[512];
	unsigned line;
};

/* All zeros is an empty list. Past PROBLEMS_MAX they are only counted. */
struct problems {
	struct problem list[PROBLEMS_MAX];
	size_t count;
};

/* Where in a file; file NULL, line 0 or key NULL where there is none. */
struct place {
	const char *file;
	unsigned line;
	const char *key; /* "[section] key" or "[section]" */
};

__attribute__((format(printf, 3, 4))) void
problems_add(struct problems *problems, struct place place, const char *format, ...);

/* One line each: "FILE:LINE: [section] key: sentence". */
void problems_print(const struct problems *problems, FILE *out);

#endif
