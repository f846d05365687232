/* What is wrong with a configuration or a start, for a person: file, line, key and a sentence.
 * All problems are gathered before the first is shown. A problem stops the start; a warning is
 * told and stops nothing. */
#ifndef BOOTD_BASE_PROBLEM_H
#define BOOTD_BASE_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

#define PROBLEMS_MAX 100

struct problem {
	char file[256];
	char key[136];
	char text[512];
	unsigned line;
};

/* All zeros are two empty lists. Past PROBLEMS_MAX they are only counted. */
struct problems {
	struct problem list[PROBLEMS_MAX];
	size_t count;
	struct problem warnings[PROBLEMS_MAX];
	size_t warning_count;
};

/* Room for a problem's line, the longest one and NUL included. */
#define PROBLEM_LINE_SIZE (sizeof(struct problem) + 32)

/* Where in a file; file NULL, line 0 or key NULL where there is none. */
struct place {
	const char *file;
	unsigned line;
	const char *key; /* "[section] key" or "[section]" */
};

__attribute__((format(printf, 3, 4))) void
problems_add(struct problems *problems, struct place place, const char *format, ...);

__attribute__((format(printf, 3, 4))) void
problems_warn(struct problems *problems, struct place place, const char *format, ...);

/* "FILE:LINE: [section] key: sentence", without a line feed. */
void problem_format(const struct problem *problem, char *out, size_t size);

/* One line each, the problems first; a warning's line begins with "warning: ". */
void problems_print(const struct problems *problems, FILE *out);

#endif
