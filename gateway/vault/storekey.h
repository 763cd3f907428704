/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The vault's storage keys: under them the texts of applications and carriers lie in the core's store. A new one each day; an old one
 * is destroyed when no message can live so long, and what was sealed under it dies with it.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/crypto/aead.h"

enum {
	FG_STOREKEYS_MAX = 16,
	FG_STOREKEY_OVERHEAD = 4 + FG_AEAD_OVERHEAD /* which key, nonce and tag */
};

struct fg_storekeys {
	char path[300];
	uint32_t number[FG_STOREKEYS_MAX]; /*!< ever growing; 0 is none */
	uint64_t made_ms[FG_STOREKEYS_MAX];
	uint8_t key[FG_STOREKEYS_MAX][FG_AEAD_KEY_LEN];
	size_t count; /*!< oldest first; the last one seals */
};

/*! Read the file, or make and write it. The owner wipes the struct.
 *  \return FG_OK; FG_E_SYSTEM, FG_E_SYNTAX and the like of secretfile.h: keys that cannot be read are never replaced. */
enum fg_rc fg_storekeys_load(const char *path, uint64_t now_ms, struct fg_storekeys *keys_out);

/*! A new key after a day; those that no message needs any more are destroyed. FG_OK, or why the file could not be written: the keys
 *  are then as before. */
enum fg_rc fg_storekeys_rotate(struct fg_storekeys *keys, uint64_t now_ms);

/*! \return FG_OK; FG_E_SPACE. */
enum fg_rc fg_storekeys_seal(const struct fg_storekeys *keys, const void *ad, size_t ad_len,
			     const void *plain, size_t plain_len, uint8_t *out, size_t cap,
			     size_t *len_out);
/*! \return FG_OK; FG_E_KEY_EXPIRED; FG_E_SEAL; FG_E_SPACE. */
enum fg_rc fg_storekeys_open(const struct fg_storekeys *keys, const void *ad, size_t ad_len,
			     const uint8_t *sealed, size_t sealed_len, void *out, size_t cap,
			     size_t *len_out);
