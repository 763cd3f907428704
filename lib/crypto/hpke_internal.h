/* SPDX-License-Identifier: ISC
 *
 * What the tests of HPKE need and nobody else may use: sealing with a given ephemeral key, as the vectors of RFC 9180 do. A key used
 * for two messages breaks both.
 */
#pragma once

#include "lib/crypto/hpke.h"

/*! fg_hpke_seal() with ephemeral in place of a new random key. */
enum fg_rc fg_hpke_seal_with_ephemeral(const struct fg_kem_key *ephemeral,
				       const uint8_t public_key[static FG_KEM_PUBLIC_LEN],
				       const void *info, size_t info_len, const void *aad,
				       size_t aad_len, const void *plain, size_t plain_len,
				       uint8_t *out, size_t out_cap, size_t *out_len);
