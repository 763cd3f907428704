/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the text form of a receipt: what was read and has dates can be written, and reads
 * the same.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/dlr.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_dlr dlr, again;
	char text[FG_DLR_TEXT_MAX];
	size_t text_len;

	if (fg_dlr_from_text(data, len, &dlr) != FG_OK)
		return 0;
	check(dlr.id[0] && dlr.final == fg_dlr_state_final(dlr.state));
	if (!dlr.submit_date[0] || !dlr.done_date[0] || dlr.state == FG_DLR_OTHER)
		return 0;
	check(fg_dlr_format(&dlr, text, sizeof(text), &text_len) == FG_OK);
	check(fg_dlr_from_text(text, text_len, &again) == FG_OK);
	check(strcmp(again.id, dlr.id) == 0 && again.state == dlr.state);
	return 0;
}
