/* SPDX-License-Identifier: ISC
 *
 * Passwords of applications: kept as Argon2id hashes (RFC 9106) in the text form that other programs
 * make too: "$argon2id$v=19$m=...". Slow on purpose; who checks often remembers what was right.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "lib/base/error.h"

enum { FG_PASSWORD_HASH_MAX = 128 }; /* with NUL */

/*! Hash a password under a new salt. \return FG_OK; FG_E_NO_MEMORY. About 50 ms and 64 MiB. */
enum fg_rc fg_password_hash(const void *password, size_t len,
			    char hash_out[static FG_PASSWORD_HASH_MAX]);

/*! Is it the password of that hash? false for a hash that is not well formed, too. As slow as the
 * hash says. */
bool fg_password_verify(const char *hash, const void *password, size_t len);
