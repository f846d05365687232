/* dhcp_load: clients that ask a DHCP server for addresses, many at once; prints what it took as one
 * line of JSON. Ends with 1 where an answer was wrong or an address given to two. */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
	"dhcp_load [OPTION]... ADDRESS     asks the server, and prints one line of JSON\n"
	"  --relay ADDRESS  of this machine: asks as a relay from there\n"
	"  --device NAME    without a relay: asks by broadcast on this interface\n"
	"  --pool FIRST,N   the addresses that may be given (needed)\n"
	"  --work WHAT      new: four messages of clients that have nothing (default)\n"
	"                   again: the same of those that have a lease\n"
	"                   renew: two messages of those, by unicast; mixed: both in turn\n"
	"  --fill N         clients that get a lease before that (0)\n"
	"  --wait           says \"ready\" then, and goes on after a line of input\n"
	"  --count N        exchanges at most (1000000)\n"
	"  --seconds N      begins no more after these (0: no limit)\n"
	"  --at-once N      exchanges that run at a time, to 65536 (32)\n"
	"  --rate N         begun in a second (0: when another has ended)\n"
	"  --patience N     seconds after which a client asks again (1)\n"
	"  --tries N        after which it gives up (4)\n"
	"  --seed N         of the clients' addresses, to 255 (1)\n"
	"  --firmware       the clients are marked as PXE's\n";

enum option_number {
	OPTION_RELAY = 1,
	OPTION_DEVICE,
	OPTION_POOL,
	OPTION_WORK,
	OPTION_FILL,
	OPTION_WAIT,
	OPTION_COUNT,
	OPTION_SECONDS,
	OPTION_AT_ONCE,
	OPTION_RATE,
	OPTION_PATIENCE,
	OPTION_TRIES,
	OPTION_SEED,
	OPTION_FIRMWARE,
};

static const struct option options[] = {
	{ "relay", required_argument, NULL, OPTION_RELAY },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "pool", required_argument, NULL, OPTION_POOL },
	{ "work", required_argument, NULL, OPTION_WORK },
	{ "fill", required_argument, NULL, OPTION_FILL },
	{ "wait", no_argument, NULL, OPTION_WAIT },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "at-once", required_argument, NULL, OPTION_AT_ONCE },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "patience", required_argument, NULL, OPTION_PATIENCE },
	{ "tries", required_argument, NULL, OPTION_TRIES },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "firmware", no_argument, NULL, OPTION_FIRMWARE },
	{ 0 },
};

static _Noreturn void complain(const char *what, const char *value)
{
	fprintf(stderr, "dhcp_load: %s: %s\n%s", what, value, usage);
	exit(2);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most)
		complain("a number out of range", text);
	return (uint32_t)value;
}

static double fraction(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value <= 1e7))
		complain("a number out of range", text);
	return value;
}

static struct in_addr address(const char *text)
{
	struct in_addr found;

	if (inet_pton(AF_INET, text, &found) != 1)
		complain("no IPv4 address", text);
	return found;
}

static void take_pool(struct load_plan *plan, const char *value)
{
	char first[INET_ADDRSTRLEN] = "";
	const char *comma = strchr(value, ',');

	if (comma == NULL || (size_t)(comma - value) >= sizeof(first))
		complain("not FIRST,N", value);
	memcpy(first, value, (size_t)(comma - value));
	plan->pool_first = ntohl(address(first).s_addr);
	plan->pool_count = number(comma + 1, 1, 1U << 24);
}

static enum work work(const char *text)
{
	static const char *const names[] = { [WORK_NEW] = "new",
					     [WORK_AGAIN] = "again",
					     [WORK_RENEW] = "renew",
					     [WORK_MIXED] = "mixed" };

	for (enum work one = WORK_NEW; one <= WORK_MIXED; one++) {
		if (strcmp(text, names[one]) == 0)
			return one;
	}
	complain("no such work", text);
}

static void take_option(struct load_plan *plan, int option, const char *value)
{
	switch (option) {
	case OPTION_RELAY:
		plan->relay = address(value);
		break;
	case OPTION_DEVICE:
		plan->device = value;
		break;
	case OPTION_POOL:
		take_pool(plan, value);
		break;
	case OPTION_WORK:
		plan->work = work(value);
		break;
	case OPTION_FILL:
		plan->fill = number(value, 0, 1U << 24);
		break;
	case OPTION_WAIT:
		plan->waits = true;
		break;
	case OPTION_COUNT:
		plan->count = number(value, 0, 1U << 24);
		break;
	case OPTION_SECONDS:
		plan->seconds = fraction(value);
		break;
	case OPTION_AT_ONCE:
		plan->at_once = number(value, 1, 65536);
		break;
	case OPTION_RATE:
		plan->rate = fraction(value);
		break;
	case OPTION_PATIENCE:
		plan->patience_s = fraction(value);
		break;
	case OPTION_TRIES:
		plan->tries = number(value, 1, 100);
		break;
	case OPTION_SEED:
		plan->seed = (uint8_t)number(value, 0, 255);
		break;
	case OPTION_FIRMWARE:
		plan->is_firmware = true;
		break;
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static struct load_plan parse(int argc, char **argv)
{
	struct load_plan plan = { .server = { .sin_family = AF_INET, .sin_port = htons(67) },
				  .count = 1000000,
				  .at_once = 32,
				  .patience_s = 1,
				  .tries = 4,
				  .seed = 1 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(&plan, option, optarg);
	if (optind + 1 != argc)
		complain("one address is wanted", "");
	plan.server.sin_addr = address(argv[optind]);
	if (plan.pool_count == 0)
		complain("it is needed", "--pool");
	if (plan.relay.s_addr == 0 && plan.device == NULL)
		complain("one of them is needed", "--relay, --device");
	if (plan.relay.s_addr == 0 && (plan.work == WORK_RENEW || plan.work == WORK_MIXED))
		complain("renewals need", "--relay");
	return plan;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_latency(const char *name, const struct load_latency *latency)
{
	printf("\"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f, \"%s_max_ms\": %.3f, ", name,
	       (double)latency->p50 / 1e6, name, (double)latency->p99 / 1e6, name,
	       (double)latency->longest / 1e6);
}

static void print(const struct load_result *result)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"seconds\": %.6f, \"per_s\": %.1f, \"begun\": %" PRIu32 ", \"done\": %" PRIu32
	       ", \"given_up\": %" PRIu32 ", \"packets\": %" PRIu64 ", \"offers\": %" PRIu64
	       ", \"acks\": %" PRIu64 ", \"naks\": %" PRIu64 ", ",
	       result->seconds, result->seconds > 0 ? result->done / result->seconds : 0,
	       result->begun, result->done, result->given_up, result->packets, result->offers,
	       result->acks, result->naks);
	printf("\"resent\": %" PRIu64 ", \"late\": %" PRIu64 ", \"wrong\": %" PRIu64
	       ", \"duplicates\": %" PRIu64 ", \"changed\": %" PRIu64 ", ",
	       result->resent, result->late, result->wrong, result->duplicates, result->changed);
	print_latency("offer", &result->offer);
	print_latency("ack", &result->ack);
	print_latency("whole", &result->whole);
	printf("\"client_cpu_s\": %.6f}\n", seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
}

int main(int argc, char **argv)
{
	struct load_plan plan = parse(argc, argv);
	struct load_result result;
	int error = load_run(&plan, &result);

	if (error != 0) {
		fprintf(stderr, "dhcp_load: %s\n", strerror(-error));
		return 1;
	}
	print(&result);
	return result.wrong + result.duplicates + result.changed > 0;
}
