/* SPDX-License-Identifier: ISC
 *
 * Small files that hold secrets: written as temporary file, fsync, rename, fsync of the folder, mode 0600; sealed under a passphrase
 * (Argon2id, then XChaCha20-Poly1305 with the header as associated data) or, by explicit choice, plain.
 *
 * Format, integers big-endian:
 *   "FGSECRET", version 1 (1 byte), kind (1 byte: 0 plain, 1 sealed), then
 *   plain:  SHA-256 of all that precedes and follows it (32 bytes), data
 *   sealed: Argon2id passes (4 bytes), Argon2id memory in KiB (4 bytes), salt (16 bytes), nonce (24 bytes), ciphertext, tag (16 bytes)
 * The associated data of a sealed file is everything before the ciphertext.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum { FG_SECRETFILE_MAX = 1 << 20 }; /* bytes of data */

/*! Replace the file at path with data; after a failure the old file is still there. passphrase NULL: not sealed.
 *  \return FG_OK; FG_E_SYSTEM (errno says why); FG_E_TOO_LONG; FG_E_NO_MEMORY (Argon2id needs 64 MiB). */
enum fg_rc fg_secretfile_write(const char *path, const char *passphrase, const void *data,
			       size_t len);

/*! Read the file at path; *data_out is malloc()ed (also when *len_out is 0), to be wiped and freed by the caller.
 *  With a passphrase the file must be sealed: a plain one in its place was not written by us.
 *  \return FG_OK; FG_E_NOT_FOUND; FG_E_PASSPHRASE (wrong, missing, or the file was changed); FG_E_SYNTAX (not such a file, a plain
 *  one that was changed, or Argon2id parameters that we would never write); FG_E_VERSION; FG_E_SYSTEM; FG_E_NO_MEMORY;
 *  FG_E_DENIED when group or others have any permission on it. */
enum fg_rc fg_secretfile_read(const char *path, const char *passphrase, uint8_t **data_out,
			      size_t *len_out);

/*! True when the file at path is sealed under a passphrase. */
bool fg_secretfile_is_sealed(const char *path);
