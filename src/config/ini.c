#include "config/ini.h"

#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ini {
	char file_name[sizeof(((struct problem *)NULL)->file)];
	char *text; /* a copy, cut up: names and values point into it */
	struct ini_section *sections;
	size_t section_count;
	struct ini_entry *entries;
	size_t entry_count;
	struct ini_entry *by_name; /* the same, sorted for ini_find */
};

/* Where parsing stands. */
struct parser {
	struct ini *ini;
	struct problems *problems;
	const char *section; /* NULL: what follows belongs to none */
	bool has_complained; /* that there is no section, or why */
	bool is_at_end;      /* one complaint ended the reading */
	unsigned line;
};

static bool is_comment_sign(char character)
{
	return character == ';' || character == '#';
}

static void complain_of_line(struct parser *parser, const char *sentence)
{
	struct place place = { .file = parser->ini->file_name, .line = parser->line };

	problems_add(parser->problems, place, "%s", sentence);
}

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

/* In place. */
static const char *canonical_name(char *name)
{
	char *out = name;

	for (const char *at = name; *at != '\0'; at++) {
		if (!is_blank(*at))
			*out++ = (char)tolower((unsigned char)*at);
		else if (!is_blank(at[1]))
			*out++ = ' ';
	}
	*out = '\0';
	if (strcmp(name, "bootpd") == 0)
		return "bootp";
	if (strcmp(name, "tftpd") == 0)
		return "tftp";
	return name;
}

/* Notes that a section begins here; sort_sections joins those of one name. False: there are too
 * many. */
static bool open_section(struct parser *parser, const char *name)
{
	struct ini *ini = parser->ini;

	if (ini->section_count == INI_SECTIONS_MAX)
		return false;
	ini->sections[ini->section_count++] = (struct ini_section){
		.name = name,
		.line = parser->line,
		.first_entry = ini->entry_count,
	};
	parser->section = name;
	return true;
}

static void parse_section(struct parser *parser, char *line)
{
	char *end = strchr(line, ']');
	char *name;
	const char *rest;

	/* The lines after a header that cannot be read are passed over: their one problem is it. */
	parser->section = NULL;
	parser->has_complained = true;
	if (end == NULL) {
		complain_of_line(parser, "the section's name has no closing ]");
		return;
	}
	*end = '\0';
	rest = text_trim(end + 1);
	if (*rest != '\0' && !is_comment_sign(*rest))
		complain_of_line(parser, "there is text after the section's name: give it a line "
					 "of its own");
	name = text_trim(line + 1);
	if (*name == '\0') {
		complain_of_line(parser, "the section has no name");
		return;
	}
	if (!open_section(parser, canonical_name(name))) {
		complain_of_line(parser, "there are too many sections");
		parser->is_at_end = true;
	}
}

/* The first '=', or a ':' before a blank or the line's end: "AA:BB:CC:DD:EE:FF = yes" has one
 * delimiter. NULL: there is none. */
static char *find_delimiter(char *line)
{
	for (char *at = line; *at != '\0'; at++) {
		if (*at == '=')
			return at;
		if (*at == ':' && (at[1] == '\0' || at[1] == ' ' || at[1] == '\t'))
			return at;
	}
	return NULL;
}

static void parse_entry(struct parser *parser, char *line)
{
	struct ini *ini = parser->ini;
	char *delimiter = find_delimiter(line);

	if (parser->section == NULL) {
		if (!parser->has_complained)
			complain_of_line(parser, "this comes before any [section]");
		parser->has_complained = true;
		return;
	}
	if (delimiter == NULL) {
		complain_of_line(parser, "this is no [section], no \"key = value\" and no comment");
		return;
	}
	*delimiter = '\0';
	line = text_trim(line);
	if (*line == '\0') {
		complain_of_line(parser, "there is no key before the delimiter");
		return;
	}
	if (ini->entry_count == INI_ENTRIES_MAX) {
		complain_of_line(parser,
				 "the file has more than 524,288 keys; the rest is not read");
		parser->is_at_end = true;
		return;
	}
	ini->entries[ini->entry_count++] = (struct ini_entry){
		.section = parser->section,
		.key = line,
		.value = text_trim(delimiter + 1),
		.line = parser->line,
	};
}

/* The line's NUL stands where its line feed was. */
static void parse_line(struct parser *parser, char *line, size_t length)
{
	if (strlen(line) < length) {
		complain_of_line(parser, "there is a NUL byte: this is not plain text; the rest is "
					 "not read");
		parser->is_at_end = true;
		return;
	}
	if (length > INI_LINE_MAX) {
		complain_of_line(parser, "the line is longer than 4,096 bytes");
		return;
	}
	line = text_trim(line);
	if (*line == '\0' || is_comment_sign(*line))
		return;
	if (*line == '[')
		parse_section(parser, line);
	else
		parse_entry(parser, line);
}

static void parse_lines(struct parser *parser, size_t length)
{
	static const char byte_order_mark[] = { '\xef', '\xbb', '\xbf' };
	char *line = parser->ini->text;
	char *end = line + length;

	if (length >= sizeof(byte_order_mark) &&
	    memcmp(line, byte_order_mark, sizeof(byte_order_mark)) == 0)
		line += sizeof(byte_order_mark);
	while (line < end && !parser->is_at_end) {
		char *line_end = memchr(line, '\n', (size_t)(end - line));

		if (line_end == NULL)
			line_end = end;
		*line_end = '\0';
		parser->line++;
		parse_line(parser, line, (size_t)(line_end - line));
		line = line_end + 1;
	}
}

/* The keys of [filters] are names of files, where the case counts. */
static int compare_keys(const struct ini_entry *first, const struct ini_entry *second)
{
	if (strcmp(first->section, "filters") == 0)
		return strcmp(first->key, second->key);
	return strcasecmp(first->key, second->key);
}

static int compare_names(const void *one, const void *other)
{
	const struct ini_entry *first = one;
	const struct ini_entry *second = other;
	int order = first->section == second->section ? 0 : strcmp(first->section, second->section);

	return order != 0 ? order : compare_keys(first, second);
}

static int compare_names_and_lines(const void *one, const void *other)
{
	const struct ini_entry *first = one;
	const struct ini_entry *second = other;
	int order = compare_names(one, other);

	return order != 0 ? order : (first->line > second->line) - (first->line < second->line);
}

static void sort_entries(struct ini *ini, struct problems *problems)
{
	const struct ini_entry *entry = ini->by_name;

	memcpy(ini->by_name, ini->entries, ini->entry_count * sizeof(*entry));
	qsort(ini->by_name, ini->entry_count, sizeof(*entry), compare_names_and_lines);
	for (size_t i = 1; i < ini->entry_count; i++, entry++) {
		if (compare_names(entry, entry + 1) == 0)
			ini_complain(ini, entry + 1, problems,
				     "line %u has this key already: remove one of the two",
				     entry->line);
	}
}

static int compare_sections(const void *one, const void *other)
{
	const struct ini_section *first = one;
	const struct ini_section *second = other;
	int order = strcmp(first->name, second->name);

	return order != 0 ? order : (first->line > second->line) - (first->line < second->line);
}

static int compare_section_lines(const void *one, const void *other)
{
	const struct ini_section *first = one;
	const struct ini_section *second = other;

	return (first->line > second->line) - (first->line < second->line);
}

/* One of each name, in the order of the file. */
static void sort_sections(struct ini *ini)
{
	struct ini_section *list = ini->sections;
	size_t count = 0;

	qsort(list, ini->section_count, sizeof(*list), compare_sections);
	for (size_t i = 0; i < ini->section_count; i++) {
		if (count == 0 || strcmp(list[count - 1].name, list[i].name) != 0)
			list[count++] = list[i];
		else if (list[count - 1].next_line == 0)
			list[count - 1].next_line = list[i].line;
	}
	qsort(list, count, sizeof(*list), compare_section_lines);
	ini->section_count = count;
}

static size_t count_lines(struct span text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.length; i++)
		count += text.bytes[i] == '\n';
	return count;
}

static struct ini *new_ini(const char *file_name, struct span text)
{
	struct ini *ini = calloc(1, sizeof(*ini));
	size_t lines = count_lines(text);
	size_t capacity = lines < INI_ENTRIES_MAX ? lines : INI_ENTRIES_MAX;

	if (ini == NULL)
		return NULL;
	(void)text_format(ini->file_name, sizeof(ini->file_name), "%s", file_name);
	ini->text = malloc(text.length + 1);
	ini->entries = calloc(capacity, sizeof(ini->entries[0]));
	ini->by_name = calloc(capacity, sizeof(ini->by_name[0]));
	ini->sections = calloc(lines < INI_SECTIONS_MAX ? lines : INI_SECTIONS_MAX,
			       sizeof(ini->sections[0]));
	if (ini->text == NULL || ini->entries == NULL || ini->by_name == NULL ||
	    ini->sections == NULL) {
		ini_free(ini);
		return NULL;
	}
	if (text.length > 0)
		memcpy(ini->text, text.bytes, text.length);
	ini->text[text.length] = '\0';
	return ini;
}

struct ini *ini_parse(const char *file_name, struct span text, struct problems *problems)
{
	struct parser parser = { .problems = problems };

	if (text.length > INI_FILE_MAX) {
		problems_add(problems, (struct place){ .file = file_name },
			     "the file is larger than 16 MiB");
		text.length = 0;
	}
	parser.ini = new_ini(file_name, text);
	if (parser.ini == NULL)
		return NULL;
	parse_lines(&parser, text.length);
	sort_entries(parser.ini, problems);
	sort_sections(parser.ini);
	return parser.ini;
}

void ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	free(ini->text);
	free(ini->entries);
	free(ini->by_name);
	free(ini->sections);
	free(ini);
}

const struct ini_section *ini_section_at(const struct ini *ini, size_t index)
{
	return index < ini->section_count ? &ini->sections[index] : NULL;
}

const struct ini_entry *ini_entry_at(const struct ini *ini, size_t index)
{
	return index < ini->entry_count ? &ini->entries[index] : NULL;
}

const struct ini_entry *ini_find(const struct ini *ini, const char *section, const char *key)
{
	const struct ini_entry wanted = { .section = section, .key = key };

	return bsearch(&wanted, ini->by_name, ini->entry_count, sizeof(wanted), compare_names);
}

static struct span span_of(const char *text)
{
	return (struct span){ .bytes = (const uint8_t *)text, .length = strlen(text) };
}

/* "[section] key", escaped. */
struct name_text {
	char text[sizeof(((struct problem *)NULL)->key)];
};

static struct name_text name_of(const struct ini_entry *entry)
{
	struct name_text name = { 0 };
	char section[80];
	char key[50];

	text_escape(section, sizeof(section), span_of(entry->section));
	text_escape(key, sizeof(key), span_of(entry->key == NULL ? "" : entry->key));
	(void)text_format(name.text, sizeof(name.text), "[%s]%s%s", section,
			  *key == '\0' ? "" : " ", key);
	return name;
}

typedef void add_problem(struct problems *problems, struct place place, const char *format, ...);

static void tell(const struct ini *ini, const struct ini_entry *entry, struct problems *problems,
		 add_problem *add, const char *format, va_list arguments)
{
	struct name_text name = name_of(entry);
	struct place place = { .file = ini->file_name, .line = entry->line, .key = name.text };
	char sentence[sizeof(((struct problem *)NULL)->text)];

	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	add(problems, place, "%s", sentence);
}

void ini_complain(const struct ini *ini, const struct ini_entry *entry, struct problems *problems,
		  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(ini, entry, problems, problems_add, format, arguments);
	va_end(arguments);
}

void ini_warn(const struct ini *ini, const struct ini_entry *entry, struct problems *problems,
	      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(ini, entry, problems, problems_warn, format, arguments);
	va_end(arguments);
}
