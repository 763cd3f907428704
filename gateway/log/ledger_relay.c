/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders about messages of applications: the account's contract stands for the consent, the leaf says its hash. What lies behind the
 * seal is the vault's own (there is no outer seal: an application's text comes to the vault first), so there is nothing to peel here.
 */
#include "gateway/log/ledger_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"

/* Every byte field of the order, in one piece of memory. */
struct copying {
	uint8_t *at;
};

static struct fg_bytes copy(struct copying *to, struct fg_bytes from)
{
	struct fg_bytes bytes = FG_BYTES(to->at, from.len);

	if (from.len > 0)
		memcpy(to->at, from.data, from.len);
	to->at += from.len;
	return bytes;
}

static bool unseal_from_relay(void *ctx, const struct fg_ipc_relay *relay,
			      struct fg_ipc_unseal *unseal)
{
	size_t len = relay->link_name.len + relay->account.len + relay->source.len +
		     relay->destination.len + relay->view.len + relay->view_path.len +
		     relay->view_batch.len + relay->devices.len + relay->body.len;
	struct copying to = { talloc_size(ctx, len + 1) };

	if (!to.at)
		return false;
	*unseal = (struct fg_ipc_unseal){
		.message_id = relay->message_id,
		.leg = relay->leg,
		.link = relay->link,
		.link_name = copy(&to, relay->link_name),
		.bearer = relay->bearer,
		.reason = relay->reason,
		.pin_override = relay->pin_override,
		.concat_ref = relay->concat_ref,
		.expires_ms = relay->expires_ms,
		.kind = relay->kind,
		.account = copy(&to, relay->account),
		.source = copy(&to, relay->source),
		.destination = copy(&to, relay->destination),
		.message_class = relay->message_class,
		.flags = relay->flags,
		.protocol_id = relay->protocol_id,
		.view = copy(&to, relay->view),
		.view_path = copy(&to, relay->view_path),
		.view_index = relay->view_index,
		.view_batch = copy(&to, relay->view_batch),
		.devices = copy(&to, relay->devices),
		.parts_ref = relay->parts_ref,
		.parts_total = relay->parts_total,
		.body = copy(&to, relay->body),
	};
	return true;
}

/* The same as an order of a device, as far as a leaf tells. */
static void order_of(const struct fg_ipc_relay *relay, const struct fg_relay_checked *checked,
		     struct fg_ipc_order *order, struct fg_order_checked *order_checked)
{
	*order = (struct fg_ipc_order){ .message_id = relay->message_id,
					.leg = relay->leg,
					.link = relay->link,
					.link_name = relay->link_name,
					.bearer = relay->bearer,
					.reason = relay->reason,
					.row = relay->row,
					.pin_override = relay->pin_override };
	memcpy(order->facts_hash, relay->facts_hash, sizeof(order->facts_hash));
	memcpy(order->policy_hash, relay->policy_hash, sizeof(order->policy_hash));
	*order_checked = (struct fg_order_checked){ .consent.hash = checked->contract_hash,
						    .view = checked->view,
						    .recipient_tag = checked->recipient_tag,
						    .view_hash = checked->view_hash };
}

/* What goes to devices goes over no link. */
static enum fg_rc check_way(const struct fg_ledger *ledger, const struct fg_ipc_order *order)
{
	if (order->bearer == FG_BEARER_SECURE)
		return order->link_name.len == 0 ? FG_OK : FG_E_NOT_FOUND;
	return fg_ledger_check_link(ledger, order);
}

enum fg_rc fg_ledger_take_relay(struct fg_ledger *ledger, const struct fg_ipc_relay *relay)
{
	struct fg_frame frame = { .type = FG_IPC_UNSEAL };
	struct fg_relay_claim claim = { .message_id = relay->message_id,
					.kind = relay->kind,
					.bearer = relay->bearer,
					.reason = relay->reason,
					.pin_override = relay->pin_override != 0,
					.message_class = relay->message_class,
					.account = relay->account,
					.destination = relay->destination,
					.link_name = relay->link_name,
					.view = relay->view,
					.view_path = relay->view_path,
					.view_batch = relay->view_batch,
					.view_index = relay->view_index,
					.devices = relay->devices,
					.now_ms = fg_clock_wall_ms(ledger->clock) };
	struct fg_relay_checked checked;
	struct fg_order_checked order_checked;
	struct fg_ipc_order order;
	enum fg_rc rc = fg_ledger_room(ledger);

	fg_arena_reset(&ledger->arena);
	if (rc == FG_OK)
		rc = fg_relay_check(&ledger->view_batches, &ledger->arena, ledger->conf,
				    &ledger->trust, &claim, &checked);
	if (rc == FG_OK)
		rc = fg_ledger_check_leg(ledger, &relay->message_id, relay->leg);
	if (rc != FG_OK)
		return rc;
	order_of(relay, &checked, &order, &order_checked);
	rc = check_way(ledger, &order);
	if (rc != FG_OK)
		return rc;
	if (!unseal_from_relay(ledger->batch_ctx, relay, &frame.unseal))
		return FG_E_NO_MEMORY;
	return fg_ledger_log_or_forward(ledger, &order, &order_checked, relay->expires_ms, &frame);
}
