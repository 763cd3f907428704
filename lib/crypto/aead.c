/* SPDX-License-Identifier: ISC */
#include "lib/crypto/aead.h"

#include <sodium.h>

enum {
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

_Static_assert(NONCE_LEN + TAG_LEN == FG_AEAD_OVERHEAD, "what a sealed text has besides");
_Static_assert(FG_AEAD_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key");

enum fg_rc fg_aead_seal(const uint8_t key[static FG_AEAD_KEY_LEN], const void *ad, size_t ad_len,
			const void *plain, size_t plain_len, uint8_t *out, size_t cap,
			size_t *len_out)
{
	unsigned long long len;

	if (cap < FG_AEAD_OVERHEAD || cap - FG_AEAD_OVERHEAD < plain_len)
		return FG_E_SPACE;
	randombytes_buf(out, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_LEN, &len, plain, plain_len, ad,
						   ad_len, NULL, out, key);
	*len_out = NONCE_LEN + (size_t)len;
	return FG_OK;
}

enum fg_rc fg_aead_open(const uint8_t key[static FG_AEAD_KEY_LEN], const void *ad, size_t ad_len,
			const uint8_t *sealed, size_t sealed_len, void *out, size_t cap,
			size_t *len_out)
{
	unsigned long long len;

	if (sealed_len < FG_AEAD_OVERHEAD)
		return FG_E_SEAL;
	if (cap < sealed_len - FG_AEAD_OVERHEAD)
		return FG_E_SPACE;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &len, NULL, sealed + NONCE_LEN,
						       sealed_len - NONCE_LEN, ad, ad_len, sealed,
						       key) != 0)
		return FG_E_SEAL;
	*len_out = (size_t)len;
	return FG_OK;
}
