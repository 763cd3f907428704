/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replace_sm: a message that waits gets another text. The vault seals it as the old one is sealed, for which it needs that one and what the
 * record says; so the question goes to the vault and comes back, and whether the message still waits is asked anew each time. Nothing is
 * remembered meanwhile: if the core dies the application hears of it by its connection (docs/decisions/0032-what-a-dead-core-was-asked.md).
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>

struct replacing {
	struct fg_core *core;
	struct fg_frame frame; /* to the vault; text and account are in bytes */
	uint8_t bytes[];
};

static bool may_be_replaced(const struct fg_relay *relay)
{
	return relay->state == FG_JOB_READY && !relay->part &&
	       !(relay->flags & (FG_RELAY_DECIDING | FG_RELAY_CANCELLED));
}

static struct replacing *replacing_new(struct fg_core *core, const struct fg_ipc_app_asked *ask)
{
	struct replacing *replacing =
		calloc(1, sizeof(*replacing) + ask->body.len + ask->account.len + 1);
	struct fg_ipc_app_replace *to;

	if (!replacing)
		FG_BUG("out of memory");
	replacing->core = core;
	replacing->frame.type = FG_IPC_APP_REPLACE;
	to = &replacing->frame.app_replace;
	to->link = ask->link;
	to->token = ask->token;
	to->message_id = ask->message_id;
	to->validity_s = ask->validity_s;
	to->has_delay = ask->has_delay;
	to->delay_s = ask->delay_s;
	to->registered = ask->registered;
	to->text = FG_BYTES(replacing->bytes, ask->body.len);
	to->account = FG_BYTES(replacing->bytes + ask->body.len, ask->account.len);
	if (ask->body.len)
		memcpy(replacing->bytes, ask->body.data, ask->body.len);
	memcpy(replacing->bytes + ask->body.len, ask->account.data, ask->account.len);
	return replacing;
}

static enum fg_rc ask_vault(struct replacing *replacing, const struct fg_relay *relay,
			    struct fg_bytes old)
{
	struct fg_ipc_app_replace *to = &replacing->frame.app_replace;

	to->source = FG_BYTES(fg_relay_source(relay), relay->source_len);
	to->destination = FG_BYTES(fg_relay_destination(relay), relay->destination_len);
	to->message_class = relay->message_class;
	to->flags = relay->submit_flags;
	to->protocol_id = relay->protocol_id;
	to->old = old;
	return replacing->core->vault ? fg_channel_send(replacing->core->vault, &replacing->frame)
				      : FG_E_CLOSED;
}

static void body_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct replacing *replacing = arg;
	struct fg_core *core = replacing->core;
	const struct fg_ipc_app_replace *to = &replacing->frame.app_replace;
	const struct fg_relay *relay = fg_relay_find(core->relays, &to->message_id);

	if (rc == FG_OK && (count != 1 || !relay || !may_be_replaced(relay)))
		rc = FG_E_CONFLICT;
	if (rc == FG_OK)
		rc = ask_vault(replacing, relay, rows[0].body);
	if (rc != FG_OK)
		fg_relay_answer(core, to->link, to->token, rc, NULL);
	free(replacing);
}

void fg_relay_replace(struct fg_core_relays *relays, const struct fg_relay *relay,
		      const struct fg_ipc_app_asked *ask)
{
	struct fg_store_key key = { .what = FG_GET_RELAY_BODY, .row = relay->row };
	struct replacing *replacing;
	enum fg_rc rc;

	if (!may_be_replaced(relay)) {
		fg_relay_answer(relays->core, ask->link, ask->token, FG_E_CONFLICT, NULL);
		return;
	}
	replacing = replacing_new(relays->core, ask);
	rc = fg_store_get(relays->core->store, &key, 1, body_read, replacing);
	if (rc != FG_OK)
		body_read(rc, NULL, 0, replacing);
}

/* ---- it comes back, sealed ---- */

/* Retries keep their time, and what stands for a link its place. */
static void set_times(struct fg_core_relays *relays, struct fg_relay *relay, bool has_delay)
{
	if (has_delay)
		fg_relay_lane_release(relays, relay);
	if (fg_relay_is_early(relays, relay)) {
		fg_relay_schedule(relays, relay);
	} else if (has_delay) {
		fg_relay_timer(relays, relay, relay->expires_s);
		fg_relay_push(&relays->decide, relay);
	} else if (!(relay->flags & FG_RELAY_LATER) || relay->due_s > relay->expires_s) {
		fg_relay_timer(relays, relay, relay->expires_s);
	}
}

void fg_relay_replaced(struct fg_core_relays *relays, struct fg_relay *relay,
		       const struct fg_ipc_app_asked *ask)
{
	uint32_t now_s = (uint32_t)(fg_core_now_ms(relays->core) / 1000);
	uint32_t expires_s = ask->validity_s ? now_s + ask->validity_s : relay->expires_s;
	uint32_t not_before_s = ask->has_delay ? now_s + ask->delay_s : relay->not_before_s;
	struct fg_store_op *op;
	uint8_t *body;

	if (!may_be_replaced(relay) || not_before_s >= expires_s) {
		fg_relay_answer(relays->core, ask->link, ask->token, FG_E_CONFLICT, NULL);
		return;
	}
	fg_relay_become(relay, FG_RELAY_REPLACE, FG_JOB_READY);
	relay->segments = ask->segments > UINT8_MAX ? UINT8_MAX : (uint8_t)ask->segments;
	relay->registered = ask->registered;
	relay->expires_s = expires_s;
	relay->not_before_s = not_before_s;
	set_times(relays, relay, ask->has_delay);
	op = fg_relay_save(relays, relay, FG_THEN_NOTHING);
	body = fg_relay_commit_alloc(relays->open, ask->body.len + 1);
	if (ask->body.len)
		memcpy(body, ask->body.data, ask->body.len);
	op->body = FG_BYTES(body, ask->body.len);
	fg_relay_commit_then(relays->open, NULL, FG_THEN_ANSWER, ask->link, ask->token);
	fg_relay_stir(relays);
}
