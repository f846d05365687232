/* The listening socket is ours and is opened before the process is confined; libmicrohttpd's
 * threads are started after it, since Landlock holds for the threads that come later. Their
 * callbacks are below, in the order in which a connection meets them. */
#include "http/http_service.h"

#include "activity/activity.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "content/content.h"
#include "http/http_connections.h"
#include "http/http_request.h"
#include "http/http_tls.h"
#include "io/loop.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEND_MS 1000
/* Of one request: its line and headers, twice the longest name; more is answered with an error. */
#define REQUEST_SIZE_MAX 16384
#define WORKERS_MAX      16

struct http_service {
	struct http_server server;
	struct loop *loop;
	struct timer *tender;
	int listener_fd;
	struct MHD_Daemon *daemon;
	struct http_connections *connections;
	unsigned workers;
	struct http_connections_limits limits;
	/* Behind the server's lock. */
	bool is_selective; /* only what is sent to these addresses is taken */
	struct local_ip *served;
	size_t served_count;
};

static void note(const struct http_service *service, struct event event)
{
	activity_note(service->server.activity, &event);
}

static struct ip address_of(const struct sockaddr *address)
{
	const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)address;
	struct ip out;

	if (address->sa_family != AF_INET6)
		return ip_from_4((struct ip4){ ntohl(ip4->sin_addr.s_addr) });
	out = ip_from_bytes(ip6->sin6_addr.s6_addr);
	out.scope = ip6->sin6_scope_id;
	return out;
}

static bool is_served(struct http_service *service, int fd)
{
	struct sockaddr_in6 local = { 0 };
	socklen_t size = sizeof(local);
	bool is_found;

	(void)getsockname(fd, (struct sockaddr *)&local, &size);
	(void)pthread_mutex_lock(&service->server.lock);
	is_found = !service->is_selective;
	for (size_t i = 0; i < service->served_count && !is_found; i++)
		is_found = ip_is_same(service->served[i].address,
				      address_of((struct sockaddr *)&local));
	(void)pthread_mutex_unlock(&service->server.lock);
	return is_found;
}

static enum MHD_Result may_connect(void *context, const struct sockaddr *address, socklen_t size)
{
	const struct http_service *service = context;
	struct ip client = address_of(address);

	(void)size;
	if (http_connections_may_add(service->connections, client))
		return MHD_YES;
	note(service, (struct event){ .kind = EVENT_HTTP_TOO_MANY,
				      .address = client,
				      .detail = "it has too many already" });
	return MHD_NO;
}

static void begin_connection(struct http_service *service, struct MHD_Connection *handle,
			     void **socket_context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *address =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct http_connection *connection;
	bool is_full = false;

	connection =
		http_connections_add(service->connections, handle, address_of(address->client_addr),
				     fd->connect_fd, &is_full);
	*socket_context = connection;
	if (connection == NULL || !is_served(service, connection->fd)) {
		if (connection != NULL)
			note(service, (struct event){ .kind = EVENT_HTTP_WRONG_INTERFACE,
						      .address = connection->address });
		(void)shutdown(fd->connect_fd, SHUT_RDWR);
		return;
	}
	(void)pthread_mutex_lock(&service->server.lock);
	connection->tls = http_tls_hold(service->server.tls);
	(void)pthread_mutex_unlock(&service->server.lock);
	if (is_full)
		note(service,
		     (struct event){ .kind = EVENT_HTTP_FULL, .address = connection->address });
}

static void end_connection(struct http_service *service, struct http_connection *connection)
{
	struct http_tls *tls = connection->tls;

	if (http_connection_cut(connection) == HTTP_CUT_NO_REQUEST)
		note(service, (struct event){ .kind = EVENT_HTTP_NO_REQUEST,
					      .address = connection->address });
	http_connections_remove(connection);
	http_tls_free(tls);
}

static void on_connection(void *context, struct MHD_Connection *handle, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin_connection(context, handle, socket_context);
	else if (*socket_context != NULL)
		end_connection(context, *socket_context);
}

static struct http_connection *connection_of(struct MHD_Connection *handle)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* GnuTLS asks what to show. libmicrohttpd gives its session the connection; it has no context for
 * this callback otherwise. */
static int on_handshake(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
			const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
			gnutls_pcert_st **out_certificates, unsigned *out_count,
			gnutls_privkey_t *out_key)
{
	struct MHD_Connection *handle = gnutls_session_get_ptr(session);
	const struct http_connection *connection = handle == NULL ? NULL : connection_of(handle);

	(void)names;
	(void)name_count;
	(void)algorithms;
	(void)algorithm_count;
	if (connection == NULL || connection->tls == NULL)
		return -1;
	http_tls_get(connection->tls, out_certificates, out_count, out_key);
	return 0;
}

/* The target stays as it came: http_target decodes it. */
static size_t leave_escapes(void *context, struct MHD_Connection *handle, char *text)
{
	(void)context;
	(void)handle;
	return strlen(text);
}

static void *on_first_line(void *context, const char *target, struct MHD_Connection *handle)
{
	struct http_service *service = context;
	struct http_connection *connection = connection_of(handle);

	return connection == NULL ? NULL : http_request_new(&service->server, connection, target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *handle, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *size, void **request)
{
	(void)context;
	(void)handle;
	(void)url;
	(void)version;
	(void)bytes;
	(void)size; /* a request with a body is refused before its body is read */
	return *request == NULL ? MHD_NO : http_request_advance(*request, method);
}

static void on_end(void *context, struct MHD_Connection *handle, void **request,
		   enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)handle;
	if (*request != NULL)
		http_request_end(*request, code);
	*request = NULL;
}

/* What libmicrohttpd itself refuses or cannot do: malformed requests, failed handshakes. */
__attribute__((format(printf, 2, 0))) static void on_complaint(void *context, const char *format,
							       va_list arguments)
{
	char sentence[256];
	char shown[256];

	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	sentence[strcspn(sentence, "\n")] = '\0';
	text_escape(shown, sizeof(shown),
		    (struct span){ (const uint8_t *)sentence, strlen(sentence) });
	note(context, (struct event){ .kind = EVENT_HTTP_LIBRARY, .detail = shown });
}

static void on_tend(void *context)
{
	const struct http_service *service = context;

	http_connections_tend(service->connections);
	timer_start(service->tender, TEND_MS);
}

/* Where the kernel has no IPv6, both families are IPv4 alone. */
static int open_socket(enum ip_families *families)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(*families == IP_ONLY_4 ? AF_INET : AF_INET6, type, 0);

	if (fd >= 0 || errno != EAFNOSUPPORT || *families != IP_BOTH)
		return fd;
	*families = IP_ONLY_4;
	return socket(AF_INET, type, 0);
}

static int bind_to(int fd, const struct listening *listening, uint16_t port)
{
	struct sockaddr_in ip4 = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(ip_to_4(listening->address).value) };
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_scope_id = listening->address.scope };
	int is_alone = listening->families == IP_ONLY_6;
	int yes = 1; /* also an address that is still being looked for on its network */

	if (listening->families == IP_ONLY_4)
		return bind(fd, (struct sockaddr *)&ip4, sizeof(ip4));
	ip_to_bytes(listening->address, ip6.sin6_addr.s6_addr);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_alone, sizeof(is_alone)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&ip6, sizeof(ip6));
}

static int listen_on(struct listening listening, uint16_t port, int *out_fd)
{
	CLEANUP(close_fd) int fd = open_socket(&listening.families);
	int yes = 1;

	/* Connections of a bootd that has just ended do not keep the next one from the port. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind_to(fd, &listening, port) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	*out_fd = take_fd(&fd);
	return 0;
}

/* A copy of what is served: all addresses of the interfaces, or the one that is meant. False: no
 * memory. */
static bool copy_served(const struct http_service_parts *parts, struct local_ip **out_list,
			size_t *out_count)
{
	struct ip only =
		config_listening(&parts->config->httpd.address, parts->served, parts->served_count)
			.address;
	struct local_ip *list = malloc(parts->served_count * sizeof(*list) + 1);
	size_t count = 0;

	if (list == NULL)
		return false;
	for (size_t i = 0; i < parts->served_count; i++) {
		if (!ip_is_set(only) || ip_is_same(parts->served[i].address, only))
			list[count++] = parts->served[i];
	}
	*out_list = list;
	*out_count = count;
	return true;
}

void http_service_configure(struct http_service *service, const struct http_service_parts *parts)
{
	const struct config *config = parts->config;
	bool checks_ip = config->httpd.checks_ip;
	struct http_settings settings = {
		.content = content_hold(parts->content),
		.may_unknown_read = config->bootp.may_unknown_read_files && !checks_ip,
		.unknown_denial =
			checks_ip
				? "no machine is known at this address, and [httpd] check_ip = yes"
				: "no machine is known at this address, and [bootp] "
				  "access_files = known",
	};
	struct http_tls *tls = http_tls_hold(parts->tls);
	struct http_server *server = &service->server;
	struct local_ip *served = NULL;
	size_t served_count = 0;
	bool is_copied = copy_served(parts, &served, &served_count);
	struct http_settings old_settings;
	struct http_tls *old_tls;

	(void)pthread_mutex_lock(&server->lock);
	old_settings = server->settings;
	old_tls = server->tls;
	server->settings = settings;
	server->tls = tls;
	if (is_copied) {
		struct local_ip *old_served = service->served;

		service->served = served;
		service->served_count = served_count;
		service->is_selective = !selector_is_all(&config->httpd.address);
		served = old_served;
	}
	(void)pthread_mutex_unlock(&server->lock);
	free(served);
	content_free(old_settings.content);
	http_tls_free(old_tls);
}

static unsigned choose_workers(const struct httpd_config *config)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned workers = config->workers;

	if (workers == 0)
		workers = cpus < 1 ? 1 : cpus > WORKERS_MAX ? WORKERS_MAX : (unsigned)cpus;
	return workers < config->connections_max ? workers : config->connections_max;
}

static int set_up(struct http_service *service, const struct http_service_parts *parts)
{
	const struct httpd_config *config = &parts->config->httpd;

	service->workers = choose_workers(config);
	service->limits =
		(struct http_connections_limits){ .connections_max = config->connections_max,
						  .each_max = config->connections_each_max,
						  .timeout_ms = config->timeout_ms };
	service->connections = http_connections_new(&service->limits);
	service->tender = timer_new(parts->loop, on_tend, service);
	if (service->connections == NULL || service->tender == NULL)
		return -ENOMEM;
	http_service_configure(service, parts);
	return listen_on(config_listening(&config->address, parts->served, parts->served_count),
			 config->port, &service->listener_fd);
}

int http_service_open(const struct http_service_parts *parts, struct http_service **out_service)
{
	struct http_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	service->listener_fd = -1;
	service->loop = parts->loop;
	service->server.activity = parts->activity;
	service->server.sessions = parts->sessions;
	(void)pthread_mutex_init(&service->server.lock, NULL);
	error = set_up(service, parts);
	if (error < 0) {
		http_service_stop(service);
		return error;
	}
	*out_service = service;
	return 0;
}

static struct MHD_Daemon *start_daemon(struct http_service *service)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (service->server.tls != NULL ? MHD_USE_TLS : 0);
	struct MHD_OptionItem more[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)service->workers, NULL },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)on_handshake },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (service->server.tls == NULL)
		more[1] = more[2];
	/* The logger comes first: it is told of what is wrong with the options behind it. */
	return MHD_start_daemon(
		flags, 0, may_connect, service, on_request, service, MHD_OPTION_EXTERNAL_LOGGER,
		on_complaint, service, MHD_OPTION_LISTEN_SOCKET, service->listener_fd,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, service, MHD_OPTION_NOTIFY_COMPLETED,
		on_end, service, MHD_OPTION_URI_LOG_CALLBACK, on_first_line, service,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, service, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)service->limits.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)REQUEST_SIZE_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)((service->limits.timeout_ms + 999) / 1000), MHD_OPTION_ARRAY,
		more + (service->workers > 1 ? 0 : 1), MHD_OPTION_END);
}

/* All signals stay with the main thread. */
int http_service_start(struct http_service *service)
{
	sigset_t all;
	sigset_t before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = 0;
	service->daemon = start_daemon(service);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (service->daemon == NULL)
		return errno == 0 ? -EINVAL : -errno;
	service->listener_fd = -1; /* libmicrohttpd's, who closes it */
	timer_start(service->tender, TEND_MS);
	return 0;
}

void http_service_stop(struct http_service *service)
{
	if (service == NULL)
		return;
	timer_free(service->tender);
	if (service->daemon != NULL) {
		http_connections_end(service->connections);
		MHD_stop_daemon(service->daemon);
	}
	close_fd(&service->listener_fd);
	http_connections_free(service->connections);
	content_free(service->server.settings.content);
	http_tls_free(service->server.tls);
	free(service->served);
	(void)pthread_mutex_destroy(&service->server.lock);
	free(service);
}
