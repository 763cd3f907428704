/* SPDX-License-Identifier: ISC
 *
 * Sizes and small helpers shared by lib/crypto, the only folder that includes sodium.h. Everything here is libsodium's, in our
 * error vocabulary; HKDF and HPKE are built on it (hkdf.h, hpke.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum {
	FG_SHA256_LEN = 32,
	FG_SIGN_PUBLIC_LEN = 32, /* Ed25519, RFC 8032 */
	FG_SIGN_SECRET_LEN = 64, /* seed and public key, as libsodium keeps it */
	FG_SIGN_SEED_LEN = 32,
	FG_SIGNATURE_LEN = 64,
	FG_KEM_PUBLIC_LEN = 32, /* X25519, RFC 7748 */
	FG_KEM_SECRET_LEN = 32,
};

struct fg_hash {
	uint8_t b[FG_SHA256_LEN];
};

/*! Once per process, before anything else of lib/crypto. FG_OK or FG_E_CRYPTO_INIT. */
enum fg_rc fg_crypto_init(void);

/*! Fill out with random bytes of the system. */
void fg_random(void *out, size_t len);

/*! A number below bound, uniformly. */
uint32_t fg_random_below(uint32_t bound);

/*! Overwrite with zeros in a way the compiler keeps. */
void fg_wipe(void *data, size_t len);

/*! Compare len bytes in constant time. */
bool fg_equal(const void *a, const void *b, size_t len);

/*! SHA-256 of data (FIPS 180-4). */
struct fg_hash fg_sha256(const void *data, size_t len);

/*! Bytes of someone else; data may be NULL when len is 0. */
struct fg_piece {
	const void *data;
	size_t len;
};

/*! SHA-256 over count pieces, one after the other, without joining them. */
struct fg_hash fg_sha256_pieces(const struct fg_piece *pieces, size_t count);

/*! HMAC-SHA-256 (RFC 2104) with a key of any length. */
enum { FG_SHORTHASH_KEY_LEN = 16 };
/*! SipHash-2-4: for tables that strangers may fill, under a random key; no commitment. */
uint64_t fg_shorthash(const uint8_t key[static FG_SHORTHASH_KEY_LEN], const void *data, size_t len);

struct fg_hash fg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len);
/*! The same over count pieces. */
struct fg_hash fg_hmac_sha256_pieces(const void *key, size_t key_len, const struct fg_piece *pieces,
				     size_t count);

/*! "SHA-256 of a handle": the tag under which views, pins and leaves name it: SHA-256("fallgate handle" 0x00 handle). */
struct fg_hash fg_handle_tag(const char *handle);

bool fg_hash_equal(const struct fg_hash *a, const struct fg_hash *b);
