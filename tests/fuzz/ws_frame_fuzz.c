/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes from a device after its upgrade: no message passes the limit, nothing comes after the end, and the messages do not depend on how the
 * bytes were cut.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <talloc.h>
#include "adapters/secure/ws.h"

struct seen {
	size_t messages, bytes;
	bool ended;
};

static void check(bool truth)
{
	if (!truth)
		abort();
}

static uint16_t on_message(const uint8_t *data, size_t len, void *arg)
{
	struct seen *seen = arg;

	check(!seen->ended && len <= FG_WS_STRANGER_MAX && (data || len == 0));
	seen->messages++;
	seen->bytes += len;
	return 0;
}

static bool on_write(const uint8_t *data, size_t len, void *arg)
{
	(void)arg;
	check(data && len);
	return true;
}

static struct seen run(const uint8_t *data, size_t len, size_t step)
{
	static const struct fg_ws_ops ops = { .message = on_message, .write = on_write };
	struct seen seen = { 0 };
	struct fg_ws *ws = fg_ws_new(NULL, &ops, &seen);

	check(ws != NULL);
	for (size_t at = 0; at < len; at += step) {
		if (fg_ws_input(ws, data + at, len - at < step ? len - at : step) != FG_OK)
			seen.ended = true;
		check(fg_ws_flush(ws) == FG_OK);
	}
	check(!seen.ended || fg_ws_send(ws, data, 1) == FG_E_CLOSED);
	talloc_free(ws);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct seen whole = run(data, len, len + 1), cut = run(data, len, 1);

	/* When it ended is not compared: wslay looks at the text of a close that has not all come yet once for each piece, so a bad letter in it ends
	 * the conversation earlier when the bytes come singly. What was delivered before is the same. */
	check(whole.messages == cut.messages && whole.bytes == cut.bytes);
	return 0;
}
