/* The sockets, by what bootd does on port 67. A part of dhcp_service. */
#include "dhcp/dhcp_auto.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_probe.h"
#include "dhcp/dhcp_verdict.h"
#include "io/link.h"
#include "io/link_listener.h"
#include "io/neighbours.h"
#include "io/udp.h"

#include <errno.h>
#include <string.h>

#define RECEIVE_BUFFER (4 * 1024 * 1024) /* two thousand machines may ask at once */

static bool has_only_interface(const struct dhcp_service_parts *parts)
{
	return parts->config->bootp.address.kind == SELECT_INTERFACE;
}

/* The interface that [bootp] address names; 0: it names none, or one that is not there. */
static unsigned only_interface(const struct dhcp_service_parts *parts)
{
	return has_only_interface(parts) && parts->served_count > 0 ? parts->served[0].interface : 0;
}

/* A port is kept for an interface that is not there, and nothing is heard meanwhile. */
static unsigned interface_of_port(const struct dhcp_service_parts *parts)
{
	unsigned interface = only_interface(parts);

	return has_only_interface(parts) && interface == 0 ? INTERFACE_NONE : interface;
}

/* Bound to its interface, it leaves the others to other servers on this machine. */
static int open_port(struct dhcp_service *service, uint16_t port, struct udp **out_udp)
{
	struct udp_options options = { .local.port = port,
				       .interface = interface_of_port(&service->parts),
				       .may_broadcast = true,
				       .receive_buffer = RECEIVE_BUFFER };

	return udp_open(service->parts.loop, &options, dhcp_on_datagrams, service, out_udp);
}

void dhcp_try_ahead(struct dhcp_service *service)
{
	if (service->role == ROLE_SERVER && service->probe != NULL)
		dhcp_probe_configure(service->probe, &service->parts);
}

int dhcp_take_role(struct dhcp_service *service, enum dhcp_role role)
{
	uint16_t port = service->parts.config->bootp.port;
	struct link_listener_options options = { .port = port,
						 .interface = only_interface(&service->parts),
						 .receive_buffer = RECEIVE_BUFFER };

	/* Other threads ask which it is, by dhcp_learn_neighbour. */
	session_lock(service->parts.sessions);
	service->role = role;
	session_unlock(service->parts.sessions);
	if (role != ROLE_PROXY) {
		dhcp_try_ahead(service);
		return service->udp != NULL ? 0 : open_port(service, port, &service->udp);
	}
	/* A proxy leaves the port to the server that it is beside, also on this machine, and gives
	 * no address any more. */
	dhcp_depart(service);
	udp_close(service->udp);
	service->udp = NULL;
	dhcp_probe_free(service->probe);
	service->probe = NULL;
	return link_listener_open(service->parts.loop, &options, dhcp_on_datagrams, service,
				  &service->listener);
}

static int take_mode(struct dhcp_service *service, enum dhcp_socket *out_socket)
{
	const struct bootp_config *bootp = &service->parts.config->bootp;
	int verdict_fd;
	int error;

	if (bootp->mode == MODE_SERVER) {
		*out_socket = DHCP_SOCKET_UDP;
		error = dhcp_take_role(service, ROLE_SERVER);
		if (error < 0)
			return error;
	}
	*out_socket = DHCP_SOCKET_FRAMES;
	error = link_open(&service->link);
	if (error == 0 && config_may_give_addresses(service->parts.config))
		error = dhcp_probe_new(service->parts.loop, &service->probe);
	if (error < 0)
		return error;
	if (bootp->mode == MODE_SERVER) {
		dhcp_try_ahead(service);
		return 0;
	}
	error = neighbours_open(&service->neighbours);
	if (error < 0)
		return error;
	if (bootp->mode == MODE_PROXY)
		return dhcp_take_role(service, ROLE_PROXY);
	*out_socket = DHCP_STATE_FILE;
	error = dhcp_verdict_open(bootp->state_file, &verdict_fd);
	if (error < 0)
		return error;
	*out_socket = DHCP_SOCKET_UDP;
	return dhcp_auto_start(service, verdict_fd, &service->automatic);
}

/* A server can do without: what firmware asks there is told it in its offer, too. */
static int open_boot_server(struct dhcp_service *service)
{
	const struct config *config = service->parts.config;
	int error;

	if (config->bootp.pxe_port == 0)
		return 0;
	error = open_port(service, config->bootp.pxe_port, &service->pxe);
	if (error != -EADDRINUSE || config->bootp.mode != MODE_SERVER || config->menu.count > 1)
		return error;
	activity_note(service->parts.activity, &(struct event){ .kind = EVENT_PXE_PORT_TAKEN });
	return 0;
}

static void note_binding(const struct dhcp_service *service, int error)
{
	if (error < 0)
		activity_note(
			service->parts.activity,
			&(struct event){ .kind = EVENT_DHCP_DEAF, .detail = strerror(-error) });
}

/* An interface that was made anew has another number. The sockets stay, because a confined process
 * cannot open their ports again. */
void dhcp_follow_interface(struct dhcp_service *service)
{
	const struct dhcp_service_parts *parts = &service->parts;

	if (!has_only_interface(parts))
		return;
	if (service->udp != NULL)
		note_binding(service, udp_bind_interface(service->udp, interface_of_port(parts)));
	if (service->pxe != NULL)
		note_binding(service, udp_bind_interface(service->pxe, interface_of_port(parts)));
	if (service->listener != NULL)
		note_binding(service, link_listener_bind(service->listener, only_interface(parts)));
}

int dhcp_open_sockets(struct dhcp_service *service, enum dhcp_socket *out_socket)
{
	int error = take_mode(service, out_socket);

	if (error < 0)
		return error;
	*out_socket = DHCP_SOCKET_PXE;
	return open_boot_server(service);
}

void dhcp_close_sockets(struct dhcp_service *service)
{
	dhcp_depart(service);
	udp_close(service->udp);
	udp_close(service->pxe);
	link_listener_close(service->listener);
	link_close(service->link);
	neighbours_close(service->neighbours);
	dhcp_probe_free(service->probe);
}
