#include "content/remote_head.h"

#include "base/text.h"

#include <string.h>

#define LINE_SIZE     512
#define MINUTE_S      60
#define DAY_S         86400
#define DATE_LENGTH   29 /* of an IMF-fixdate */
#define VERSION_START "HTTP/"

static bool read_digits(const char *text, size_t count, int64_t *out_value)
{
	int64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*out_value = value;
	return true;
}

/* The days from 1970 to the first of a month, which counts from 0. */
static int64_t days_before(int64_t year, int64_t month)
{
	static const int64_t days[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t leaps = year - (month < 2 ? 1 : 0);

	return (year - 1970) * 365 + leaps / 4 - leaps / 100 + leaps / 400 - 477 + days[month];
}

/* Which of the names, of three letters each, text begins with; count: none. */
static int64_t find_name(const char *names, int64_t count, const char *text)
{
	int64_t i = 0;

	while (i < count && strncmp(names + 3 * i, text, 3) != 0)
		i++;
	return i;
}

bool remote_date_parse(const char *text, int64_t *out_s)
{
	int64_t day;
	int64_t year;
	int64_t hour;
	int64_t minute;
	int64_t second;
	int64_t month;

	if (strlen(text) != DATE_LENGTH || strncmp(text + 3, ", ", 2) != 0 ||
	    strcmp(text + 25, " GMT") != 0 || text[7] != ' ' || text[11] != ' ' ||
	    text[16] != ' ' || text[19] != ':' || text[22] != ':')
		return false;
	month = find_name("JanFebMarAprMayJunJulAugSepOctNovDec", 12, text + 8);
	if (month == 12 || find_name("MonTueWedThuFriSatSun", 7, text) == 7 ||
	    !read_digits(text + 5, 2, &day) || !read_digits(text + 12, 4, &year) ||
	    !read_digits(text + 17, 2, &hour) || !read_digits(text + 20, 2, &minute) ||
	    !read_digits(text + 23, 2, &second))
		return false;
	if (year < 1970 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	*out_s = (days_before(year, month) + day - 1) * DAY_S + (hour * 60 + minute) * 60 + second;
	return true;
}

static void take_length(struct remote_head *head, const char *value)
{
	uint64_t length;

	if (!text_parse_number(value, &length) ||
	    (head->has_length && head->length_bytes != length)) {
		head->is_garbled = true;
		return;
	}
	head->has_length = true;
	head->length_bytes = length;
}

static void take_transfer_encoding(struct remote_head *head, const char *value)
{
	if (head->is_chunked || !text_is_same(value, "chunked"))
		head->is_encoded = true;
	else
		head->is_chunked = true;
}

static void take_content_encoding(struct remote_head *head, const char *value)
{
	if (*value != '\0' && !text_is_same(value, "identity"))
		head->is_encoded = true;
}

static void take_content_type(struct remote_head *head, const char *value)
{
	head->is_multipart |= text_starts_with(value, "multipart/");
}

/* The number that text begins with, which ends at this character. */
static bool cut_number(char **text, char end, uint64_t *out_number)
{
	char *at = strchr(*text, end);

	if (at == NULL)
		return false;
	*at = '\0';
	if (!text_parse_number(*text, out_number))
		return false;
	*text = at + 1;
	return true;
}

static bool parse_range(struct remote_head *head, char *text)
{
	if (!text_starts_with(text, "bytes "))
		return false;
	text += strlen("bytes ");
	if (!cut_number(&text, '-', &head->range_first) ||
	    !cut_number(&text, '/', &head->range_last))
		return false;
	if (strcmp(text, "*") == 0)
		return true;
	head->has_total = text_parse_number(text, &head->total_bytes);
	return head->has_total;
}

/* "bytes 10-99/100"; of "bytes * / 100", which goes with 416, nothing is needed. */
static void take_range(struct remote_head *head, const char *value)
{
	char text[80];

	if (text_starts_with(value, "bytes */"))
		return;
	if (head->has_range || !text_copy(text, sizeof(text), value) || !parse_range(head, text))
		head->is_garbled = true;
	head->has_range = true;
}

/* It goes out again in requests and answers, so it is taken only as RFC 9110 8.8.3 writes it. */
static bool is_tag(const char *text)
{
	size_t length;

	if (strncmp(text, "W/", 2) == 0)
		text += 2;
	length = strlen(text);
	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return false;
	for (size_t i = 1; i < length - 1; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '"')
			return false;
	}
	return true;
}

static void take_etag(struct remote_head *head, const char *value)
{
	head->etag[0] = '\0';
	if (is_tag(value))
		(void)text_copy(head->etag, sizeof(head->etag), value);
}

static void take_last_modified(struct remote_head *head, const char *value)
{
	head->last_modified[0] = '\0';
	if (remote_date_parse(value, &head->modified_s))
		(void)text_copy(head->last_modified, sizeof(head->last_modified), value);
}

static void take_date(struct remote_head *head, const char *value)
{
	(void)remote_date_parse(value, &head->date_s);
}

static const struct {
	const char *name;
	void (*take)(struct remote_head *head, const char *value);
} fields[] = {
	{ "Content-Encoding", take_content_encoding },
	{ "Content-Length", take_length },
	{ "Content-Range", take_range },
	{ "Content-Type", take_content_type },
	{ "Date", take_date },
	{ "ETag", take_etag },
	{ "Last-Modified", take_last_modified },
	{ "Transfer-Encoding", take_transfer_encoding },
};

/* A line that counts but is too long for what it could say. */
static void take_long_line(struct remote_head *head, const char *start)
{
	if (text_starts_with(start, "Content-Length:") ||
	    text_starts_with(start, "Content-Range:") ||
	    text_starts_with(start, "Transfer-Encoding:") ||
	    text_starts_with(start, "Content-Encoding:"))
		head->is_garbled = true;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static void begin(struct remote_head *head, const char *line)
{
	const char *status = strchr(line, ' ');
	int64_t number = 0;

	*head = (struct remote_head){ .is_before_1_1 = text_starts_with(line, "HTTP/1.0") };
	if (status == NULL || !read_digits(status + 1, 3, &number))
		head->is_garbled = true;
	head->status = (unsigned)number;
}

static void take_field(struct remote_head *head, char *line)
{
	char *colon = strchr(line, ':');

	if (colon == NULL)
		return;
	*colon = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (text_is_same(line, fields[i].name))
			fields[i].take(head, text_trim(colon + 1));
	}
}

void remote_head_add(struct remote_head *head, struct span line)
{
	char text[LINE_SIZE];
	size_t length = line.length < sizeof(text) ? line.length : sizeof(text) - 1;

	if (length == 0)
		return;
	memcpy(text, line.bytes, length);
	text[length] = '\0';
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	if (text_starts_with(text, VERSION_START))
		begin(head, text);
	else if (line.length >= sizeof(text))
		take_long_line(head, text);
	else
		take_field(head, text);
}

const char *remote_head_strong_validator(const struct remote_head *head)
{
	if (head->etag[0] == '"')
		return head->etag;
	/* A weak tag says that a file may change without its telling. */
	if (head->etag[0] == '\0' && head->last_modified[0] != '\0' &&
	    head->date_s >= head->modified_s + MINUTE_S)
		return head->last_modified;
	return NULL;
}
