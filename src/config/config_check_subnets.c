#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_check_parts.h"
#include "config/subnet.h"

#include <stdlib.h>
#include <string.h>

/* In a longer prefix there is no address for a range once the router has its own; a host may still
 * be given one. */
#define RANGES_PREFIX_MAX 30

struct section_text check_section_of(const struct subnet_config *subnet)
{
	struct section_text out = { 0 };

	(void)text_format(out.text, sizeof(out.text), "subnet %s", subnet->name);
	return out;
}

static struct ip4 last_of(const struct subnet_config *subnet)
{
	return (struct ip4){ subnet->network.value | ~ip4_netmask(subnet->prefix_length).value };
}

/* "192.168.5.0/24" */
struct network_text {
	char text[sizeof("255.255.255.255/32")];
};

static struct network_text show_network(const struct subnet_config *subnet)
{
	struct network_text out = { 0 };

	(void)text_format(out.text, sizeof(out.text), "%s/%u", ip4_format(subnet->network).text,
			  subnet->prefix_length);
	return out;
}

struct list_text check_list_subnets(const struct subnets *subnets)
{
	struct list_text list = { 0 };

	for (size_t i = 0; i < subnets->count; i++) {
		if (strlen(list.text) + sizeof(", 255.255.255.255/32, ...") > sizeof(list.text)) {
			text_add_to_list(list.text, sizeof(list.text), "...");
			break;
		}
		text_add_to_list(list.text, sizeof(list.text),
				 show_network(&subnets->list[i]).text);
	}
	return list;
}

static int network_order(const void *one, const void *other)
{
	const struct subnet_config *first = *(const struct subnet_config *const *)one;
	const struct subnet_config *second = *(const struct subnet_config *const *)other;

	if (first->network.value != second->network.value)
		return first->network.value < second->network.value ? -1 : 1;
	return (first->line > second->line) - (first->line < second->line);
}

/* The mistake is told of the later section. */
static void complain_of_overlap(const struct check *check, const struct subnet_config *one,
				const struct subnet_config *other)
{
	const struct subnet_config *later = one->line > other->line ? one : other;
	const struct subnet_config *earlier = one->line > other->line ? other : one;

	check_complain(check, check_section_of(later).text, "network",
		       "%s overlaps with %s, the network of [subnet %s] in line %u",
		       show_network(later).text, show_network(earlier).text, earlier->name,
		       earlier->line);
}

void check_pool_is_apart(const struct check *check, const struct local_address *home)
{
	const struct subnet_config pool = {
		.network = ip4_network(home->address, home->prefix_length),
		.prefix_length = home->prefix_length,
	};
	const struct subnets *subnets = &check->config->subnets;

	for (size_t i = 0; i < subnets->count; i++) {
		const struct subnet_config *subnet = &subnets->list[i];

		if (pool.network.value > last_of(subnet).value ||
		    subnet->network.value > last_of(&pool).value)
			continue;
		check_complain(check, "bootp", "pool_start",
			       "its network, %s, overlaps with %s, that of [subnet %s]: remove "
			       "pool_start, and give these addresses by ranges there",
			       show_network(&pool).text, show_network(subnet).text, subnet->name);
		return;
	}
}

/* Networks overlap where one lies in the other: in their order, that is then the last one that
 * does not itself lie in another. */
static void check_overlaps(const struct check *check)
{
	const struct subnets *subnets = &check->config->subnets;
	const struct subnet_config **list =
		calloc(subnets->count + 1, sizeof(const struct subnet_config *));
	const struct subnet_config *outer = NULL;

	if (list == NULL) {
		check_complain(check, "subnet", "network", "there is not enough memory");
		return;
	}
	for (size_t i = 0; i < subnets->count; i++)
		list[i] = &subnets->list[i];
	qsort(list, subnets->count, sizeof(const struct subnet_config *), network_order);
	for (size_t i = 0; i < subnets->count; i++) {
		if (outer != NULL && list[i]->network.value <= last_of(outer).value)
			complain_of_overlap(check, outer, list[i]);
		if (outer == NULL || last_of(list[i]).value > last_of(outer).value)
			outer = list[i];
	}
	free(list);
}

static void fill_dns(const struct check *check, struct subnet_config *subnet)
{
	if (!subnet->is_dns_auto)
		return;
	subnet->dns_count = check_find_dns(check, subnet->dns);
	/* What is taken from [bootp] has its problem there. */
	if (subnet->dns_count == 0 && !check->config->bootp.is_dns_auto)
		check_complain(check, check_section_of(subnet).text, "dns", "%s", CHECK_NO_DNS);
}

static const char *why_no_host(const struct subnet_config *subnet, struct ip4 address)
{
	if (!ip4_is_within(address, subnet->network, subnet->prefix_length))
		return "not on the network";
	/* A network of two addresses, or of one, has no address of its own (RFC 3021). */
	if (subnet->prefix_length > RANGES_PREFIX_MAX)
		return NULL;
	if (ip4_is_same(address, subnet->network))
		return "the own address of the network";
	if (ip4_is_same(address, last_of(subnet)))
		return "the broadcast address of the network";
	return NULL;
}

static void fill_gateway(const struct check *check, struct subnet_config *subnet)
{
	struct ip4 general = check->config->bootp.gateway;
	const char *why;

	if (!ip4_is_set(subnet->gateway)) {
		if (ip4_is_set(general) && why_no_host(subnet, general) == NULL)
			subnet->gateway = general;
		return;
	}
	why = why_no_host(subnet, subnet->gateway);
	if (why != NULL)
		check_complain(check, check_section_of(subnet).text, "gateway", "%s is %s %s",
			       ip4_format(subnet->gateway).text, why, show_network(subnet).text);
}

static int range_order(const void *one, const void *other)
{
	const struct address_range *first = one;
	const struct address_range *second = other;

	if (first->first.value != second->first.value)
		return first->first.value < second->first.value ? -1 : 1;
	return (first->last.value > second->last.value) - (first->last.value < second->last.value);
}

/* False: a problem says what is wrong with the ranges, which are in their order. */
static bool check_range(const struct check *check, const struct subnet_config *subnet, size_t index)
{
	const struct address_range *range = &subnet->ranges.list[index];
	struct ip4 wrong = range->first;
	const char *why = why_no_host(subnet, range->first);

	if (why == NULL) {
		wrong = range->last;
		why = why_no_host(subnet, range->last);
	}
	if (why != NULL)
		check_complain(check, check_section_of(subnet).text, "ranges", "%s is %s %s",
			       ip4_format(wrong).text, why, show_network(subnet).text);
	else if (index > 0 && range->first.value <= range[-1].last.value)
		check_complain(check, check_section_of(subnet).text, "ranges",
			       "%s is in two of these ranges", ip4_format(range->first).text);
	else
		return true;
	return false;
}

static bool check_ranges(const struct check *check, struct subnet_config *subnet)
{
	struct address_ranges *ranges = &subnet->ranges;

	if (ranges->count == 0)
		return true;
	if (subnet->prefix_length > RANGES_PREFIX_MAX) {
		check_complain(check, check_section_of(subnet).text, "ranges",
			       "%s has no room for ranges: name its machine in a [host] section",
			       show_network(subnet).text);
		return false;
	}
	qsort(ranges->list, ranges->count, sizeof(ranges->list[0]), range_order);
	for (size_t i = 0; i < ranges->count; i++) {
		if (!check_range(check, subnet, i))
			return false;
	}
	return true;
}

/* Puts the ranges in their order, those that overlap as one. */
static void join_ranges(struct address_ranges *ranges)
{
	struct address_range *list = ranges->list;
	size_t count = 0;

	if (ranges->count > 0)
		qsort(list, ranges->count, sizeof(*list), range_order);
	for (size_t i = 0; i < ranges->count; i++) {
		if (count == 0 || list[i].first.value > list[count - 1].last.value)
			list[count++] = list[i];
		else if (list[i].last.value > list[count - 1].last.value)
			list[count - 1].last = list[i].last;
	}
	ranges->count = count;
}

/* The ranges without the excluded ones, both in their order, into out, which has room for as many
 * as both are. Returns how many; in *out_unused an excluded one that is in no range, or NULL. */
static size_t cut_out(const struct address_ranges *ranges, const struct address_ranges *excluded,
		      struct address_range *out, const struct address_range **out_unused)
{
	size_t count = 0;
	size_t at = 0;
	size_t used_to = 0;

	*out_unused = NULL;
	for (size_t i = 0; i < ranges->count; i++) {
		struct address_range rest = ranges->list[i];
		bool is_left = true;

		for (; at < excluded->count; at++) {
			const struct address_range *hole = &excluded->list[at];

			if (hole->first.value > rest.last.value)
				break;
			if (hole->last.value < rest.first.value) {
				if (at >= used_to)
					*out_unused = hole;
				continue;
			}
			used_to = at + 1;
			if (hole->first.value > rest.first.value)
				out[count++] = (struct address_range){ rest.first,
								       { hole->first.value - 1 } };
			is_left = hole->last.value < rest.last.value;
			if (!is_left)
				break; /* it may reach into the next range, too */
			rest.first.value = hole->last.value + 1;
		}
		if (is_left)
			out[count++] = rest;
	}
	if (at < used_to)
		at = used_to;
	if (at < excluded->count)
		*out_unused = &excluded->list[at];
	return count;
}

static void exclude(const struct check *check, struct subnet_config *subnet)
{
	const struct ini_entry *entry =
		ini_find(check->ini, check_section_of(subnet).text, "exclude");
	const struct address_range *unused;
	struct address_range *left;

	/* Without ranges, check_effect tells it of the whole key. */
	if (subnet->excluded.count == 0 || subnet->ranges.count == 0)
		return;
	left = calloc(subnet->ranges.count + subnet->excluded.count, sizeof(*left));
	if (left == NULL) {
		check_complain(check, check_section_of(subnet).text, "exclude",
			       "there is not enough memory");
		return;
	}
	join_ranges(&subnet->excluded);
	subnet->ranges.count = cut_out(&subnet->ranges, &subnet->excluded, left, &unused);
	free(subnet->ranges.list);
	subnet->ranges.list = left;
	if (unused != NULL)
		ini_warn(check->ini, entry, check->problems,
			 "%s is in none of the ranges, so excluding it has no effect",
			 ip4_format(unused->first).text);
}

/* How much all networks hold. False: too much, and a problem says so. */
static bool count_in(const struct check *check, const struct subnet_config *subnet, size_t *ranges,
		     uint64_t *addresses)
{
	*ranges += subnet->ranges.count;
	*addresses += address_ranges_size(&subnet->ranges);
	if (*ranges <= CONFIG_RANGES_MAX && *addresses <= CONFIG_ADDRESSES_MAX)
		return true;
	if (*ranges > CONFIG_RANGES_MAX)
		check_complain(check, check_section_of(subnet).text, "ranges",
			       "with these, all networks have more than %d ranges",
			       CONFIG_RANGES_MAX);
	else
		check_complain(check, check_section_of(subnet).text, "ranges",
			       "with these, all networks have more than %d addresses to give",
			       CONFIG_ADDRESSES_MAX);
	return false;
}

/* A proxy needs to know its networks, for what they boot, and gives nothing. */
static void check_subnet(const struct check *check, struct subnet_config *subnet)
{
	fill_dns(check, subnet);
	fill_gateway(check, subnet);
	if (check_ranges(check, subnet))
		exclude(check, subnet);
	if (!config_may_give_addresses(check->config))
		subnet->ranges.count = 0;
}

void check_subnets(const struct check *check)
{
	struct subnets *subnets = &check->config->subnets;
	bool is_bounded = true;
	uint64_t addresses = 0;
	size_t ranges = 0;

	check_overlaps(check);
	for (size_t i = 0; i < subnets->count; i++) {
		check_subnet(check, &subnets->list[i]);
		is_bounded = is_bounded && count_in(check, &subnets->list[i], &ranges, &addresses);
	}
}
