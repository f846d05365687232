/* One packet on its way through the service: what is gathered about it, what is decided, what is
 * answered. A part of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_EXCHANGE_H
#define BOOTD_DHCP_DHCP_EXCHANGE_H

#include "boot/attempt.h"
#include "boot/plan.h"
#include "dhcp/dhcp_client.h"
#include "dhcp/dhcp_engine.h"
#include "dhcp/dhcp_service.h"
#include "dhcp/dhcp_wire.h"
#include "dhcp/network_engine.h"

struct answer;
struct datagram;
struct dhcp_auto;
struct dhcp_crowd;
struct dhcp_probe;
struct dhcp_waiting;
struct link;
struct link_listener;
struct neighbours;
struct outbox;
struct udp;

#define DHCP_OUTGOING_MAX 64 /* answers that leave together */

/* What bootd does on port 67. */
enum dhcp_role {
	ROLE_SERVER,
	ROLE_PROXY,
	ROLE_UNDECIDED, /* nothing, until it is known whether another server is there */
};

struct dhcp_service {
	struct dhcp_service_parts parts;
	enum dhcp_role role;
	struct udp *udp;                /* a server's port 67 */
	struct link_listener *listener; /* a proxy's: the port itself may be another's */
	struct udp *pxe;                /* the boot server's port; NULL: there is none */
	struct link *link;
	struct neighbours *neighbours; /* NULL: a server knows who has its addresses */
	struct dhcp_probe *probe;      /* NULL: a proxy gives no addresses */
	struct dhcp_crowd *crowd;      /* of strangers, while there are too many */
	struct timer *quiet;           /* fires when there are not any more */
	unsigned full_batches;         /* that came behind each other */
	bool is_crowded;               /* so many that strangers wait in the crowd */
	uint64_t flooded_until_ms;     /* not even the crowd has room for all strangers */
	uint64_t bootp_second;         /* in which so many new BOOTP machines were kept */
	unsigned bootp_count;
	struct dhcp_waiting *waiting; /* for the authority */
	struct attempt_table *attempts;
	struct dhcp_auto *automatic; /* NULL: the mode is given */
	struct outbox *outbox;       /* what leaves in the loop's next turn */
	struct timer *departure;
	size_t outgoing_count;
	struct answer *outgoing[DHCP_OUTGOING_MAX];
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
	struct network_facts network;
	struct network_choice networks; /* that it may be on */
	/* The one that it is on; NULL: none of bootd's, which a proxy does not mind. */
	const struct subnet_config *subnet;
	struct ip4 server;              /* this machine's address towards it */
	const struct host_config *host; /* NULL: no [host] is the machine's */
	bool is_listed;                 /* [host] or [static_dhcp] names it */
	bool is_proxied; /* answered as a proxy or boot server, never with an address */
	struct boot_plan plan;
	struct shape_order shapes;
	enum boot_shape shape;
	struct dhcp_decision decision;
};

/* Monotonic. */
uint64_t dhcp_now_s(const struct dhcp_service *service);

/* A message that is not answered; why may be NULL. */
void dhcp_note_ignored(const struct exchange *exchange, enum event_kind kind, const char *why);

/* Gathers which networks the packet may be of. */
void dhcp_gather_networks(struct exchange *exchange);
/* Gathers what is known of the machine before anybody is asked about it: its session, which
 * of the networks it is on, what it holds there, what the rules give it. */
void dhcp_gather_machine(struct exchange *exchange);
/* Gathers what is known of the address that it wants, and a free one: of its network or, where none
 * is left there, of another one of its link. */
void dhcp_gather_addresses(struct exchange *exchange);

/* The message came to the boot server's port. */
bool dhcp_is_for_boot_server(const struct exchange *exchange);
/* This machine's address that a proxy or boot server answers from; 0: there is none. */
struct ip4 dhcp_proxy_address(const struct exchange *exchange);
/* Gathers what the message shows of the machine's way on: that it goes on after its offer and, for
 * a proxy, which address it has. */
void dhcp_gather_progress(struct exchange *exchange);
/* Whether the message is a proxy's or boot server's to answer; if not, that is noted. */
bool dhcp_is_asked_as_proxy(const struct exchange *exchange);
/* Gathers whether it is iPXE that asks, though it does not say so. */
void dhcp_gather_loader(struct exchange *exchange);
/* Gathers what the machine is to boot. */
void dhcp_gather_plan(struct exchange *exchange);
/* What is decided would tell the machine to boot: why it is told nothing; DHCP_REASON_NONE: it is.
 * The session remembers what it is told. */
enum dhcp_reason dhcp_check_plan(const struct exchange *exchange);
/* The boot file as the answer tells it, "" without one. False: its URL does not fit. */
bool dhcp_format_boot_file(const struct exchange *exchange, char out[BOOT_NAME_SIZE]);
/* For a message that dhcp_is_asked_as_proxy lets through. */
struct dhcp_decision dhcp_decide_as_proxy(const struct exchange *exchange);
/* Once it is decided that the machine gets an answer: its shape. */
void dhcp_choose_shape(struct exchange *exchange);

/* Every socket's packets come here. */
void dhcp_on_datagrams(void *context, const struct datagram *batch, size_t count);

/* A session_learner; context is the service. A proxy asks the kernel. */
bool dhcp_learn_neighbour(void *context, struct session_table *sessions, struct ip4 address,
			  uint64_t now_s);

/* Opens what [bootp] mode needs. Returns 0 or -errno with *out_socket. */
int dhcp_open_sockets(struct dhcp_service *service, enum dhcp_socket *out_socket);
void dhcp_close_sockets(struct dhcp_service *service);

/* Opens and closes the sockets for it. Returns 0 or -errno; then the service is deaf on port 67. */
int dhcp_take_role(struct dhcp_service *service, enum dhcp_role role);
/* Listens on the interface that [bootp] address names, by the parts of now. */
void dhcp_follow_interface(struct dhcp_service *service);
/* A server tries addresses ahead, by the parts of now; others do not. */
void dhcp_try_ahead(struct dhcp_service *service);
bool dhcp_is_served_interface(const struct dhcp_service *service, unsigned interface);

/* Applies the decision: keeps its lease, then sends its answer. */
void dhcp_apply(struct exchange *exchange);

/* Answers that are ready leave together, once a turn of the loop. Returns 0 or -ENOMEM. */
int dhcp_open_departure(struct dhcp_service *service);
void dhcp_close_departure(struct dhcp_service *service);
/* All leave now: before a socket is closed. */
void dhcp_depart(struct dhcp_service *service);

#endif
