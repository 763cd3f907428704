/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the log and the vault ask of every order about a message of an application, each with its own knowledge: the account is in the
 * configuration that the parent gave, its contract consents to the bearer and the reason, and the view is the directory's and of now.
 *
 * Views of many handles share one signature: the directory signs the root of a tree over them (ViewBatch), and an order carries its view
 * with the path to it. A batch is verified once; the newest are remembered. One signature a message would cost more than all the
 * rest of its way (docs/decisions/0015-view-batches.md).
 */
#pragma once

#include "gateway/log/order_check.h"
#include "lib/base/conf.h"
#include "lib/crypto/merkle.h"

enum { FG_VIEW_BATCHES_MAX = 64 };

struct fg_view_batch {
	struct fg_hash hash, root; /*!< hash: of the serialized Signed; zero: no batch */
	uint32_t count;
	uint64_t not_before_ms, expires_ms;
};

/*! The batches verified last, and what need not be hashed again for the next order of the same batch and account. All zero: none. */
struct fg_view_batches {
	struct fg_view_batch list[FG_VIEW_BATCHES_MAX];
	unsigned next;
	const struct fg_view_batch *last; /*!< of the order before; its bytes: */
	uint8_t last_bytes[512];          /*!< RELAY.view_batch in ipc.def */
	size_t last_len;
	struct fg_merkle_climbed near;    /*!< of its tree */
	struct fg_conf_accounts contract; /*!< of the order before; its hash: */
	struct fg_hash contract_hash;
	bool has_contract;
};

struct fg_relay_claim {
	struct fg_id message_id;
	uint8_t kind;   /*!< enum fg_submit_kind */
	uint8_t bearer; /*!< enum fg_bearer */
	uint8_t reason; /*!< enum fg_reason */
	bool pin_override;
	uint8_t message_class;
	struct fg_bytes account, destination, link_name, view, view_path, view_batch, devices;
	uint32_t view_index;
	uint64_t now_ms;
};

/*! Borrowed from the configuration and the arena. */
struct fg_relay_checked {
	const struct fg_conf_accounts *account; /*!< NULL: came from a carrier */
	const Fallgate__View *view;
	const Fallgate__LookupResult
		*devices; /*!< bearer secure, else NULL; no more than its form was checked */
	struct fg_hash recipient_tag, view_hash, contract_hash;
};

/*! The account of that name, or NULL. O(accounts). */
const struct fg_conf_accounts *fg_account_find(const struct fg_conf *conf, struct fg_bytes name);

/*! Does the contract consent to this bearer? */
bool fg_account_allows(const struct fg_conf_accounts *account, enum fg_bearer bearer);

/*! SHA-256 of the contract in words: what a leaf says about the consent. */
struct fg_hash fg_account_contract(const struct fg_conf_accounts *account);

/*! What came from a carrier has no contract. It may go to the devices of a handle (which one, is the core's word), or to the application whose
 *  number it was sent to, over a link that this one may bind to, and nowhere else.
 *  \return FG_OK; FG_E_DENIED no such account; FG_E_CONSENT_BEARER, FG_E_CONSENT_REASON; FG_E_SIGNATURE, FG_E_SYNTAX, FG_E_PROOF,
 *  FG_E_VIEW_EXPIRED about the view. One signature verification for each new batch, else some hashes. */
enum fg_rc fg_relay_check(struct fg_view_batches *batches, struct fg_arena *arena,
			  const struct fg_conf *conf, const struct fg_trust *trust,
			  const struct fg_relay_claim *claim, struct fg_relay_checked *checked_out);
