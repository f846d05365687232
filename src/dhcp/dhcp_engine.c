#include "dhcp/dhcp_engine.h"

#include "config/subnet.h"

static struct dhcp_decision ignore(enum dhcp_reason reason)
{
	return (struct dhcp_decision){ .verdict = DHCP_VERDICT_IGNORE, .reason = reason };
}

static struct dhcp_decision refuse(enum dhcp_reason reason, struct ip4 address)
{
	return (struct dhcp_decision){ .verdict = DHCP_VERDICT_NAK,
				       .reason = reason,
				       .lease.address = address };
}

static struct dhcp_decision keep(enum dhcp_verdict verdict, struct lease lease)
{
	return (struct dhcp_decision){ .verdict = verdict, .lease = lease, .must_commit = true };
}

static struct dhcp_decision bind_address(enum dhcp_verdict verdict,
					 const struct dhcp_request *request, struct ip4 address,
					 const struct dhcp_facts *facts,
					 const struct subnet_config *subnet)
{
	return keep(verdict, (struct lease){ .address = address,
					     .mac = request->mac,
					     .owner = request->owner,
					     .state = LEASE_BOUND,
					     .expires_s = facts->now_s + subnet->lease_time_s });
}

static bool is_in_pool(struct ip4 address, const struct subnet_config *subnet)
{
	return address_ranges_have(&subnet->ranges, address);
}

/* The machine holds this very address, or was offered it. */
static bool is_held(struct ip4 address, const struct dhcp_facts *facts)
{
	return facts->held != NULL && ip4_is_same(facts->held->address, address);
}

/* An address was acknowledged to the machine, not only offered. */
static bool has_binding(const struct dhcp_facts *facts)
{
	return facts->held != NULL && facts->held->state != LEASE_OFFERED;
}

/* It was, and the time that it was given for has not passed. */
static bool has_live_binding(const struct dhcp_facts *facts)
{
	return facts->held != NULL && facts->held->state == LEASE_BOUND &&
	       facts->held->expires_s > facts->now_s;
}

/* The machine may have the address: its own. After a restart of a store that forgets, a free one of
 * its network is taken to be its own while no other is. */
static bool may_have(struct ip4 address, const struct dhcp_facts *facts,
		     const struct subnet_config *subnet)
{
	return is_held(address, facts) || (facts->store_forgets && facts->wanted_is_free &&
					   is_in_pool(address, subnet) && !has_binding(facts));
}

/* RFC 2131 section 4.3.1: the machine's own address, else the one it asks for, else a free one; the
 * last two are facts->free_address. */
static struct dhcp_decision decide_discover(const struct dhcp_request *request,
					    const struct dhcp_facts *facts)
{
	struct lease offer = { .mac = request->mac,
			       .owner = request->owner,
			       .state = LEASE_OFFERED,
			       .expires_s = facts->now_s + OFFER_LIFE_S };

	/* What is bound stays bound: an offer of it changes nothing. Where the lease has ended, the
	 * offer keeps the address from others meanwhile. */
	if (has_live_binding(facts))
		return (struct dhcp_decision){ .verdict = DHCP_VERDICT_OFFER,
					       .lease = *facts->held };
	if (facts->held == NULL && !facts->has_free_address)
		return ignore(facts->store_lost ? DHCP_REASON_NONE_READY
						: DHCP_REASON_POOL_EXHAUSTED);
	offer.address = facts->held != NULL ? facts->held->address : facts->free_address;
	return keep(DHCP_VERDICT_OFFER, offer);
}

/* The machine has chosen another server. Never a NAK: that server knows its address. Where the
 * address is one of ours it is in use from now on, so nobody else may get it from here; a durable
 * store is not written to for a stranger's word, and leaves that to the conflict check. */
static struct dhcp_decision decide_request_to_other(const struct dhcp_request *request,
						    struct ip4 address,
						    const struct dhcp_facts *facts,
						    const struct subnet_config *subnet)
{
	if (!facts->store_forgets || !may_have(address, facts, subnet))
		return ignore(DHCP_REASON_OTHER_SERVER);
	return bind_address(DHCP_VERDICT_RECORD, request, address, facts, subnet);
}

/* Why the machine may not have the address. */
static enum dhcp_reason refusal_reason(struct ip4 address, const struct dhcp_facts *facts,
				       const struct subnet_config *subnet)
{
	if (!ip4_is_within(address, subnet->network, subnet->prefix_length))
		return DHCP_REASON_WRONG_NETWORK;
	if (has_binding(facts))
		return DHCP_REASON_OTHER_ADDRESS;
	if (!is_in_pool(address, subnet))
		return DHCP_REASON_UNKNOWN_LEASE;
	return facts->wanted_is_free ? DHCP_REASON_NO_SUCH_LEASE : DHCP_REASON_ADDRESS_TAKEN;
}

/* SELECTING: the answer to our offer. It names this server, so a NAK takes nothing from another. */
static struct dhcp_decision decide_selecting(const struct dhcp_request *request, struct ip4 address,
					     const struct dhcp_facts *facts,
					     const struct subnet_config *subnet)
{
	if (!may_have(address, facts, subnet))
		return refuse(refusal_reason(address, facts, subnet), address);
	return bind_address(DHCP_VERDICT_ACK, request, address, facts, subnet);
}

/* Whether a claim is denied aloud, where another server or a lost record might know better. */
static bool may_refuse_claim(enum dhcp_reason reason, bool is_init_reboot,
			     const struct dhcp_facts *facts, const struct subnet_config *subnet)
{
	if (!subnet->is_authoritative || facts->store_lost)
		return false;
	/* INIT-REBOOT is told that it has moved; a renewal comes by unicast, from anywhere. */
	if (reason == DHCP_REASON_WRONG_NETWORK)
		return is_init_reboot;
	return reason != DHCP_REASON_UNKNOWN_LEASE;
}

/* INIT-REBOOT, RENEWING and REBINDING: the machine says that it has an address. */
static struct dhcp_decision decide_claim(const struct dhcp_request *request, struct ip4 address,
					 const struct dhcp_facts *facts,
					 const struct subnet_config *subnet)
{
	enum dhcp_reason reason = refusal_reason(address, facts, subnet);
	bool is_init_reboot = ip4_is_set(request->requested);

	if (may_have(address, facts, subnet))
		return bind_address(DHCP_VERDICT_ACK, request, address, facts, subnet);
	if (may_refuse_claim(reason, is_init_reboot, facts, subnet))
		return refuse(reason, address);
	return ignore(DHCP_REASON_UNKNOWN_LEASE);
}

/* RFC 2131 section 4.3.2, SELECTING. Some machines name their server in a renewal, too, which has
 * ciaddr. */
static bool is_selecting(const struct dhcp_request *request)
{
	return request->names_server && !ip4_is_set(request->ciaddr);
}

static struct dhcp_decision decide_request(const struct dhcp_request *request,
					   const struct dhcp_facts *facts,
					   const struct subnet_config *subnet)
{
	struct ip4 address = dhcp_wanted(request);

	if (request->names_server && !ip4_is_same(request->server, facts->server))
		return decide_request_to_other(request, address, facts, subnet);
	if (is_selecting(request))
		return decide_selecting(request, address, facts, subnet);
	return decide_claim(request, address, facts, subnet);
}

/* RFC 2131 section 4.3.4. The address waits for its machine until another one needs it. */
static struct dhcp_decision decide_release(const struct dhcp_request *request,
					   const struct dhcp_facts *facts)
{
	struct lease released;

	if (request->names_server && !ip4_is_same(request->server, facts->server))
		return ignore(DHCP_REASON_OTHER_SERVER);
	if (!is_held(request->ciaddr, facts) || facts->held->state != LEASE_BOUND)
		return ignore(DHCP_REASON_NOT_THE_HOLDER);
	released = *facts->held;
	released.state = LEASE_RELEASED;
	if (released.expires_s > facts->now_s)
		released.expires_s = facts->now_s;
	return keep(DHCP_VERDICT_RELEASE, released);
}

/* RFC 2131 section 4.3.3: somebody else uses the address. */
static struct dhcp_decision decide_decline(const struct dhcp_request *request,
					   const struct dhcp_facts *facts,
					   const struct subnet_config *subnet)
{
	if (request->names_server && !ip4_is_same(request->server, facts->server))
		return ignore(DHCP_REASON_OTHER_SERVER);
	if (!is_held(request->requested, facts))
		return ignore(DHCP_REASON_NOT_THE_HOLDER);
	return keep(DHCP_VERDICT_DECLINE,
		    (struct lease){ .address = request->requested,
				    .state = LEASE_DECLINED,
				    .expires_s = facts->now_s + subnet->probation_s });
}

/* RFC 2131 section 4.3.5: it has its address from elsewhere, and asks for parameters alone. */
static struct dhcp_decision decide_inform(const struct dhcp_request *request,
					  const struct subnet_config *subnet)
{
	if (!ip4_is_set(request->ciaddr) ||
	    !ip4_is_within(request->ciaddr, subnet->network, subnet->prefix_length))
		return ignore(DHCP_REASON_WRONG_NETWORK);
	return (struct dhcp_decision){ .verdict = DHCP_VERDICT_INFORM,
				       .lease.address = request->ciaddr };
}

/* It asks for another address than the one that it is assigned. */
static struct dhcp_decision refuse_assigned(const struct dhcp_request *request, struct ip4 wanted,
					    const struct dhcp_facts *facts,
					    const struct subnet_config *subnet)
{
	if (is_selecting(request) ||
	    may_refuse_claim(DHCP_REASON_OTHER_ADDRESS, ip4_is_set(request->requested), facts,
			     subnet))
		return refuse(DHCP_REASON_OTHER_ADDRESS, wanted);
	return ignore(DHCP_REASON_UNKNOWN_LEASE);
}

/* A machine of [static_dhcp]: the configuration is its lease, and there is nothing to keep. */
static struct dhcp_decision decide_assigned(const struct dhcp_request *request,
					    const struct dhcp_facts *facts,
					    const struct subnet_config *subnet)
{
	struct ip4 wanted = dhcp_wanted(request);
	struct dhcp_decision decision = { .lease = { .address = facts->assigned,
						     .mac = request->mac,
						     .state = LEASE_BOUND,
						     .expires_s = facts->now_s +
								  subnet->lease_time_s } };

	if (request->type != DHCP_DISCOVER && request->names_server &&
	    !ip4_is_same(request->server, facts->server))
		return ignore(DHCP_REASON_OTHER_SERVER);
	switch (request->type) {
	case DHCP_DISCOVER:
		decision.verdict = DHCP_VERDICT_OFFER;
		return decision;
	case DHCP_REQUEST:
		if (!ip4_is_set(wanted))
			return ignore(DHCP_REASON_UNKNOWN_LEASE);
		if (!ip4_is_same(wanted, facts->assigned))
			return refuse_assigned(request, wanted, facts, subnet);
		decision.verdict = DHCP_VERDICT_ACK;
		return decision;
	case DHCP_RELEASE:
		decision.verdict = DHCP_VERDICT_RELEASE;
		return ip4_is_same(wanted, facts->assigned) ? decision
							    : ignore(DHCP_REASON_NOT_THE_HOLDER);
	default:
		return ignore(request->type == DHCP_DECLINE ? DHCP_REASON_ASSIGNED_IS_USED
							    : DHCP_REASON_UNSUPPORTED_MESSAGE);
	}
}

static struct dhcp_decision decide_from_pool(const struct dhcp_request *request,
					     const struct dhcp_facts *facts,
					     const struct subnet_config *subnet)
{
	switch (request->type) {
	case DHCP_DISCOVER:
		return decide_discover(request, facts);
	case DHCP_REQUEST:
		return decide_request(request, facts, subnet);
	case DHCP_RELEASE:
		return decide_release(request, facts);
	case DHCP_DECLINE:
		return decide_decline(request, facts, subnet);
	default:
		return ignore(DHCP_REASON_UNSUPPORTED_MESSAGE);
	}
}

/* What can still be promised: a lease that is kept already, for the time that it has left. */
static struct dhcp_decision promise_what_is_kept(const struct dhcp_decision *decision,
						 const struct dhcp_facts *facts)
{
	struct dhcp_decision kept = { .verdict = decision->verdict };

	if (!has_live_binding(facts) || facts->held_is_pending ||
	    !is_held(decision->lease.address, facts))
		return ignore(DHCP_REASON_STORE_FAILS);
	kept.lease = *facts->held;
	return kept;
}

/* Never longer than the lease that is kept: RFC 2131 section 3.3 counts from the request on. */
static uint32_t time_to_tell(const struct dhcp_decision *decision, const struct dhcp_facts *facts,
			     const struct subnet_config *subnet)
{
	uint64_t left_s = decision->lease.expires_s - facts->now_s;

	if (decision->verdict == DHCP_VERDICT_ACK && left_s < subnet->lease_time_s)
		return (uint32_t)left_s;
	return subnet->lease_time_s;
}

enum dhcp_reason dhcp_check_access(const struct dhcp_facts *facts)
{
	if (facts->access == ACCESS_DENIED)
		return DHCP_REASON_DENIED;
	if (facts->access == ACCESS_UNLISTED)
		return DHCP_REASON_UNLISTED;
	return facts->may_be_served ? DHCP_REASON_NONE : DHCP_REASON_SIMPLE_CLIENT;
}

struct dhcp_decision dhcp_decide(const struct dhcp_request *request, const struct dhcp_facts *facts,
				 const struct subnet_config *subnet)
{
	enum dhcp_reason refusal = dhcp_check_access(facts);
	struct dhcp_decision decision;

	/* What was given may be given back, whatever the rules say by now. */
	if (refusal != DHCP_REASON_NONE && request->type != DHCP_RELEASE)
		return ignore(refusal);
	if (request->type == DHCP_INFORM)
		return decide_inform(request, subnet);
	if (ip4_is_set(facts->assigned))
		decision = decide_assigned(request, facts, subnet);
	else
		decision = decide_from_pool(request, facts, subnet);
	if (facts->store_fails && decision.must_commit &&
	    (decision.verdict == DHCP_VERDICT_OFFER || decision.verdict == DHCP_VERDICT_ACK))
		decision = promise_what_is_kept(&decision, facts);
	if (decision.verdict == DHCP_VERDICT_OFFER || decision.verdict == DHCP_VERDICT_ACK)
		decision.lease_time_s = time_to_tell(&decision, facts, subnet);
	return decision;
}

const char *dhcp_reason_text(enum dhcp_reason reason)
{
	static const char *const texts[DHCP_REASON_COUNT] = {
		[DHCP_REASON_NONE] = "",
		[DHCP_REASON_UNSUPPORTED_MESSAGE] = "this kind of message is not served",
		[DHCP_REASON_SIMPLE_CLIENT] =
			"not a boot client; [bootp] allow_simple_dhcp = yes would serve it",
		[DHCP_REASON_DENIED] = "it is denied",
		[DHCP_REASON_UNLISTED] = "[bootp] access lists it nowhere",
		[DHCP_REASON_ASSIGNED_IS_USED] =
			"somebody else uses the address that the configuration gives it",
		[DHCP_REASON_POOL_EXHAUSTED] =
			"no address is left in its network; more of them would serve it",
		[DHCP_REASON_NONE_READY] = "no address was tried yet, as after a damaged file",
		[DHCP_REASON_OTHER_SERVER] = "it is for another server",
		[DHCP_REASON_UNKNOWN_LEASE] = "nothing is known of its address",
		[DHCP_REASON_NO_SUCH_LEASE] = "it has no lease of that address",
		[DHCP_REASON_STORE_FAILS] = "no lease can be kept: the store of leases fails",
		[DHCP_REASON_BOOTP_OVER] =
			"of new BOOTP machines no more than 10 a second are given an address",
		[DHCP_REASON_NOT_THE_HOLDER] = "it does not hold that address",
		[DHCP_REASON_WRONG_NETWORK] = "the address is of another network",
		[DHCP_REASON_OTHER_ADDRESS] = "the machine has another address",
		[DHCP_REASON_ADDRESS_TAKEN] = "the address is taken",
		[DHCP_REASON_NO_PXE] = "it does not ask by PXE",
		[DHCP_REASON_ASKS_FOR_ADDRESS] = "a proxy gives no addresses",
		[DHCP_REASON_NO_ENTRY] = "[menu] has no such entry",
		[DHCP_REASON_CREDENTIALS] =
			"it asks for signed credentials, which there are none of",
		[DHCP_REASON_NO_BOOT_FILE] = "there is no boot file for it",
		[DHCP_REASON_NO_HTTP] =
			"it boots over HTTP alone: [httpd] enable = yes would serve it",
		[DHCP_REASON_LONG_URL] =
			"the URL of its boot file is too long: a shorter name would serve it",
		[DHCP_REASON_LOOP] =
			"the authority or [bootfile] gives iPXE a loader, not the script of [ipxe]",
		[DHCP_REASON_LOOP_WITHOUT_SCRIPT] =
			"[ipxe] enable = yes, with a script, tells it how to go on",
	};

	return texts[reason];
}
