/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/order_check.h"

#include <string.h>
#include "lib/crypto/note.h"
#include "lib/proto/leaf.h"

_Static_assert(FG_BEARER_RCS == (int)FALLGATE__BEARER__BEARER_RCS &&
		       FG_BEARER_MMS == (int)FALLGATE__BEARER__BEARER_MMS &&
		       FG_BEARER_SMS == (int)FALLGATE__BEARER__BEARER_SMS,
	       "the protocol's numbers of bearers are the decision's");

enum fg_rc fg_trust_read(const struct fg_ipc_trust *frame, struct fg_trust *trust_out)
{
	struct fg_trust trust = { .gateway_id = frame->gateway_id };

	if (frame->origin.len == 0 || frame->origin.len >= sizeof(trust.origin))
		return FG_E_ARG;
	memcpy(trust.origin, frame->origin.data, frame->origin.len);
	memcpy(trust.log_key, frame->log_key, sizeof(trust.log_key));
	memcpy(trust.directory_key, frame->directory_key, sizeof(trust.directory_key));
	trust.log_id = fg_note_log_id(trust.origin, trust.log_key);
	*trust_out = trust;
	return FG_OK;
}

/* A SECURE recipient is only downgraded on silence, an ABSENT one never is. */
static enum fg_rc reason_of(const Fallgate__View *view, uint8_t reason, enum fg_consent_reason *out)
{
	bool secure = view->state == FALLGATE__VIEW_STATE__VIEW_SECURE;

	if (secure != (reason == FG_REASON_UNDELIVERED))
		return FG_E_CONSENT_REASON;
	*out = secure ? FG_CONSENT_REASON_UNDELIVERED : FG_CONSENT_REASON_ABSENT;
	return FG_OK;
}

enum fg_rc fg_order_check(struct fg_arena *arena, const struct fg_trust *trust,
			  const struct fg_order_claim *claim, struct fg_order_checked *checked_out)
{
	const Fallgate__Signed *view = fg_signed_unpack(arena, claim->view.data, claim->view.len);
	struct fg_view_expect view_expect = { .directory_key = trust->directory_key,
					      .gateway_id = trust->gateway_id,
					      .now_ms = claim->now_ms };
	struct fg_consent_expect expect = { .message_id = claim->message_id,
					    .gateway_id = trust->gateway_id,
					    .log_id = trust->log_id,
					    .capsule_hash = claim->capsule_hash,
					    .bearer = (Fallgate__Bearer)claim->bearer,
					    .now_ms = claim->now_ms };
	struct fg_order_checked checked;
	enum fg_rc rc;

	if (claim->bearer == FG_BEARER_SECURE || claim->bearer >= FG_BEARER_COUNT)
		return FG_E_CONSENT_BEARER;
	rc = fg_view_check(arena, view, &view_expect, &checked.view);
	if (rc == FG_OK)
		rc = reason_of(checked.view, claim->reason, &expect.reason);
	if (rc != FG_OK)
		return rc;
	memcpy(checked.recipient_tag.b, checked.view->handle_tag.data, FG_SHA256_LEN);
	checked.view_hash = fg_signed_body_hash(view);
	expect.recipient_tag = checked.recipient_tag;
	rc = fg_consent_check(arena,
			      fg_signed_unpack(arena, claim->consent.data, claim->consent.len),
			      fg_signed_unpack(arena, claim->cert.data, claim->cert.len), &expect,
			      &checked.consent);
	if (rc == FG_OK)
		*checked_out = checked;
	return rc;
}

struct fg_hash fg_order_leaf(uint8_t reason, uint8_t bearer, uint64_t time_ms,
			     const uint8_t salt[static 32], struct fg_bytes record,
			     uint8_t leaf_out[static 44])
{
	const struct fg_leaf leaf = {
		.kind = FG_LEAF_DECISION,
		.action = FG_ACTION_DOWNGRADE,
		.reason = reason,
		.bearer = bearer,
		.time = (uint32_t)(time_ms / FG_LEAF_TIME_UNIT_MS),
		.commitment = fg_leaf_commitment(salt, record.data, record.len),
	};

	fg_leaf_encode(&leaf, leaf_out);
	return fg_merkle_leaf(leaf_out, FG_LEAF_LEN);
}
