/* One packet on its way through the service: what is gathered about it, what is decided, what is
 * answered. A part of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_EXCHANGE_H
#define BOOTD_DHCP_DHCP_EXCHANGE_H

#include "dhcp/dhcp_client.h"
#include "dhcp/dhcp_engine.h"
#include "dhcp/dhcp_service.h"
#include "dhcp/dhcp_wire.h"

struct datagram;
struct dhcp_crowd;
struct dhcp_probe;
struct dhcp_waiting;
struct link;
struct udp;

struct dhcp_service {
	struct dhcp_service_parts parts;
	struct udp *udp;
	struct link *link;
	struct dhcp_probe *probe;
	struct dhcp_crowd *crowd;     /* of strangers, while there are too many */
	struct timer *quiet;          /* fires when there are not any more */
	bool is_crowded;              /* more wait in the socket than were read */
	struct dhcp_waiting *waiting; /* for the authority */
};

/* One packet on its way: what is gathered, what is decided. */
struct exchange {
	struct dhcp_service *service;
	const struct datagram *datagram;
	struct dhcp_message message;
	struct client client;
	struct dhcp_request request;
	struct session *session; /* NULL: the machine has none */
	struct dhcp_facts facts;
	struct dhcp_decision decision;
};

/* Monotonic. */
uint64_t dhcp_now_s(const struct dhcp_service *service);

/* A message that is not answered; why may be NULL. */
void dhcp_note_ignored(const struct exchange *exchange, enum event_kind kind, const char *why);

/* Gathers what is known of the machine before anybody is asked about it: its session, what it
 * holds, what the rules give it. */
void dhcp_gather_machine(struct exchange *exchange);
/* Gathers what is known of the address that it wants, and a free one. */
void dhcp_gather_addresses(struct exchange *exchange);

/* Applies the decision: keeps its lease, then sends its answer. */
void dhcp_apply(struct exchange *exchange);

#endif
