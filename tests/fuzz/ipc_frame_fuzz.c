/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Datagrams from a peer: whatever decodes must encode to the same bytes again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t again[FG_FRAME_MAX];
	struct fg_frame frame;
	size_t used, again_len;

	for (size_t at = 0; at < len; at += used) {
		if (fg_frame_decode(data + at, len - at, &frame, &used) != FG_OK)
			break;
		if (fg_frame_encode(&frame, again, sizeof(again), &again_len) != FG_OK ||
		    again_len != used || again_len != fg_frame_size(&frame) ||
		    memcmp(again, data + at, used) != 0)
			abort();
	}
	return 0;
}
