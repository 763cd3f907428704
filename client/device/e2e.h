/* SPDX-License-Identifier: ISC
 *
 * End-to-end suite 1: one message sealed by the sender's device for one device of the recipient.
 *
 * HPKE (lib/crypto/hpke.h) to the one-time prekey, or to the signed prekey when none was left, over
 * SealedContent: the Content signed by the sender's device (label "message") and padding. info =
 * "fallgate/1 e2e" || u32 suite || message id || sender device || recipient device aad  = recipient
 * device || u32 signed prekey id || u32 one-time prekey id Integers are big-endian. The length is
 * padded to Padme's (Nikitin et al. 2019, 4.4: at most 12 % more), at least 256. What the vault
 * seals (relayed from an application, or from SMS, MMS or RCS) has 16 zero octets as sender device
 * and is signed by the key of a RelayCert in the content, which the vault's long-term key signs.
 */
#pragma once

#include "lib/proto/suite1.h"

/*! Seal content for peer. The fields of content that name the peer, its prekeys and the suite are
 * set here. *sealed_out is malloc()ed. \return FG_OK; FG_E_TOO_LONG; FG_E_KEY; FG_E_NO_MEMORY. */
enum fg_rc fg_e2e_seal(Fallgate__Content *content, const struct fg_sign_key *sender,
		       const struct fg_suite1_peer *peer, uint8_t **sealed_out,
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
