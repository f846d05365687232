/* tftp_load: downloads many files at once over TFTP, compares every byte and prints what it took
 * as one line of JSON. */
#include "load.h"
#include "pattern.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
	"tftp_load [OPTION]... ADDRESS      downloads, and prints one line of JSON\n"
	"tftp_load --write FOLDER [OPTION]... writes the files that are downloaded, and ends\n"
	"  --transfers N    in all (1)\n"
	"  --at-once N      at most so many (1)\n"
	"  --size BYTES     of each file (1048576)\n"
	"  --files N        different ones, taken in turn: f-SIZE-0 to f-SIZE-(N - 1) (1)\n"
	"  --blksize N      asked for; 0: not asked for (1428)\n"
	"  --windowsize N   asked for; 0: not asked for (0)\n"
	"  --tsize          is asked for\n"
	"  --loss PERCENT   of the packets are thrown away each way, by the client (0)\n"
	"  --seed N         of that choice (1)\n"
	"  --seconds N      ends what still runs then (0: no limit)\n"
	"  --patience N     seconds of silence after which a transfer has failed (30)\n"
	"  --source ADDRESS of the first client (the machine's own)\n"
	"  --sources N      clients, each with the next address (1)\n"
	"  --port N         of the server (69)\n";

struct arguments {
	struct load_plan plan;
	const char *folder; /* --write */
};

enum option_number {
	OPTION_TRANSFERS = 1,
	OPTION_AT_ONCE,
	OPTION_SIZE,
	OPTION_FILES,
	OPTION_BLKSIZE,
	OPTION_WINDOWSIZE,
	OPTION_TSIZE,
	OPTION_LOSS,
	OPTION_SEED,
	OPTION_SECONDS,
	OPTION_PATIENCE,
	OPTION_SOURCE,
	OPTION_SOURCES,
	OPTION_PORT,
	OPTION_WRITE,
};

static const struct option options[] = {
	{ "transfers", required_argument, NULL, OPTION_TRANSFERS },
	{ "at-once", required_argument, NULL, OPTION_AT_ONCE },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "files", required_argument, NULL, OPTION_FILES },
	{ "blksize", required_argument, NULL, OPTION_BLKSIZE },
	{ "windowsize", required_argument, NULL, OPTION_WINDOWSIZE },
	{ "tsize", no_argument, NULL, OPTION_TSIZE },
	{ "loss", required_argument, NULL, OPTION_LOSS },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "patience", required_argument, NULL, OPTION_PATIENCE },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "sources", required_argument, NULL, OPTION_SOURCES },
	{ "port", required_argument, NULL, OPTION_PORT },
	{ "write", required_argument, NULL, OPTION_WRITE },
	{ 0 },
};

static _Noreturn void complain(const char *what, const char *value)
{
	fprintf(stderr, "tftp_load: %s: %s\n%s", what, value, usage);
	exit(2);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most)
		complain("a number out of range", text);
	return value;
}

static double fraction(const char *text, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value <= most))
		complain("a number out of range", text);
	return value;
}

static void take_option(struct arguments *arguments, int option, const char *value)
{
	struct load_plan *plan = &arguments->plan;

	switch (option) {
	case OPTION_TRANSFERS:
		plan->transfer_count = (uint32_t)number(value, 1, 10000000);
		break;
	case OPTION_AT_ONCE:
		plan->at_once = (uint32_t)number(value, 1, 60000);
		break;
	case OPTION_SIZE:
		plan->wish.size_bytes = number(value, 0, 1ULL << 40);
		break;
	case OPTION_FILES:
		plan->file_count = (uint32_t)number(value, 1, 100000);
		break;
	case OPTION_BLKSIZE:
		plan->wish.block_size = (uint16_t)number(value, 0, 65464);
		break;
	case OPTION_WINDOWSIZE:
		plan->wish.window_size = (uint16_t)number(value, 0, 65535);
		break;
	case OPTION_TSIZE:
		plan->wish.has_size = true;
		break;
	case OPTION_LOSS:
		plan->loss_each_way = fraction(value, 99) / 100;
		break;
	case OPTION_SEED:
		plan->seed = number(value, 0, UINT32_MAX);
		break;
	case OPTION_SECONDS:
		plan->seconds_max = fraction(value, 1e6);
		break;
	case OPTION_PATIENCE:
		plan->patience_s = fraction(value, 1e6);
		break;
	case OPTION_SOURCE:
		if (inet_pton(AF_INET, value, &plan->source) != 1)
			complain("no IPv4 address", value);
		if (plan->source_count == 0)
			plan->source_count = 1;
		break;
	case OPTION_SOURCES:
		plan->source_count = (uint32_t)number(value, 1, 60000);
		break;
	case OPTION_PORT:
		plan->server.sin_port = htons((uint16_t)number(value, 1, 65535));
		break;
	case OPTION_WRITE:
		arguments->folder = value;
		break;
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static struct arguments parse(int argc, char **argv)
{
	struct arguments arguments = { .plan = {
					       .server = { .sin_family = AF_INET,
							   .sin_port = htons(69) },
					       .wish = { .size_bytes = 1048576,
							 .block_size = 1428 },
					       .transfer_count = 1,
					       .at_once = 1,
					       .file_count = 1,
					       .seed = 1,
					       .patience_s = 30,
				       } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(&arguments, option, optarg);
	if (arguments.folder != NULL)
		return arguments;
	if (arguments.plan.source_count > 1 && arguments.plan.source.s_addr == 0)
		complain("--sources needs", "--source");
	if (optind + 1 != argc)
		complain("one address is wanted", "");
	if (inet_pton(AF_INET, argv[optind], &arguments.plan.server.sin_addr) != 1)
		complain("no IPv4 address", argv[optind]);
	return arguments;
}

static void write_file(const char *folder, uint64_t size, uint64_t file)
{
	char path[4096];
	FILE *out;
	uint64_t offset = 0;

	snprintf(path, sizeof(path), "%s/f-%" PRIu64 "-%" PRIu64, folder, size, file);
	out = fopen(path, "wb");
	while (out != NULL && offset < size) {
		size_t length =
			size - offset < PATTERN_ROOM ? (size_t)(size - offset) : PATTERN_ROOM;

		if (fwrite(pattern_at(file, offset), 1, length, out) != length)
			break;
		offset += length;
	}
	if (out == NULL || fclose(out) != 0 || offset != size) {
		fprintf(stderr, "tftp_load: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print(const struct load_result *result)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f, \"mb_per_s\": %.3f, "
	       "\"transfers_per_s\": %.1f, ",
	       result->bytes, result->seconds, (double)result->bytes / 1e6 / result->seconds,
	       result->done / result->seconds);
	printf("\"done\": %" PRIu32 ", \"failed\": %" PRIu32 ", \"unfinished\": %" PRIu32
	       ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"longest_ms\": %.3f, ",
	       result->done, result->failed, result->unfinished, result->p50_s * 1e3,
	       result->p99_s * 1e3, result->longest_s * 1e3);
	printf("\"retransmissions\": %" PRIu64 ", \"repeated_sends\": %" PRIu64
	       ", \"thrown_away\": %" PRIu64 ", \"blksize\": %" PRIu32 ", \"windowsize\": %" PRIu32
	       ", \"failure\": \"%s\", \"client_cpu_s\": %.6f}\n",
	       result->repeated_blocks, result->repeated_sends, result->lost, result->block_size,
	       result->window_size, result->failure ? result->failure : "",
	       seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
}

static void allow_sockets(uint32_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count + 16) {
		limit.rlim_cur = count + 16;
		if (limit.rlim_max < limit.rlim_cur)
			limit.rlim_max = limit.rlim_cur;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct load_result result;
	int error;

	pattern_init();
	if (arguments.folder != NULL) {
		for (uint32_t i = 0; i < arguments.plan.file_count; i++)
			write_file(arguments.folder, arguments.plan.wish.size_bytes, i);
		return 0;
	}
	allow_sockets(arguments.plan.at_once);
	error = load_run(&arguments.plan, &result);
	if (error != 0) {
		fprintf(stderr, "tftp_load: %s\n", strerror(-error));
		return 1;
	}
	print(&result);
	return result.failed != 0;
}
