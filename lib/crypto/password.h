/* SPDX-License-Identifier: ISC
 *
 * Passwords of applications, kept as Argon2id hashes (RFC 9106) in libsodium's "$argon2id$..." text form.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum { FG_PASSWORD_HASH_LEN = 128 }; /* with its NUL */

/*! Hash a password, with a salt of its own. FG_OK; FG_E_NO_MEMORY (it needs 64 MiB). */
enum fg_rc fg_password_hash(const char *password, size_t len,
			    char hash_out[static FG_PASSWORD_HASH_LEN]);

/*! Is it the password of that hash? Takes some 50 ms by design. */
bool fg_password_verify(const char *hash, const char *password, size_t len);
