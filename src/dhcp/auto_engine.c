#include "dhcp/auto_engine.h"

struct auto_mode auto_begin(bool has_pool, bool was_proxy, bool is_port_taken)
{
	bool is_proxy = !has_pool || was_proxy || is_port_taken;

	return (struct auto_mode){ .state = is_proxy ? AUTO_PROXY : AUTO_PROBING };
}

struct auto_step auto_on_time(struct auto_mode *mode)
{
	struct auto_step step = { .sends_probe = true, .wait_ms = AUTO_RECHECK_MS };

	if (mode->state == AUTO_PROXY)
		return (struct auto_step){ 0 };
	if (mode->state == AUTO_SERVER)
		return step;
	if (mode->probes == AUTO_PROBES) {
		mode->state = AUTO_SERVER;
		step.has_changed = true;
		return step;
	}
	mode->probes++;
	step.wait_ms = mode->probes == AUTO_PROBES ? AUTO_LAST_WAIT_MS : AUTO_INTERVAL_MS;
	return step;
}

bool auto_on_foreign_server(struct auto_mode *mode)
{
	bool has_changed = mode->state != AUTO_PROXY;

	mode->state = AUTO_PROXY;
	return has_changed;
}
