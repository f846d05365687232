/* Slots in one array, and beside it what is to be booted, which costs no memory before a machine
 * boots. They are found by MAC and by address, in a ring from the one heard from last to the
 * one silent longest, which makes room when the array is full. */
#include "boot/session.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct session session; /* first: a session's address is its slot's */
	uint32_t newer;
	uint32_t older;
};

struct session_table {
	pthread_mutex_t lock;
	struct table *machines;
	struct table *addresses;
	uint32_t capacity;
	uint32_t used;
	/* slots[capacity] is the ring's anchor: its older is the newest, its newer the oldest. */
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

struct session_table *session_table_new(uint32_t capacity)
{
	struct session_table *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return NULL;
	init_lock(&sessions->lock);
	sessions->capacity = capacity;
	sessions->machines = table_new(capacity);
	sessions->addresses = table_new(capacity);
	sessions->slots = calloc((size_t)capacity + 1, sizeof(*sessions->slots));
	sessions->boots = calloc((size_t)capacity + 1, sizeof(*sessions->boots));
	if (sessions->machines == NULL || sessions->addresses == NULL || sessions->slots == NULL ||
	    sessions->boots == NULL) {
		session_table_free(sessions);
		return NULL;
	}
	sessions->slots[capacity].newer = capacity;
	sessions->slots[capacity].older = capacity;
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

static void unlink_slot(struct session_table *sessions, uint32_t number)
{
	const struct slot *slot = &sessions->slots[number];

	sessions->slots[slot->newer].older = slot->older;
	sessions->slots[slot->older].newer = slot->newer;
}

static void link_as_newest(struct session_table *sessions, uint32_t number)
{
	struct slot *anchor = &sessions->slots[sessions->capacity];
	struct slot *slot = &sessions->slots[number];

	slot->newer = sessions->capacity;
	slot->older = anchor->older;
	sessions->slots[slot->older].newer = number;
	anchor->older = number;
}

static void forget_address(struct session_table *sessions, struct session *session)
{
	if (ip4_is_set(session->address))
		table_remove(sessions->addresses, session->address.value);
	session->address = (struct ip4){ 0 };
}

/* A slot for a new session: an unused one, else that of the longest silence. */
static uint32_t make_room(struct session_table *sessions)
{
	uint32_t number = sessions->slots[sessions->capacity].newer;

	if (sessions->used < sessions->capacity)
		return sessions->used++;
	forget_address(sessions, &sessions->slots[number].session);
	table_remove(sessions->machines, mac_to_number(sessions->slots[number].session.mac));
	unlink_slot(sessions, number);
	return number;
}

static bool has_ended(const struct session *session, uint64_t now_s)
{
	return now_s - session->last_seen_s > SESSION_SILENCE_S && now_s > session->bound_until_s;
}

static bool has_any(const struct session_boot *boot)
{
	const uint8_t *bytes = (const uint8_t *)boot;
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(*boot); i++)
		any |= bytes[i];
	return any != 0;
}

/* A new session in this slot. What is nothing already is not written to. */
static void begin(struct session_table *sessions, uint32_t number, struct mac mac, uint64_t now_s)
{
	struct session_boot *boot = &sessions->boots[number];

	if (has_any(boot))
		memset(boot, 0, sizeof(*boot));
	sessions->slots[number].session =
		(struct session){ .mac = mac, .last_seen_s = now_s, .boot = boot };
}

struct session *session_open(struct session_table *sessions, struct mac mac, uint64_t now_s)
{
	struct session *session;
	uint32_t number;

	if (table_find(sessions->machines, mac_to_number(mac), &number)) {
		unlink_slot(sessions, number);
	} else {
		number = make_room(sessions);
		/* It cannot be full: one key a slot. */
		(void)table_put(sessions->machines, mac_to_number(mac), number);
		begin(sessions, number, mac, now_s);
	}
	link_as_newest(sessions, number);
	session = &sessions->slots[number].session;
	if (has_ended(session, now_s)) {
		forget_address(sessions, session);
		begin(sessions, number, mac, now_s);
	}
	session->last_seen_s = now_s;
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

void session_note_file(struct session_table *sessions, struct ip4 address, uint64_t now_s)
{
	uint32_t number;

	session_lock(sessions);
	if (table_find(sessions->addresses, address.value, &number))
		sessions->slots[number].session.asked_file_s = now_s;
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
	uint32_t holder;

	session->bound_until_s = until_s;
	if (ip4_is_same(session->address, address))
		return;
	if (table_find(sessions->addresses, address.value, &holder))
		forget_address(sessions, &sessions->slots[holder].session);
	forget_address(sessions, session);
	session->address = address;
	if (ip4_is_set(address))
		(void)table_put(sessions->addresses, address.value,
				(uint32_t)((struct slot *)session - sessions->slots));
}
