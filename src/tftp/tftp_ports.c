#include "tftp/tftp_ports.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define BUFFER_SIZE (4 * 1024 * 1024)
#define MEMORY_SIZE 4096 /* clients, a power of two */
#define STAY        32   /* choices before the next port's turn */

/* One client's last port; a client that falls on the same place takes it over. */
struct memory {
	uint64_t client;
	uint16_t port; /* its number in the set, and 1; 0: none */
};

struct tftp_ports {
	struct hash_key key;
	uint16_t count;
	uint16_t current;
	uint16_t stayed;
	struct memory memory[MEMORY_SIZE];
	struct tftp_port list[];
};

static int open_one(const struct tftp_ports_options *options, udp_callback *on_packets,
		    uint16_t number, struct tftp_port *port)
{
	struct udp_options udp = { .families = options->listening.families,
				   .local = { options->listening.address, number },
				   .expects_answers = true,
				   .receive_buffer = BUFFER_SIZE,
				   .send_buffer = BUFFER_SIZE };

	port->worker = options->worker;
	return udp_open(options->loop, &udp, on_packets, port, &port->udp);
}

/* Goes through the range, of which others may use a part. */
static int open_all(const struct tftp_ports_options *options, udp_callback *on_packets,
		    struct tftp_ports *ports)
{
	unsigned number = options->first;
	int error = 0;

	while (ports->count < options->count && number <= options->last) {
		error = open_one(options, on_packets, (uint16_t)number, &ports->list[ports->count]);
		if (error < 0 && (error != -EADDRINUSE || number == 0))
			return error;
		if (error == 0)
			ports->count++;
		if (number > 0)
			number++;
	}
	return ports->count > 0 ? 0 : -EADDRINUSE;
}

int tftp_ports_open(const struct tftp_ports_options *options, udp_callback *on_packets,
		    struct tftp_ports **out_ports)
{
	struct tftp_ports *ports =
		calloc(1, sizeof(*ports) + options->count * sizeof(ports->list[0]));
	int error;

	if (ports == NULL)
		return -ENOMEM;
	error = hash_key_init(&ports->key) ? 0 : -EIO;
	if (error == 0)
		error = open_all(options, on_packets, ports);
	if (error < 0) {
		tftp_ports_close(ports);
		return error;
	}
	*out_ports = ports;
	return 0;
}

void tftp_ports_close(struct tftp_ports *ports)
{
	if (ports == NULL)
		return;
	for (size_t i = 0; i < ports->count; i++)
		udp_close(ports->list[i].udp);
	free(ports);
}

static size_t place_of(uint64_t key)
{
	return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % MEMORY_SIZE;
}

static uint16_t last_of(const struct tftp_ports *ports, uint64_t key)
{
	const struct memory *memory = &ports->memory[place_of(key)];

	return memory->client == key ? memory->port : 0;
}

struct tftp_port *tftp_ports_choose(struct tftp_ports *ports, struct ip_endpoint client)
{
	uint64_t key = hash_ip(&ports->key, &client);
	uint16_t chosen = ports->current;

	if (last_of(ports, key) == chosen + 1)
		chosen = (uint16_t)((chosen + 1) % ports->count);
	if (++ports->stayed == STAY) {
		ports->stayed = 0;
		ports->current = (uint16_t)((ports->current + 1) % ports->count);
	}
	ports->memory[place_of(key)] =
		(struct memory){ .client = key, .port = (uint16_t)(chosen + 1) };
	return &ports->list[chosen];
}

bool tftp_ports_is_last(const struct tftp_ports *ports, const struct tftp_port *port,
			struct ip_endpoint client)
{
	return last_of(ports, hash_ip(&ports->key, &client)) == port - ports->list + 1;
}
