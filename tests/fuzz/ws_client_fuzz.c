/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A gateway's bytes into the client's WebSocket, in two pieces: the first byte says where they are
 * cut. A message comes only after the upgrade, and none is longer than promised.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include "client/device/ws_client.h"
#include "lib/crypto/crypto.h"

static enum fg_rc transmit(void *context, const void *data, size_t len)
{
	(void)context;
	(void)data;
	(void)len;
	return FG_OK;
}

static enum fg_rc on_open(void *context)
{
	*(bool *)context = true;
	return FG_OK;
}

static void on_frame(void *context, const void *frame, size_t len)
{
	(void)frame;
	if (!*(bool *)context || len > FG_WS_FRAME_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t nonce[] = "the sample nonce"; /* RFC 6455, 1.3 */
	bool open = false;
	struct fg_ws_client_events events = { &open, transmit, on_open, on_frame };
	struct fg_ws_client *c;
	size_t first;

	if (len == 0 || fg_crypto_init() != FG_OK ||
	    fg_ws_client_new("h", nonce, &events, &c) != FG_OK)
		return 0;
	first = data[0] < len - 1 ? data[0] : len - 1;
	if (fg_ws_client_receive(c, data + 1, first) == FG_OK)
		fg_ws_client_receive(c, data + 1 + first, len - 1 - first);
	fg_ws_client_free(c);
	return 0;
}
