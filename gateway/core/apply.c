/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a decision or an event does to a job's record: its next state, its queue items, its receipts. No I/O here: job.c commits.
 */
#include "gateway/core/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/decide/facts_text.h"
#include "lib/base/cursor.h"
#include "lib/proto/leaf.h"
#include "lib/wire/dlr.h"

#define DAY_MS (24 * 3600 * 1000ull)

enum {
	KEEP_FINAL_DAYS = 7,	 /* ours: how long a sender may ask what became of a message */
	REPORT_WAIT_HOURS = 24,	 /* operators.md 4.3: correlation for validity and this much more */
	RETRY_MS = 5000,	 /* order refused for a passing reason */
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
static Fallgate__Receipt *finish(struct fg_step *step, Fallgate__ReceiptKind kind, const char *reason)
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
	LOG_MSG(&step->event->id, DMSG, LOGL_INFO, "final message: kind=%d reason=%s\n", (int)kind, reason);
	return receipt;
}

/* What a receipt of an unprotected message says about how it went. */
static void describe_leg(const struct fg_step *step, Fallgate__Receipt *receipt)
{
	const Fallgate__StoredJob *job = step->job;

	receipt->protection = job->bearer == FALLGATE__BEARER__BEARER_RCS ?
				      FALLGATE__PROTECTION__PROTECTION_HOP :
				      FALLGATE__PROTECTION__PROTECTION_NONE;
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
	job->queued_devices = realloc(job->queued_devices, (job->n_queued_devices + 1) * sizeof(*job->queued_devices));
	if (!job->queued_devices)
		FG_BUG("out of memory");
	job->queued_devices[job->n_queued_devices] = (ProtobufCBinaryData){ 0 };
	fg_record_bytes(&job->queued_devices[job->n_queued_devices++], part->device_id.data, FG_DEVICE_ID_LEN);
}

static uint64_t next_look_ms(const struct fg_step *step)
{
	uint64_t expires = step->job->expires_ms, now = fg_core_now_ms(step->core);
	uint64_t undelivered = step->job->accepted_ms + step->facts.consent_after_ms;

	if (step->decision.wait_ms)
		return now + step->decision.wait_ms;
	if ((step->facts.consent_reasons & FG_CONSENT_FOR_UNDELIVERED) && undelivered > now && undelivered < expires)
		return undelivered;
	return expires;
}

static void apply_secure(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;

	if (step->facts.left_ms == 0) {
		take_back(step);
		finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED, fg_reason_code(FG_REASON_DEADLINE));
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
		finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_FAILED, fg_rc_name(FG_E_DEVICES_MISMATCH));
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

	snprintf(text, sizeof(text), "%s has no secure device; as SMS, carriers could read it", step->job->recipient);
	ask.message_id = step->job->message_id;
	ask.recipient = step->job->recipient;
	ask.reason = (char *)(uintptr_t)fg_reason_code(step->was_secure ? FG_REASON_PIN_CONFLICT : FG_REASON_ABSENT);
	ask.text = text;
	ask.view = step->view ? fg_signed_unpack(&core->jobs->arena, step->view, step->view_len) : NULL;
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
		finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED, fg_reason_code(FG_REASON_NO_CONSENT));
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
	snprintf(decided, sizeof(decided), "%s row=%u reason=%s", fg_action_name(step->decision.action),
		 step->decision.row, reason_code(step));
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
		finish(step, step->job->leg ? FALLGATE__RECEIPT_KIND__RECEIPT_FAILED :
					      FALLGATE__RECEIPT_KIND__RECEIPT_REFUSED, reason_code(step));
		break;
	case FG_ACTION_EXPIRE:
		take_back(step);
		finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED, reason_code(step));
		break;
	case FG_ACTION_CANCELLED:
		take_back(step);
		finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_CANCELLED, reason_code(step));
		break;
	case FG_ACTION_WAIT:
	case FG_ACTION_COUNT:
		apply_wait(step);
		break;
	}
}

/* ---- what the chain and the recipient say ---- */

static bool is_for(const Fallgate__StoredJob *job, const uint8_t *device)
{
	for (size_t i = 0; i < job->n_parts; i++)
		if (FG_HAS_LEN(job->parts[i]->device_id, FG_DEVICE_ID_LEN) &&
		    memcmp(job->parts[i]->device_id.data, device, FG_DEVICE_ID_LEN) == 0)
			return true;
	/* After the end the parts are gone, not who had a copy. */
	for (size_t i = 0; i < job->n_queued_devices; i++)
		if (memcmp(job->queued_devices[i].data, device, FG_DEVICE_ID_LEN) == 0)
			return true;
	return false;
}

static bool apply_acked(struct fg_step *step)
{
	Fallgate__Receipt *receipt;
	Fallgate__StoredJob *job = step->job;

#ifndef FG_MUTANT_ack_recipient
	if (!is_for(job, step->event->device)) /* the sender's other devices acknowledge their copies too */
		return false;
#endif
	if (job->bearer != FALLGATE__BEARER__BEARER_SECURE &&
	    (step->state == FG_JOB_SENDING || step->state == FG_JOB_SENT || step->state == FG_JOB_IN_DOUBT ||
	     step->state == FG_JOB_FINAL)) {
		/* The copy was on its way to the device when it was withdrawn: both may arrive. Said, never silent, even after
		 * the carrier's last word. */
		if (job->in_doubt)
			return false;
		job->in_doubt = true;
		receipt = fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_POSSIBLE_DUPLICATE,
					 fg_reason_code(FG_REASON_ACKNOWLEDGED));
		describe_leg(step, receipt);
		return true;
	}
	if (step->state == FG_JOB_FINAL)
		return false;
	receipt = finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED, fg_reason_code(FG_REASON_SECURE_DEVICES));
	job->bearer = FALLGATE__BEARER__BEARER_SECURE;
	receipt->protection = FALLGATE__PROTECTION__PROTECTION_E2E;
	receipt->bearer = FALLGATE__BEARER__BEARER_SECURE;
	receipt->ack = step->event->ack ? fg_record_copy(step->event->ack) : NULL;
	fg_record_bytes(&receipt->ack_device, step->event->device, FG_DEVICE_ID_LEN);
	return true;
}

/* Row 11: whose acknowledgement it was comes as an event of its own. */
static bool apply_not_withdrawn(struct fg_step *step)
{
	if (step->state != FG_JOB_SECURE && step->state != FG_JOB_READY && step->state != FG_JOB_ASKING)
		return false;
	step->job->withdraw = FG_WITHDRAW_FAILED;
	step->state = FG_JOB_SECURE;
	step->due_ms = fg_core_now_ms(step->core);
	step->decide_again = true;
	return true;
}

/* In doubt: a report may still come under a name that we never learned. "?" can be no carrier's id of ours. */
static void remember_doubt(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	size_t link_len = strlen(job->link) + 1;
	char *key = fg_step_own(step, malloc(link_len + 64));
	struct fg_store_op *op = fg_step_op(step, FG_OP_REF_PUT);
	int n;

	memcpy(key, job->link, link_len);
	n = snprintf(key + link_len, 64, "?%04x:%.32s", fg_leg_reference(&step->event->id, (uint16_t)job->leg),
		     job->recipient);
	op->key = FG_BYTES(key, link_len + (size_t)n);
}

static uint64_t wait_for_report_ms(const struct fg_step *step)
{
	const struct fg_conf *conf = step->core->conf;
	uint64_t validity_s = 172800;

	for (size_t i = 0; i < conf->links_count; i++)
		if (strcmp(conf->links[i].name, step->job->link) == 0)
			validity_s = (uint64_t)conf->links[i].validity_s;
	return fg_core_now_ms(step->core) + validity_s * 1000u + REPORT_WAIT_HOURS * 3600000ull;
}

/* Whether it left is not known and will not be asked again; it is not sent again. */
static void apply_doubt(struct fg_step *step, enum fg_rc why)
{
	remember_doubt(step);
	step->job->in_doubt = true;
	step->state = FG_JOB_IN_DOUBT;
	step->due_ms = wait_for_report_ms(step);
	describe_leg(step, fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN, fg_rc_name(why)));
}

static bool apply_refused(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	enum fg_rc rc = step->event->rc;
	enum fg_rc_class rc_class = fg_rc_class(rc);
	bool retry;

	if (step->state != FG_JOB_SENDING || step->event->leg != job->leg)
		return false;
	LOG_MSG(&step->event->id, DLEG, LOGL_NOTICE, "refused leg: by=%s leg=%u rc=%s\n",
		step->event->by_vault ? "vault" : "log", job->leg, fg_rc_name(rc));
	retry = rc_class == FG_CLASS_RETRY || rc_class == FG_CLASS_OTHER_LINK || rc_class == FG_CLASS_THROTTLE;
	/* The vault knows what it opened. The log does not: an order that was given before may have been carried out. */
	if (!step->event->by_vault && step->lane->repeated) {
		if (retry)
			fg_lane_again(step->core, step->lane);
		else
			apply_doubt(step, rc);
		return !retry;
	}
	if (retry) {
		/* Nothing was opened, so the number of the leg is free again; a leaf of it may stand in the log all the same. */
		job->leg--;
		step->state = FG_JOB_READY;
		step->due_ms = fg_core_now_ms(step->core) + RETRY_MS;
		return true;
	}
	finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_FAILED, fg_rc_name(rc));
	return true;
}

static void add_failed_link(Fallgate__StoredJob *job)
{
	job->failed_links = realloc(job->failed_links, (job->n_failed_links + 1) * sizeof(*job->failed_links));
	if (!job->failed_links)
		FG_BUG("out of memory");
	job->failed_links[job->n_failed_links] = (char *)(uintptr_t)protobuf_c_empty_string;
	fg_record_text(&job->failed_links[job->n_failed_links++], job->link);
}

static void forget_part_states(Fallgate__StoredJob *job)
{
	for (size_t i = 0; i < job->n_part_states; i++)
		fg_record_free(job->part_states[i]);
	free(job->part_states);
	job->part_states = NULL;
	job->n_part_states = 0;
}

/* One record a part, and a reference by which its delivery report finds the job. */
static void remember_parts(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	struct fg_cursor refs;

	forget_part_states(job);
	job->part_states = calloc(step->event->segments ? step->event->segments : 1, sizeof(*job->part_states));
	fg_cursor_init(&refs, step->event->refs, step->event->refs_len);
	while (job->part_states && job->n_part_states < step->event->segments) {
		Fallgate__StoredPart *part = malloc(sizeof(*part));
		struct fg_store_op *op;
		char *key, ref[256] = "";
		size_t link_len = strlen(job->link) + 1, ref_len = fg_cursor_u8(&refs);

		if (!part)
			FG_BUG("out of memory");
		if (refs.rc == FG_OK)
			fg_cursor_copy(&refs, ref, ref_len);
		fallgate__stored_part__init(part);
		fg_record_text(&part->ref, ref);
		part->state = FG_PART_ACCEPTED;
		job->part_states[job->n_part_states++] = part;
		if (ref[0] == 0 || step->ops_count >= FG_STEP_OPS_MAX - 8)
			continue;
		key = fg_step_own(step, malloc(link_len + ref_len));
		memcpy(key, job->link, link_len);
		memcpy(key + link_len, ref, ref_len);
		op = fg_step_op(step, FG_OP_REF_PUT);
		op->key = FG_BYTES(key, link_len + ref_len);
		op->number = (uint32_t)job->n_part_states - 1;
	}
}

static bool apply_leg(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	struct fg_event *event = step->event;

	if (step->state != FG_JOB_SENDING || event->leg != job->leg || event->leg_state == FG_LEG_OPENED)
		return false;
	if (!step->lane->leaf.proof || step->lane->leaf.leg != job->leg) {
		/* Without its leaf no receipt would be believed: the answer to the order, given again, brings both. */
		fg_lane_again(step->core, step->lane);
		return false;
	}
	fg_record_free(job->leaf);
	job->leaf = fg_record_copy(step->lane->leaf.proof); /* the lane's own stays until the commit */
	job->segments = event->segments;
	fg_record_text(&job->mark, event->mark);
	LOG_MSG(&event->id, DLEG, LOGL_INFO, "leg of message: link=%s leg=%u state=%d rc=%s code=0x%x\n", job->link,
		job->leg, (int)event->leg_state, fg_rc_name(event->rc), event->carrier_code);
	switch (event->leg_state) {
	case FG_LEG_ACCEPTED:
		remember_parts(step);
		step->state = FG_JOB_SENT;
		step->due_ms = wait_for_report_ms(step);
		describe_leg(step, fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_SENT,
						  fg_reason_code((enum fg_reason)job->reason)));
		return true;
	case FG_LEG_UNKNOWN:
		forget_part_states(job);
		apply_doubt(step, FG_E_LINK_UNKNOWN);
		return true;
	case FG_LEG_FAILED:
		add_failed_link(job);
		step->state = FG_JOB_READY;
		step->due_ms = fg_core_now_ms(step->core);
		step->decide_again = true;
		return true;
	case FG_LEG_DEFERRED:
	case FG_LEG_OPENED:
		break;
	}
	step->state = FG_JOB_READY;
	step->due_ms = fg_core_now_ms(step->core) + RETRY_MS;
	return true;
}

static void finish_reported(struct fg_step *step, Fallgate__ReceiptKind kind)
{
	Fallgate__Receipt *receipt = finish(step, kind, fg_reason_code((enum fg_reason)step->job->reason));

	describe_leg(step, receipt);
	receipt->carrier_claim = true;
}

static bool part_failed(const Fallgate__StoredPart *part)
{
	return part->report == FG_DLR_EXPIRED || part->report == FG_DLR_DELETED ||
	       part->report == FG_DLR_UNDELIVERABLE || part->report == FG_DLR_REJECTED;
}

static Fallgate__StoredPart *add_part(Fallgate__StoredJob *job, const char *ref)
{
	Fallgate__StoredPart *part = malloc(sizeof(*part));

	job->part_states = realloc(job->part_states, (job->n_part_states + 1) * sizeof(*job->part_states));
	if (!part || !job->part_states)
		FG_BUG("out of memory");
	fallgate__stored_part__init(part);
	fg_record_text(&part->ref, ref);
	job->part_states[job->n_part_states++] = part;
	return part;
}

/* Which part a report is about; of a message in doubt no part's id is known before its report brings it. NULL: none of ours. */
static Fallgate__StoredPart *part_of_report(struct fg_step *step, size_t parts)
{
	Fallgate__StoredJob *job = step->job;

	if (step->state == FG_JOB_SENT)
		return step->event->part < parts ? job->part_states[step->event->part] : NULL;
	for (size_t i = 0; i < job->n_part_states; i++)
		if (strcmp(job->part_states[i]->ref, step->event->report_ref) == 0)
			return job->part_states[i];
	return job->n_part_states < parts ? add_part(job, step->event->report_ref) : NULL;
}

/* Delivered only when every part is; failed when all are final and one failed. The carrier's claim, and labelled so. What was final
 * once stays as it was: a report that comes late or twice changes nothing. */
static bool apply_report(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	Fallgate__StoredPart *part;
	size_t parts = job->n_part_states, delivered = 0, final = 0, failed = 0;

	if (step->state != FG_JOB_SENT && step->state != FG_JOB_IN_DOUBT)
		return false;
	if (step->state == FG_JOB_IN_DOUBT)
		parts = job->segments ? job->segments : 1;
	part = part_of_report(step, parts);
	if (!part || part->report_final)
		return false;
	part->report = step->event->report_state;
	part->report_final = step->event->report_final;
	for (size_t i = 0; i < job->n_part_states; i++) {
		delivered += job->part_states[i]->report == FG_DLR_DELIVERED;
		final += job->part_states[i]->report_final != 0;
		failed += part_failed(job->part_states[i]);
	}
	if (final == parts)
		finish_reported(step, delivered == parts ? FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED :
				      failed		  ? FALLGATE__RECEIPT_KIND__RECEIPT_FAILED :
							    FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN);
	return true;
}

bool fg_apply_event(struct fg_step *step)
{
	switch (step->event->kind) {
	case FG_EVENT_ACKED:
		return apply_acked(step);
	case FG_EVENT_LEG:
		return apply_leg(step);
	case FG_EVENT_REFUSED:
		return apply_refused(step);
	case FG_EVENT_REPORT:
		return apply_report(step);
	case FG_EVENT_NOT_WITHDRAWN:
		return apply_not_withdrawn(step);
	case FG_EVENT_ACCEPT:
	case FG_EVENT_DECIDE:
	case FG_EVENT_CONSENT:
	case FG_EVENT_CANCEL:
		break;
	}
	return false;
}

bool fg_apply_overdue(struct fg_step *step)
{
	if (step->event->kind != FG_EVENT_DECIDE || step->due_ms > fg_core_now_ms(step->core) ||
	    (step->state != FG_JOB_SENT && step->state != FG_JOB_IN_DOUBT))
		return false;
	describe_leg(step, finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN, fg_rc_name(FG_E_TIMEOUT)));
	return true;
}
