/* A hash for keys that strangers choose: SipHash-2-4 with a key of this process, so that nobody
 * outside can choose keys that collide. */
#ifndef BOOTD_BASE_HASH_H
#define BOOTD_BASE_HASH_H

#include "base/bytes.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

struct hash_key {
	uint64_t words[2];
};

/* Random. False: the kernel has no randomness to give. */
bool hash_key_init(struct hash_key *out_key);

uint64_t hash_bytes(const struct hash_key *key, struct span bytes);

/* A key for a table. IPv4's is the address and port themselves; IPv6's is 63 bits of a hash, so two
 * clients may have one, once in billions of full tables: who cannot bear that compares them. */
uint64_t hash_ip(const struct hash_key *key, const struct ip_endpoint *endpoint);

#endif
