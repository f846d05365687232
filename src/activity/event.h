/* The kinds of events. */
#ifndef BOOTD_ACTIVITY_EVENT_H
#define BOOTD_ACTIVITY_EVENT_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
	EVENT_DHCP_OFFER,
	EVENT_DHCP_ACK,
	EVENT_DHCP_NAK,
	EVENT_DHCP_RELEASE,
	EVENT_DHCP_DECLINE,
	EVENT_DHCP_INFORM,
	EVENT_DHCP_CONFLICT,
	EVENT_DHCP_RECORD,
	EVENT_BOOTP_REPLY,
	/* Ignored DHCP and BOOTP packets. */
	EVENT_DHCP_TOO_SHORT,
	EVENT_DHCP_NOT_A_REQUEST,
	EVENT_DHCP_NOT_ETHERNET,
	EVENT_DHCP_BAD_MAC,
	EVENT_DHCP_BAD_OPTIONS,
	EVENT_DHCP_TOO_LONG,
	EVENT_DHCP_UNSUPPORTED_MESSAGE,
	EVENT_DHCP_WRONG_INTERFACE,
	EVENT_DHCP_NO_POOL_HERE,
	EVENT_DHCP_UNKNOWN_RELAY,
	EVENT_DHCP_SIMPLE_CLIENT,
	EVENT_DHCP_DENIED,
	EVENT_DHCP_UNLISTED,
	EVENT_DHCP_ASSIGNED_IS_USED,
	EVENT_DHCP_POOL_EXHAUSTED,
	EVENT_DHCP_OTHER_SERVER,
	EVENT_DHCP_UNKNOWN_LEASE,
	EVENT_DHCP_NOT_THE_HOLDER,
	EVENT_DHCP_WRONG_NETWORK,
	EVENT_BOOTP_OTHER_SERVER,
	EVENT_DHCP_NOT_KEPT,
	EVENT_DHCP_SUPERSEDED,
	EVENT_DHCP_SEND_FAILED,
	/* What the authority says. */
	EVENT_AUTHORITY_GRANTS,
	EVENT_AUTHORITY_DENIES,
	EVENT_AUTHORITY_OTHER_STATUS,
	EVENT_AUTHORITY_TIMED_OUT,
	EVENT_AUTHORITY_UNREACHABLE,
	EVENT_AUTHORITY_BAD_REPLY,
	EVENT_AUTHORITY_BUSY,
	/* The store of leases. */
	EVENT_LEASES_FAIL,
	EVENT_LEASES_RECOVERED,
	EVENT_NOTIFICATION_LOST, /* only counted */
	/* Router solicitations. */
	EVENT_NDP_ANSWER,
	EVENT_NDP_IGNORED,
	EVENT_NDP_MALFORMED,
	/* TFTP transfers. */
	EVENT_TFTP_START,
	EVENT_TFTP_PROGRESS,
	EVENT_TFTP_SENT,
	EVENT_TFTP_ABORTED,
	EVENT_TFTP_NOT_FOUND,
	EVENT_TFTP_REFUSED,
	EVENT_TFTP_TIMED_OUT,
	EVENT_TFTP_CLIENT_ERROR,
	EVENT_TFTP_READ_FAILED,
	EVENT_TFTP_FILE_CHANGED,
	EVENT_TFTP_BUSY,
	EVENT_TFTP_SUPERSEDED,
	/* Ignored or refused TFTP packets. */
	EVENT_TFTP_MALFORMED,
	EVENT_TFTP_WRITE_REFUSED,
	EVENT_TFTP_MODE_REFUSED,
	EVENT_TFTP_NOT_A_REQUEST,
	EVENT_TFTP_REPEATED_REQUEST,
	EVENT_TFTP_BROADCAST,
	EVENT_TFTP_WRONG_INTERFACE,
	EVENT_TFTP_WRONG_PEER,
	EVENT_TFTP_UNEXPECTED_PACKET,
	EVENT_TFTP_SEND_FAILED,
	EVENT_TFTP_DENIED,
	EVENT_KIND_COUNT,
};

/* Fields that an event has no use for stay zero. Pointers are borrowed for the call. */
struct event {
	enum event_kind kind;
	bool has_mac;
	struct mac mac;
	struct ip4 address; /* given to, or of, the machine */
	bool is_boot_stage; /* firmware or a loader asks */
	bool has_uuid;
	struct uuid uuid;
	const char *message; /* the name of the kind of message that came */
	const char *file;    /* already printable */
	const char *detail;  /* a few words: who asks, or why */
	uint64_t bytes;      /* sent so far, or the file's size at the start */
	uint64_t size_bytes; /* of the file */
	uint32_t block_size;
	uint64_t duration_ms;
};

#endif
