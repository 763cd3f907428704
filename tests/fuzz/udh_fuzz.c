/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as user data: a concatenation, and national tables, that are found can be written and found again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "lib/wire/udh.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

static void national(const uint8_t *data, size_t len)
{
	uint8_t header[FG_UDH_MAX], locking, single, locking_again, single_again;
	size_t header_len;

	if (fg_udh_national_find(data, len, &locking, &single) != FG_OK)
		return;
	check(fg_udh_write(NULL, locking, single, header, &header_len) == FG_OK);
	check(fg_udh_national_find(header, header_len, &locking_again, &single_again) == FG_OK);
	check(locking == locking_again && single == single_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_udh_concat concat, again;
	uint8_t header[FG_UDH_CONCAT_MAX];
	size_t udh_len, header_len;

	national(data, len);
	if (fg_udh_concat_find(data, len, &concat, &udh_len) != FG_OK)
		return 0;
	check(udh_len <= len);
	check(fg_udh_concat_write(&concat, header, &header_len) == FG_OK);
	check(fg_udh_concat_find(header, header_len, &again, &udh_len) == FG_OK);
	check(udh_len == header_len && again.reference == concat.reference);
	check(again.total == concat.total && again.sequence == concat.sequence);
	return 0;
}
