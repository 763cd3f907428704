/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as user data: a concatenation that is found can be written and found again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "lib/wire/udh.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_udh_concat concat, again;
	uint8_t header[FG_UDH_CONCAT_MAX];
	size_t udh_len, header_len;

	if (fg_udh_concat_find(data, len, &concat, &udh_len) != FG_OK)
		return 0;
	check(udh_len <= len);
	check(fg_udh_concat_write(&concat, header, &header_len) == FG_OK);
	check(fg_udh_concat_find(header, header_len, &again, &udh_len) == FG_OK);
	check(udh_len == header_len && again.reference == concat.reference);
	check(again.total == concat.total && again.sequence == concat.sequence);
	return 0;
}
