#include "tftp/tftp_service.h"
#include "config/config.h"
#include "io/loop.h"
#include "io/udp.h"
#include "tftp/tftp_bounds.h"
#include "tftp/tftp_worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* A worker with a loop and a thread of its own. What it is to do comes by letter; the thread that
 * runs the service waits until it is done. */
struct crew_member {
	struct tftp_worker *worker;
	struct loop *loop;
	pthread_t thread;
	bool is_running;
	struct letter letter;
	const struct tftp_service_parts *parts; /* to be configured with; NULL: to be stopped */
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

struct tftp_service {
	struct tftp_worker *worker; /* in the service's own loop; NULL: the crew works */
	size_t crew_size;
	struct crew_member crew[];
};

static void on_letter(void *context)
{
	struct crew_member *member = context;

	if (member->parts != NULL) {
		tftp_worker_configure(member->worker, member->parts);
	} else {
		tftp_worker_stop(member->worker);
		loop_stop(member->loop);
	}
	(void)pthread_mutex_lock(&member->lock);
	member->is_done = true;
	(void)pthread_cond_signal(&member->done);
	(void)pthread_mutex_unlock(&member->lock);
}

static void tell(struct crew_member *member, const struct tftp_service_parts *parts)
{
	member->parts = parts;
	member->is_done = false;
	if (!member->is_running) {
		on_letter(member);
		return;
	}
	loop_post(member->loop, &member->letter);
	(void)pthread_mutex_lock(&member->lock);
	while (!member->is_done)
		(void)pthread_cond_wait(&member->done, &member->lock);
	(void)pthread_mutex_unlock(&member->lock);
}

static void *run_member(void *context)
{
	struct crew_member *member = context;

	loop_run(member->loop);
	return NULL;
}

static int open_member(struct crew_member *member, const struct tftp_service_parts *parts,
		       struct tftp_bounds *bounds, bool is_first)
{
	struct tftp_service_parts own = *parts;

	(void)pthread_mutex_init(&member->lock, NULL);
	(void)pthread_cond_init(&member->done, NULL);
	member->letter = (struct letter){ .on_arrival = on_letter, .context = member };
	member->loop = loop_new();
	if (member->loop == NULL)
		return -ENOMEM;
	own.loop = member->loop;
	return tftp_worker_open(&own, bounds, is_first, &member->worker);
}

/* What is under way to its loop frees the worker, so that comes last. */
static void close_member(struct crew_member *member)
{
	if (member->worker != NULL)
		tell(member, NULL);
	if (member->is_running)
		(void)pthread_join(member->thread, NULL);
	loop_free(member->loop);
	(void)pthread_cond_destroy(&member->done);
	(void)pthread_mutex_destroy(&member->lock);
}

/* A port that is shared could be shared with another bootd, too. */
static int check_port(const struct tftp_service_parts *parts)
{
	struct listening listening = tftp_worker_listening(parts);
	struct udp_options options = { .families = listening.families,
				       .local = { listening.address, parts->config->tftp.port } };
	struct udp *udp;
	int error = udp_open(parts->loop, &options, NULL, NULL, &udp);

	if (error == 0)
		udp_close(udp);
	return error;
}

static int open_crew(struct tftp_service *service, const struct tftp_service_parts *parts,
		     struct tftp_bounds *bounds)
{
	int error = check_port(parts);

	for (size_t i = 0; i < parts->worker_count && error == 0; i++) {
		service->crew_size++;
		error = open_member(&service->crew[i], parts, bounds, i == 0);
	}
	return error;
}

int tftp_service_open(const struct tftp_service_parts *parts, struct tftp_service **out_service)
{
	struct tftp_service *service =
		calloc(1, sizeof(*service) + parts->worker_count * sizeof(service->crew[0]));
	struct tftp_bounds *bounds = tftp_bounds_new(parts->config->tftp.transfers_max);
	int error = -ENOMEM;

	if (service != NULL && bounds != NULL && parts->worker_count > 1)
		error = open_crew(service, parts, bounds);
	else if (service != NULL && bounds != NULL)
		error = tftp_worker_open(parts, bounds, true, &service->worker);
	tftp_bounds_free(bounds);
	if (error < 0) {
		tftp_service_stop(service);
		return error;
	}
	*out_service = service;
	return 0;
}

int tftp_service_run(struct tftp_service *service)
{
	for (size_t i = 0; i < service->crew_size; i++) {
		struct crew_member *member = &service->crew[i];
		int error = pthread_create(&member->thread, NULL, run_member, member);

		if (error != 0)
			return -error;
		member->is_running = true;
	}
	return 0;
}

void tftp_service_configure(struct tftp_service *service, const struct tftp_service_parts *parts)
{
	if (service->worker != NULL)
		tftp_worker_configure(service->worker, parts);
	for (size_t i = 0; i < service->crew_size; i++)
		tell(&service->crew[i], parts);
}

void tftp_service_stop(struct tftp_service *service)
{
	if (service == NULL)
		return;
	if (service->worker != NULL)
		tftp_worker_stop(service->worker);
	for (size_t i = 0; i < service->crew_size; i++)
		close_member(&service->crew[i]);
	free(service);
}
