/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fg_consent_check() over foreign bytes: u16 length and a Signed consent, the rest a Signed certificate.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "lib/proto/consent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_consent_expect expect = { .bearer = FALLGATE__BEARER__BEARER_SMS };
	struct fg_consent consent;
	struct fg_arena arena;
	size_t first;

	if (len < 2 || fg_crypto_init() != FG_OK || fg_arena_init(&arena, 64 * 1024) != FG_OK)
		return 0;
	first = (size_t)data[0] << 8 | data[1];
	if (first > len - 2)
		first = len - 2;
	if (fg_consent_check(&arena, fg_signed_unpack(&arena, data + 2, first),
			     fg_signed_unpack(&arena, data + 2 + first, len - 2 - first), &expect,
			     &consent) == FG_OK)
		abort(); /* nobody signs for 1970 and no message */
	fg_arena_free(&arena);
	return 0;
}
