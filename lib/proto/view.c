/* SPDX-License-Identifier: ISC */
#include "lib/proto/view.h"

#include <string.h>

static bool is_well_formed(const Fallgate__View *view, const struct fg_view_expect *expect)
{
	if (!FG_HAS_LEN(view->gateway_id, FG_ID_LEN) ||
	    memcmp(view->gateway_id.data, expect->gateway_id.b, FG_ID_LEN) != 0)
		return false;
	if (!FG_HAS_LEN(view->handle_tag, FG_SHA256_LEN) ||
	    (expect->handle_tag &&
	     memcmp(view->handle_tag.data, expect->handle_tag->b, FG_SHA256_LEN) != 0))
		return false;
	if (view->state == FALLGATE__VIEW_STATE__VIEW_SECURE)
		return FG_HAS_LEN(view->account_key, FG_SIGN_PUBLIC_LEN);
	return view->state == FALLGATE__VIEW_STATE__VIEW_ABSENT;
}

__attribute__((unused)) static bool is_current(const Fallgate__View *view, uint64_t now_ms)
{
	uint64_t most_ms = view->state == FALLGATE__VIEW_STATE__VIEW_SECURE
				   ? FG_VIEW_SECURE_LIFE_MAX_MS
				   : FG_VIEW_ABSENT_LIFE_MAX_MS;

	return view->not_before_ms <= now_ms && now_ms < view->expires_ms &&
	       view->expires_ms - view->not_before_ms <= most_ms;
}

enum fg_rc fg_view_check(struct fg_arena *arena, const Fallgate__Signed *view,
			 const struct fg_view_expect *expect, const Fallgate__View **view_out)
{
	if (!view)
		return FG_E_SIGNATURE;
#ifndef FG_MUTANT_view_signature
	if (fg_signed_verify(view, expect->directory_key, FG_SIGN_PUBLIC_LEN, FG_LABEL_VIEW) !=
	    FG_OK)
		return FG_E_SIGNATURE;
#endif
	return fg_view_body_check(arena, view->body.data, view->body.len, expect, view_out);
}

enum fg_rc fg_view_body_check(struct fg_arena *arena, const void *data, size_t len,
			      const struct fg_view_expect *expect, const Fallgate__View **view_out)
{
	const Fallgate__View *body = fg_proto_unpack(arena, &fallgate__view__descriptor, data, len);

	if (!body || !is_well_formed(body, expect))
		return FG_E_SYNTAX;
#ifndef FG_MUTANT_view_time
	if (!is_current(body, expect->now_ms))
		return FG_E_VIEW_EXPIRED;
#endif
	*view_out = body;
	return FG_OK;
}

enum fg_rc fg_view_epoch_check(const Fallgate__View *view, uint64_t least_epoch)
{
#ifndef FG_MUTANT_view_epoch
	if (view->epoch < least_epoch)
		return FG_E_VIEW_STALE;
#endif
	(void)view;
	(void)least_epoch;
	return FG_OK;
}

enum fg_rc fg_deregistration_check(struct fg_arena *arena, const Fallgate__Signed *statement,
				   const struct fg_hash *handle_tag, const uint8_t *account_key,
				   uint64_t least_epoch)
{
	const Fallgate__Deregistration *body;
	struct fg_hash tag;
	void *message;
	enum fg_rc rc = fg_signed_open(arena, statement, account_key, FG_SIGN_PUBLIC_LEN,
				       FG_LABEL_DEREGISTER, &fallgate__deregistration__descriptor,
				       &message);

	if (rc != FG_OK)
		return rc;
	body = message;
	tag = fg_handle_tag(body->handle);
	if (!fg_hash_equal(&tag, handle_tag) ||
	    !FG_HAS_LEN(body->account_key, FG_SIGN_PUBLIC_LEN) ||
	    memcmp(body->account_key.data, account_key, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_SYNTAX;
	return body->epoch >= least_epoch ? FG_OK : FG_E_VIEW_STALE;
}
