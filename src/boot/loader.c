#include "boot/loader.h"

#include "base/text.h"

#include <string.h>

/* The machine has read a file since it was told of its loader, not long ago. */
static bool may_run(const struct session *session, uint64_t now_s)
{
	const struct session_loader *loader = &session->boot->loader;

	return loader->file[0] != '\0' && session->asked_file_s >= loader->told_s &&
	       now_s - loader->told_s <= LOADER_LIFE_S;
}

bool loader_is_ipxe(struct session *session, const struct client *client, bool is_discover,
		    uint64_t now_s)
{
	struct session_loader *loader = &session->boot->loader;

	if (is_discover)
		loader->is_running = loader->is_ipxe && loader->marks != client->marks &&
				     may_run(session, now_s);
	return loader->is_running;
}

/* Who asks is no firmware, or not the one that asked first. */
static bool asks_for_itself(const struct session *session, const struct client *client,
			    const char *file, uint64_t now_s)
{
	const struct session_loader *loader = &session->boot->loader;

	return (client->is_ipxe || client->marks != loader->marks) &&
	       strcmp(loader->file, file) == 0 && may_run(session, now_s);
}

static void begin(struct session_loader *loader, const struct client *client,
		  const struct boot_plan *plan)
{
	*loader =
		(struct session_loader){ .is_ipxe = plan->is_ipxe_loader, .marks = client->marks };
	if (!text_copy(loader->file, sizeof(loader->file), plan->file))
		loader->file[0] = '\0';
}

bool loader_tell(struct session *session, const struct client *client, const struct boot_plan *plan,
		 uint32_t xid, uint64_t now_s)
{
	struct session_loader *loader = &session->boot->loader;

	if (plan->is_script)
		return true;
	/* DISCOVER is sent several times. */
	if (xid == loader->xid && loader->count > 0 && strcmp(loader->file, plan->file) == 0)
		return true;
	if (asks_for_itself(session, client, plan->file, now_s)) {
		if (loader_is_stopped(session, now_s))
			return false;
		loader->count++;
	} else {
		begin(loader, client, plan);
		loader->count = 1;
	}
	loader->xid = xid;
	if (loader->count > LOADER_REPEATS) {
		loader->stopped_until_s = now_s + LOADER_PAUSE_S;
		loader->count = 0;
		return false;
	}
	loader->told_s = now_s;
	return true;
}

bool loader_is_stopped(const struct session *session, uint64_t now_s)
{
	return now_s < session->boot->loader.stopped_until_s;
}
