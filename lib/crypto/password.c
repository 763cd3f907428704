/* SPDX-License-Identifier: ISC */
#include "lib/crypto/password.h"

#include <sodium.h>

_Static_assert(FG_PASSWORD_HASH_MAX == crypto_pwhash_argon2id_STRBYTES, "room for a hash");

enum fg_rc fg_password_hash(const void *password, size_t len,
			    char hash_out[static FG_PASSWORD_HASH_MAX])
{
	return crypto_pwhash_argon2id_str(hash_out, password, len,
					  crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
					  crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) == 0
		       ? FG_OK
		       : FG_E_NO_MEMORY;
}

bool fg_password_verify(const char *hash, const void *password, size_t len)
{
	return crypto_pwhash_argon2id_str_verify(hash, password, len) == 0;
}
