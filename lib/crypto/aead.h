/* SPDX-License-Identifier: ISC
 *
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce of 192 bits, which may be drawn anew for every message of a key's
 * life. Sealed: nonce, ciphertext, tag.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum {
	FG_AEAD_KEY_LEN = 32,
	FG_AEAD_OVERHEAD = 24 + 16 /* nonce and tag */
};

/*! Seal plain under key, bound to ad. \return FG_OK; FG_E_SPACE when out is shorter than plain and FG_AEAD_OVERHEAD. */
enum fg_rc fg_aead_seal(const uint8_t key[static FG_AEAD_KEY_LEN], const void *ad, size_t ad_len,
			const void *plain, size_t plain_len, uint8_t *out, size_t cap,
			size_t *len_out);

/*! The reverse. \return FG_OK; FG_E_SEAL: another key, other associated data, or changed bytes; FG_E_SPACE. */
enum fg_rc fg_aead_open(const uint8_t key[static FG_AEAD_KEY_LEN], const void *ad, size_t ad_len,
			const uint8_t *sealed, size_t sealed_len, void *out, size_t cap,
			size_t *len_out);
