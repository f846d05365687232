/* A session is one boot of one machine, across DHCP, TFTP and HTTP: what its firmware said of
 * itself is remembered for the stages that say nothing. Bounded: the session that was silent
 * longest makes room, one of a machine that holds a lease or has read a file in the last hour only
 * where there is no other. Whoever changes sessions holds the lock meanwhile; others take copies.
 */
#ifndef BOOTD_BOOT_SESSION_H
#define BOOTD_BOOT_SESSION_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_SILENCE_S   3600 /* a session ends after an hour of silence */
#define SESSION_CLIENT_SIZE 64
#define SESSION_FILE_SIZE   128

/* The seed's stages: a machine is idle, then its firmware asks, then the system that it booted. */
enum session_stage { SESSION_IDLE, SESSION_PXE, SESSION_DHCP };

/* The loader that the firmware was told of, as boot/loader.h has it. */
struct session_loader {
	char file[SESSION_FILE_SIZE]; /* "": none; a name, or a URL that was configured */
	bool is_ipxe;                 /* it is one of iPXE's */
	bool is_running;              /* and asks by now, though it does not say what it is */
	uint64_t told_s;
	uint32_t xid;   /* of the DISCOVER */
	uint32_t marks; /* of who asked first */
	unsigned count; /* how often it asked for itself */
	uint64_t stopped_until_s;
};

/* What the machine is to boot. */
struct session_boot {
	/* What the authority named; "": nothing. */
	char client[SESSION_CLIENT_SIZE];
	char file[SESSION_FILE_SIZE];
	struct session_loader loader;
};

struct session {
	struct mac mac;
	struct ip4 address;     /* 0: none learned yet */
	uint64_t bound_until_s; /* a session lasts at least as long as the address is its machine's
				 */
	enum session_stage stage;
	bool has_booted; /* its firmware was seen */
	bool is_granted; /* by the authority, in this stage */
	uint32_t granted_xid;
	bool has_architecture;
	uint16_t architecture;
	bool has_uuid;
	struct uuid uuid;
	bool is_denied; /* the machine is known, and may not boot */
	uint64_t last_seen_s;
	uint64_t asked_file_s;     /* when it last asked for a file; 0: it has not */
	struct session_boot *boot; /* apart: most machines of a network only have an address */
};

struct session_table;

/* NULL: no memory. */
struct session_table *session_table_new(uint32_t capacity);
void session_table_free(struct session_table *sessions);

/* What is found by the functions below is used, and changed, with the lock held. The thread that
 * holds it may lock once more. */
void session_lock(struct session_table *sessions);
void session_unlock(struct session_table *sessions);

/* Locks by itself. The copy's boot is *out_boot. False, with both untouched: no session has the
 * address. */
bool session_copy_address(struct session_table *sessions, struct ip4 address, uint64_t now_s,
			  struct session *out_session, struct session_boot *out_boot);

/* Learns which machine is at an address that no session has, and if that is to count as a
 * machine's, gives its session the address. Called by any thread, without the lock. Returns whether
 * a session has the address now. */
typedef bool session_learner(void *context, struct session_table *sessions, struct ip4 address,
			     uint64_t now_s);

/* Before other threads use the table. NULL, as it is at first: nobody can tell. */
void session_set_learner(struct session_table *sessions, session_learner *learner, void *context);

/* As session_copy_address, for an address that asks for a file: if no session has it, the learner
 * is asked. */
bool session_identify(struct session_table *sessions, struct ip4 address, uint64_t now_s,
		      struct session *out_session, struct session_boot *out_boot);

/* Locks by itself. The machine at this address asks for a file. */
void session_note_file(struct session_table *sessions, struct ip4 address, uint64_t now_s);

/* The machine's session, begun if there is none; now_s marks it as heard from. */
struct session *session_open(struct session_table *sessions, struct mac mac, uint64_t now_s);

/* NULL: no session, or one that has ended. What is found is valid until the next session_open. */
const struct session *session_find(const struct session_table *sessions, struct mac mac,
				   uint64_t now_s);
const struct session *session_find_address(const struct session_table *sessions, struct ip4 address,
					   uint64_t now_s);

/* The machine asks, as firmware or as a system. A grant ends with its stage. */
void session_enter_stage(struct session *session, bool is_boot_stage);

/* The session's address is now this one, until then; whichever session had it before has it no
 * more. */
void session_set_address(struct session_table *sessions, struct session *session,
			 struct ip4 address, uint64_t until_s);

/* The address is a machine's that has no session: whichever session had it has it no more. */
void session_clear_address(struct session_table *sessions, struct ip4 address);

#endif
