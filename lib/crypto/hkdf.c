/* SPDX-License-Identifier: ISC */
#include "lib/crypto/hkdf.h"

#include <string.h>

struct fg_hash fg_hkdf_extract(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len)
{
	return fg_hmac_sha256(salt, salt_len, ikm, ikm_len);
}

enum fg_rc fg_hkdf_expand(const struct fg_hash *prk, const void *info, size_t info_len, void *out,
			  size_t out_len)
{
	uint8_t *at = out;
	struct fg_hash block = { { 0 } };
	size_t block_len = 0; /* T(0) is the empty string */
	uint8_t counter = 1;

	if (out_len > FG_HKDF_MAX)
		return FG_E_ARG;
	while (out_len > 0) {
		const struct fg_piece pieces[] = { { block.b, block_len },
						   { info, info_len },
						   { &counter, 1 } };
		size_t take = out_len < FG_SHA256_LEN ? out_len : FG_SHA256_LEN;

		block = fg_hmac_sha256_pieces(prk->b, sizeof(prk->b), pieces, 3);
		block_len = FG_SHA256_LEN;
		memcpy(at, block.b, take);
		at += take;
		out_len -= take;
		counter++;
	}
	fg_wipe(&block, sizeof(block));
	return FG_OK;
}
