/* mode = auto: whether bootd gives addresses. What it knows comes in, what to do goes out. */
#ifndef BOOTD_DHCP_AUTO_ENGINE_H
#define BOOTD_DHCP_AUTO_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

/* A server may take seconds for its answer: it asks first whether the address is in use. */
#define AUTO_PROBES       4
#define AUTO_INTERVAL_MS  2000
#define AUTO_LAST_WAIT_MS 4000
#define AUTO_RECHECK_MS   30000

enum auto_state { AUTO_PROBING, AUTO_SERVER, AUTO_PROXY };

struct auto_mode {
	enum auto_state state;
	unsigned probes; /* sent */
};

struct auto_step {
	bool sends_probe;
	bool has_changed; /* to another state */
	uint32_t wait_ms; /* until the next step; 0: there is none */
};

/* Without a pool it can only be a proxy; and a proxy it stays: two servers would give the same
 * address to two machines, so what was found once is not forgotten. */
struct auto_mode auto_begin(bool has_pool, bool was_proxy, bool is_port_taken);

/* The time of the last step has passed. */
struct auto_step auto_on_time(struct auto_mode *mode);

/* Another server offers or acknowledges an address. True: the state changes. */
bool auto_on_foreign_server(struct auto_mode *mode);

#endif
