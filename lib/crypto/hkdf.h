/* SPDX-License-Identifier: ISC
 *
 * HKDF (RFC 5869) with SHA-256, which libsodium 1.0.18 does not have.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum { FG_HKDF_MAX = 255 * FG_SHA256_LEN }; /* RFC 5869, 2.3 */

/*! A pseudorandom key from ikm (RFC 5869, 2.2). An empty salt is the same as 32 zero octets. */
struct fg_hash fg_hkdf_extract(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len);

/*! out_len octets from prk (RFC 5869, 2.3). out may not overlap info.
 *  \return FG_OK; FG_E_ARG for out_len above FG_HKDF_MAX. */
enum fg_rc fg_hkdf_expand(const struct fg_hash *prk, const void *info, size_t info_len, void *out,
			  size_t out_len);
