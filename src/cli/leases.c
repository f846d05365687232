#include "cli/leases.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config_load.h"
#include "control/control_json.h"
#include "io/local.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE 1024

struct answer {
	const struct leases_question *question;
	FILE *out;
	FILE *complaints;
	unsigned count;
};

/* Where the daemon of this configuration listens. False: a problem is printed. */
static bool find_socket(const char *config_path, char *out, size_t size, FILE *complaints)
{
	static const struct config_surroundings nothing;
	static struct problems problems;
	struct config config;

	/* Where nothing is served, this machine's network does not matter. */
	if (!config_load(config_path, SERVE_NOTHING, false, &nothing, &config, &problems)) {
		problems_print(&problems, complaints);
		return false;
	}
	(void)text_copy(out, size, config.daemon.control);
	config_done(&config);
	return true;
}

static const char *sentence_of(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "no bootd listens there: is it running, and with this configuration?";
	case -EACCES:
	case -EPERM:
		return "no permission: ask as root, or as the user who runs bootd";
	default:
		return strerror(-error);
	}
}

static void format_end(const struct control_lease *lease, char *out, size_t size)
{
	time_t end = time(NULL) + (time_t)lease->seconds_left;
	struct tm local;

	if (lease->never_ends)
		(void)text_copy(out, size, "never");
	else if (localtime_r(&end, &local) == NULL ||
		 strftime(out, size, "%Y-%m-%d %H:%M:%S", &local) == 0)
		(void)text_copy(out, size, "?");
}

static void print_row(struct answer *answer, const struct control_lease *lease)
{
	char end[32];

	if (answer->count++ == 0)
		(void)fprintf(answer->out, "%-15s  %-17s  %-8s  %s\n", "ADDRESS", "MAC", "STATE",
			      "UNTIL");
	format_end(lease, end, sizeof(end));
	(void)fprintf(answer->out, "%-15s  %-17s  %-8s  %s\n", lease->address, lease->mac,
		      lease->state, end);
}

/* One line of JSON, as it came; the array is the command line's. */
static void print_json(struct answer *answer, const char *line, size_t length)
{
	(void)fprintf(answer->out, "%s%.*s", answer->count++ == 0 ? "[\n" : ",\n", (int)length,
		      line);
}

static void print_end(const struct answer *answer)
{
	if (answer->question->is_release)
		return;
	if (answer->question->is_json)
		(void)fputs(answer->count == 0 ? "[]\n" : "\n]\n", answer->out);
	else if (answer->count == 0)
		(void)fputs("There are no leases.\n", answer->out);
}

/* Returns true as long as there is more to come; *out_is_done: it went well. */
static bool take_line(struct answer *answer, const char *line, size_t length, bool *out_is_done)
{
	struct control_lease lease;
	char sentence[LINE_SIZE];
	struct span bytes = { (const uint8_t *)line, length };

	switch (control_line_parse(bytes, &lease, sentence, sizeof(sentence))) {
	case CONTROL_LINE_LEASE:
		if (answer->question->is_json)
			print_json(answer, line, length);
		else
			print_row(answer, &lease);
		return true;
	case CONTROL_LINE_END:
		print_end(answer);
		*out_is_done = true;
		return false;
	case CONTROL_LINE_ERROR:
		(void)fprintf(answer->complaints, "bootd: %s\n", sentence);
		return false;
	case CONTROL_LINE_WRONG:
		break;
	}
	(void)fputs("bootd: the answer is none that this version knows\n", answer->complaints);
	return false;
}

static bool read_answer(struct answer *answer, FILE *stream)
{
	char line[LINE_SIZE];
	bool is_done = false;

	while (fgets(line, sizeof(line), stream) != NULL) {
		if (!take_line(answer, line, strcspn(line, "\n"), &is_done))
			return is_done;
	}
	(void)fputs("bootd: the answer ended early\n", answer->complaints);
	return false;
}

bool leases_ask(const struct leases_question *question, FILE *out, FILE *complaints)
{
	struct control_request request = {
		.command = question->is_release ? CONTROL_RELEASE : CONTROL_LEASES,
		.address = question->address,
	};
	struct answer answer = { .question = question, .out = out, .complaints = complaints };
	CLEANUP(close_fd) int fd = -1;
	CLEANUP(close_file) FILE *stream = NULL;
	char path[PATH_MAX];
	char line[LINE_SIZE];
	int error;

	if (!find_socket(question->config_path, path, sizeof(path), complaints))
		return false;
	error = local_connect(path, &fd);
	if (error == 0)
		stream = fdopen(fd, "r+");
	if (stream == NULL) {
		(void)fprintf(complaints, "bootd: %s: %s\n", path,
			      sentence_of(error == 0 ? -errno : error));
		return false;
	}
	(void)take_fd(&fd); /* the stream's */
	control_request_format(&request, line, sizeof(line));
	if (fprintf(stream, "%s\n", line) < 0 || fflush(stream) != 0) {
		(void)fprintf(complaints, "bootd: %s: %s\n", path, strerror(errno));
		return false;
	}
	return read_answer(&answer, stream);
}
