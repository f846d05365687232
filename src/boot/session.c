/* Slots in one array, and beside it what is to be booted, which costs no memory before a machine
 * boots. They are found by MAC and by address, and stand in one of two rings, from the one heard
 * from last to the one silent longest: of those that are kept, which hold a lease or read files,
 * and of the others. Whoever floods the server with machines that it makes up takes room from the
 * others alone. */
#include "boot/session.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING UINT32_MAX /* no slot */
/* Kept sessions that are looked at when room is made: whether they are to be kept still. */
#define LOOKS     2
#define LOOKS_MAX 64 /* where no other is left to go */

enum ring { RING_OTHERS, RING_KEPT, RING_COUNT };

struct slot {
	struct session session; /* first: a session's address is its slot's */
	uint32_t newer;
	uint32_t older;
	enum ring ring;
};

struct session_table {
	pthread_mutex_t lock;
	session_learner *learner;
	void *learner_context;
	struct table *machines;
	struct table *addresses;
	uint32_t capacity;
	uint32_t used;
	/* Behind the slots are the rings' anchors: an anchor's older is the newest, its newer the
	 * oldest. */
	struct slot *slots;
	struct session_boot *boots; /* of the slots */
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
	sessions->machines = table_new(sessions->capacity);
	sessions->addresses = table_new(sessions->capacity);
	sessions->slots = calloc((size_t)sessions->capacity + RING_COUNT, sizeof(*sessions->slots));
	sessions->boots = calloc((size_t)sessions->capacity + 1, sizeof(*sessions->boots));
	if (sessions->machines == NULL || sessions->addresses == NULL || sessions->slots == NULL ||
	    sessions->boots == NULL)
		return false;
	for (enum ring ring = RING_OTHERS; ring < RING_COUNT; ring++) {
		uint32_t anchor = anchor_of(sessions, ring);

		sessions->slots[anchor].newer = anchor;
		sessions->slots[anchor].older = anchor;
	}
	return true;
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
	table_free(sessions->machines);
	table_free(sessions->addresses);
	free(sessions->slots);
	free(sessions->boots);
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

static void forget_address(struct session_table *sessions, struct session *session)
{
	if (ip4_is_set(session->address))
		table_remove(sessions->addresses, session->address.value);
	session->address = (struct ip4){ 0 };
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
	       (session->asked_file_s > 0 && now_s <= session->asked_file_s + SESSION_SILENCE_S);
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

static bool has_any(const struct session_boot *boot)
{
	const uint8_t *bytes = (const uint8_t *)boot;
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(*boot); i++)
		any |= bytes[i];
	return any != 0;
}

/* The slot's session is over. What is nothing already is not written to: its memory is not used. */
static void leave(struct session_table *sessions, uint32_t number)
{
	struct session_boot *boot = &sessions->boots[number];

	forget_address(sessions, &sessions->slots[number].session);
	if (has_any(boot))
		memset(boot, 0, sizeof(*boot));
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
	leave(sessions, number);
	table_remove(sessions->machines, mac_to_number(sessions->slots[number].session.mac));
	unlink_slot(sessions, number);
	return number;
}

static bool has_ended(const struct session *session, uint64_t now_s)
{
	return now_s > session->last_seen_s + SESSION_SILENCE_S && now_s > session->bound_until_s;
}

/* A new session in this slot, which is unused or was left. */
static void begin(struct session_table *sessions, uint32_t number, struct mac mac, uint64_t now_s)
{
	sessions->slots[number].session = (struct session){ .mac = mac,
							    .last_seen_s = now_s,
							    .boot = &sessions->boots[number] };
}

struct session *session_open(struct session_table *sessions, struct mac mac, uint64_t now_s)
{
	struct session *session;
	uint32_t number;

	if (table_find(sessions->machines, mac_to_number(mac), &number)) {
		unlink_slot(sessions, number);
	} else {
		number = make_room(sessions, now_s);
		/* It cannot be full: one key a slot. */
		(void)table_put(sessions->machines, mac_to_number(mac), number);
		begin(sessions, number, mac, now_s);
	}
	session = &sessions->slots[number].session;
	if (has_ended(session, now_s)) {
		leave(sessions, number);
		begin(sessions, number, mac, now_s);
	}
	session->last_seen_s = now_s;
	link_as_newest(sessions, number, is_kept(session, now_s) ? RING_KEPT : RING_OTHERS);
	return session;
}

static const struct session *find(const struct session_table *sessions, const struct table *keys,
				  uint64_t key, uint64_t now_s)
{
	const struct session *session;
	uint32_t number;

	if (!table_find(keys, key, &number))
		return NULL;
	session = &sessions->slots[number].session;
	return has_ended(session, now_s) ? NULL : session;
}

const struct session *session_find(const struct session_table *sessions, struct mac mac,
				   uint64_t now_s)
{
	return find(sessions, sessions->machines, mac_to_number(mac), now_s);
}

const struct session *session_find_address(const struct session_table *sessions, struct ip4 address,
					   uint64_t now_s)
{
	return find(sessions, sessions->addresses, address.value, now_s);
}

bool session_copy_address(struct session_table *sessions, struct ip4 address, uint64_t now_s,
			  struct session *out_session, struct session_boot *out_boot)
{
	const struct session *session;

	session_lock(sessions);
	session = session_find_address(sessions, address, now_s);
	if (session != NULL) {
		*out_boot = *session->boot;
		*out_session = *session;
		out_session->boot = out_boot;
	}
	session_unlock(sessions);
	return session != NULL;
}

void session_set_learner(struct session_table *sessions, session_learner *learner, void *context)
{
	sessions->learner = learner;
	sessions->learner_context = context;
}

bool session_identify(struct session_table *sessions, struct ip4 address, uint64_t now_s,
		      struct session *out_session, struct session_boot *out_boot)
{
	if (session_copy_address(sessions, address, now_s, out_session, out_boot))
		return true;
	return sessions->learner != NULL && ip4_is_set(address) &&
	       sessions->learner(sessions->learner_context, sessions, address, now_s) &&
	       session_copy_address(sessions, address, now_s, out_session, out_boot);
}

void session_note_file(struct session_table *sessions, struct ip4 address, uint64_t now_s)
{
	uint32_t number;

	session_lock(sessions);
	if (table_find(sessions->addresses, address.value, &number)) {
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

void session_clear_address(struct session_table *sessions, struct ip4 address)
{
	uint32_t holder;

	if (table_find(sessions->addresses, address.value, &holder))
		forget_address(sessions, &sessions->slots[holder].session);
}

void session_set_address(struct session_table *sessions, struct session *session,
			 struct ip4 address, uint64_t until_s)
{
	uint32_t number = (uint32_t)((struct slot *)session - sessions->slots);

	session->bound_until_s = until_s;
	choose_ring(sessions, number, session->last_seen_s);
	if (ip4_is_same(session->address, address))
		return;
	session_clear_address(sessions, address);
	forget_address(sessions, session);
	session->address = address;
	if (ip4_is_set(address))
		(void)table_put(sessions->addresses, address.value, number);
}
