/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the log and the vault ask of every order, each with its own knowledge: the view is the directory's and of now, the reason is what
 * the view says, the consent is the sender's and for exactly this.
 */
#pragma once

#include "gateway/decide/decide.h"
#include "lib/ipc/frame.h"
#include "lib/proto/consent.h"
#include "lib/proto/view.h"

struct fg_trust {
	struct fg_id gateway_id;
	char origin[129];
	uint8_t log_key[32];
	uint8_t directory_key[32];
	struct fg_hash log_id;
};

/*! FG_OK or FG_E_ARG for an origin that is too long. */
enum fg_rc fg_trust_read(const struct fg_ipc_trust *frame, struct fg_trust *trust_out);

struct fg_order_claim {
	struct fg_id message_id;
	uint8_t bearer;                      /*!< enum fg_bearer */
	uint8_t reason;                      /*!< enum fg_reason */
	struct fg_bytes consent, cert, view; /*!< serialized Signed */
	struct fg_hash capsule_hash;
	uint64_t now_ms;
};

/*! Borrowed from the arena. */
struct fg_order_checked {
	struct fg_consent consent;
	const Fallgate__View *view;
	struct fg_hash recipient_tag;
	struct fg_hash view_hash;
};

/*! \return FG_OK; the errors of view.h and consent.h; FG_E_CONSENT_REASON when the reason does not follow from the view. */
enum fg_rc fg_order_check(struct fg_arena *arena, const struct fg_trust *trust,
			  const struct fg_order_claim *claim, struct fg_order_checked *checked_out);

/*! The public leaf of an order with this record: the log makes it, the vault makes it again. */
struct fg_hash fg_order_leaf(uint8_t reason, uint8_t bearer, uint64_t time_ms,
			     const uint8_t salt[static 32], struct fg_bytes record,
			     uint8_t leaf_out[static 44]);
