/* SPDX-License-Identifier: ISC
 *
 * HPKE, RFC 9180, base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 */
#pragma once

#include "lib/crypto/crypto.h"
#include "lib/crypto/hkdf.h"

enum {
	FG_HPKE_ENC_LEN = 32,
	FG_HPKE_TAG_LEN = 16,
	FG_HPKE_OVERHEAD = FG_HPKE_ENC_LEN + FG_HPKE_TAG_LEN,
};

struct fg_kem_key {
	uint8_t public[FG_KEM_PUBLIC_LEN];
	uint8_t secret[FG_KEM_SECRET_LEN];
};

void fg_kem_key_new(struct fg_kem_key *key_out);
/*! Public half of a secret (RFC 7748). */
void fg_kem_key_from_secret(const uint8_t secret[static FG_KEM_SECRET_LEN],
			    struct fg_kem_key *key_out);

/*! Seal: out gets enc (32), ciphertext (plain_len), tag (16): plain_len + FG_HPKE_OVERHEAD bytes.
 *  out may not overlap plain.
 *  \return FG_OK; FG_E_KEY for a public key of low order; FG_E_SPACE. */
enum fg_rc fg_hpke_seal(const uint8_t public_key[static FG_KEM_PUBLIC_LEN], const void *info,
			size_t info_len, const void *aad, size_t aad_len, const void *plain,
			size_t plain_len, uint8_t *out, size_t out_cap, size_t *out_len);

/*! Open what fg_hpke_seal() made. plain_out needs sealed_len - FG_HPKE_OVERHEAD bytes; they are zeroed on FG_E_SEAL.
 *  \return FG_OK; FG_E_SEAL for anything that is wrong with sealed (one error: no oracle); FG_E_SPACE. */
enum fg_rc fg_hpke_open(const struct fg_kem_key *key, const void *info, size_t info_len,
			const void *aad, size_t aad_len, const uint8_t *sealed, size_t sealed_len,
			uint8_t *plain_out, size_t plain_cap, size_t *plain_len_out);
