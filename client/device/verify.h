/* SPDX-License-Identifier: ISC
 *
 * Is a receipt true? Checked with gateway.trust and with what this device sent itself; nothing is
 * taken from the gateway's word.
 */
#pragma once

#include "client/device/state.h"
#include "lib/crypto/note.h"

/*! What a receipt shows. Pointers are borrowed from the arena. */
struct fg_verified {
	const Fallgate__Receipt *receipt;
	bool delivery_proven; /*!< the recipient's device signed that it has what we sealed for it
			       */
	bool logged;          /*!< with a leaf: the two below are set */
	const Fallgate__LeafRecord *record;
	struct fg_checkpoint checkpoint;
};

/*! Verify the signature over the batch, gateway and message, and, when the receipt carries a leaf:
 * record, salt, path and checkpoint, and that the record names the consent that this device signed
 * for the message, its recipient and a bearer that it allowed. \return FG_OK; FG_E_SYNTAX;
 * FG_E_SIGNATURE; FG_E_PROOF; FG_E_NOTE; FG_E_DENIED for another gateway or message;
 *  FG_E_CONSENT_MESSAGE, FG_E_CONSENT_RECIPIENT, FG_E_CONSENT_BEARER; FG_E_LOG_ORDER for a
 * downgrade without leaf. Costs up to some 10^4 hashes when it fails. */
enum fg_rc fg_receipt_verify(struct fg_arena *arena, const struct fg_trust *trust,
			     const Fallgate__Sent *sent, const Fallgate__SignedReceipt *receipt,
			     struct fg_verified *verified_out);

/*! Verify that the log of old (a verified checkpoint, size 0: none) is a prefix of that of head.
 *  \return FG_OK; FG_E_NOTE, FG_E_SIGNATURE for head's checkpoint; FG_E_LOG_FORK. */
enum fg_rc fg_head_verify(const struct fg_trust *trust, const struct fg_checkpoint *old,
			  const Fallgate__Head *head, struct fg_checkpoint *checkpoint_out);
