/* SPDX-License-Identifier: ISC
 *
 * What the directory says of a handle, checked: who signed it, for which gateway and handle, when, and not older than what was
 * seen before. A view that fails any of it is no statement at all: the state is then unknown, never absent.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/proto/signed.h"

#define FG_VIEW_SECURE_LIFE_MAX_MS (24 * 3600 * 1000ull) /* View.expires_ms */
#define FG_VIEW_ABSENT_LIFE_MAX_MS (3600 * 1000ull)

struct fg_view_expect {
	const uint8_t *directory_key; /*!< 32 bytes, from gateway.trust */
	struct fg_id gateway_id;
	const struct fg_hash *handle_tag; /*!< NULL: of any handle, the caller binds it */
	uint64_t now_ms;
};

/*! \param[out] view_out borrowed from the arena; its state is SECURE or ABSENT, its handle_tag 32 bytes, its account_key 32 bytes when SECURE.
 *  \return FG_OK; FG_E_SIGNATURE; FG_E_SYNTAX (also another gateway or handle); FG_E_VIEW_EXPIRED. */
enum fg_rc fg_view_check(struct fg_arena *arena, const Fallgate__Signed *view,
			 const struct fg_view_expect *expect, const Fallgate__View **view_out);

/*! The body of a view whose origin is known otherwise (a leaf of a ViewBatch): FG_OK; FG_E_SYNTAX; FG_E_VIEW_EXPIRED. */
enum fg_rc fg_view_body_check(struct fg_arena *arena, const void *body, size_t len,
			      const struct fg_view_expect *expect, const Fallgate__View **view_out);

/*! Not older than what was pinned or seen of the handle. FG_OK or FG_E_VIEW_STALE. */
enum fg_rc fg_view_epoch_check(const Fallgate__View *view, uint64_t least_epoch);

/*! A statement that a handle signed off: signed by account_key (32 bytes), about that handle, ending least_epoch or a later one.
 *  \return FG_OK; FG_E_SIGNATURE; FG_E_SYNTAX; FG_E_VIEW_STALE. */
enum fg_rc fg_deregistration_check(struct fg_arena *arena, const Fallgate__Signed *statement,
				   const struct fg_hash *handle_tag, const uint8_t *account_key,
				   uint64_t least_epoch);
