/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the request of a device: a verdict is final and does not depend on how the bytes were cut, and what is accepted
 * has an answer.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "adapters/secure/upgrade.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char response[FG_UPGRADE_RESPONSE_MAX];
	struct fg_upgrade upgrade, part;
	unsigned status = 0, part_status = 0;
	enum fg_rc rc = fg_upgrade_parse(data, len, &upgrade, &status);
	size_t out_len = 0;

	if (rc == FG_OK) {
		check(upgrade.head_len <= len && upgrade.head_len <= FG_UPGRADE_HEAD_MAX);
		check(memcmp(data + upgrade.head_len - 4, "\r\n\r\n", 4) == 0);
		check(fg_upgrade_accept(&upgrade, response, &out_len) == FG_OK &&
		      out_len < sizeof(response));
		check(fg_upgrade_parse(data, upgrade.head_len, &part, &part_status) == FG_OK);
		check(fg_upgrade_parse(data, upgrade.head_len - 1, &part, &part_status) ==
		      FG_E_TRUNCATED);
	} else if (rc != FG_E_TRUNCATED) {
		check(status >= 400 && fg_upgrade_refuse(status, response) < sizeof(response));
	} else {
		check(status == 0 && len < FG_UPGRADE_HEAD_MAX);
	}
	return 0;
}
