/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The engine of jobs: lanes that keep the steps of one job apart, and the stages of a step. What an event means is in apply.c; what wakes
 * jobs when their time has come is in sweep.c.
 */
#include "gateway/core/step.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* ---- events and lanes ---- */

struct fg_event *fg_event_new(enum fg_event_kind kind, const struct fg_id *id)
{
	struct fg_event *event = calloc(1, sizeof(*event));

	if (!event)
		FG_BUG("out of memory");
	event->kind = kind;
	event->id = *id;
	return event;
}

void fg_event_free(struct fg_event *event_take)
{
	fg_record_free(event_take->job);
	fg_record_free(event_take->consent);
	fg_record_free(event_take->ack);
	free(event_take->capsule);
	free(event_take->refs);
	free(event_take);
}

static size_t bucket_of(const struct fg_id *id)
{
	return ((size_t)id->b[15] << 8 | id->b[14]) % FG_LANE_BUCKETS;
}

struct fg_lane *fg_lane_find(struct fg_core *core, const struct fg_id *id)
{
	struct fg_lane *lane = core->jobs->lanes[bucket_of(id)];

	while (lane && fg_id_cmp(&lane->id, id) != 0)
		lane = lane->next;
	return lane;
}

struct fg_lane *fg_lane_of(struct fg_core *core, const struct fg_id *id)
{
	struct fg_lane *lane = fg_lane_find(core, id), **at = &core->jobs->lanes[bucket_of(id)];

	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		FG_BUG("out of memory");
	lane->id = *id;
	lane->next = *at;
	*at = lane;
	core->jobs->lanes_count++;
	return lane;
}

static void lane_drop_if_idle(struct fg_core *core, struct fg_lane *lane)
{
	struct fg_lane **at = &core->jobs->lanes[bucket_of(&lane->id)];

	if (lane->running || lane->first || lane->ordered)
		return;
	while (*at != lane)
		at = &(*at)->next;
	*at = lane->next;
	core->jobs->lanes_count--;
	fg_record_free(lane->leaf.proof);
	free(lane);
}

void fg_lane_settled(struct fg_core *core, struct fg_lane *lane)
{
	if (lane->ordered)
		core->jobs->ordered_count--;
	lane->ordered = lane->repeated = lane->again = false;
	fg_record_free(lane->leaf.proof);
	lane->leaf = (struct fg_leaf_proof){ 0 };
	if (lane->early_leg)
		fg_event_free(lane->early_leg);
	lane->early_leg = NULL;
}

static void lane_order(struct fg_core *core, struct fg_lane *lane)
{
	if (!lane->ordered)
		core->jobs->ordered_count++;
	lane->ordered = true;
}

void fg_lane_again(struct fg_core *core, struct fg_lane *lane)
{
	lane_order(core, lane);
	lane->again = core->jobs->again = true;
}

void fg_lane_give_order(struct fg_core *core, struct fg_lane *lane, const Fallgate__StoredJob *job)
{
	lane_order(core, lane);
	lane->again = false;
	if (fg_order_send(core, job) == FG_OK)
		return;
	LOG_MSG(&lane->id, DLEG, LOGL_NOTICE, "order waits: the chain is away or full\n");
	fg_lane_again(core, lane);
}

void fg_step_event(struct fg_core *core, struct fg_event *event_take)
{
	struct fg_lane *lane = fg_lane_of(core, &event_take->id);

	event_take->next = NULL;
	if (lane->last)
		lane->last->next = event_take;
	else
		lane->first = event_take;
	lane->last = event_take;
	if (!lane->running)
		fg_step_start(core, lane);
}

/* ---- a step and what it owns ---- */

struct fg_store_op *fg_step_op(struct fg_step *step, enum fg_store_op_kind kind)
{
	struct fg_store_op *op = &step->ops[step->ops_count++];

	if (step->ops_count > FG_STEP_OPS_MAX)
		FG_BUG("a step of more than %d ops", FG_STEP_OPS_MAX);
	*op = (struct fg_store_op){ .op = kind, .id = step->event->id };
	return op;
}

void *fg_step_own(struct fg_step *step, void *memory_take)
{
	if (!memory_take || step->owned_count == 2 * FG_STEP_OPS_MAX)
		FG_BUG("out of memory");
	step->owned[step->owned_count++] = memory_take;
	return memory_take;
}

static void forget_ops(struct fg_step *step)
{
	while (step->owned_count)
		free(step->owned[--step->owned_count]);
	step->ops_count = 0;
	step->wake_count = 0;
}

static void step_free(struct fg_step *step)
{
	forget_ops(step);
	for (size_t i = 0; i < step->receipts_count; i++)
		fg_record_free(step->receipts[i]);
	fg_record_free(step->job);
	fg_record_free(step->ask);
	free(step->view);
	if (step->event)
		fg_event_free(step->event);
	free(step);
}

/* ---- the end of a step ---- */

static void answer(struct fg_step *step)
{
	struct fg_core *core = step->core;
	struct fg_session *session =
		step->event->conn ? fg_session_find(core, step->event->conn) : NULL;
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Accepted accepted = FALLGATE__ACCEPTED__INIT;

	if (!session)
		return;
	if (step->answer != FG_OK) {
		fg_session_error(core, session, step->event->request, step->answer,
				 &step->event->id, 0);
		return;
	}
	if (step->event->kind == FG_EVENT_CANCEL) {
		fg_session_done(core, session, step->event->request);
		return;
	}
	if (step->ask) {
		frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ASK;
		frame.ask = step->ask;
	} else {
		accepted.message_id =
			(ProtobufCBinaryData){ .data = step->event->id.b, .len = FG_ID_LEN };
		accepted.duplicate = step->duplicate;
		frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ACCEPTED;
		frame.accepted = &accepted;
	}
	fg_session_send(core, session, step->event->request, &frame);
}

static void report_is_stored(struct fg_core *core, const struct fg_event *event)
{
	struct fg_frame frame = { .type = FG_IPC_STORED };

	if (event->kind != FG_EVENT_REPORT || !core->vault)
		return;
	frame.stored.link = event->report_link;
	frame.stored.token = event->report_token;
	if (fg_channel_answer(core->vault, &frame) != FG_OK)
		LOG_MSG(&event->id, DLEG, LOGL_NOTICE,
			"report not acknowledged: the vault is away\n");
}

void fg_step_finish(struct fg_step *step)
{
	struct fg_core *core = step->core;
	struct fg_lane *lane = step->lane;

	answer(step);
	report_is_stored(core, step->event);
	if (step->event->done)
		step->event->done(step->answer, step->event->done_arg);
	if (step->decide_again)
		fg_step_event(core, fg_event_new(FG_EVENT_DECIDE, &step->event->id));
	step_free(step);
	lane->running = false;
	if (lane->first)
		fg_step_start(core, lane);
	else
		lane_drop_if_idle(core, lane);
}

/* ---- commit ---- */

/* A withdrawal met an acknowledgement (row 11). The record in our hands has changed already: it is read anew, and that is noted in it. */
static void withdrawal_failed(struct fg_step *step)
{
	step->answer = FG_E_CONFLICT;
	step->decide_again = false;
	fg_step_event(step->core, fg_event_new(FG_EVENT_NOT_WITHDRAWN, &step->event->id));
	fg_step_finish(step);
}

/* Nobody repeats what the chain, a carrier or a device has said once: it stays first in its lane until the store takes it. */
static bool stall(struct fg_step *step, enum fg_rc rc)
{
	enum fg_event_kind kind = step->event->kind;
	struct fg_lane *lane = step->lane;

	if ((kind != FG_EVENT_LEG && kind != FG_EVENT_REFUSED && kind != FG_EVENT_REPORT &&
	     kind != FG_EVENT_ACKED && kind != FG_EVENT_NOT_WITHDRAWN) ||
	    fg_rc_class(rc) != FG_CLASS_RETRY || step->core->stopping)
		return false;
	LOG_MSG(&step->event->id, DMSG, LOGL_NOTICE, "step waits: %s\n", fg_rc_name(rc));
	step->event->next = lane->first;
	lane->first = step->event;
	if (!lane->last)
		lane->last = step->event;
	lane->stalled = true;
	step->core->jobs->stalled_count++;
	step->event = NULL;
	step_free(step);
	return true;
}

/* A link that comes up wakes what it finds held, and passes over a job whose step is under way. */
static bool holds_on_old_news(const struct fg_step *step)
{
#ifdef FG_MUTANT_link_news
	return false;
#endif
	return step->state == FG_JOB_READY && step->decision.reason == FG_REASON_NO_LINK &&
	       step->chain_changes != 0 && step->chain_changes != step->core->jobs->chain_changes;
}

static void committed(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct fg_step *step = arg;
	struct fg_core *core = step->core;

	(void)ops;
	(void)count;
	if (rc == FG_E_STORE_FATAL)
		fg_role_fail(core->process, rc, "the store");
	if (rc == FG_E_CONFLICT && step->withdraws) {
		withdrawal_failed(step);
		return;
	}
	if (rc != FG_OK && stall(step, rc))
		return;
	if (rc != FG_OK) {
		LOG_MSG(&step->event->id, DMSG, LOGL_NOTICE, "step undone: %s\n", fg_rc_name(rc));
		step->answer = rc;
		step->decide_again = false;
		fg_record_free(step->ask);
		step->ask = NULL;
		fg_step_finish(step);
		return;
	}
	for (size_t i = 0; i < step->wake_count; i++)
		fg_push_wake(core, step->wake[i]);
	if (step->event->kind == FG_EVENT_LEG)
		fg_operate_leg(core, step->job->link, step->event->leg_state,
			       step->event->carrier_code);
	if (holds_on_old_news(step))
		step->decide_again = true;
	if (step->order)
		fg_lane_give_order(core, step->lane, step->job);
	else if (step->state != FG_JOB_SENDING)
		fg_lane_settled(core, step->lane);
	fg_step_finish(step);
}

void fg_step_commit(struct fg_step *step)
{
	struct fg_core *core = step->core;
	struct fg_store_op *op = fg_step_op(step, step->exists ? FG_OP_JOB_SET : FG_OP_JOB_PUT);
	size_t len;
	enum fg_rc rc;

#ifndef FG_MUTANT_job_states
	if (!fg_job_may_change(step->from, step->event->kind, step->state))
		FG_BUG("a job in state %u becomes %u by event %d", step->from, step->state,
		       (int)step->event->kind);
#endif
	op->body.data = fg_step_own(step, fg_proto_pack_new(step->job, &len));
	op->body.len = len;
	op->state = step->state;
	op->from_states = UINT32_MAX;
	op->due_ms = step->due_ms;
	op->expires_ms = step->job->expires_ms;
	rc = fg_store_submit(
		core->store, fg_store_part(step->job->recipient, strlen(step->job->recipient)),
		step->exists ? 0 : FG_STORE_NEW, step->ops, step->ops_count, committed, step);
	if (rc == FG_OK)
		return;
	if (rc == FG_E_STORE_FATAL)
		fg_role_fail(core->process, rc, "the store");
	committed(rc, step->ops, 0, step);
}

static void sign_and_commit(struct fg_step *step)
{
	if (step->receipts_count)
		fg_receipts_sign(step);
	else
		fg_step_commit(step);
}

/* ---- concatenation references: a counter of the recipient, allotted with the intent ---- */

static void concat_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_step *step = arg;
	struct fg_hash tag = fg_handle_tag(step->job->recipient);
	struct fg_store_op *op;
	uint8_t *key = malloc(sizeof(tag.b)), *value = malloc(2);
	uint16_t ref = 0;

	if (rc == FG_OK && count == 1 && rows[0].body.len == 2)
		ref = (uint16_t)(rows[0].body.data[0] << 8 | rows[0].body.data[1]);
	ref++;
	op = fg_step_op(step, FG_OP_KV_PUT);
	fg_step_own(step, key);
	fg_step_own(step, value);
	memcpy(key, tag.b, sizeof(tag.b));
	value[0] = (uint8_t)(ref >> 8);
	value[1] = (uint8_t)ref;
	op->kind = FG_KV_CONCAT;
	op->key = FG_BYTES(key, sizeof(tag.b));
	op->body = FG_BYTES(value, 2);
	op->version = FG_STORE_ANY_VERSION;
	step->job->concat_ref = ref;
	sign_and_commit(step);
}

static void concat_or_commit(struct fg_step *step)
{
	struct fg_hash tag;
	struct fg_store_key key = { .what = FG_GET_KV, .kind = FG_KV_CONCAT };

	if (!step->order) {
		sign_and_commit(step);
		return;
	}
	tag = fg_handle_tag(step->job->recipient);
	key.key = FG_BYTES(tag.b, sizeof(tag.b));
	if (fg_store_get(step->core->store, &key, 1, concat_read, step) != FG_OK)
		concat_read(FG_E_STORE_BUSY, NULL, 0, step);
}

/* ---- decide ---- */

static void directory_read(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct fg_step *step = arg;

	fg_facts_gather(step, rc == FG_OK ? entry : NULL);
	step->decision = fg_decide(&step->core->policy, &step->facts);
	step->job->tries++;
	fg_apply_decision(step);
	concat_or_commit(step);
}

static void step_decide(struct fg_step *step)
{
	enum fg_rc rc = fg_handle_parse(step->job->recipient, strlen(step->job->recipient),
					&step->recipient);

	if (rc == FG_OK)
		rc = fg_directory_read(step->core, &step->recipient, directory_read, step);
	if (rc != FG_OK)
		directory_read(rc, NULL, step);
}

static bool may_decide(const struct fg_step *step)
{
	switch (step->state) {
	case FG_JOB_READY:
	case FG_JOB_SECURE:
	case FG_JOB_ASKING:
		return true;
	case FG_JOB_SENDING:
	case FG_JOB_SENT:
	case FG_JOB_IN_DOUBT:
	case FG_JOB_FINAL:
		break;
	}
	return false;
}

static bool event_decides(enum fg_event_kind kind)
{
	return kind == FG_EVENT_ACCEPT || kind == FG_EVENT_DECIDE || kind == FG_EVENT_CONSENT ||
	       kind == FG_EVENT_CANCEL;
}

static void consent_into_job(struct fg_step *step)
{
	struct fg_event *event = step->event;

	fg_record_free(step->job->consent);
	step->job->consent = event->consent;
	event->consent = NULL;
	fg_record_bytes(&step->job->capsule, event->capsule, event->capsule_len);
}

static bool is_senders(const struct fg_step *step)
{
	return memcmp(step->job->sender_device.data, step->event->device, FG_DEVICE_ID_LEN) == 0;
}

/* The record is there: what does the event do with it? */
static void step_run(struct fg_step *step)
{
	enum fg_event_kind kind = step->event->kind;

	if ((kind == FG_EVENT_CONSENT || kind == FG_EVENT_CANCEL) && !is_senders(step)) {
		step->answer = FG_E_NOT_FOUND;
		fg_step_finish(step);
		return;
	}
	if (event_decides(kind)) {
		if (step->exists && !may_decide(step) && !fg_apply_overdue(step)) {
			step->answer = kind == FG_EVENT_CANCEL || kind == FG_EVENT_CONSENT
					       ? FG_E_CONFLICT
					       : FG_OK;
			fg_step_finish(step);
			return;
		}
		if (step->exists && !may_decide(step)) {
			sign_and_commit(step);
			return;
		}
		if (kind == FG_EVENT_CONSENT)
			consent_into_job(step);
		step_decide(step);
		return;
	}
	if (fg_apply_event(step)) {
		sign_and_commit(step);
		return;
	}
	if (step->state != FG_JOB_SENDING) /* said again of a leg that is settled */
		fg_lane_settled(step->core, step->lane);
	fg_step_finish(step);
}

static void loaded(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_step *step = arg;
	bool accept = step->event->kind == FG_EVENT_ACCEPT;
	struct fg_id sender;

	if (rc == FG_OK && count == 1) {
		step->exists = true;
		step->from = rows[0].state;
		step->state = rows[0].state;
		step->due_ms = rows[0].due_ms;
		step->job = fallgate__stored_job__unpack(NULL, rows[0].body.len, rows[0].body.data);
	}
	if (rc == FG_OK && accept && !step->exists) {
		step->job = step->event->job;
		step->event->job = NULL;
		step->state = FG_JOB_READY;
	} else if (rc == FG_OK && accept && step->job) {
		/* The same submit again: the same answer, and nothing twice. */
		step->duplicate = true;
		if (!fg_record_id(&step->job->sender_device, &sender) || !is_senders(step))
			step->answer = FG_E_EXISTS;
		fg_step_finish(step);
		return;
	}
	if (rc != FG_OK && stall(step, rc))
		return;
	if (!step->job) {
		step->answer = rc == FG_OK ? FG_E_NOT_FOUND : rc;
		fg_step_finish(step);
		return;
	}
	step_run(step);
}

static void step_load(struct fg_step *step)
{
	struct fg_store_key key = { .what = FG_GET_JOB, .id = step->event->id };
	enum fg_rc rc = fg_store_get(step->core->store, &key, 1, loaded, step);

	if (rc != FG_OK)
		loaded(rc, NULL, 0, step);
}

void fg_step_start(struct fg_core *core, struct fg_lane *lane)
{
	struct fg_step *step = calloc(1, sizeof(*step));

	if (!step)
		FG_BUG("out of memory");
	step->core = core;
	step->lane = lane;
	step->event = lane->first;
	lane->first = step->event->next;
	if (!lane->first)
		lane->last = NULL;
	lane->running = true;
	step_load(step);
}
