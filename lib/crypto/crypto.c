/* SPDX-License-Identifier: ISC */
#include "lib/crypto/crypto.h"

#include <sodium.h>
#include <string.h>

_Static_assert(FG_SHA256_LEN == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(FG_SIGN_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(FG_SIGN_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "Ed25519 secret key");
_Static_assert(FG_SIGN_SEED_LEN == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(FG_SIGNATURE_LEN == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(FG_KEM_PUBLIC_LEN == crypto_scalarmult_BYTES, "X25519 public key");
_Static_assert(FG_KEM_SECRET_LEN == crypto_scalarmult_SCALARBYTES, "X25519 secret key");

enum fg_rc fg_crypto_init(void)
{
	return sodium_init() < 0 ? FG_E_CRYPTO_INIT : FG_OK;
}

void fg_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

uint32_t fg_random_below(uint32_t bound)
{
	return randombytes_uniform(bound);
}

void fg_wipe(void *data, size_t len)
{
	sodium_memzero(data, len);
}

bool fg_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

struct fg_hash fg_sha256(const void *data, size_t len)
{
	struct fg_hash hash;

	crypto_hash_sha256(hash.b, data, len);
	return hash;
}

struct fg_hash fg_sha256_pieces(const struct fg_piece *pieces, size_t count)
{
	crypto_hash_sha256_state st;
	struct fg_hash hash;

	crypto_hash_sha256_init(&st);
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len > 0)
			crypto_hash_sha256_update(&st, pieces[i].data, pieces[i].len);
	}
	crypto_hash_sha256_final(&st, hash.b);
	return hash;
}

struct fg_hash fg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len)
{
	const struct fg_piece piece = { data, len };

	return fg_hmac_sha256_pieces(key, key_len, &piece, 1);
}

struct fg_hash fg_hmac_sha256_pieces(const void *key, size_t key_len, const struct fg_piece *pieces,
				     size_t count)
{
	static const uint8_t no_key[1];
	crypto_auth_hmacsha256_state st;
	struct fg_hash mac;

	crypto_auth_hmacsha256_init(&st, key_len > 0 ? key : no_key, key_len);
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len > 0)
			crypto_auth_hmacsha256_update(&st, pieces[i].data, pieces[i].len);
	}
	crypto_auth_hmacsha256_final(&st, mac.b);
	fg_wipe(&st, sizeof(st));
	return mac;
}

struct fg_hash fg_handle_tag(const char *handle)
{
	static const char label[] =
		"fallgate handle"; /* with its NUL, which parts it from the handle */
	const struct fg_piece pieces[] = { { label, sizeof(label) }, { handle, strlen(handle) } };

	return fg_sha256_pieces(pieces, 2);
}

bool fg_hash_equal(const struct fg_hash *a, const struct fg_hash *b)
{
	return fg_equal(a->b, b->b, sizeof(a->b));
}

uint64_t fg_shorthash(const uint8_t key[static FG_SHORTHASH_KEY_LEN], const void *data, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(out, data, len, key);
	memcpy(&number, out, sizeof(number));
	return number;
}
