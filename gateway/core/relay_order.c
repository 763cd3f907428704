/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders to the log. One may be given again at any time (decision 0005): the log keeps one leaf for a leg, the vault opens a leg once and
 * answers with what it remembers. What is SENDING is on relays->sending, or where it waits to be given.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/dlr.h"

enum { FETCH_MAX = 256, AGAIN_S = 5 };

static size_t path_of(const struct fg_relay_work *work, uint8_t out[static 32 * FG_MERKLE_PATH_MAX])
{
	struct fg_merkle_path path = { 0 };

	if (fg_merkle_tree_inclusion(work->views->tree, work->view_index, work->views->count,
				     &path) != FG_OK)
		FG_BUG("cannot prove a view");
	for (size_t i = 0; i < path.count; i++)
		memcpy(out + 32 * i, path.hash[i].b, 32);
	return 32u * path.count;
}

static enum fg_rc give(struct fg_core *core, const struct fg_relay *relay)
{
	const struct fg_relay_work *work = relay->work;
	uint8_t path[32 * FG_MERKLE_PATH_MAX];
	struct fg_frame frame = { .type = FG_IPC_RELAY };
	struct fg_ipc_relay *order = &frame.relay;

	order->message_id = relay->id;
	order->leg = relay->leg;
	order->link = relay->link;
	if (relay->bearer != FG_BEARER_SECURE)
		order->link_name = FG_BYTES_TEXT(core->conf->links[relay->link].name);
	order->bearer = relay->bearer;
	order->reason = relay->reason;
	order->row = relay->decision_row;
	order->pin_override = (relay->flags & FG_RELAY_PIN_OVERRIDE) != 0;
	order->concat_ref = relay->concat_ref;
	order->decided_ms = work->decided_ms;
	order->expires_ms = relay->expires_s * 1000ull;
	memcpy(order->facts_hash, work->facts_hash.b, sizeof(order->facts_hash));
	memcpy(order->policy_hash, core->policy_hash.b, sizeof(order->policy_hash));
	order->kind = fg_relay_is_inbound(relay) ? FG_SUBMIT_INBOUND : FG_SUBMIT_APPLICATION;
	order->account = FG_BYTES_TEXT(fg_relay_account_name(core, relay));
	order->source = FG_BYTES(fg_relay_source(relay), relay->source_len);
	order->destination = FG_BYTES(fg_relay_destination(relay), relay->destination_len);
	order->message_class = relay->message_class;
	order->flags = relay->submit_flags;
	order->protocol_id = relay->protocol_id;
	order->view = FG_BYTES(work->view, work->view_len);
	order->view_path = FG_BYTES(path, path_of(work, path));
	order->view_index = work->view_index;
	order->view_batch = FG_BYTES(work->views->signed_batch, work->views->signed_len);
	order->devices = FG_BYTES(work->keys, work->keys_len);
	if (relay->part) {
		order->parts_ref = relay->part->ref;
		order->parts_total = relay->part->total;
	}
	order->body = FG_BYTES(work->body, work->body_len);
	return fg_channel_send(core->log, &frame);
}

/* ---- bodies that are in the store ---- */

struct fetch {
	struct fg_core_relays *relays;
	struct fg_relay *list[FETCH_MAX];
	size_t count;
};

static void take_body(struct fg_relay *relay, struct fg_bytes body)
{
	relay->work->body = malloc(body.len + 1);
	if (!relay->work->body)
		FG_BUG("out of memory");
	if (body.len)
		memcpy(relay->work->body, body.data, body.len);
	relay->work->body_len = body.len;
}

static void order_later(struct fg_core_relays *relays, struct fg_relay *relay)
{
	fg_relay_work_free(relay);
	fg_relay_push(&relays->sending, relay);
	fg_relay_timer(relays, relay, (uint32_t)(fg_core_now_ms(relays->core) / 1000) + AGAIN_S);
}

/* Without its body a message can never be sent: that is ours to say, and to be alarmed about. */
static void body_is_lost(struct fg_core_relays *relays, struct fg_relay *relay)
{
	LOG_MSG(&relay->id, DSTORE, LOGL_ERROR, "order message: its body is not in the store\n");
	fg_relay_finish(relays, relay, FG_RELAY_REFUSED, FG_DLR_UNKNOWN);
}

static void fetched(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	struct fg_core_relays *relays = fetch->relays;
	size_t at = 0;

	relays->fetching--;
	for (size_t i = 0; i < fetch->count; i++) {
		struct fg_relay *relay = fetch->list[i];
		bool found = at < count && rows[at].seq == relay->row;

		if (found)
			take_body(relay, rows[at].body);
		at += found;
		if (relays->stopping)
			continue;
		if (found)
			fg_relay_order(relays, relay);
		else if (rc != FG_OK)
			order_later(relays, relay);
		else
			body_is_lost(relays, relay);
	}
	free(fetch);
	fg_relay_stir(relays);
}

static void fetch_bodies(struct fg_core_relays *relays)
{
	struct fg_store_key keys[FETCH_MAX];
	struct fetch *fetch;
	enum fg_rc rc;

	if (!relays->fetch.head || relays->fetching)
		return;
	fetch = malloc(sizeof(*fetch));
	if (!fetch)
		FG_BUG("out of memory");
	fetch->relays = relays;
	for (fetch->count = 0; fetch->count < FETCH_MAX && relays->fetch.head; fetch->count++) {
		struct fg_relay *relay = relays->fetch.head;

		fg_relay_push(&relays->sending, relay);
		fetch->list[fetch->count] = relay;
		keys[fetch->count] =
			(struct fg_store_key){ .what = FG_GET_RELAY_BODY, .row = relay->row };
	}
	relays->fetching++;
	rc = fg_store_get(relays->core->store, keys, fetch->count, fetched, fetch);
	if (rc != FG_OK)
		fetched(rc, NULL, 0, fetch);
}

/* ---- given, and given again ---- */

void fg_relay_order(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_core *core = relays->core;
	enum fg_rc rc;

	if (relay->state != FG_JOB_SENDING || !relay->work || !relay->work->views)
		return;
	if (relay->part && !relay->work->body) {
		fg_relay_join_fetch(relays, relay);
		return;
	}
	if (!relay->work->body) {
		fg_relay_push(&relays->fetch, relay);
		fg_relay_stir(relays);
		return;
	}
	if (relay->bearer == FG_BEARER_SECURE && !relay->work->keys) {
		fg_relay_keys(relays, relay);
		return;
	}
	rc = core->log ? give(core, relay) : FG_E_CLOSED;
	if (rc == FG_E_IPC_FULL) { /* in its turn, when there is room */
		fg_relay_push(&relays->order, relay);
		return;
	}
	fg_relay_work_free(relay);
	fg_relay_push(&relays->sending, relay);
	if (rc != FG_OK) /* the log is away: all of them are given again when it comes back */
		relay->flags |= FG_RELAY_REPEATED;
}

void fg_relay_orders_go_on(struct fg_core_relays *relays)
{
	size_t most = relays->order.count;
	struct fg_relay *relay;

	fetch_bodies(relays);
	while (most-- && (relay = fg_relay_pop(&relays->order))) {
		fg_relay_push(&relays->sending, relay);
		fg_relay_order(relays, relay);
		if (relay->list == &relays->order)
			return;
	}
}

/* Decided anew it would be another order: the same leg on the same link, under a view of now. */
void fg_relay_repeat_one(struct fg_core_relays *relays, struct fg_relay *relay)
{
	if (relay->flags & FG_RELAY_DECIDING || relay->list != &relays->sending)
		return;
	fg_relay_work_free(relay);
	fg_relay_untimer(relays, relay);
	relay->flags |= FG_RELAY_REPEATED;
	fg_relay_work_new(relay)->repeat = true;
	fg_relay_push(&relays->decide, relay);
}

void fg_relay_repeat(struct fg_core_relays *relays)
{
	struct fg_relay *relay = relays->sending.head, *next;

	if (relays->loading || !relays->core->log || !relays->core->vault)
		return;
	for (; relay; relay = next) {
		next = relay->next;
		if ((relay->bearer == FG_BEARER_SECURE ||
		     relay->link < relays->core->conf->links_count) &&
		    !relay->work)
			fg_relay_repeat_one(relays, relay);
	}
	fg_relay_stir(relays);
}
