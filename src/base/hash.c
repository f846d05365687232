/* "SipHash: a fast short-input PRF", Aumasson and Bernstein, 2012. */
#include "base/hash.h"

#include <sys/random.h>

bool hash_key_init(struct hash_key *out_key)
{
	struct hash_key key;

	/* So few bytes come whole or not at all (getrandom(2)). */
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return false;
	*out_key = key;
	return true;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void take_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v);
	mix(v);
	v[0] ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, struct span bytes)
{
	uint64_t v[4] = { key->words[0] ^ 0x736f6d6570736575, key->words[1] ^ 0x646f72616e646f6d,
			  key->words[0] ^ 0x6c7967656e657261, key->words[1] ^ 0x7465646279746573 };
	uint64_t word = 0;

	for (size_t i = 0; i < bytes.length; i++) {
		word |= (uint64_t)bytes.bytes[i] << 8 * (i % 8);
		if (i % 8 == 7) {
			take_word(v, word);
			word = 0;
		}
	}
	take_word(v, word | (uint64_t)bytes.length << 56);
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_ip(const struct hash_key *key, const struct ip_endpoint *endpoint)
{
	uint8_t bytes[16 + 4 + 2];
	struct writer out = writer_of(bytes + 16, sizeof(bytes) - 16);

	if (ip_is_4(endpoint->address))
		return (uint64_t)ip_to_4(endpoint->address).value << 16 | endpoint->port;
	ip_to_bytes(endpoint->address, bytes);
	write_u32(&out, endpoint->address.scope);
	write_u16(&out, endpoint->port);
	return hash_bytes(key, (struct span){ bytes, sizeof(bytes) }) | UINT64_C(1) << 63;
}
