/* Many exchanges of many clients at once, over one thread. Each answer is checked. */
#ifndef BOOTD_BENCH_DHCP_LOAD_H
#define BOOTD_BENCH_DHCP_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum work {
	WORK_NEW,   /* DISCOVER, OFFER, REQUEST, ACK, each of a client that has nothing yet */
	WORK_AGAIN, /* the same of clients that have a lease */
	WORK_RENEW, /* REQUEST and ACK, by unicast */
	WORK_MIXED, /* the last two in turn */
};

struct load_plan {
	struct sockaddr_in server;
	struct in_addr relay; /* whose port 67 is spoken from; 0: as clients, by broadcast */
	const char *device;   /* without a relay: the interface */
	uint32_t pool_first;  /* what the server may give, in host order */
	uint32_t pool_count;
	enum work work;
	uint32_t fill;     /* clients that get a lease before the measured part */
	bool waits;        /* between the two: says "ready", goes on after a line of input */
	uint32_t count;    /* exchanges of the measured part at most */
	double seconds;    /* after these no more are begun; 0: no limit */
	uint32_t at_once;  /* exchanges that run */
	double rate;       /* begun in a second; 0: as soon as another has ended */
	double patience_s; /* after which a client asks again */
	uint32_t tries;    /* after which it gives up */
	uint8_t seed;      /* of the clients' addresses and transaction numbers */
	bool is_firmware;
};

/* In nanoseconds, of what was answered. */
struct load_latency {
	uint64_t p50, p99, longest;
};

struct load_result {
	double seconds; /* from the first packet to the last answer */
	uint32_t begun, done, given_up;
	uint64_t packets, offers, acks, naks;
	uint64_t resent;
	uint64_t late;       /* answers that nobody waited for any more */
	uint64_t wrong;      /* of the wrong kind, machine, pool or server */
	uint64_t duplicates; /* addresses acknowledged to two clients */
	uint64_t changed;    /* known clients that were told another address than theirs */
	struct load_latency offer, ack, whole;
};

/* Runs it to its end. -errno where the machine refuses a socket or memory. */
int load_run(const struct load_plan *plan, struct load_result *out_result);

#endif
