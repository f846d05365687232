#include "base/problem.h"

#include "base/text.h"

#include <stdarg.h>

/* What does not fit is cut. */
static void copy_or_empty(char *out, size_t size, const char *source)
{
	(void)text_format(out, size, "%s", source == NULL ? "" : source);
}

/* Past the limit they are only counted. */
__attribute__((format(printf, 4, 0))) static void add_to(struct problem list[PROBLEMS_MAX],
							 size_t *count, struct place place,
							 const char *format, va_list arguments)
{
	struct problem *problem;

	if ((*count)++ >= PROBLEMS_MAX)
		return;
	problem = &list[*count - 1];
	copy_or_empty(problem->file, sizeof(problem->file), place.file);
	copy_or_empty(problem->key, sizeof(problem->key), place.key);
	problem->line = place.line;
	(void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
}

void problems_add(struct problems *problems, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_to(problems->list, &problems->count, place, format, arguments);
	va_end(arguments);
}

void problems_warn(struct problems *problems, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_to(problems->warnings, &problems->warning_count, place, format, arguments);
	va_end(arguments);
}

void problem_format(const struct problem *problem, char *out, size_t size)
{
	char line[16] = "";

	if (problem->line > 0)
		(void)text_format(line, sizeof(line), ":%u", problem->line);
	(void)text_format(out, size, "%s%s%s%s%s%s", problem->file,
			  problem->file[0] == '\0' ? "" : line,
			  problem->file[0] == '\0' ? "" : ": ", problem->key,
			  problem->key[0] == '\0' ? "" : ": ", problem->text);
}

static void print_list(const struct problem *list, size_t count, const char *kind, FILE *out)
{
	char line[PROBLEM_LINE_SIZE];

	for (size_t i = 0; i < count && i < PROBLEMS_MAX; i++) {
		problem_format(&list[i], line, sizeof(line));
		(void)fprintf(out, "%s%s\n", kind, line);
	}
	if (count > PROBLEMS_MAX)
		(void)fprintf(out, "%s... and %zu more\n", kind, count - PROBLEMS_MAX);
}

void problems_print(const struct problems *problems, FILE *out)
{
	print_list(problems->list, problems->count, "", out);
	print_list(problems->warnings, problems->warning_count, "warning: ", out);
}
