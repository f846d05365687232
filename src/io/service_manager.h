/* Tells the service manager, such as systemd, how the service is: sd_notify's datagrams to the
 * socket that NOTIFY_SOCKET names. Without one, all of this does nothing. */
#ifndef BOOTD_IO_SERVICE_MANAGER_H
#define BOOTD_IO_SERVICE_MANAGER_H

struct service_manager {
	int fd; /* -1: nobody asked to be told */
};

/* Connects now, because the socket may be out of reach once the process is confined. Returns 0, or
 * -errno where there is a socket but it cannot be reached. */
int service_manager_open(struct service_manager *out_manager);
void service_manager_close(struct service_manager *manager);

/* Each returns 0 or -errno. A manager that does not read delays the caller by a second at most. */
int service_manager_tell_ready(const struct service_manager *manager);
/* A reload begins; ready tells its end, whether it changed anything or not. */
int service_manager_tell_reloading(const struct service_manager *manager);
int service_manager_tell_stopping(const struct service_manager *manager);
/* A line for a person, which the manager shows until another one comes. */
int service_manager_tell_status(const struct service_manager *manager, const char *status);

#endif
