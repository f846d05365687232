#include "http/http_date.h"

#include "base/text.h"

#include <string.h>

#define DAY_S      INT64_C(86400)
#define TIME_MAX_S INT64_C(253402300799) /* the end of 9999 */
#define ERA_DAYS   INT64_C(146097)       /* 400 years */

static const char *const weekdays[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct civil {
	int64_t year;
	int64_t month; /* 1 to 12 */
	int64_t day;
	int64_t hour;
	int64_t minute;
	int64_t second;
};

/* Days since 1970. A year is taken to begin in March, so that a leap day is its last; 719,468 days
 * lie between the first of March of the year 0 and 1970. */
static int64_t days_of(const struct civil *date)
{
	int64_t year = date->month > 2 ? date->year : date->year - 1;
	int64_t month = (date->month + 9) % 12;
	int64_t day_of_year = (153 * month + 2) / 5 + date->day - 1;

	return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

static struct civil date_of(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t day_of_era = shifted % ERA_DAYS;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	return (struct civil){
		.year = shifted / ERA_DAYS * 400 + year_of_era + (month >= 10 ? 1 : 0),
		.month = month >= 10 ? month - 9 : month + 3,
		.day = day_of_year - (153 * month + 2) / 5 + 1,
	};
}

struct http_date_text http_date_format(int64_t time_s)
{
	struct http_date_text out = { "" };
	struct civil date;

	if (time_s < 0 || time_s > TIME_MAX_S)
		return out;
	date = date_of(time_s / DAY_S);
	(void)text_format(out.text, sizeof(out.text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
			  weekdays[time_s / DAY_S % 7], (int)date.day, months[date.month - 1],
			  (int)date.year, (int)(time_s % DAY_S / 3600), (int)(time_s % 3600 / 60),
			  (int)(time_s % 60));
	return out;
}

/* Exactly so many digits, of which the first may be a blank. NULL: they are not there. */
static const char *parse_digits(const char *at, unsigned count, bool may_begin_blank,
				int64_t *out_value)
{
	int64_t value = 0;

	if (at == NULL)
		return NULL;
	for (unsigned i = 0; i < count; i++, at++) {
		if (i == 0 && may_begin_blank && *at == ' ')
			continue;
		if (*at < '0' || *at > '9')
			return NULL;
		value = value * 10 + (*at - '0');
	}
	*out_value = value;
	return at;
}

static const char *parse_word(const char *at, const char *word)
{
	if (at == NULL || strncmp(at, word, strlen(word)) != 0)
		return NULL;
	return at + strlen(word);
}

static const char *parse_month(const char *at, int64_t *out_month)
{
	for (int i = 0; at != NULL && i < 12; i++) {
		if (strncmp(at, months[i], 3) == 0) {
			*out_month = i + 1;
			return at + 3;
		}
	}
	return NULL;
}

static const char *parse_clock(const char *at, struct civil *date)
{
	at = parse_word(parse_digits(at, 2, false, &date->hour), ":");
	at = parse_word(parse_digits(at, 2, false, &date->minute), ":");
	return parse_digits(at, 2, false, &date->second);
}

/* A year that seems more than 50 years ahead is the last one that ended so. */
static int64_t full_year(int64_t year, int64_t now_s)
{
	int64_t now = date_of(now_s / DAY_S).year;

	year += now / 100 * 100;
	return year > now + 50 ? year - 100 : year;
}

/* "06 Nov 1994 08:49:37 GMT" or, with hyphens, "06-Nov-94 08:49:37 GMT" */
static const char *parse_day_first(const char *at, int64_t now_s, struct civil *date)
{
	bool is_obsolete;

	at = parse_digits(at, 2, false, &date->day);
	is_obsolete = at != NULL && *at == '-';
	at = parse_month(parse_word(at, is_obsolete ? "-" : " "), &date->month);
	at = parse_word(at, is_obsolete ? "-" : " ");
	at = parse_digits(at, is_obsolete ? 2 : 4, false, &date->year);
	if (is_obsolete)
		date->year = full_year(date->year, now_s);
	return parse_word(parse_clock(parse_word(at, " "), date), " GMT");
}

/* "Nov  6 08:49:37 1994" */
static const char *parse_month_first(const char *at, struct civil *date)
{
	at = parse_word(parse_month(at, &date->month), " ");
	at = parse_word(parse_digits(at, 2, true, &date->day), " ");
	return parse_digits(parse_word(parse_clock(at, date), " "), 4, false, &date->year);
}

static bool is_possible(const struct civil *date)
{
	return date->year >= 1970 && date->day >= 1 && date->day <= 31 && date->hour <= 23 &&
	       date->minute <= 59 && date->second <= 60; /* a leap second */
}

bool http_date_parse(const char *text, int64_t now_s, int64_t *out_time_s)
{
	const char *comma = strchr(text, ',');
	const char *blank = strchr(text, ' ');
	struct civil date = { 0 };
	const char *end;

	if (blank == NULL)
		return false;
	/* The weekday adds nothing. */
	end = comma != NULL ? parse_day_first(parse_word(comma, ", "), now_s, &date)
			    : parse_month_first(blank + 1, &date);
	if (end == NULL || *end != '\0' || !is_possible(&date))
		return false;
	*out_time_s = days_of(&date) * DAY_S + date.hour * 3600 + date.minute * 60 + date.second;
	return true;
}
