/* SPDX-License-Identifier: ISC
 *
 * End-to-end suite 1: one message sealed by the sender's device for one device of the recipient.
 *
 * HPKE (lib/crypto/hpke.h) to the one-time prekey, or to the signed prekey when none was left, over
 * SealedContent: the Content signed by the sender's device (label "message") and padding. info =
 * "fallgate/1 e2e" || u32 suite || message id || sender device || recipient device aad  = recipient
 * device || u32 signed prekey id || u32 one-time prekey id Integers are big-endian. The length is
 * padded to Padme's (Nikitin et al. 2019, 4.4: at most 12 % more), at least 256. What the vault
 * seals (relayed from SMS, MMS or RCS) has 16 zero octets as sender device and the vault's
 * long-term key as signer.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/crypto/hpke.h"
#include "lib/proto/signed.h"

enum {
	FG_E2E_SUITE = 1,
	FG_E2E_PAD_MIN = 256,
	FG_E2E_SEALED_MAX = 40 * 1024,
};

/*! The device that a part is sealed to, as far as it was verified by fg_e2e_peer_check(). Borrowed
 * from the DeviceKeys. */
struct fg_e2e_peer {
	uint8_t account_key[FG_SIGN_PUBLIC_LEN];
	uint8_t device_id[FG_ID_LEN];
	uint8_t signing_key[FG_SIGN_PUBLIC_LEN];
	uint32_t signed_prekey_id;
	uint32_t one_time_prekey_id; /*!< 0: none was left */
	uint8_t prekey[FG_KEM_PUBLIC_LEN];
};

/*! Verify a certificate under the account key at now_ms: FG_OK, FG_E_IDENTITY (wrong signature,
 * time or form). */
enum fg_rc fg_e2e_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert,
			     const uint8_t account_key[static FG_SIGN_PUBLIC_LEN], uint64_t now_ms,
			     Fallgate__DeviceCert **cert_out);

/*! Verify that all keys of a device chain to the account key.
 *  \return FG_OK; FG_E_IDENTITY; FG_E_VERSION for a prekey of another suite: below the floor
 * (attack 28). */
enum fg_rc fg_e2e_peer_check(struct fg_arena *arena, const Fallgate__DeviceKeys *keys,
			     const uint8_t account_key[static FG_SIGN_PUBLIC_LEN], uint64_t now_ms,
			     struct fg_e2e_peer *peer_out);

/*! Seal content for peer. The fields of content that name the peer, its prekeys and the suite are
 * set here. *sealed_out is malloc()ed. \return FG_OK; FG_E_TOO_LONG; FG_E_KEY; FG_E_NO_MEMORY. */
enum fg_rc fg_e2e_seal(Fallgate__Content *content, const struct fg_sign_key *sender,
		       const struct fg_e2e_peer *peer, uint8_t **sealed_out,
		       size_t *sealed_len_out);

/*! What the device that opens is, and what the envelope claims. */
struct fg_e2e_context {
	const uint8_t *own_account; /*!< 32 bytes */
	const uint8_t *own_device;  /*!< 16 bytes */
	const struct fg_kem_key *prekey;
	const uint8_t *message_id;    /*!< 16 bytes, of the Push */
	const uint8_t *sender_device; /*!< 16 bytes, of the Push; zeros: the vault */
	const uint8_t *sender_key;    /*!< 32 bytes: account key (of a device) or the vault's key */
	uint64_t now_ms;
};

/*! Open, verify and check that the content is what the envelope says and meant for this very
 * device. *content_out is borrowed from the arena. \return FG_OK; FG_E_SEAL; FG_E_SYNTAX;
 * FG_E_SIGNATURE; FG_E_IDENTITY (certificate); FG_E_DENIED (meant for another account, device or
 *  message: attack 31); FG_E_VERSION; FG_E_NO_MEMORY. */
enum fg_rc fg_e2e_open(struct fg_arena *arena, const struct fg_e2e_context *context,
		       const Fallgate__SealedPart *part, Fallgate__Content **content_out);

/*! Padded length of len bytes. */
size_t fg_e2e_padded_len(size_t len);
