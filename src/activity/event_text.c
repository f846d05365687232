#include "activity/event_text.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>

/* Lines in a window: of what is done, as many as a boot storm makes; of what is refused or ignored,
 * which anybody may cause at any rate, a few. */
#define MANY         5000
#define SOME         100
#define FEW          10
#define ONE_A_MINUTE EVENT_ONE_A_MINUTE

#define INFO  LOG_AT_INFO
#define DEBUG LOG_AT_DEBUG
#define ERROR LOG_AT_ERROR

static const struct event_type types[EVENT_KIND_COUNT] = {
	/* clang-format off */
	[EVENT_DHCP_OFFER] = { "dhcp-offer", INFO, MANY,
		"dhcp: {mac}: OFFER {address} ({detail}), {file}" },
	[EVENT_DHCP_ACK] = { "dhcp-ack", INFO, MANY,
		"dhcp: {mac}: ACK {address} ({detail}), {file}" },
	[EVENT_DHCP_NAK] = { "dhcp-nak", INFO, SOME,
		"dhcp: {mac}: NAK {address}: {detail}" },
	[EVENT_DHCP_RELEASE] = { "dhcp-release", INFO, MANY,
		"dhcp: {mac}: RELEASE {address}" },
	[EVENT_DHCP_DECLINE] = { "dhcp-decline", INFO, SOME,
		"dhcp: {mac}: DECLINE {address}: somebody else uses it; nobody gets it now" },
	[EVENT_DHCP_INFORM] = { "dhcp-inform", INFO, SOME,
		"dhcp: {mac}: INFORM {address} ({detail}), {file}" },
	[EVENT_DHCP_CONFLICT] = { "dhcp-conflict", INFO, SOME,
		"dhcp: {mac}: uses {address}, which it does not have from here; nobody gets it now" },
	[EVENT_DHCP_ECHO_CONFLICT] = { "dhcp-echo-conflict", INFO, SOME,
		"dhcp: {address}: somebody uses it who does not have it from here; nobody gets it now" },
	[EVENT_DHCP_RECORD] = { "dhcp-record", INFO, SOME,
		"dhcp: {mac}: has {address} from another server; nobody else gets it here" },
	[EVENT_BOOTP_REPLY] = { "bootp-reply", INFO, MANY,
		"dhcp: {mac}: BOOTP reply {address} ({detail}), {file}" },

	[EVENT_PROXY_OFFER] = { "proxy-offer", INFO, MANY,
		"dhcp: {mac}: proxy OFFER as {message} ({detail}), {file}" },
	[EVENT_PROXY_ACK] = { "proxy-ack", INFO, MANY,
		"dhcp: {mac}: proxy ACK ({detail}), {file}" },
	[EVENT_PROXY_NOT_ASKED] = { "proxy-not-asked", DEBUG, SOME,
		"dhcp: {mac}: left {message} to the server that gives addresses: {detail}" },
	[EVENT_PXE_REFUSED] = { "pxe-refused", INFO, FEW,
		"dhcp: {mac}: ignored {message} for a boot file: {detail}" },
	[EVENT_PXE_PORT_TAKEN] = { "pxe-port-taken", INFO, FEW,
		"dhcp: warning: [bootp] pxe_port is another server's: there are no boot servers here" },
	[EVENT_DHCP_DEAF] = { "dhcp-deaf", ERROR, FEW,
		"dhcp: an interface that has changed cannot be listened on: {detail}; restart bootd" },
	[EVENT_BOOT_SHAPE_FAILED] = { "boot-shape-failed", INFO, SOME,
		"dhcp: {mac}: did not go on after offers as {message}; the next ones are {detail}" },
	[EVENT_BOOT_SHAPE_WORKED] = { "boot-shape-worked", INFO, SOME,
		"dhcp: {mac}: goes on after an offer as {message}, which it gets from now on" },
	[EVENT_BOOT_UNKNOWN_ARCHITECTURE] = { "boot-unknown-architecture", INFO, FEW,
		"dhcp: {mac}: warning: {detail} has no name here and no row in [bootfile]: it gets {file}" },
	[EVENT_BOOT_NO_URL] = { "boot-no-url", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_BOOT_LOOP] = { "boot-loop", ERROR, FEW,
		"dhcp: {mac}: ignored {message}: {file} was given three times in this boot, and asks for itself again: {detail}" },

	[EVENT_AUTO_LOOKS] = { "auto-looks", INFO, FEW,
		"dhcp: mode auto: looks for another DHCP server; nobody is answered until then" },
	[EVENT_AUTO_SERVER] = { "auto-server", INFO, FEW,
		"dhcp: mode auto: no other DHCP server answers: gives addresses" },
	[EVENT_AUTO_PROXY] = { "auto-proxy", INFO, FEW,
		"dhcp: mode auto: gives no addresses, only says what to boot: {detail}" },
	[EVENT_AUTO_PROBE_FAILED] = { "auto-probe-failed", ERROR, FEW,
		"dhcp: mode auto: another DHCP server could not be looked for: {detail}" },
	[EVENT_AUTO_NOT_KEPT] = { "auto-not-kept", ERROR, FEW,
		"dhcp: mode auto: [bootp] state_file cannot be written: {detail}" },

	[EVENT_DHCP_TOO_SHORT] = { "dhcp-too-short", INFO, FEW,
		"dhcp: {address}: ignored a packet: it is too short" },
	[EVENT_DHCP_NOT_A_REQUEST] = { "dhcp-not-a-request", INFO, FEW,
		"dhcp: {address}: ignored a packet: it is not a client's" },
	[EVENT_DHCP_NOT_ETHERNET] = { "dhcp-not-ethernet", INFO, FEW,
		"dhcp: {address}: ignored a packet: its hardware address is not Ethernet's" },
	[EVENT_DHCP_BAD_MAC] = { "dhcp-bad-mac", INFO, FEW,
		"dhcp: {address}: ignored a packet: its hardware address is no machine's" },
	[EVENT_DHCP_BAD_OPTIONS] = { "dhcp-bad-options", INFO, FEW,
		"dhcp: {address}: ignored a packet: its options are malformed" },
	[EVENT_DHCP_TOO_LONG] = { "dhcp-too-long", INFO, FEW,
		"dhcp: {address}: ignored a packet: it is too long" },
	[EVENT_DHCP_WRONG_INTERFACE] = { "dhcp-wrong-interface", INFO, FEW,
		"dhcp: {address}: ignored a packet: [bootp] address leaves its interface out" },
	[EVENT_DHCP_UNSUPPORTED_MESSAGE] = { "dhcp-unsupported-message", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_NO_POOL_HERE] = { "dhcp-no-pool-here", INFO, FEW,
		"dhcp: {mac}: ignored {message}: its interface is on no network that is served" },
	[EVENT_DHCP_NO_ADDRESS_HERE] = { "dhcp-no-address-here", INFO, FEW,
		"dhcp: {mac}: ignored {message}: its interface has no address to answer from" },
	[EVENT_DHCP_UNDECIDED] = { "dhcp-undecided", INFO, FEW,
		"dhcp: {mac}: ignored {message}: still looking for another DHCP server" },
	[EVENT_DHCP_UNKNOWN_RELAY] = { "dhcp-unknown-relay", INFO, FEW,
		"dhcp: {mac}: ignored {message}: no [subnet] has {detail}, the network of its relay" },
	[EVENT_DHCP_SIMPLE_CLIENT] = { "dhcp-simple-client", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_DENIED] = { "dhcp-denied", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_UNLISTED] = { "dhcp-unlisted", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_ASSIGNED_IS_USED] = { "dhcp-assigned-is-used", ERROR, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_ASSIGNED_IS_LEASED] = { "dhcp-assigned-is-leased", ERROR, FEW,
		"dhcp: {mac}: does not get its address {address} yet: the lease of another machine runs on it" },
	[EVENT_DHCP_POOL_EXHAUSTED] = { "dhcp-pool-exhausted", ERROR, ONE_A_MINUTE,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_CROWDED] = { "dhcp-crowded", ERROR, FEW,
		"dhcp: {mac}: what it asks made the oldest that waits be forgotten: too many strangers ask" },
	[EVENT_DHCP_OTHER_SERVER] = { "dhcp-other-server", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_UNKNOWN_LEASE] = { "dhcp-unknown-lease", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_NOT_THE_HOLDER] = { "dhcp-not-the-holder", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_WRONG_NETWORK] = { "dhcp-wrong-network", INFO, FEW,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_BOOTP_OTHER_SERVER] = { "bootp-other-server", INFO, FEW,
		"dhcp: {mac}: ignored {message}: it asks for a server of another name" },
	[EVENT_BOOTP_OVER] = { "bootp-over", ERROR, ONE_A_MINUTE,
		"dhcp: {mac}: ignored {message}: {detail}" },
	[EVENT_DHCP_NOT_KEPT] = { "dhcp-not-kept", ERROR, FEW,
		"dhcp: {mac}: not answered: the lease was not kept: {detail}" },
	[EVENT_DHCP_SUPERSEDED] = { "dhcp-superseded", INFO, FEW,
		"dhcp: {mac}: one answer for {address} is enough: it asked again meanwhile" },
	[EVENT_DHCP_SEND_FAILED] = { "dhcp-send-failed", ERROR, FEW,
		"dhcp: {mac}: the answer for {address} was not sent {detail}" },

	[EVENT_AUTHORITY_GRANTS] = { "authority-grants", INFO, MANY,
		"authority: {mac}: granted" },
	[EVENT_AUTHORITY_DENIES] = { "authority-denies", INFO, SOME,
		"authority: {mac}: denied ({detail})" },
	[EVENT_AUTHORITY_OTHER_STATUS] = { "authority-other-status", ERROR, FEW,
		"authority: {mac}: taken as denied: the answer is neither 200, 401 nor 403 ({detail})" },
	[EVENT_AUTHORITY_TIMED_OUT] = { "authority-timed-out", ERROR, FEW,
		"authority: {mac}: taken as denied: no answer in time" },
	[EVENT_AUTHORITY_UNREACHABLE] = { "authority-unreachable", ERROR, FEW,
		"authority: {mac}: taken as denied: the authority cannot be reached" },
	[EVENT_AUTHORITY_BAD_REPLY] = { "authority-bad-reply", ERROR, FEW,
		"authority: {mac}: taken as denied: the answer is not HTTP, or too long" },
	[EVENT_AUTHORITY_BUSY] = { "authority-busy", ERROR, FEW,
		"authority: {mac}: not asked: too many machines wait already" },
	[EVENT_LEASES_FAIL] = { "leases-fail", ERROR, SOME,
		"leases: nothing can be kept now, so nobody gets an address; leases that are kept go on "
		"until they end: {detail}" },
	[EVENT_LEASES_RECOVERED] = { "leases-recovered", INFO, SOME,
		"leases: they are kept again; everybody is served" },
	[EVENT_NOTIFICATION_LOST] = { "notification-lost", ERROR, FEW,
		"notify: a notification was not sent" },

	[EVENT_NDP_ANSWER] = { "ndp-answer", INFO, MANY,
		"ndp: {mac}: told that there is no IPv6 router to wait for" },
	[EVENT_NDP_IGNORED] = { "ndp-ignored", DEBUG, FEW,
		"ndp: {mac}: ignored a router solicitation: {detail}" },
	[EVENT_NDP_MALFORMED] = { "ndp-malformed", DEBUG, FEW,
		"ndp: ignored a malformed router solicitation" },

	[EVENT_TFTP_START] = { "tftp-start", INFO, MANY,
		"tftp: {who}: sending {file}, {size} bytes in blocks of {block}" },
	[EVENT_TFTP_PROGRESS] = { "tftp-progress", DEBUG, MANY,
		"tftp: {who}: {file} {percent} % ({bytes} bytes, {rate}, round trip {round_trip} "
		"ms, {resent} packets sent again)" },
	[EVENT_TFTP_SENT] = { "tftp-sent", INFO, MANY,
		"tftp: {who}: sent {file}, {bytes} bytes in {seconds} s ({rate}, round trip "
		"{round_trip} ms, {resent} packets sent again)" },
	[EVENT_TFTP_ABORTED] = { "tftp-aborted", DEBUG, MANY,
		"tftp: {who}: aborted {file} after {bytes} bytes: the client ended it" },
	[EVENT_TFTP_NOT_FOUND] = { "tftp-not-found", INFO, SOME,
		"tftp: {who}: {file}: not found: {detail}" },
	[EVENT_TFTP_OPTIONAL] = { "tftp-optional", DEBUG, SOME,
		"tftp: {who}: {file}: not found, which is usual" },
	[EVENT_TFTP_REFUSED] = { "tftp-refused", INFO, FEW,
		"tftp: {who}: {file}: refused: {detail}" },
	[EVENT_TFTP_TIMED_OUT] = { "tftp-timed-out", INFO, FEW,
		"tftp: {who}: failed {file} after {bytes} bytes: the client no longer answers "
		"({resent} packets sent again)" },
	[EVENT_TFTP_CLIENT_ERROR] = { "tftp-client-error", INFO, FEW,
		"tftp: {who}: failed {file} after {bytes} bytes: the client says: {detail}" },
	[EVENT_TFTP_READ_FAILED] = { "tftp-read-failed", ERROR, FEW,
		"tftp: {who}: failed {file} after {bytes} bytes: {detail}" },
	[EVENT_TFTP_FILE_CHANGED] = { "tftp-file-changed", ERROR, FEW,
		"tftp: {who}: failed {file} after {bytes} bytes: the file changed meanwhile" },
	[EVENT_TFTP_BUSY] = { "tftp-busy", ERROR, FEW,
		"tftp: {who}: {file}: refused: {detail}" },
	[EVENT_TFTP_SUPERSEDED] = { "tftp-superseded", INFO, FEW,
		"tftp: {who}: ended {file} after {bytes} bytes: the client began anew" },

	[EVENT_TFTP_MALFORMED] = { "tftp-malformed", INFO, FEW,
		"tftp: {who}: refused a request: it is malformed" },
	[EVENT_TFTP_WRITE_REFUSED] = { "tftp-write-refused", INFO, FEW,
		"tftp: {who}: refused to write {file}: bootd only reads" },
	[EVENT_TFTP_MODE_REFUSED] = { "tftp-mode-refused", INFO, FEW,
		"tftp: {who}: refused {file}: only the modes octet and netascii are served" },
	[EVENT_TFTP_NOT_A_REQUEST] = { "tftp-not-a-request", INFO, FEW,
		"tftp: {who}: ignored a packet: it is not a request" },
	[EVENT_TFTP_REPEATED_REQUEST] = { "tftp-repeated-request", DEBUG, FEW,
		"tftp: {who}: {file} is asked for again while it is being answered" },
	[EVENT_TFTP_BROADCAST] = { "tftp-broadcast", INFO, FEW,
		"tftp: {who}: ignored a request: it was broadcast" },
	[EVENT_TFTP_WRONG_INTERFACE] = { "tftp-wrong-interface", INFO, FEW,
		"tftp: {who}: ignored a packet: [tftp] address leaves its interface out" },
	[EVENT_TFTP_WRONG_PEER] = { "tftp-wrong-peer", INFO, FEW,
		"tftp: {who}: refused a packet: the transfer is another client's" },
	[EVENT_TFTP_UNEXPECTED_PACKET] = { "tftp-unexpected-packet", INFO, FEW,
		"tftp: {who}: ignored a packet: no transfer expects it" },
	[EVENT_TFTP_LATE_PACKET] = { "tftp-late-packet", DEBUG, FEW,
		"tftp: {who}: ignored a packet: its transfer has ended" },
	[EVENT_TFTP_SEND_FAILED] = { "tftp-send-failed", ERROR, FEW,
		"tftp: {who}: a packet was not sent: {detail}" },
	[EVENT_TFTP_DENIED] = { "tftp-denied", INFO, FEW,
		"tftp: {who}: {file}: refused: {detail}" },

	[EVENT_HTTP_SENT] = { "http-sent", INFO, MANY,
		"http: {who}: sent {file}, {bytes} bytes in {seconds} s" },
	[EVENT_HTTP_ASKED] = { "http-asked", DEBUG, MANY,
		"http: {who}: told of {file}: {detail}" },
	[EVENT_HTTP_ABORTED] = { "http-aborted", INFO, SOME,
		"http: {who}: aborted {file} after {bytes} bytes: {detail}" },
	[EVENT_HTTP_NOT_FOUND] = { "http-not-found", INFO, SOME,
		"http: {who}: {file}: not found: {detail}" },
	[EVENT_HTTP_OPTIONAL] = { "http-optional", DEBUG, SOME,
		"http: {who}: {file}: not found, which is usual" },
	[EVENT_HTTP_REFUSED] = { "http-refused", INFO, FEW,
		"http: {who}: {file}: refused: {detail}" },
	[EVENT_HTTP_DENIED] = { "http-denied", INFO, FEW,
		"http: {who}: {file}: refused: {detail}" },
	[EVENT_HTTP_TIMED_OUT] = { "http-timed-out", INFO, FEW,
		"http: {who}: failed {file} after {bytes} bytes: the client takes next to nothing" },
	[EVENT_HTTP_READ_FAILED] = { "http-read-failed", ERROR, FEW,
		"http: {who}: failed {file} after {bytes} bytes: {detail}" },
	[EVENT_HTTP_FILE_CHANGED] = { "http-file-changed", ERROR, FEW,
		"http: {who}: failed {file} after {bytes} bytes: the file changed meanwhile" },
	[EVENT_HTTP_BUSY] = { "http-busy", ERROR, FEW,
		"http: {who}: {file}: refused: {detail}" },

	[EVENT_HTTP_NO_REQUEST] = { "http-no-request", INFO, FEW,
		"http: {who}: ended a connection: no complete request came in 10 s" },
	[EVENT_HTTP_TOO_MANY] = { "http-too-many", INFO, FEW,
		"http: {who}: refused a connection: {detail}" },
	[EVENT_HTTP_FULL] = { "http-full", ERROR, FEW,
		"http: {who}: took the last of the connections: more have to wait" },
	[EVENT_HTTP_WRONG_INTERFACE] = { "http-wrong-interface", INFO, FEW,
		"http: {who}: ended a connection: [httpd] address leaves its interface out" },
	[EVENT_HTTP_LIBRARY] = { "http-library", DEBUG, FEW,
		"http: libmicrohttpd says: {detail}" },
	[EVENT_FETCH_STARTED] = { "fetch-started", INFO, MANY,
		"fetch: {file}: started, {detail}" },
	[EVENT_FETCH_RESUMED] = { "fetch-resumed", INFO, SOME,
		"fetch: {file}: broke off after {bytes} bytes, asking for the rest: {detail}" },
	[EVENT_FETCH_FINISHED] = { "fetch-finished", INFO, MANY,
		"fetch: {file}: finished, {bytes} bytes in {seconds} s" },
	[EVENT_FETCH_NOT_KEPT] = { "fetch-not-kept", ERROR, FEW,
		"fetch: {file}: not kept in the cache: {detail}" },
	[EVENT_FETCH_REVALIDATED] = { "fetch-revalidated", INFO, MANY,
		"fetch: {file}: unchanged, the cache's file is served" },
	[EVENT_FETCH_STALE] = { "fetch-stale", ERROR, SOME,
		"fetch: {file}: the cache's file is served, though it may have changed: {detail}" },
	[EVENT_FETCH_MISSING] = { "fetch-missing", INFO, SOME,
		"fetch: {file}: the upstream has no such file" },
	[EVENT_FETCH_REFUSED] = { "fetch-refused", ERROR, SOME,
		"fetch: {file}: not to be had: {detail}" },
	[EVENT_FETCH_FAILED] = { "fetch-failed", ERROR, SOME,
		"fetch: {file}: failed after {bytes} bytes: {detail}" },
	/* clang-format on */
};

const struct event_type *event_type(enum event_kind kind)
{
	return &types[kind];
}

enum field {
	FIELD_WHO, /* the client of a transfer: its address, and its MAC where that is known */
	FIELD_MAC,
	FIELD_ADDRESS,
	FIELD_MESSAGE,
	FIELD_FILE,
	FIELD_DETAIL,
	FIELD_BYTES,
	FIELD_SIZE,
	FIELD_BLOCK,
	FIELD_PERCENT,
	FIELD_SECONDS,
	FIELD_RATE,
	FIELD_ROUND_TRIP,
	FIELD_RESENT,
	FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_WHO] = "{who}",
	[FIELD_MAC] = "{mac}",
	[FIELD_ADDRESS] = "{address}",
	[FIELD_MESSAGE] = "{message}",
	[FIELD_FILE] = "{file}",
	[FIELD_DETAIL] = "{detail}",
	[FIELD_BYTES] = "{bytes}",
	[FIELD_SIZE] = "{size}",
	[FIELD_BLOCK] = "{block}",
	[FIELD_PERCENT] = "{percent}",
	[FIELD_SECONDS] = "{seconds}",
	[FIELD_RATE] = "{rate}",
	[FIELD_ROUND_TRIP] = "{round_trip}",
	[FIELD_RESENT] = "{resent}",
};

static const char *or_unknown(const char *text)
{
	return text == NULL ? "unknown" : text;
}

static unsigned percent_of(const struct event *event)
{
	if (event->size_bytes == 0)
		return 100;
	return (unsigned)(event->bytes * 100 / event->size_bytes);
}

static void format_who(const struct event *event, char *out, size_t size)
{
	if (event->has_mac)
		(void)text_format(out, size, "%s (%s)", ip_format(event->address).text,
				  mac_format(event->mac).text);
	else
		(void)text_format(out, size, "%s", ip_format(event->address).text);
}

/* A transfer is always of a file; a machine is told of one or not. */
static void format_file(const struct event *event, char *out, size_t size)
{
	if (event->kind >= EVENT_TFTP_START)
		(void)text_format(out, size, "%s", or_unknown(event->file));
	else if (event->file == NULL || event->file[0] == '\0')
		(void)text_format(out, size, "no boot file");
	else
		(void)text_format(out, size, "file %s", event->file);
}

/* A byte a millisecond is a kB a second. */
static void format_rate(const struct event *event, char *out, size_t size)
{
	uint64_t duration_ms = event->duration_ms > 0 ? event->duration_ms : 1;

	(void)text_format(out, size, "%" PRIu64 " kB/s", event->bytes / duration_ms);
}

static void format_field(const struct event *event, enum field field, char *out, size_t size)
{
	switch (field) {
	case FIELD_WHO:
		format_who(event, out, size);
		return;
	case FIELD_MAC:
		(void)text_format(out, size, "%s", mac_format(event->mac).text);
		return;
	case FIELD_ADDRESS:
		(void)text_format(out, size, "%s", ip_format(event->address).text);
		return;
	case FIELD_MESSAGE:
		(void)text_format(out, size, "%s", or_unknown(event->message));
		return;
	case FIELD_FILE:
		format_file(event, out, size);
		return;
	case FIELD_DETAIL:
		(void)text_format(out, size, "%s", or_unknown(event->detail));
		return;
	case FIELD_BYTES:
		(void)text_format(out, size, "%" PRIu64, event->bytes);
		return;
	case FIELD_SIZE:
		(void)text_format(out, size, "%" PRIu64, event->size_bytes);
		return;
	case FIELD_BLOCK:
		(void)text_format(out, size, "%u", event->block_size);
		return;
	case FIELD_PERCENT:
		(void)text_format(out, size, "%u", percent_of(event));
		return;
	case FIELD_SECONDS:
		(void)text_format(out, size, "%" PRIu64 ".%03u", event->duration_ms / 1000,
				  (unsigned)(event->duration_ms % 1000));
		return;
	case FIELD_RATE:
		format_rate(event, out, size);
		return;
	case FIELD_ROUND_TRIP:
		(void)text_format(out, size, "%u.%03u", event->round_trip_us / 1000,
				  event->round_trip_us % 1000);
		return;
	case FIELD_RESENT:
		(void)text_format(out, size, "%" PRIu64, event->resent_count);
		return;
	case FIELD_COUNT:
		assert(false);
	}
}

/* Which field stands at the text's start; FIELD_COUNT: none. */
static enum field field_at(const char *text)
{
	enum field field = 0;

	while (field < FIELD_COUNT &&
	       strncmp(text, field_names[field], strlen(field_names[field])) != 0)
		field++;
	return field;
}

void event_format(const struct event *event, char *out, size_t size)
{
	const char *from = types[event->kind].line_template;
	size_t used = 0;

	out[0] = '\0';
	while (*from != '\0' && used + 1 < size) {
		enum field field = *from == '{' ? field_at(from) : FIELD_COUNT;

		if (field < FIELD_COUNT) {
			format_field(event, field, out + used, size - used);
			used += strlen(out + used);
			from += strlen(field_names[field]);
		} else {
			out[used++] = *from++;
			out[used] = '\0';
		}
	}
}
