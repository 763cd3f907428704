/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of the log or of the vault: a long-term signing key, which gateway.trust names, and seal keys that rotate. An old seal key
 * is destroyed when no valid consent can still need it: stored capsules die with it.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/proto/capsule.h"

enum { FG_KEYRING_SEAL_MAX = 32 };

struct fg_keyring {
	char path[300];
	struct fg_sign_key sign;
	/*! oldest first; the last one is handed out */
	struct fg_kem_key seal[FG_KEYRING_SEAL_MAX];
	uint64_t made_ms[FG_KEYRING_SEAL_MAX];
	size_t seal_count;
};

/*! Read the file, or make and write new keys when there is none. The owner ends it with fg_keyring_wipe().
 *  \return FG_OK; FG_E_SYSTEM; FG_E_SYNTAX, FG_E_DENIED and the like of secretfile.h: keys that cannot be read are never replaced. */
enum fg_rc fg_keyring_load(const char *path, uint64_t now_ms, struct fg_keyring *ring_out);

/*! Make a new seal key when the newest is older than seal_ms, destroy those older than seal_ms + consent_ms, write the file.
 *  \param[out] changed_out a new key is there to be handed out.
 *  \return FG_OK, or why the file could not be written: the ring is then as before. */
enum fg_rc fg_keyring_rotate(struct fg_keyring *ring, uint64_t now_ms, uint64_t seal_ms,
			     uint64_t consent_ms, bool *changed_out);

/*! The newest seal key, signed: a serialized Signed of SealKey, at most 512 bytes. FG_OK, FG_E_SPACE, FG_E_NO_MEMORY. */
enum fg_rc fg_keyring_seal_key(const struct fg_keyring *ring, enum fg_capsule_layer layer,
			       const struct fg_id *gateway_id, uint64_t seal_ms, uint8_t *out,
			       size_t cap, size_t *len_out);
void fg_keyring_wipe(struct fg_keyring *ring);
