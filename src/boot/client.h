/* Who asks: a machine, as far as its packet tells. */
#ifndef BOOTD_BOOT_CLIENT_H
#define BOOTD_BOOT_CLIENT_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_ARCHITECTURES_MAX 4

struct client {
	struct mac mac;
	bool is_boot_stage; /* firmware or a loader; an installed system shows no such mark */
	bool is_pxe;        /* asks as PXEClient */
	bool is_http;       /* asks as HTTPClient */
	bool is_ipxe;
	bool lacks_http; /* an iPXE that was built without it */
	uint32_t marks;  /* of how it asks: firmware asks in one way, another program in another */
	bool is_raspberry_pi;
	bool hears_only_broadcast;  /* [buggy_clients] */
	bool wants_terminated_text; /* Microsoft's clients read option texts up to a NUL */
	bool has_architecture;
	uint16_t architecture; /* option 93's number */
	/* What else it says it can run, after that. */
	uint16_t more_architectures[CLIENT_ARCHITECTURES_MAX - 1];
	size_t more_count;
	bool has_uuid;
	struct uuid uuid;
};

#define CLIENT_DESCRIPTION_SIZE 128

/* For the log: architecture, loader and UUID, as far as they are known. */
void client_describe(const struct client *client, char *out, size_t size);

#endif
