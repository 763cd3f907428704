/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sweeps: what wakes jobs whose time has come, drops what is over, and gives orders again after a restart of us or of the chain.
 */
#include "gateway/core/step.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	SWEEP_MS = 250, /* ours: how late a due job may be looked at */
	SWEEP_LIMIT = 256,
};

static void decide_rows(struct fg_core *core, const struct fg_store_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fg_lane_find(core, &rows[i].id))
			fg_step_event(core, fg_event_new(FG_EVENT_DECIDE, &rows[i].id));
}

static void look_at_held(struct fg_core *core);

static void due_found(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core *core = arg;

	core->jobs->sweeping = false;
	if (rc == FG_OK)
		decide_rows(core, rows, count);
	if (core->jobs->look_again)
		look_at_held(core);
}

/* What waits for a link, before its time. */
static void look_at_held(struct fg_core *core)
{
	uint64_t soon = fg_core_now_ms(core) + 3600 * 1000;

	core->jobs->look_again = core->jobs->sweeping;
	if (!core->jobs->sweeping)
		core->jobs->sweeping = fg_store_sweep(core->store, FG_SWEEP_DUE, soon, SWEEP_LIMIT,
						      due_found, core) == FG_OK;
}

static void cleaned(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)arg;
	(void)count;
	if (rc != FG_OK)
		LOGP(DSTORE, LOGL_NOTICE, "clean: %s\n", fg_rc_name(rc));
	free(ops);
}

/* Drop what is over: final jobs past their time, and queue items past theirs. */
static void drop_rows(struct fg_core *core, const struct fg_store_row *rows, size_t count,
		      bool jobs)
{
	struct fg_store_op *ops = count ? calloc(2 * count, sizeof(*ops)) : NULL;
	size_t n = 0;

	for (size_t i = 0; ops && i < count; i++) {
		ops[n].op = jobs ? FG_OP_JOB_DROP : FG_OP_QUEUE_ACK;
		ops[n].id = rows[i].id;
		ops[n].tag = rows[i].tag;
		memcpy(ops[n++].device, rows[i].device, FG_DEVICE_ID_LEN);
		if (jobs)
			ops[n++] = (struct fg_store_op){ .op = FG_OP_REF_DROP, .id = rows[i].id };
	}
	if (n && fg_store_submit(core->store, 0, 0, ops, n, cleaned, core) != FG_OK)
		free(ops);
	else if (!n)
		free(ops);
}

static void final_found(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core *core = arg;

	core->jobs->finishing = false;
	if (rc == FG_OK)
		drop_rows(core, rows, count, true);
}

static void expired_found(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core *core = arg;

	core->jobs->expiring = false;
	if (rc == FG_OK)
		drop_rows(core, rows, count, false);
}

static void start_stalled(struct fg_core *core)
{
	struct fg_lane *next;

	for (size_t i = 0; core->jobs->stalled_count && i < FG_LANE_BUCKETS; i++)
		for (struct fg_lane *lane = core->jobs->lanes[i]; lane; lane = next) {
			next = lane->next;
			if (!lane->stalled)
				continue;
			lane->stalled = false;
			core->jobs->stalled_count--;
			fg_step_start(core, lane);
		}
}

static void repeat_order(struct fg_core *core, const struct fg_store_row *row)
{
	struct fg_lane *lane =
		core->jobs->repeat_all ? fg_lane_of(core, &row->id) : fg_lane_find(core, &row->id);
	Fallgate__StoredJob *job;

	if (!lane || (!core->jobs->repeat_all && !lane->again))
		return;
	job = fallgate__stored_job__unpack(NULL, row->body.len, row->body.data);
	if (!job) {
		LOG_MSG(&row->id, DMSG, LOGL_ERROR, "repeat order: its record cannot be read\n");
		return;
	}
	lane->repeated = true;
	fg_lane_give_order(core, lane, job);
	fg_record_free(job);
}

/* Orders in flight when the chain (or we) went away, or that it had no room for: give them again; each end answers with what it knows. */
static void sending_found(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core *core = arg;

	core->jobs->repeating = false;
	for (size_t i = 0; rc == FG_OK && i < count; i++)
		repeat_order(core, &rows[i]);
	if (rc != FG_OK)
		core->jobs->again = true;
	else
		core->jobs->repeat_all = false;
}

static void repeat_orders(struct fg_core *core)
{
	struct fg_core_jobs *jobs = core->jobs;

	if (jobs->repeating || !core->log || !core->vault)
		return;
	jobs->again = false;
	jobs->repeating = fg_store_sweep(core->store, FG_SWEEP_SENDING, fg_core_now_ms(core),
					 (size_t)core->conf->limits.jobs_in_flight, sending_found,
					 core) == FG_OK;
	jobs->again = !jobs->repeating;
}

static void sweep(evutil_socket_t fd, short what, void *arg)
{
	struct fg_core *core = arg;
	struct fg_core_jobs *jobs = core->jobs;
	uint64_t now = fg_core_now_ms(core);

	(void)fd;
	(void)what;
	start_stalled(core);
	if (jobs->again)
		repeat_orders(core);
	if (!jobs->sweeping)
		jobs->sweeping = fg_store_sweep(core->store, FG_SWEEP_DUE, now, SWEEP_LIMIT,
						due_found, core) == FG_OK;
	if (!jobs->finishing)
		jobs->finishing = fg_store_sweep(core->store, FG_SWEEP_FINAL, now, SWEEP_LIMIT,
						 final_found, core) == FG_OK;
	if (!jobs->expiring)
		jobs->expiring = fg_store_sweep(core->store, FG_SWEEP_EXPIRED_ITEMS, now,
						SWEEP_LIMIT, expired_found, core) == FG_OK;
}

void fg_jobs_chain_changed(struct fg_core *core, bool reopened)
{
	if (!core->jobs)
		return;
	core->jobs->chain_changes++;
	if (!core->log || !core->vault)
		return;
	if (reopened) {
		core->jobs->repeat_all = core->jobs->again = true;
		repeat_orders(core);
	}
	look_at_held(core);
}

enum fg_rc fg_jobs_start(struct fg_core *core)
{
	static const struct timeval period = { .tv_usec = SWEEP_MS * 1000 };
	enum fg_rc rc = fg_receipts_start(core);

	if (rc != FG_OK)
		return rc;
	core->jobs = calloc(1, sizeof(*core->jobs));
	if (!core->jobs)
		return FG_E_NO_MEMORY;
	core->jobs->lanes = calloc(FG_LANE_BUCKETS, sizeof(*core->jobs->lanes));
	core->jobs->timer = event_new(fg_loop_base(core->loop), -1, EV_PERSIST, sweep, core);
	if (!core->jobs->lanes || !core->jobs->timer ||
	    fg_arena_init(&core->jobs->arena, FG_CORE_ARENA) != FG_OK)
		return FG_E_NO_MEMORY;
	event_add(core->jobs->timer, &period);
	fg_jobs_chain_changed(core, true);
	return FG_OK;
}

void fg_jobs_stop(struct fg_core *core)
{
	if (core->jobs)
		event_del(core->jobs->timer);
}
