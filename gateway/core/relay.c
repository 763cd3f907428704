/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The machine as a whole: start with its one scan of the store, the end of each loop turn, timers, stop.
 */
#include "gateway/core/relay_internal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include "lib/wire/dlr.h"

enum {
	TICK_MS = 100,
	NO_USE_MS = 1000,
	LOAD_ROWS = 4096,
	LOAD_SAY = 100000,
	SWEEP_MS = 10000,
	SWEEP_ROWS = 4096,
	EARLY_BUCKETS = 4096
};

static void load_more(struct fg_core_relays *relays, uint64_t after_row);

static uint64_t now_s(const struct fg_core_relays *relays)
{
	return fg_core_now_ms(relays->core) / 1000;
}

void fg_relay_stir(struct fg_core_relays *relays)
{
	if (!relays->stopping)
		event_active(relays->turn, EV_TIMEOUT, 0);
}

static void turn(evutil_socket_t fd, short what, void *arg)
{
	struct fg_core_relays *relays = arg;

	(void)fd;
	(void)what;
	if (relays->stopping)
		return;
	fg_relay_flush(relays); /* what links are told of first makes room for the next */
	if (relays->loading)
		return;
	fg_relay_acks_go_on(relays);
	fg_relay_orders_go_on(relays);
	fg_relay_decide_batch(relays);
	fg_relay_tell_on(relays);
	fg_relay_flush(relays);
}

/* ---- time ---- */

static void wake(struct fg_core_relays *relays, struct fg_relay *relay)
{
	if (relay->flags & FG_RELAY_DECIDING) {
		fg_relay_timer(relays, relay, (uint32_t)now_s(relays) + 1);
		return;
	}
	switch ((enum fg_job_state)relay->state) {
	case FG_JOB_READY:
		if (relay->part && fg_id_is_zero(&relay->part->leader)) {
			fg_relay_join_late(relays, relay);
			break;
		}
		fg_relay_lane_release(relays, relay);
		fg_relay_push(&relays->decide, relay);
		break;
	case FG_JOB_SENDING:
		fg_relay_repeat_one(relays, relay);
		break;
	case FG_JOB_SECURE: /* silent for too long, or expired */
		fg_relay_push(&relays->decide, relay);
		break;
	case FG_JOB_SENT:
	case FG_JOB_IN_DOUBT:
		fg_relay_overdue(relays, relay);
		break;
	case FG_JOB_FINAL:
		fg_relay_tell_due(relays, relay);
		break;
	default:
		break;
	}
}

static void swept(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct fg_core_relays *relays = arg;

	relays->sweeping = false;
	/* A full sweep of some kind: there may be more. */
	for (size_t i = 0; rc == FG_OK && i < count; i++)
		if (ops[i].result == FG_STORE_OK)
			relays->swept_ms = 0;
	free(ops);
}

static void sweep(struct fg_core_relays *relays, uint64_t now_ms)
{
	const uint64_t keep_ms = FG_RELAY_KEEP_DAYS * FG_RELAY_DAY_S * 1000ull;
	struct fg_store_op *ops;

	if (relays->sweeping || now_ms < relays->swept_ms + SWEEP_MS || now_ms <= keep_ms)
		return;
	ops = calloc(2, sizeof(*ops));
	if (!ops)
		return;
	relays->swept_ms = now_ms;
	ops[0].op = FG_OP_RELAY_DROP;
	ops[0].row = (now_ms - keep_ms) << FG_RELAY_ROW_SHIFT;
	ops[0].number = SWEEP_ROWS;
	ops[1].op = FG_OP_RELAY_KEY_DROP;
	ops[1].due_ms = now_ms;
	ops[1].number = SWEEP_ROWS;
	relays->sweeping =
		fg_store_submit(relays->core->store, 0, 0, ops, 2, swept, relays) == FG_OK;
	if (!relays->sweeping)
		free(ops);
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
	struct fg_core_relays *relays = arg;
	uint64_t now_ms = fg_core_now_ms(relays->core);
	struct fg_relay *relay;

	(void)fd;
	(void)what;
	if (relays->stalled_first)
		fg_relay_again(relays);
	if (relays->loading)
		return;
	while ((relay = fg_relay_due(relays, now_ms / 1000)))
		wake(relays, relay);
	if (now_ms >= relays->used_ms + NO_USE_MS) {
		relays->used_ms = now_ms;
		relays->no_use = false;
	}
	fg_relay_early_sweep(relays, now_ms);
	sweep(relays, now_ms);
	fg_relay_stir(relays);
}

/* ---- load ---- */

/* What is due. Of an account whose floor no link reaches, none waits for a link to have room. */
static void place_due(struct fg_core_relays *relays, struct fg_relay *relay)
{
	if (fg_relay_lane_behind(relays, relay))
		return;
#ifndef FG_MUTANT_relay_floor_loaded
	if (!fg_relay_is_inbound(relay) &&
	    strcmp(relays->core->conf->accounts[relay->account].floor, "none") != 0) {
		fg_relay_push(&relays->decide, relay);
		return;
	}
#endif
	fg_relay_queue(relays, relay);
}

static void place(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_account *account = &relays->accounts[relay->account];
	uint32_t due_s = relay->due_s;

	account->alive += relay->state != FG_JOB_FINAL;
	switch ((enum fg_job_state)relay->state) {
	case FG_JOB_READY:
		if (relay->part && fg_id_is_zero(&relay->part->leader)) {
			fg_relay_join_add(relays, relay);
			return;
		}
		if (fg_relay_is_early(relays, relay)) {
			fg_relay_schedule(relays, relay);
			return;
		}
		fg_relay_timer(relays, relay, relay->expires_s);
		if (due_s > now_s(relays) && due_s < relay->expires_s)
			fg_relay_wait(relays, relay, (uint32_t)(due_s - now_s(relays)));
		else
			place_due(relays, relay);
		return;
	case FG_JOB_SENDING:
		if (relay->link < relays->core->conf->links_count)
			relays->sending_on[relay->link]++;
		fg_relay_push(&relays->sending, relay);
		return;
	case FG_JOB_FINAL:
		fg_relay_push(&account->tell, relay);
		break;
	default:
		break;
	}
	fg_relay_timer(relays, relay, due_s);
}

static void load_row(struct fg_core_relays *relays, const struct fg_store_row *row)
{
	struct fg_relay *relay = fg_relay_decode(relays, row, true);
	bool held = row->tag == 1;

	if (!relay) {
		LOG_MSG(&row->id, DMSG, LOGL_ERROR,
			"load message: its record cannot be read, or its account is not "
			"configured any more\n");
		return;
	}
	fg_relay_insert(relays, relay);
	if (relay->state == FG_JOB_READY && fg_relay_follows(relay) &&
	    !fg_id_is_zero(&relay->part->leader)) {
		relays->accounts[relay->account].alive++;
		fg_relay_push(&relays->followers, relay);
		return;
	}
	place(relays, relay);
	/* Of a link that is gone nobody will hear any more. */
	if (relay->state == FG_JOB_SENDING && relay->bearer != FG_BEARER_SECURE &&
	    relay->link >= relays->core->conf->links_count)
		held = true;
#ifndef FG_MUTANT_relay_restored
	if (held && relay->state != FG_JOB_FINAL)
		fg_relay_finish(relays, relay, FG_RELAY_RESTORE, FG_DLR_UNKNOWN);
#endif
}

static void loaded_all(struct fg_core_relays *relays)
{
	struct fg_core *core = relays->core;

	relays->loading = false;
	fg_relay_join_loaded(relays);
	if (relays->count)
		LOGP(DMSG, LOGL_NOTICE, "load messages: all %zu in %llu ms\n", relays->count,
		     (unsigned long long)(fg_core_now_ms(core) - relays->load_started_ms));
	if (core->vault)
		fg_channel_pause(core->vault, false);
	fg_relay_repeat(relays);
	fg_relay_stir(relays);
}

static void load_page(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core_relays *relays = arg;
	size_t before = relays->count / LOAD_SAY;

	if (relays->stopping)
		return;
	if (rc != FG_OK)
		fg_role_fail(relays->core->process, rc, "load messages");
	for (size_t i = 0; i < count; i++)
		load_row(relays, &rows[i]);
	if (relays->count / LOAD_SAY != before)
		LOGP(DMSG, LOGL_NOTICE, "load messages: %zu so far\n", relays->count);
	if (count) {
		relays->last_row = rows[count - 1].seq;
		load_more(relays, rows[count - 1].seq);
	} else {
		loaded_all(relays);
	}
}

static void load_more(struct fg_core_relays *relays, uint64_t after_row)
{
	enum fg_rc rc = fg_store_sweep(relays->core->store, FG_SWEEP_RELAYS, after_row, LOAD_ROWS,
				       load_page, relays);

	if (rc != FG_OK)
		load_page(rc, NULL, 0, relays);
}

bool fg_relays_loading(const struct fg_core *core)
{
	return core->relays && core->relays->loading;
}

/* ---- the whole ---- */

void fg_relays_chain_changed(struct fg_core *core, bool reopened)
{
	struct fg_core_relays *relays = core->relays;

	if (!relays || relays->stopping)
		return;
	relays->no_use = false;
	if (reopened)
		fg_relay_repeat(relays);
	fg_relay_stir(relays);
}

enum fg_rc fg_relays_start(struct fg_core *core)
{
	static const struct timeval period = { .tv_usec = TICK_MS * 1000 };
	struct fg_core_relays *relays = calloc(1, sizeof(*relays));
	enum fg_rc rc;

	if (!relays)
		return FG_E_NO_MEMORY;
	core->relays = relays;
	relays->core = core;
	relays->wheel_s = now_s(relays);
	relays->load_started_ms = fg_core_now_ms(core);
	relays->early = calloc(EARLY_BUCKETS, sizeof(struct fg_relay_early *));
	relays->turn = event_new(fg_loop_base(core->loop), -1, 0, turn, relays);
	relays->timer = event_new(fg_loop_base(core->loop), -1, EV_PERSIST, tick, relays);
	if (!fg_relay_table_open(relays) || !relays->early || !relays->turn || !relays->timer ||
	    fg_arena_init(&relays->arena, FG_CORE_ARENA) != FG_OK)
		return FG_E_NO_MEMORY;
	event_add(relays->timer, &period);
	relays->loading = true;
	rc = fg_relay_quota_load(relays); /* read before the messages are, in this order */
	if (rc == FG_OK)
		load_more(relays, 0);
	return rc;
}

void fg_relays_stop(struct fg_core *core)
{
	struct fg_core_relays *relays = core->relays;

	if (!relays)
		return;
	fg_relay_flush(relays);
	relays->stopping = true;
	event_del(relays->timer);
	event_del(relays->turn);
}

void fg_relays_free(struct fg_core *core)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay;

	if (!relays)
		return;
	while ((relay = fg_relay_pop(&relays->decide)))
		if (relay->work && relay->work->accept)
			fg_relay_free(relay); /* never taken: its application was not answered */
	fg_relay_early_free(relays);
	fg_relay_acks_free(relays);
	fg_relay_joins_free(relays);
	fg_relay_table_close(relays);
	event_free(relays->turn);
	event_free(relays->timer);
	fg_arena_free(&relays->arena);
	free(relays);
	core->relays = NULL;
}
