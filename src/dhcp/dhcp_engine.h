/* What a DHCP message is answered with (RFC 2131 section 4.3): facts in, decision out. */
#ifndef BOOTD_DHCP_DHCP_ENGINE_H
#define BOOTD_DHCP_DHCP_ENGINE_H

#include "boot/access.h"
#include "config/config.h"
#include "dhcp/dhcp_client.h"
#include "lease/lease.h"

#define OFFER_LIFE_S                                                                               \
	30 /* how long an address is kept for a machine that has not yet asked for it */

struct dhcp_facts {
	bool may_be_served;       /* a machine that boots, or simple clients are served too */
	enum access access;       /* what the rules or the authority say; not ACCESS_ASK */
	struct ip4 assigned;      /* by [host] or [static_dhcp], of its network; 0: none */
	struct ip4 server;        /* what this server is known by to the machine: option 54 */
	const struct lease *held; /* by this machine, or offered to it; NULL: none */
	bool held_is_pending;     /* and not durable yet: it may still be lost */
	bool wanted_is_free;      /* the address that it asks for may be given to it */
	bool has_free_address;
	struct ip4 free_address;
	/* What the store can be relied upon for. */
	bool store_forgets; /* it may have known the machine before a restart */
	bool store_fails;   /* nothing new can be made durable */
	bool store_lost;    /* some leases were lost with a damaged store and still run */
	bool is_bootp_over; /* of new BOOTP machines the store has kept enough in this second */
	uint64_t now_s;
};

enum dhcp_verdict {
	DHCP_VERDICT_IGNORE,
	DHCP_VERDICT_OFFER,
	DHCP_VERDICT_ACK,
	DHCP_VERDICT_NAK,
	DHCP_VERDICT_INFORM, /* an ACK of parameters, without an address */
	DHCP_VERDICT_REPLY,  /* to plain BOOTP */
	DHCP_VERDICT_RECORD, /* bind and say nothing: another server answers */
	DHCP_VERDICT_RELEASE,
	DHCP_VERDICT_DECLINE,
	DHCP_VERDICT_PROXY_OFFER, /* what to boot, and no address */
	DHCP_VERDICT_PROXY_ACK,
};

/* Why a message is ignored or refused. */
enum dhcp_reason {
	DHCP_REASON_NONE,
	DHCP_REASON_UNSUPPORTED_MESSAGE,
	DHCP_REASON_SIMPLE_CLIENT,
	DHCP_REASON_DENIED,
	DHCP_REASON_UNLISTED,
	DHCP_REASON_ASSIGNED_IS_USED, /* a static machine found somebody else on its address */
	DHCP_REASON_POOL_EXHAUSTED,
	DHCP_REASON_NONE_READY,     /* of a pool whose leases are not all known */
	DHCP_REASON_OTHER_SERVER,   /* it names another server */
	DHCP_REASON_UNKNOWN_LEASE,  /* nothing is known of its address: another server may know */
	DHCP_REASON_NO_SUCH_LEASE,  /* the address is of the pool, and not the machine's */
	DHCP_REASON_STORE_FAILS,    /* no lease can be made durable now */
	DHCP_REASON_BOOTP_OVER,     /* too many new BOOTP machines in this second */
	DHCP_REASON_NOT_THE_HOLDER, /* it gives back what it does not have */
	DHCP_REASON_WRONG_NETWORK,
	DHCP_REASON_OTHER_ADDRESS, /* the machine has a different one */
	DHCP_REASON_ADDRESS_TAKEN, /* by another machine */
	/* Of a proxy and a boot server. */
	DHCP_REASON_NO_PXE,
	DHCP_REASON_ASKS_FOR_ADDRESS,
	DHCP_REASON_NO_ENTRY,
	DHCP_REASON_CREDENTIALS,
	DHCP_REASON_NO_BOOT_FILE,
	/* Of what there is to boot. */
	DHCP_REASON_NO_HTTP,
	DHCP_REASON_LONG_URL,
	DHCP_REASON_LOOP,
	DHCP_REASON_LOOP_WITHOUT_SCRIPT,
	DHCP_REASON_COUNT,
};

struct dhcp_decision {
	enum dhcp_verdict verdict;
	enum dhcp_reason reason;
	/* The address that the answer is about; with must_commit, what the store is to keep before
	 * the answer leaves. */
	struct lease lease;
	bool must_commit;
	uint32_t lease_time_s; /* to be told with the address */
};

/* Why the machine is not served at all; DHCP_REASON_NONE: it is. */
enum dhcp_reason dhcp_check_access(const struct dhcp_facts *facts);

/* For every type but DHCP_NONE, which is bootp_decide's. */
struct dhcp_decision dhcp_decide(const struct dhcp_request *request, const struct dhcp_facts *facts,
				 const struct subnet_config *subnet);

/* A few words for the log and for the NAK's option 56. */
const char *dhcp_reason_text(enum dhcp_reason reason);

#endif
