/* A datagram on the TFTP port: the request, the name in it, and what would be answered; and the
 * same bytes as a packet of a transfer. */
#include "content/path.h"
#include "tftp/tftp_engine.h"
#include "tftp/tftp_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

/* A clean path stays below its root: no empty component, no "." and no "..". */
static void check_path(const char *path)
{
	size_t length = strlen(path);

	require(length > 0 && length < PATH_SIZE);
	while (*path != '\0') {
		size_t component = strcspn(path, "/");

		require(component > 0 && component <= PATH_COMPONENT_MAX);
		require(component != 1 || path[0] != '.');
		require(component != 2 || memcmp(path, "..", 2) != 0);
		require(memchr(path, '\\', component) == NULL);
		path += component;
		if (*path == '/')
			require(*++path != '\0');
	}
}

static void check_name(struct span name)
{
	char path[PATH_SIZE];
	char again[PATH_SIZE];
	enum path_refusal refusal;

	if (!path_clean(name, path, &refusal))
		return;
	check_path(path);
	/* What is clean is left as it is, but for a 0xFF that a '/' had kept from the end. */
	if (path[strlen(path) - 1] == '\xff')
		return;
	require(path_clean((struct span){ (const uint8_t *)path, strlen(path) }, again, &refusal));
	require(strcmp(path, again) == 0);
}

static void check_answer(const struct tftp_options *asked)
{
	static const struct tftp_limits limits = { .block_size_max = 1468,
						   .window_max = 64,
						   .timeout_ms = 1000 };
	static const struct tftp_extent extent = { .available_bytes = UINT64_MAX / 2,
						   .size_bytes = UINT64_MAX / 2,
						   .has_size = true,
						   .is_whole = true };
	struct tftp_state state;
	struct tftp_turn turn = tftp_begin(&state, asked, &extent, &limits, 0);
	uint8_t packet[512]; /* RFC 2347: no longer than this */
	struct writer out = writer_of(packet, sizeof(packet));

	require(turn.verdict == TFTP_GOING && turn.send != TFTP_SEND_NOTHING);
	require(turn.deadline_ms >= 10 && turn.deadline_ms <= 255000);
	require(turn.count <= 1 && turn.length <= 512);
	require(state.window == (asked->window == 0 ? 1 : state.granted.window));
	require(state.granted.window <= asked->window && state.window <= 64);
	require(state.block_size == (asked->block_size == 0 ? 512 : state.granted.block_size));
	require(state.granted.block_size <= asked->block_size);
	tftp_encode_oack(&out, &state.granted, state.extent.size_bytes);
	require(!out.is_failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span datagram = { data, size };
	struct tftp_request request;
	struct tftp_packet packet;
	enum tftp_drop drop;

	if (tftp_decode_request(datagram, &request, &drop)) {
		require(request.name.length < size);
		check_name(request.name);
		check_answer(&request.options);
	}
	if (tftp_decode_packet(datagram, &packet))
		require(packet.message.length <= size);
	check_name(datagram);
	return 0;
}
