/* SPDX-License-Identifier: ISC
 *
 * End-to-end suite 1 as far as it holds nothing secret: whom a part may be sealed to, what the seal is bound to, how long it is. The
 * device's library (client/device/e2e.h says what is sealed) and the vault, which seals what came from outside anew for devices, have it
 * in common.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/crypto/hpke.h"
#include "lib/proto/signed.h"

enum {
	FG_SUITE1_INFO_MAX = 64,
	FG_SUITE1_AAD_LEN = FG_ID_LEN + 8,
	FG_SUITE1 = 1,
	FG_SUITE1_PEERS_MAX = 32, /* devices of an account */
	FG_SUITE1_PAD_MIN = 256,
	FG_SUITE1_SEALED_MAX = 40 * 1024,
};

/*! The device that a part is sealed to, as far as it was verified by fg_suite1_peer_check(). Borrowed
 * from the DeviceKeys. */
struct fg_suite1_peer {
	uint8_t account_key[FG_SIGN_PUBLIC_LEN];
	uint8_t device_id[FG_ID_LEN];
	uint8_t signing_key[FG_SIGN_PUBLIC_LEN];
	bool relay_in; /*!< takes relayed messages */
	uint32_t signed_prekey_id;
	uint32_t one_time_prekey_id; /*!< 0: none was left */
	uint8_t prekey[FG_KEM_PUBLIC_LEN];
};

/*! Verify a certificate under the account key at now_ms: FG_OK, FG_E_IDENTITY (wrong signature,
 * time or form). */
enum fg_rc fg_suite1_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert,
				const uint8_t account_key[static FG_SIGN_PUBLIC_LEN],
				uint64_t now_ms, Fallgate__DeviceCert **cert_out);

/*! Verify that all keys of a device chain to the account key.
 *  \return FG_OK; FG_E_IDENTITY; FG_E_VERSION for a prekey of another suite: below the floor
 * (attack 28). */
enum fg_rc fg_suite1_peer_check(struct fg_arena *arena, const Fallgate__DeviceKeys *keys,
				const uint8_t account_key[static FG_SIGN_PUBLIC_LEN],
				uint64_t now_ms, struct fg_suite1_peer *peer_out);

/*! Verify the devices of a lookup: each chains to the account key of the view (SECURE), and together they are the set that it signs:
 *  nobody was added, nobody left out. peers_out is sorted by device id.
 *  \return FG_OK; FG_E_IDENTITY; FG_E_VERSION. */
enum fg_rc fg_suite1_peers_check(struct fg_arena *arena, const Fallgate__View *view,
				 const Fallgate__LookupResult *result, uint64_t now_ms,
				 struct fg_suite1_peer peers_out[static FG_SUITE1_PEERS_MAX]);

/*! HPKE's info: label, suite, message id, sender device, recipient device. \return its length. */
size_t fg_suite1_info(uint8_t out[static FG_SUITE1_INFO_MAX], const uint8_t *message_id,
		      const uint8_t *sender, const uint8_t *recipient);
/*! HPKE's associated data: recipient device and which of its prekeys. */
void fg_suite1_aad(uint8_t out[static FG_SUITE1_AAD_LEN], const uint8_t *recipient,
		   uint32_t signed_prekey_id, uint32_t one_time_prekey_id);

/*! Padded length of len bytes. */
size_t fg_suite1_padded_len(size_t len);
/*! Point the padding of outer, whose content is set, to as many zeros as it needs. FG_OK; FG_E_TOO_LONG. */
enum fg_rc fg_suite1_pad(Fallgate__SealedContent *outer);
