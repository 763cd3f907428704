/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Code and approval of pairing.h: what is accepted has all its fields.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "client/device/pairing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const Fallgate__PairingCode *code;
	const Fallgate__PairingApproval *approval;
	struct fg_arena arena;

	if (fg_arena_init(&arena, FG_ARENA_MAX) != FG_OK)
		return 0;
	if (fg_pairing_code_parse(&arena, (const char *)data, len, &code) == FG_OK &&
	    (!code->handle[0] || code->signing_key.len != FG_SIGN_PUBLIC_LEN ||
	     code->device_id.len != FG_ID_LEN))
		abort();
	if (fg_pairing_approval_parse(&arena, (const char *)data, len, &approval) == FG_OK &&
	    (!approval->handle[0] || !approval->cert || !approval->account))
		abort();
	fg_arena_free(&arena);
	return 0;
}
