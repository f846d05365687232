/* What a session knows of the loader that its firmware was told of: whether it runs by now, and
 * whether it asks for itself again and again. */
#ifndef BOOTD_BOOT_LOADER_H
#define BOOTD_BOOT_LOADER_H

#include "boot/client.h"
#include "boot/plan.h"
#include "boot/session.h"

#define LOADER_LIFE_S  120 /* after which a machine that asks has begun anew */
#define LOADER_REPEATS 3   /* how often a loader is given in one boot */
#define LOADER_PAUSE_S 60  /* how long it then gets no answer */

/* The machine asks; is_discover: for an offer. True: it is iPXE, though it does not say so: it was
 * given iPXE in this boot, has read it, and now asks in another way than before. */
bool loader_is_ipxe(struct session *session, const struct client *client, bool is_discover,
		    uint64_t now_s);

/* The machine's DISCOVER of this xid is to be answered with the plan. False: the same loader has
 * asked for itself LOADER_REPEATS times, and is not given for LOADER_PAUSE_S. Firmware that begins
 * anew is not held up. */
bool loader_tell(struct session *session, const struct client *client, const struct boot_plan *plan,
		 uint32_t xid, uint64_t now_s);

/* The machine is in that pause: it is to read no files either, because a loader that gets no answer
 * may go by the one that its firmware got. */
bool loader_is_stopped(const struct session *session, uint64_t now_s);

#endif
