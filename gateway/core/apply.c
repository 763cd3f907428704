/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a decision does to a job's record: its next state, its queue items, its receipts. No I/O here: job.c commits. What the chain and the
 * recipient say is in apply_event.c.
 */
#include "gateway/core/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/decide/facts_text.h"

#define DAY_MS (24 * 3600 * 1000ull)

enum {
	KEEP_FINAL_DAYS = 7, /* ours: how long a sender may ask what became of a message */
	RETRY_MS = 5000,     /* order refused for a passing reason */
	ASK_TAG = 250,
	FAR_FUTURE_MS = INT32_MAX,
};

static const char *reason_code(const struct fg_step *step)
{
	return fg_reason_code(step->decision.reason);
}

/* ---- ends ---- */

static void withdraw_copies(struct fg_step *step, enum fg_store_op_kind kind)
{
	Fallgate__StoredJob *job = step->job;

	for (size_t i = 0; i < job->n_queued_devices; i++) {
		struct fg_store_op *op = fg_step_op(step, kind);

		memcpy(op->device, job->queued_devices[i].data, FG_DEVICE_ID_LEN);
	}
}

/* The end of a message that lies with devices: all copies come back, or a device has one and that decides. A second conflict is no
 * acknowledgement: what was to be acknowledged came before (the queue's own expiry, a removed device). */
static void take_back(struct fg_step *step)
{
	bool known = step->job->withdraw == FG_WITHDRAW_FAILED;

	if (step->job->withdraw == FG_WITHDRAW_DONE)
		return;
	withdraw_copies(step, known ? FG_OP_QUEUE_ACK : FG_OP_QUEUE_ACK_IF);
	step->withdraws = !known && step->job->n_queued_devices > 0;
}

static void forget_copies(Fallgate__StoredJob *job)
{
	for (size_t i = 0; i < job->n_queued_devices; i++)
		free(job->queued_devices[i].data);
	free(job->queued_devices);
	job->queued_devices = NULL;
	job->n_queued_devices = 0;
}

static void forget_parts(Fallgate__SealedPart ***parts, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		fg_record_free((*parts)[i]);
	free(*parts);
	*parts = NULL;
	*count = 0;
}

/* Nothing more will happen: the capsule and the sealed parts are destroyed. */
Fallgate__Receipt *fg_apply_finish(struct fg_step *step, Fallgate__ReceiptKind kind,
				   const char *reason)
{
	Fallgate__StoredJob *job = step->job;
	Fallgate__Receipt *receipt = fg_receipt_add(step, kind, reason);

	receipt->final = true;
	job->final = true;
	fg_record_bytes(&job->capsule, NULL, 0);
	forget_parts(&job->parts, &job->n_parts);
	forget_parts(&job->own_parts, &job->n_own_parts);
	step->state = FG_JOB_FINAL;
	step->due_ms = fg_core_now_ms(step->core) + KEEP_FINAL_DAYS * DAY_MS;
	LOG_MSG(&step->event->id, DMSG, LOGL_INFO, "final message: kind=%d reason=%s\n", (int)kind,
		reason);
	return receipt;
}

/* What a receipt of an unprotected message says about how it went. */
void fg_apply_describe_leg(const struct fg_step *step, Fallgate__Receipt *receipt)
{
	const Fallgate__StoredJob *job = step->job;

	receipt->protection = job->bearer == FALLGATE__BEARER__BEARER_RCS
				      ? FALLGATE__PROTECTION__PROTECTION_HOP
				      : FALLGATE__PROTECTION__PROTECTION_NONE;
	receipt->bearer = job->bearer;
	receipt->segments = job->segments;
	receipt->possible_duplicate = job->in_doubt;
	fg_record_text(&receipt->link, job->link);
	fg_record_text(&receipt->mark, job->mark);
	receipt->leaf = job->leaf ? fg_record_copy(job->leaf) : NULL;
}

/* ---- secure ---- */

static void queue_part(struct fg_step *step, const Fallgate__SealedPart *part, bool own)
{
	Fallgate__StoredJob *job = step->job;
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	struct fg_store_op *op = fg_step_op(step, FG_OP_QUEUE_PUT);
	size_t len;

	push.kind = FALLGATE__PUSH_KIND__PUSH_MESSAGE;
	push.message_id = job->message_id;
	push.sender = job->sender;
	push.sender_account = job->sender_account;
	push.sender_device = job->sender_device;
	push.part = (Fallgate__SealedPart *)(uintptr_t)part;
	push.time_ms = job->accepted_ms;
	op->body.data = fg_step_own(step, fg_proto_pack_new(&push, &len));
	op->body.len = len;
	op->expires_ms = job->expires_ms;
	memcpy(op->device, part->device_id.data, FG_DEVICE_ID_LEN);
	memcpy(step->wake[step->wake_count++], op->device, FG_DEVICE_ID_LEN);
	if (own)
		return;
	job->queued_devices = realloc(job->queued_devices,
				      (job->n_queued_devices + 1) * sizeof(*job->queued_devices));
	if (!job->queued_devices)
		FG_BUG("out of memory");
	job->queued_devices[job->n_queued_devices] = (ProtobufCBinaryData){ 0 };
	fg_record_bytes(&job->queued_devices[job->n_queued_devices++], part->device_id.data,
			FG_DEVICE_ID_LEN);
}

static uint64_t next_look_ms(const struct fg_step *step)
{
	uint64_t expires = step->job->expires_ms, now = fg_core_now_ms(step->core);
	uint64_t undelivered = step->job->accepted_ms + step->facts.consent_after_ms;

	if (step->decision.wait_ms)
		return now + step->decision.wait_ms;
	if ((step->facts.consent_reasons & FG_CONSENT_FOR_UNDELIVERED) && undelivered > now &&
	    undelivered < expires)
		return undelivered;
	return expires;
}

static void apply_secure(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;

	if (step->facts.left_ms == 0) {
		take_back(step);
		fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED,
				fg_reason_code(FG_REASON_DEADLINE));
		return;
	}
	if (job->n_queued_devices == 0 || job->withdraw == FG_WITHDRAW_DONE) {
		/* The sender's own copies are never taken back. */
		bool first = job->n_queued_devices == 0;

		forget_copies(job);
		for (size_t i = 0; i < job->n_parts; i++)
			queue_part(step, job->parts[i], false);
		for (size_t i = 0; first && i < job->n_own_parts; i++)
			queue_part(step, job->own_parts[i], true);
		job->withdraw = FG_WITHDRAW_NONE;
	}
	if (job->n_queued_devices == 0) {
		/* Devices appeared while the message waited unsealed for them: the sender must seal anew. */
		fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_FAILED,
				fg_rc_name(FG_E_DEVICES_MISMATCH));
		return;
	}
	step->state = FG_JOB_SECURE;
	step->due_ms = next_look_ms(step);
}

/* Row 10: all secure copies come back in one commit, or none does. The parts are kept, for a rule may change its mind; so is the list
 * of who had a copy, for an acknowledgement may still be on its way. */
static void apply_withdraw(struct fg_step *step)
{
	withdraw_copies(step, FG_OP_QUEUE_ACK_IF);
	step->withdraws = true;
	step->job->withdraw = FG_WITHDRAW_DONE;
	fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_WITHDRAWN, reason_code(step));
	step->state = FG_JOB_SECURE;
	step->due_ms = fg_core_now_ms(step->core);
	step->decide_again = true;
}

/* ---- hold, ask ---- */

static void apply_wait(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	uint64_t now = fg_core_now_ms(step->core);

	step->state = FG_JOB_READY;
	step->due_ms = now + step->decision.wait_ms;
	if (step->due_ms > job->expires_ms)
		step->due_ms = job->expires_ms;
	if (job->wait_reason == step->decision.reason)
		return;
	job->wait_reason = step->decision.reason;
	fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_HELD, reason_code(step));
}

static Fallgate__Ask *make_ask(struct fg_step *step)
{
	struct fg_core *core = step->core;
	const struct fg_conf *conf = core->conf;
	Fallgate__Ask ask = FALLGATE__ASK__INIT;
	Fallgate__SealKeys keys = FALLGATE__SEAL_KEYS__INIT;
	char text[256];

	snprintf(text, sizeof(text), "%s has no secure device; as SMS, carriers could read it",
		 step->job->recipient);
	ask.message_id = step->job->message_id;
	ask.recipient = step->job->recipient;
	ask.reason = (char *)(uintptr_t)fg_reason_code(step->was_secure ? FG_REASON_PIN_CONFLICT
									: FG_REASON_ABSENT);
	ask.text = text;
	ask.view = step->view ? fg_signed_unpack(&core->jobs->arena, step->view, step->view_len)
			      : NULL;
	ask.bearer = FALLGATE__BEARER__BEARER_SMS;
	ask.link = (char *)(uintptr_t)(conf->links_count ? conf->links[0].name : "");
	ask.was_secure = step->was_secure;
	ask.pin_epoch = step->pin_epoch;
	ask.until_ms = step->due_ms;
	ask.mark = (char *)(uintptr_t)conf->mark.text;
	ask.log_origin = core->origin;
	if (fg_core_seal_keys(core, &core->jobs->arena, &keys))
		ask.seal_keys = &keys;
	return fg_record_copy(&ask);
}

static void queue_ask(struct fg_step *step, Fallgate__Ask *ask)
{
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	struct fg_store_op *op = fg_step_op(step, FG_OP_QUEUE_PUT);
	size_t len;

	push.kind = FALLGATE__PUSH_KIND__PUSH_ASK;
	push.message_id = step->job->message_id;
	push.ask = ask;
	op->body.data = fg_step_own(step, fg_proto_pack_new(&push, &len));
	op->body.len = len;
	op->tag = ASK_TAG;
	op->expires_ms = step->due_ms;
	memcpy(op->device, step->job->sender_device.data, FG_DEVICE_ID_LEN);
	memcpy(step->wake[step->wake_count++], op->device, FG_DEVICE_ID_LEN);
}

/* The answer to a submit is the Ask itself; a job that comes to ask later sends it through the sender's queue. */
static void apply_ask(struct fg_step *step)
{
	uint64_t now = fg_core_now_ms(step->core);
	uint64_t until = now + (uint64_t)step->core->conf->limits.ask_s * 1000u;
	bool first = !step->job->asked;

	if (!first)
		until = step->job->asked_until_ms;
	if (!first && step->event->kind == FG_EVENT_DECIDE && now >= until) {
		fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED,
				fg_reason_code(FG_REASON_NO_CONSENT));
		return;
	}
	step->state = FG_JOB_ASKING;
	step->due_ms = until < step->job->expires_ms ? until : step->job->expires_ms;
	step->job->asked = true;
	step->job->asked_until_ms = step->due_ms;
	if (step->event->kind == FG_EVENT_CONSENT)
		step->answer = FG_E_CONSENT_SIGNATURE;
	if (!first && step->event->kind != FG_EVENT_ACCEPT)
		return;
	step->ask = make_ask(step);
	if (step->event->kind != FG_EVENT_ACCEPT && step->ask) {
		queue_ask(step, step->ask);
		fg_record_free(step->ask);
		step->ask = NULL;
	}
}

/* ---- downgrade ---- */

static void apply_downgrade(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	struct fg_core *core = step->core;
	const struct fg_conf_links *link = &core->conf->links[step->decision.link];
	char line[FG_FACTS_TEXT_MAX];
	struct fg_hash facts_hash;
	size_t len = 0;

	if (core->jobs->ordered_count >= (size_t)core->conf->limits.jobs_in_flight || !step->view) {
		step->state = FG_JOB_READY;
		step->due_ms = fg_core_now_ms(core) + RETRY_MS;
		return;
	}
	take_back(step);
	job->withdraw = FG_WITHDRAW_DONE;
	job->leg++;
	job->bearer = (Fallgate__Bearer)step->facts.links[step->decision.link].bearer;
	job->row = step->decision.row;
	job->reason = step->decision.reason;
	job->pin_override = step->decision.pin_override;
	job->decided_ms = fg_core_now_ms(core);
	fg_record_text(&job->link, link->name);
	if (fg_facts_write(&step->facts, line, sizeof(line), &len) != FG_OK)
		FG_BUG("facts out of range");
	facts_hash = fg_sha256(line, len);
	fg_record_bytes(&job->facts_hash, facts_hash.b, sizeof(facts_hash.b));
	fg_record_bytes(&job->policy_hash, core->policy_hash.b, sizeof(core->policy_hash.b));
	fg_record_free(job->view);
	job->view = fallgate__signed__unpack(NULL, step->view_len, step->view);
	fg_record_free(job->leaf);
	job->leaf = NULL;
	if (core->links[step->decision.link].credits)
		core->links[step->decision.link].credits--;
	step->state = FG_JOB_SENDING;
	step->due_ms = job->expires_ms + FAR_FUTURE_MS;
	step->order = true;
}

static void remember_facts(struct fg_step *step)
{
	char line[FG_FACTS_TEXT_MAX], decided[128];
	size_t len;

	if (fg_facts_write(&step->facts, line, sizeof(line), &len) != FG_OK)
		FG_BUG("facts out of range");
	snprintf(decided, sizeof(decided), "%s row=%u reason=%s",
		 fg_action_name(step->decision.action), step->decision.row, reason_code(step));
	fg_record_text(&step->job->facts, line);
	fg_record_text(&step->job->decided, decided);
	LOG_MSG(&step->event->id, DDECIDE, LOGL_INFO, "decide message: %s\n", decided);
}

void fg_apply_decision(struct fg_step *step)
{
	remember_facts(step);
	switch (step->decision.action) {
	case FG_ACTION_SECURE:
		apply_secure(step);
		break;
	case FG_ACTION_WITHDRAW:
		apply_withdraw(step);
		break;
	case FG_ACTION_DOWNGRADE:
		apply_downgrade(step);
		break;
	case FG_ACTION_ASK:
		apply_ask(step);
		break;
	case FG_ACTION_REFUSE:
		take_back(step);
		fg_apply_finish(step,
				step->job->leg ? FALLGATE__RECEIPT_KIND__RECEIPT_FAILED
					       : FALLGATE__RECEIPT_KIND__RECEIPT_REFUSED,
				reason_code(step));
		break;
	case FG_ACTION_EXPIRE:
		take_back(step);
		fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED, reason_code(step));
		break;
	case FG_ACTION_CANCELLED:
		take_back(step);
		fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_CANCELLED, reason_code(step));
		break;
	case FG_ACTION_WAIT:
	case FG_ACTION_COUNT:
		apply_wait(step);
		break;
	}
}
