/* SPDX-License-Identifier: ISC
 *
 * Small files that hold secrets: written as temporary file, fsync, rename, fsync of the folder, mode 0600; sealed under a passphrase
 * (Argon2id, then XChaCha20-Poly1305 with the header as associated data) or, by explicit choice, plain.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum { FG_SECRETFILE_MAX = 1 << 20 };

/*! Replace the file at path with data. passphrase NULL: not sealed. FG_OK, FG_E_SYSTEM (errno says why), FG_E_TOO_LONG. */
enum fg_rc fg_secretfile_write(const char *path, const char *passphrase, const void *data, size_t len);

/*! Read the file at path; *data_out is malloc()ed, to be wiped and freed by the caller.
 *  \return FG_OK; FG_E_NOT_FOUND; FG_E_PASSPHRASE (wrong, missing, or the file was changed); FG_E_SYNTAX; FG_E_SYSTEM;
 *  FG_E_DENIED when group or others may read it. */
enum fg_rc fg_secretfile_read(const char *path, const char *passphrase, uint8_t **data_out, size_t *len_out);

/*! True when the file at path is sealed under a passphrase. */
bool fg_secretfile_is_sealed(const char *path);
