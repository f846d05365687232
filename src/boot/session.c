/* Slots in one array, found by MAC and by address through chains, each in one of two rings: of
 * those that are kept, which hold a lease or read files, and of the others. Whoever floods the
 * server with machines that it makes up takes room from the others alone. */
#include "boot/session.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

#define NOTHING UINT32_MAX
/* Kept sessions that are looked at when room is made: whether they are to be kept still. */
#define LOOKS     2
#define LOOKS_MAX 64 /* where no other is left to go */

enum ring { RING_OTHERS, RING_KEPT, RING_COUNT };

struct slot {
	struct session session; /* first: a session's address is its slot's */
	uint32_t newer;
	uint32_t older;
	uint32_t next_machine; /* in its chain */
	uint32_t next_address;
	enum ring ring;
};

struct session_table {
	pthread_mutex_t lock;
	struct hash_key key;
	uint32_t mask;      /* the number of chains of a kind, a power of two, less one */
	uint32_t *machines; /* the first of each chain, plus one: 0 is none */
	uint32_t *addresses;
	uint32_t capacity;
	uint32_t used;
	/* Behind the slots are the rings' anchors: an anchor's older is the newest, its newer the
	 * oldest. */
	struct slot *slots;
};

/* Recursive: an answer that is kept at once is sent while its packet is still being taken. */
static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	(void)pthread_mutexattr_init(&attributes);
	(void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(lock, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
}

static uint32_t anchor_of(const struct session_table *sessions, enum ring ring)
{
	return sessions->capacity + ring;
}

static bool allocate(struct session_table *sessions)
{
	uint32_t chain_count = 2;

	while (chain_count < sessions->capacity / 2)
		chain_count *= 2;
	sessions->mask = chain_count - 1;
	sessions->machines = calloc(chain_count, sizeof(*sessions->machines));
	sessions->addresses = calloc(chain_count, sizeof(*sessions->addresses));
	sessions->slots = calloc((size_t)sessions->capacity + RING_COUNT, sizeof(*sessions->slots));
	if (sessions->machines == NULL || sessions->addresses == NULL || sessions->slots == NULL)
		return false;
	for (enum ring ring = RING_OTHERS; ring < RING_COUNT; ring++) {
		uint32_t anchor = anchor_of(sessions, ring);

		sessions->slots[anchor].newer = anchor;
		sessions->slots[anchor].older = anchor;
	}
	return hash_key_init(&sessions->key);
}

struct session_table *session_table_new(uint32_t capacity)
{
	struct session_table *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return NULL;
	init_lock(&sessions->lock);
	sessions->capacity = capacity;
	if (!allocate(sessions)) {
		session_table_free(sessions);
		return NULL;
	}
	return sessions;
}

void session_table_free(struct session_table *sessions)
{
	if (sessions == NULL)
		return;
	(void)pthread_mutex_destroy(&sessions->lock);
	free(sessions->machines);
	free(sessions->addresses);
	free(sessions->slots);
	free(sessions);
}

void session_lock(struct session_table *sessions)
{
	(void)pthread_mutex_lock(&sessions->lock);
}

void session_unlock(struct session_table *sessions)
{
	(void)pthread_mutex_unlock(&sessions->lock);
}

/* Chains. */

static uint32_t *chain_of(const struct session_table *sessions, uint32_t *chains, uint64_t key)
{
	struct span bytes = { (const uint8_t *)&key, sizeof(key) };

	return &chains[hash_bytes(&sessions->key, bytes) & sessions->mask];
}

static uint32_t find_machine(const struct session_table *sessions, struct mac mac)
{
	uint32_t number = *chain_of(sessions, sessions->machines, mac_to_number(mac)) - 1;

	while (number != NOTHING && !mac_is_same(sessions->slots[number].session.mac, mac))
		number = sessions->slots[number].next_machine;
	return number;
}

static uint32_t find_address(const struct session_table *sessions, struct ip4 address)
{
	uint32_t number = *chain_of(sessions, sessions->addresses, address.value) - 1;

	while (number != NOTHING && !ip4_is_same(sessions->slots[number].session.address, address))
		number = sessions->slots[number].next_address;
	return number;
}

static void add_machine(struct session_table *sessions, uint32_t number, struct mac mac)
{
	uint32_t *chain = chain_of(sessions, sessions->machines, mac_to_number(mac));

	sessions->slots[number].session = (struct session){ .mac = mac };
	sessions->slots[number].next_machine = *chain - 1;
	*chain = number + 1;
}

static void forget_machine(struct session_table *sessions, uint32_t number)
{
	struct mac mac = sessions->slots[number].session.mac;
	uint32_t *chain = chain_of(sessions, sessions->machines, mac_to_number(mac));
	uint32_t before = *chain - 1;

	if (before == number) {
		*chain = sessions->slots[number].next_machine + 1;
		return;
	}
	while (sessions->slots[before].next_machine != number)
		before = sessions->slots[before].next_machine;
	sessions->slots[before].next_machine = sessions->slots[number].next_machine;
}

static void add_address(struct session_table *sessions, uint32_t number, struct ip4 address)
{
	uint32_t *chain = chain_of(sessions, sessions->addresses, address.value);

	sessions->slots[number].session.address = address;
	sessions->slots[number].next_address = *chain - 1;
	*chain = number + 1;
}

static void forget_address(struct session_table *sessions, uint32_t number)
{
	struct slot *slot = &sessions->slots[number];
	uint32_t *chain = chain_of(sessions, sessions->addresses, slot->session.address.value);
	uint32_t before = *chain - 1;

	if (!ip4_is_set(slot->session.address))
		return;
	slot->session.address = (struct ip4){ 0 };
	if (before == number) {
		*chain = slot->next_address + 1;
		return;
	}
	while (sessions->slots[before].next_address != number)
		before = sessions->slots[before].next_address;
	sessions->slots[before].next_address = slot->next_address;
}

/* Rings. */

static void unlink_slot(struct session_table *sessions, uint32_t number)
{
	const struct slot *slot = &sessions->slots[number];

	sessions->slots[slot->newer].older = slot->older;
	sessions->slots[slot->older].newer = slot->newer;
}

/* Between this one and the next newer one; an anchor is older than the oldest. */
static void link_after(struct session_table *sessions, uint32_t number, uint32_t older)
{
	struct slot *slot = &sessions->slots[number];

	slot->older = older;
	slot->newer = sessions->slots[older].newer;
	sessions->slots[slot->newer].older = number;
	sessions->slots[older].newer = number;
}

static void link_as_newest(struct session_table *sessions, uint32_t number, enum ring ring)
{
	sessions->slots[number].ring = ring;
	link_after(sessions, number, sessions->slots[anchor_of(sessions, ring)].older);
}

static void link_as_oldest(struct session_table *sessions, uint32_t number, enum ring ring)
{
	sessions->slots[number].ring = ring;
	link_after(sessions, number, anchor_of(sessions, ring));
}

/* NOTHING: the ring is empty. */
static uint32_t oldest_of(const struct session_table *sessions, enum ring ring)
{
	uint32_t anchor = anchor_of(sessions, ring);
	uint32_t number = sessions->slots[anchor].newer;

	return number == anchor ? NOTHING : number;
}

/* It holds a lease, or has read a file within the time that a session may be silent. */
static bool is_kept(const struct session *session, uint64_t now_s)
{
	return session->bound_until_s > now_s ||
	       (session->asked_file_s > 0 && now_s - session->asked_file_s <= SESSION_SILENCE_S);
}

static void choose_ring(struct session_table *sessions, uint32_t number, uint64_t now_s)
{
	enum ring ring = is_kept(&sessions->slots[number].session, now_s) ? RING_KEPT : RING_OTHERS;

	if (sessions->slots[number].ring == ring)
		return;
	unlink_slot(sessions, number);
	link_as_newest(sessions, number, ring);
}

/* Of the kept ones some are looked at, in turn: those whose lease has ended go first from now on.
 */
static void review_kept(struct session_table *sessions, uint64_t now_s)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		uint32_t number = oldest_of(sessions, RING_KEPT);

		if (number == NOTHING ||
		    (i >= LOOKS && oldest_of(sessions, RING_OTHERS) != NOTHING))
			return;
		unlink_slot(sessions, number);
		if (is_kept(&sessions->slots[number].session, now_s))
			link_as_newest(sessions, number, RING_KEPT);
		else
			link_as_oldest(sessions, number, RING_OTHERS);
	}
}

/* A slot for a new session: an unused one, else that of the longest silence among those that need
 * not be kept, else among all. */
static uint32_t make_room(struct session_table *sessions, uint64_t now_s)
{
	uint32_t number;

	if (sessions->used < sessions->capacity)
		return sessions->used++;
	review_kept(sessions, now_s);
	number = oldest_of(sessions, RING_OTHERS);
	if (number == NOTHING)
		number = oldest_of(sessions, RING_KEPT);
	forget_address(sessions, number);
	forget_machine(sessions, number);
	unlink_slot(sessions, number);
	return number;
}

static bool has_ended(const struct session *session, uint64_t now_s)
{
	return now_s - session->last_seen_s > SESSION_SILENCE_S && now_s > session->bound_until_s;
}

struct session *session_open(struct session_table *sessions, struct mac mac, uint64_t now_s)
{
	uint32_t number = find_machine(sessions, mac);
	struct session *session;

	if (number != NOTHING) {
		unlink_slot(sessions, number);
	} else {
		number = make_room(sessions, now_s);
		add_machine(sessions, number, mac);
		sessions->slots[number].session.last_seen_s = now_s;
	}
	session = &sessions->slots[number].session;
	if (has_ended(session, now_s)) {
		forget_address(sessions, number);
		*session = (struct session){ .mac = mac };
	}
	session->last_seen_s = now_s;
	link_as_newest(sessions, number, is_kept(session, now_s) ? RING_KEPT : RING_OTHERS);
	return session;
}

/* NULL: there is none, or it has ended. */
static const struct session *living(const struct session_table *sessions, uint32_t number,
				    uint64_t now_s)
{
	if (number == NOTHING || has_ended(&sessions->slots[number].session, now_s))
		return NULL;
	return &sessions->slots[number].session;
}

const struct session *session_find(const struct session_table *sessions, struct mac mac,
				   uint64_t now_s)
{
	return living(sessions, find_machine(sessions, mac), now_s);
}

const struct session *session_find_address(const struct session_table *sessions, struct ip4 address,
					   uint64_t now_s)
{
	return living(sessions, find_address(sessions, address), now_s);
}

bool session_copy_address(struct session_table *sessions, struct ip4 address, uint64_t now_s,
			  struct session *out_session)
{
	const struct session *session;

	session_lock(sessions);
	session = session_find_address(sessions, address, now_s);
	if (session != NULL)
		*out_session = *session;
	session_unlock(sessions);
	return session != NULL;
}

void session_note_file(struct session_table *sessions, struct ip4 address, uint64_t now_s)
{
	uint32_t number;

	session_lock(sessions);
	number = find_address(sessions, address);
	if (number != NOTHING) {
		sessions->slots[number].session.asked_file_s = now_s;
		choose_ring(sessions, number, now_s);
	}
	session_unlock(sessions);
}

void session_enter_stage(struct session *session, bool is_boot_stage)
{
	enum session_stage stage = is_boot_stage ? SESSION_PXE : SESSION_DHCP;

	if (session->stage != stage)
		session->is_granted = false;
	session->stage = stage;
	session->has_booted = session->has_booted || is_boot_stage;
}

void session_set_address(struct session_table *sessions, struct session *session,
			 struct ip4 address, uint64_t until_s)
{
	uint32_t number = (uint32_t)((struct slot *)session - sessions->slots);
	uint32_t holder;

	session->bound_until_s = until_s;
	choose_ring(sessions, number, session->last_seen_s);
	if (ip4_is_same(session->address, address))
		return;
	holder = find_address(sessions, address);
	if (holder != NOTHING)
		forget_address(sessions, holder);
	forget_address(sessions, number);
	if (ip4_is_set(address))
		add_address(sessions, number, address);
}
