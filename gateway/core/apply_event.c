/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an event that needs no decision does to a job's record: the words of the chain, of carriers and of the recipient's devices.
 */
#include "gateway/core/internal.h"
#include "gateway/core/retry.h"
#include "gateway/core/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/proto/leaf.h"
#include "lib/wire/dlr.h"

enum {
	REPORT_WAIT_HOURS = 24, /* correlation for the validity and this much more */
	RETRY_MS = 5000,        /* order refused for a passing reason */
};

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
	if (!is_for(job,
		    step->event
			    ->device)) /* the sender's other devices acknowledge their copies too */
		return false;
#endif
	if (job->bearer != FALLGATE__BEARER__BEARER_SECURE &&
	    (step->state == FG_JOB_SENDING || step->state == FG_JOB_SENT ||
	     step->state == FG_JOB_IN_DOUBT || step->state == FG_JOB_FINAL)) {
		/* The copy was on its way to the device when it was withdrawn: both may arrive. Said, never silent, even after
		 * the carrier's last word. */
		if (job->in_doubt)
			return false;
		job->in_doubt = true;
		receipt = fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_POSSIBLE_DUPLICATE,
					 fg_reason_code(FG_REASON_ACKNOWLEDGED));
		fg_apply_describe_leg(step, receipt);
		return true;
	}
	if (step->state == FG_JOB_FINAL)
		return false;
	receipt = fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED,
				  fg_reason_code(FG_REASON_SECURE_DEVICES));
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
	if (step->state != FG_JOB_SECURE && step->state != FG_JOB_READY &&
	    step->state != FG_JOB_ASKING)
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
	n = snprintf(key + link_len, 64, "?%04x:%.32s",
		     fg_leg_reference(&step->event->id, (uint16_t)job->leg), job->recipient);
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
	fg_apply_describe_leg(step, fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN,
						   fg_rc_name(why)));
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
	retry = rc_class == FG_CLASS_RETRY || rc_class == FG_CLASS_OTHER_LINK ||
		rc_class == FG_CLASS_THROTTLE;
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
	fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_FAILED, fg_rc_name(rc));
	return true;
}

static void add_failed_link(Fallgate__StoredJob *job, const char *link)
{
	job->failed_links =
		realloc(job->failed_links, (job->n_failed_links + 1) * sizeof(*job->failed_links));
	if (!job->failed_links)
		FG_BUG("out of memory");
	job->failed_links[job->n_failed_links] = (char *)(uintptr_t)protobuf_c_empty_string;
	fg_record_text(&job->failed_links[job->n_failed_links++], link);
}

/* A recipient whom the far side refuses for good is refused by every other link of that bearer: each try costs a price. */
static void add_failed_links(struct fg_step *step)
{
	const struct fg_conf *conf = step->core->conf;
	Fallgate__StoredJob *job = step->job;
	unsigned own = fg_operate_find(step->core, job->link);

	add_failed_link(job, job->link);
#ifndef FG_MUTANT_job_recipient
	for (unsigned i = 0; step->event->rc == FG_E_LINK_RECIPIENT && own < conf->links_count &&
			     i < conf->links_count;
	     i++)
		if (i != own && *conf->links[i].name &&
		    strcmp(conf->links[i].bearer, conf->links[own].bearer) == 0)
			add_failed_link(job, conf->links[i].name);
#endif
	(void)conf, (void)own;
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
	job->part_states = calloc(step->event->segments ? step->event->segments : 1,
				  sizeof(*job->part_states));
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

/* What is the link's business (too fast, down, its equipment) passes soon, or another link takes it; what the far side cannot take goes by the
 * schedule, each attempt a leg. */
static uint64_t deferred_ms(const struct fg_step *step)
{
	const Fallgate__StoredJob *job = step->job;

	if (fg_rc_class(step->event->rc) != FG_CLASS_RETRY)
		return RETRY_MS;
	return 1000ull * fg_retry_s((uint8_t)job->message_class, job->leg,
				    job->message_id.data[FG_ID_LEN - 1]);
}

static bool apply_leg(struct fg_step *step)
{
	Fallgate__StoredJob *job = step->job;
	struct fg_event *event = step->event;

	if (step->state != FG_JOB_SENDING || event->leg != job->leg ||
	    event->leg_state == FG_LEG_OPENED)
		return false;
	if (!step->lane->leaf.proof || step->lane->leaf.leg != job->leg) {
		/* Without its leaf no receipt would be believed: the answer to the order, given again, brings both. */
		fg_lane_again(step->core, step->lane);
		return false;
	}
	fg_record_free(job->leaf);
	job->leaf =
		fg_record_copy(step->lane->leaf.proof); /* the lane's own stays until the commit */
	job->segments = event->segments;
	fg_record_text(&job->mark, event->mark);
	LOG_MSG(&event->id, DLEG, LOGL_INFO,
		"leg of message: link=%s leg=%u state=%d rc=%s code=0x%x\n", job->link, job->leg,
		(int)event->leg_state, fg_rc_name(event->rc), event->carrier_code);
	switch (event->leg_state) {
	case FG_LEG_ACCEPTED:
		remember_parts(step);
		step->state = FG_JOB_SENT;
		step->due_ms = wait_for_report_ms(step);
		fg_apply_describe_leg(step,
				      fg_receipt_add(step, FALLGATE__RECEIPT_KIND__RECEIPT_SENT,
						     fg_reason_code((enum fg_reason)job->reason)));
		return true;
	case FG_LEG_UNKNOWN:
		forget_part_states(job);
		apply_doubt(step, FG_E_LINK_UNKNOWN);
		return true;
	case FG_LEG_FAILED:
		add_failed_links(step);
		step->state = FG_JOB_READY;
		step->due_ms = fg_core_now_ms(step->core);
		step->decide_again = true;
		return true;
	case FG_LEG_DEFERRED:
	case FG_LEG_OPENED:
		break;
	}
	step->state = FG_JOB_READY;
	step->due_ms = fg_core_now_ms(step->core) + deferred_ms(step);
	return true;
}

static void finish_reported(struct fg_step *step, Fallgate__ReceiptKind kind)
{
	Fallgate__Receipt *receipt =
		fg_apply_finish(step, kind, fg_reason_code((enum fg_reason)step->job->reason));

	fg_apply_describe_leg(step, receipt);
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

	job->part_states =
		realloc(job->part_states, (job->n_part_states + 1) * sizeof(*job->part_states));
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
		finish_reported(step, delivered == parts ? FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED
				      : failed           ? FALLGATE__RECEIPT_KIND__RECEIPT_FAILED
							 : FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN);
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
	fg_apply_describe_leg(step, fg_apply_finish(step, FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN,
						    fg_rc_name(FG_E_TIMEOUT)));
	return true;
}
