#include "dhcp/bootp_engine.h"

bool bootp_is_for(struct span sname, const char *servername)
{
	return sname.length == 0 || (sname.length == strlen(servername) &&
				     memcmp(sname.bytes, servername, sname.length) == 0);
}

/* What it once got it has for good: asking again changes nothing. */
static bool is_kept(const struct dhcp_facts *facts)
{
	return facts->held != NULL && facts->held->state == LEASE_BOUND &&
	       facts->held->expires_s == LEASE_FOR_EVER && !facts->held_is_pending;
}

bool bootp_is_new(const struct dhcp_facts *facts)
{
	return facts->held == NULL || facts->held->state == LEASE_OFFERED;
}

struct dhcp_decision bootp_decide(const struct dhcp_request *request,
				  const struct dhcp_facts *facts,
				  const struct subnet_config *subnet)
{
	struct dhcp_decision decision = { .verdict = DHCP_VERDICT_REPLY,
					  .lease = { .mac = request->mac,
						     .owner = request->owner,
						     .state = LEASE_BOUND,
						     .expires_s = LEASE_FOR_EVER } };
	enum dhcp_reason refusal = dhcp_check_access(facts);

	if (refusal != DHCP_REASON_NONE)
		return (struct dhcp_decision){ .reason = refusal };
	/* It knows its address and only asks what to boot. */
	if (ip4_is_set(request->ciaddr)) {
		decision.lease.address = request->ciaddr;
		if (!ip4_is_within(request->ciaddr, subnet->network, subnet->prefix_length))
			return (struct dhcp_decision){ .reason = DHCP_REASON_WRONG_NETWORK };
		return decision;
	}
	if (ip4_is_set(facts->assigned)) {
		decision.lease.address = facts->assigned;
		return decision;
	}
	if (facts->held == NULL && !facts->has_free_address)
		return (struct dhcp_decision){ .reason = facts->store_lost
								 ? DHCP_REASON_NONE_READY
								 : DHCP_REASON_POOL_EXHAUSTED };
	decision.lease.address = facts->held != NULL ? facts->held->address : facts->free_address;
	decision.must_commit = !is_kept(facts);
	if (decision.must_commit && facts->store_fails)
		return (struct dhcp_decision){ .reason = DHCP_REASON_STORE_FAILS };
	if (bootp_is_new(facts) && facts->is_bootp_over)
		return (struct dhcp_decision){ .reason = DHCP_REASON_BOOTP_OVER };
	return decision;
}
