/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One order about a message of an application: everything that must hold before its body is opened, then the job. The contract is the
 * vault's own copy, the pins are its own memory, the leaf is in the tree that it follows; each failure is a REFUSED.
 */
#include "gateway/vault/vault_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "gateway/log/relay_check.h"
#include "gateway/vault/mark.h"
#include "lib/base/cursor.h"
#include "lib/base/log.h"
#include "lib/wire/utf8.h"

static enum fg_rc check_contract(struct fg_vault *vault, struct fg_vault_unsealing *order)
{
	const struct fg_ipc_unseal *u = order->unseal;
	struct fg_relay_claim claim = { .message_id = u->message_id,
					.kind = u->kind,
					.bearer = u->bearer,
					.reason = u->reason,
					.pin_override = u->pin_override != 0,
					.message_class = u->message_class,
					.account = u->account,
					.destination = u->destination,
					.link_name = u->link_name,
					.view = u->view,
					.view_path = u->view_path,
					.view_batch = u->view_batch,
					.view_index = u->view_index,
					.devices = u->devices,
					.now_ms = fg_clock_wall_ms(vault->clock) };

	return fg_relay_check(&vault->view_batches, &vault->arena, vault->conf, &vault->trust,
			      &claim, &order->checked);
}

static enum fg_rc check_pin(struct fg_vault *vault, struct fg_vault_unsealing *order)
{
	const Fallgate__View *view = order->checked.view;
	const struct fg_vault_pin *pin = fg_table_get(vault->pins, order->checked.recipient_tag.b);
	enum fg_rc rc = pin ? fg_view_epoch_check(view, pin->epoch) : FG_OK;

	order->pin = pin;
	if (order->unseal->kind == FG_SUBMIT_INBOUND && order->unseal->bearer != FG_BEARER_SECURE)
		return FG_OK; /* it goes to an application, and no handle's protection is lost */
#ifndef FG_MUTANT_copies_pinned
	/* Only to an account that was announced, and so stands in the log for everybody to see. */
	if (order->unseal->bearer == FG_BEARER_SECURE && (!pin || pin->signed_off))
		return FG_E_IDENTITY;
#endif
	if (!pin || rc != FG_OK)
		return rc;
#ifndef FG_MUTANT_relay_pin
	if (view->state == FALLGATE__VIEW_STATE__VIEW_SECURE)
		return memcmp(view->account_key.data, pin->account_key, FG_SIGN_PUBLIC_LEN) == 0
			       ? FG_OK
			       : FG_E_IDENTITY;
	if (view->deregistration && fg_deregistration_check(&vault->arena, view->deregistration,
							    &order->checked.recipient_tag,
							    pin->account_key, pin->epoch) == FG_OK)
		return FG_OK;
	return order->checked.account->pin_override && order->unseal->pin_override
		       ? FG_OK
		       : FG_E_PIN_CONFLICT;
#else
	return FG_OK;
#endif
}

/* The log has another contract of this account than we have: the configuration is being changed. That passes; a false leaf does not. */
static enum fg_rc leaf_rc(struct fg_vault *vault, const struct fg_vault_unsealing *order,
			  enum fg_rc rc)
{
	const Fallgate__LeafRecord *record;

	if (rc != FG_E_LOG_ORDER)
		return rc;
	record = fg_proto_unpack(&vault->arena, &fallgate__leaf_record__descriptor,
				 order->unseal->record.data, order->unseal->record.len);
	return record && FG_HAS_LEN(record->consent_hash, FG_SHA256_LEN) &&
			       memcmp(record->consent_hash.data, order->checked.contract_hash.b,
				      FG_SHA256_LEN) != 0
		       ? FG_E_CONFLICT
		       : rc;
}

static enum fg_rc check_leaf(struct fg_vault *vault, struct fg_vault_unsealing *order)
{
	const struct fg_ipc_unseal *u = order->unseal;
	const struct fg_order_checked checked = { .consent.hash = order->checked.contract_hash,
						  .view = order->checked.view,
						  .recipient_tag = order->checked.recipient_tag,
						  .view_hash = order->checked.view_hash };

	order->open = (struct fg_ipc_open){ .message_id = u->message_id,
					    .leg = u->leg,
					    .link = u->link,
					    .link_name = u->link_name,
					    .bearer = u->bearer,
					    .reason = u->reason,
					    .pin_override = u->pin_override,
					    .concat_ref = u->concat_ref,
					    .expires_ms = u->expires_ms,
					    .leaf_index = u->leaf_index,
					    .record = u->record,
					    .path = u->path };
	memcpy(order->open.salt, u->salt, sizeof(u->salt));
	return leaf_rc(vault, order, fg_vault_check_leaf(vault, &order->open, &checked));
}

enum fg_rc fg_vault_open_sealed(struct fg_vault *vault, struct fg_vault_relay *relay,
				struct fg_bytes body)
{
	uint8_t ad[FG_VAULT_AD_MAX];
	struct fg_clear *plain = &vault->plain;
	struct fg_bytes sealed;
	uint64_t until_ms;
	size_t len = 0;
	enum fg_rc rc = fg_vault_body_split(body, relay, &sealed, &until_ms);

#ifndef FG_MUTANT_relay_until
	if (rc == FG_OK && fg_clock_wall_ms(vault->clock) >= until_ms)
		rc = FG_E_CONSENT_TIME;
#endif
	if (rc == FG_OK)
		rc = fg_storekeys_open(&vault->storekeys, ad, fg_vault_relay_ad(relay, ad),
				       sealed.data, sealed.len, plain->data + plain->len,
				       plain->cap - 1 - plain->len, &len);

	if (rc == FG_OK)
		plain->len += len;
	return rc;
}

static enum fg_rc say_gap(struct fg_vault *vault)
{
	static const char gap[] = "[...]";

	return fg_clear_append(&vault->plain, gap, sizeof(gap) - 1);
}

/* One of a list of parts (RELAY.body in ipc.def): under which id, as which part and how shown it was sealed, and what was. */
static struct fg_bytes next_part(struct fg_cursor *cur, struct fg_vault_relay *relay)
{
	struct fg_bytes body;

	fg_cursor_copy(cur, relay->message_id.b, FG_ID_LEN);
	relay->part = fg_cursor_u8(cur);
	relay->flags = fg_cursor_u8(cur);
	relay->protocol_id = fg_cursor_u8(cur);
	body.len = fg_cursor_u16(cur);
	body.data = fg_cursor_bytes(cur, body.len);
	return body;
}

/* In their order, each once, the first one under the order's own id: so no part can be opened under another's. What a phone sent may lack
 * some, and then says so; what an application sent may not. */
static enum fg_rc open_parts(struct fg_vault *vault, const struct fg_ipc_unseal *u,
			     struct fg_vault_relay *relay)
{
	struct fg_cursor cur;
	unsigned before = 0;
	enum fg_rc rc = FG_OK;

	fg_cursor_init(&cur, u->body.data, u->body.len);
	while (rc == FG_OK && fg_cursor_left(&cur)) {
		struct fg_bytes body = next_part(&cur, relay);

		if (cur.rc != FG_OK || relay->part <= before || relay->part > u->parts_total)
			return FG_E_IPC_FRAME;
#ifndef FG_MUTANT_part_leads
		if (!before && fg_id_cmp(&relay->message_id, &u->message_id) != 0)
			return FG_E_IPC_FRAME;
#endif
		if (relay->part != before + 1)
			rc = u->kind == FG_SUBMIT_INBOUND ? say_gap(vault) : FG_E_IPC_FRAME;
		if (rc == FG_OK)
			rc = fg_vault_open_sealed(vault, relay, body);
		before = relay->part;
	}
	if (rc == FG_OK && before != u->parts_total)
		rc = before && u->kind == FG_SUBMIT_INBOUND ? say_gap(vault) : FG_E_IPC_FRAME;
	return rc;
}

/* A character that a cut divided is whole again (fg_alphabet_decode_part()). */
static void mend(struct fg_clear *plain)
{
	size_t before = plain->len;

#ifndef FG_MUTANT_part_mend
	plain->len = fg_utf8_mend(plain->data, before);
#endif
	fg_wipe(plain->data + plain->len, before + 1 - plain->len);
}

enum fg_rc fg_vault_open_body(struct fg_vault *vault, const struct fg_ipc_unseal *u)
{
	struct fg_vault_relay relay = { .message_id = u->message_id,
					.kind = u->kind,
					.account = u->account,
					.source = u->source,
					.destination = u->destination,
					.message_class = u->message_class,
					.flags = u->flags,
					.protocol_id = u->protocol_id,
					.parts_ref = u->parts_ref,
					.parts_total = u->parts_total };
	enum fg_rc rc;

	vault->plain.len = 0;
	rc = u->parts_total > 1 ? open_parts(vault, u, &relay)
				: fg_vault_open_sealed(vault, &relay, u->body);
	if (rc == FG_OK && vault->plain.len == vault->plain.cap)
		rc = FG_E_TOO_LONG;
	if (rc == FG_OK)
		mend(&vault->plain);
	else
		fg_wipe(vault->plain.data, vault->plain.cap);
	return rc;
}

enum fg_rc fg_vault_job_text(struct fg_vault *vault, struct fg_vault_job *job, size_t cap)
{
	struct fg_clear *texts = &vault->texts;

	if (cap > texts->cap - texts->len)
		return fg_clear_new(cap, &job->text);
	job->text = (struct fg_clear){ .data = texts->data + texts->len, .cap = cap };
	job->in_texts = true;
	texts->len += cap;
	return FG_OK;
}

static void copy_text(char *out, size_t cap, struct fg_bytes from)
{
	snprintf(out, cap, "%.*s", (int)from.len, from.len ? (const char *)from.data : "");
}

/* A phone's text for an application goes on as it came, in one piece: which way it came is in the record beside it, not in its words. */
static enum fg_rc plan_for_application(struct fg_vault *vault,
				       const struct fg_vault_unsealing *order,
				       struct fg_vault_job *job)
{
	const struct fg_ipc_unseal *u = order->unseal;
	const struct fg_conf_links *link = &vault->conf->links[u->link];
	enum fg_rc rc;

	if (u->destination.len >= sizeof(job->destination) || u->source.len >= sizeof(job->source))
		return FG_E_LINK_RECIPIENT;
	copy_text(job->destination, sizeof(job->destination), u->destination);
	copy_text(job->source, sizeof(job->source), u->source);
	rc = fg_vault_job_text(vault, job, vault->plain.len + 1);
	if (rc == FG_OK)
		rc = fg_clear_append(&job->text, vault->plain.data, vault->plain.len);
	if (rc == FG_OK)
		rc = fg_vault_plan(link, FG_TEXT_PARTS_MAX, job);
	if (rc != FG_OK)
		return rc;
	job->plan.parts = 1;
	job->plan.offset[1] = (uint32_t)job->text.len;
	return FG_OK;
}

/* The link's own number hides who sent it: then the sender's follows the mark. */
static enum fg_rc mark_and_plan(struct fg_vault *vault, const struct fg_vault_unsealing *order,
				struct fg_vault_job *job)
{
	const struct fg_conf_links *link = &vault->conf->links[order->unseal->link];
	const struct fg_conf_accounts *account = order->checked.account;
	bool as_sender = strcmp(link->source, "sender") == 0;
	bool pinned_only = strcmp(account->text_mark, "pinned") == 0;
	const char *mark = pinned_only && !order->pin ? "" : vault->conf->mark.text;
	uint64_t most =
		(uint64_t)(link->most_segments < account->most_segments ? link->most_segments
									: account->most_segments);
	char sender[33];
	enum fg_rc rc;

	copy_text(sender, sizeof(sender), order->unseal->source);
	if (!*sender)
		snprintf(sender, sizeof(sender), "%s", account->sender);
	if (order->unseal->destination.len == 0 || order->unseal->destination.data[0] != '+' ||
	    order->unseal->destination.len >= sizeof(job->destination))
		return FG_E_LINK_RECIPIENT;
	copy_text(job->destination, sizeof(job->destination), order->unseal->destination);
	snprintf(job->source, sizeof(job->source), "%s", as_sender ? sender : link->source_address);
	rc = fg_vault_job_text(vault, job, strlen(mark) + sizeof(sender) + 2 + vault->plain.len);
	if (rc == FG_OK)
		rc = fg_clear_append(&job->text, mark, strlen(mark));
	if (rc == FG_OK && !as_sender && *sender && strcmp(sender, link->source_address) != 0) {
		rc = fg_clear_append(&job->text, sender, strlen(sender));
		if (rc == FG_OK)
			rc = fg_clear_append(&job->text, ": ", 2);
	}
	if (rc == FG_OK)
		rc = fg_clear_append(&job->text, vault->plain.data, vault->plain.len);
	if (rc == FG_OK)
		rc = fg_vault_plan(link, (unsigned)most, job);
	return rc == FG_E_TEXT_LONG ? FG_E_CONSENT_SEGMENTS : rc;
}

/* What was sealed under the order's own id: of parts the first, without which open_parts() opens none. */
static struct fg_bytes leading_body(const struct fg_ipc_unseal *u)
{
	struct fg_bytes body = u->body;
	struct fg_vault_relay part;
	struct fg_cursor cur;

	if (u->parts_total <= 1)
		return body;
	fg_cursor_init(&cur, u->body.data, u->body.len);
	body = next_part(&cur, &part);
	return cur.rc == FG_OK ? body : FG_BYTES(NULL, 0);
}

/* Its leg is remembered longer than that (vault_legs.c), so that no body is opened for it twice. That until_ms is what the vault itself
 * said, the seal tells when it is opened. */
static enum fg_rc check_until(struct fg_vault *vault, struct fg_vault_unsealing *order)
{
	struct fg_vault_relay relay = { .message_id = order->unseal->message_id };
	struct fg_bytes sealed;
	enum fg_rc rc =
		fg_vault_body_split(leading_body(order->unseal), &relay, &sealed, &order->until_ms);

#ifndef FG_MUTANT_relay_until
	if (rc == FG_OK && fg_clock_wall_ms(vault->clock) >= order->until_ms)
		return FG_E_CONSENT_TIME;
#endif
	(void)vault;
	return rc;
}

static enum fg_rc check_order(struct fg_vault *vault, struct fg_vault_unsealing *order)
{
	enum fg_rc rc = check_contract(vault, order);

	if (rc == FG_OK)
		rc = check_leaf(vault, order);
	if (rc == FG_OK)
		rc = check_pin(vault, order);
	if (rc == FG_OK)
		rc = check_until(vault, order);
	if (rc == FG_OK)
		rc = fg_vault_check_leg(vault, &order->open,
					order->unseal->kind == FG_SUBMIT_INBOUND);
	if (rc == FG_OK && order->unseal->bearer != FG_BEARER_SECURE)
		rc = fg_vault_check_link(vault, &order->open);
	return rc;
}

enum fg_rc fg_vault_unseal_order(struct fg_vault *vault, const struct fg_ipc_unseal *unseal)
{
	static const struct fg_hash no_consent;
	struct fg_vault_unsealing order = { .unseal = unseal };
	struct fg_vault_job *job;
	enum fg_rc rc;

	if (fg_clock_went_back(vault->clock))
		return FG_E_CLOCK_HOLD;
	fg_arena_reset(&vault->arena);
	rc = check_order(vault, &order);
	if (rc != FG_OK)
		return rc;
	if (unseal->bearer == FG_BEARER_SECURE)
		return fg_vault_make_copies(vault, &order);
	job = calloc(1, sizeof(*job));
	if (!job)
		return FG_E_NO_MEMORY;
	job->flags = unseal->flags;
	job->protocol_id = unseal->protocol_id;
	rc = fg_vault_open_body(vault, unseal);
	if (rc == FG_OK)
		rc = order.checked.account ? mark_and_plan(vault, &order, job)
					   : plan_for_application(vault, &order, job);
	fg_wipe(vault->plain.data, vault->plain.len);
	if (rc == FG_OK)
		rc = fg_vault_record_and_queue(vault, &order.open, &no_consent, order.until_ms,
					       job);
	if (rc != FG_OK)
		fg_vault_job_free(job);
	return rc;
}
