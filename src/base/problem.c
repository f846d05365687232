#include "base/problem.h"

#include "base/text.h"

#include <stdarg.h>

/* What does not fit is cut. */
static void copy_or_empty(char *out, size_t size, const char *source)
{
	(void)text_format(out, size, "%s", source == NULL ? "" : source);
}

void problems_add(struct problems *problems, struct place place, const char *format, ...)
{
	struct problem *problem;
	va_list arguments;

	if (problems->count++ >= PROBLEMS_MAX)
		return;
	problem = &problems->list[problems->count - 1];
	copy_or_empty(problem->file, sizeof(problem->file), place.file);
	copy_or_empty(problem->key, sizeof(problem->key), place.key);
	problem->line = place.line;
	va_start(arguments, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
}

static void print_problem(const struct problem *problem, FILE *out)
{
	if (problem->file[0] != '\0' && problem->line > 0)
		(void)fprintf(out, "%s:%u: ", problem->file, problem->line);
	else if (problem->file[0] != '\0')
		(void)fprintf(out, "%s: ", problem->file);
	if (problem->key[0] != '\0')
		(void)fprintf(out, "%s: ", problem->key);
	(void)fprintf(out, "%s\n", problem->text);
}

void problems_print(const struct problems *problems, FILE *out)
{
	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++)
		print_problem(&problems->list[i], out);
	if (problems->count > PROBLEMS_MAX)
		(void)fprintf(out, "... and %zu more\n", problems->count - PROBLEMS_MAX);
}
