/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Jobs on one bind: each part is one submit_sm, at most the learned window wait for their answer,
 * messages begin as fast as the pace allows, recipients taking turns, and the last answer makes the
 * outcome. After a part
 * that was not taken the rest of the message is not sent: half a text helps nobody, and the core
 * may try again. A part that came too fast is the exception: when others of its message were taken
 * it goes again after the pause, since the message has begun.
 */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

/* ---- the end of a job ---- */

static void job_free(struct fg_smpp_account *account, struct smpp_job *job)
{
	fg_job_text_free(job->job.text);
	if (job->parts != job->few)
		TALLOC_FREE(job->parts);
	if (account->spare_count >= SMPP_SPARE_MAX) {
		talloc_free(job);
		return;
	}
	job->next = account->spare;
	account->spare = job;
	account->spare_count++;
}

static void job_unlink(struct fg_smpp_session *session, struct smpp_job *job)
{
	*(job->prev ? &job->prev->next : &session->first) = job->next;
	*(job->next ? &job->next->prev : &session->last) = job->prev;
	if (session->unsent == job)
		session->unsent = job->next;
	session->jobs_count--;
	session->again_count -= job->again;
	account_job_remove(session->account, job);
}

/* The whole out of its parts, as adapter.h 4 has it. */
static void outcome_sum(struct smpp_job *job, struct fg_job_outcome *out)
{
	unsigned count[FG_PART_UNKNOWN + 1] = { 0 };

	out->message_id = job->job.message_id;
	out->leg = job->job.leg;
	out->parts = job->job.parts;
	out->carrier_code = job->carrier_code;
	for (unsigned i = 0; i < out->parts; i++) {
		uint8_t state = job->parts[i].state;

		out->part_state[i] = state == PART_AGAIN ? FG_PART_NOT_SENT : state;
		count[out->part_state[i]]++;
		strcpy(out->ref[i], job->parts[i].ref);
	}
	out->rc = job->rc;
	if (count[FG_PART_ACCEPTED] == out->parts) {
		out->outcome = FG_OUTCOME_ACCEPTED;
		out->rc = FG_OK;
		out->carrier_code = 0;
	} else if (count[FG_PART_UNKNOWN] > 0) {
		out->outcome = FG_OUTCOME_UNKNOWN;
		out->rc = FG_E_LINK_UNKNOWN;
	} else {
		out->outcome = count[FG_PART_FAILED] > 0 ? FG_OUTCOME_FAILED : FG_OUTCOME_DEFERRED;
		if (out->rc == FG_OK)
			out->rc = FG_E_LINK_DOWN;
	}
}

/* Returns how it ended. */
static enum fg_outcome job_finish(struct fg_smpp_session *session, struct smpp_job *job)
{
	struct fg_job_outcome *outcome = &session->account->outcome;

	job_unlink(session, job);
	outcome_sum(job, outcome);
	fg_host_outcome(session->account->host, outcome);
	job_free(session->account, job);
	return outcome->outcome;
}

/* Later messages to a recipient whose message is deferred must not overtake it: those that have not
 * begun are deferred too, in their order. */
static void defer_followers(struct fg_smpp_session *session, const char *destination, enum fg_rc rc,
			    uint32_t code)
{
	struct smpp_job *next;

	for (struct smpp_job *job = session->unsent; job; job = next) {
		next = job->next;
#ifndef FG_MUTANT_smpp_recipient_order
		if (job->sent > 0 || strcmp(job->job.destination, destination) != 0)
			continue;
		job->rc = rc;
		job->carrier_code = code;
		job_finish(session, job);
#endif
	}
	(void)destination, (void)rc, (void)code;
}

/* What is not sent by now stays unsent. */
static void job_stop(struct fg_smpp_session *session, struct smpp_job *job)
{
	session->again_count -= job->again;
	job->again = 0;
	job->stopped = true;
}

/* The recipient's queue is full, and the message has begun: its rest waits without holding up anybody else, and nothing to the same
 * recipient goes before it. */
static void set_aside(struct fg_smpp_session *session, struct smpp_job *job)
{
	for (; job->sent < job->job.parts; job->sent++) {
		job->parts[job->sent].state = PART_AGAIN;
		job->again++;
		session->again_count++;
	}
	if (session->unsent == job)
		session->unsent = job->next;
	defer_followers(session, job->job.destination, FG_E_LINK_BUSY, FG_SMPP_STATUS_RMSGQFUL);
}

bool submit_is_full(const struct fg_smpp_account *account, const char *destination)
{
	for (unsigned i = 0; i < account->sessions_count; i++) {
		const struct smpp_job *job = account->sessions[i]->first;
		unsigned left = account->sessions[i]->again_count;

		for (; job && left > 0; job = job->next) {
			if (job->again > 0 && job->full &&
			    strcmp(job->job.destination, destination) == 0)
				return true;
			left -= job->again;
		}
	}
	return false;
}

/* Did the last answer that is to come leave something to do? */
static void job_settle(struct fg_smpp_session *session, struct smpp_job *job)
{
	enum fg_rc rc = job->rc;
	uint32_t code = job->carrier_code;
	char destination[33];

	if (job->in_flight > 0)
		return;
	/* Nothing of it was taken, so the core may choose another way. */
	if (job->again > 0 && job->accepted == 0)
		job_stop(session, job);
	if (!job->stopped && (job->again > 0 || job->sent < job->job.parts)) {
		if (job->again > 0 && job->full)
			set_aside(session, job);
		return;
	}
	memcpy(destination, job->job.destination, sizeof(destination));
	if (job_finish(session, job) == FG_OUTCOME_DEFERRED && code != 0)
		defer_followers(session, destination, rc, code);
}

/* ---- submits that wait for their answer, by sequence number and in the order of time ---- */

static struct in_flight *slot_at(const struct fg_smpp_session *session, uint32_t sequence)
{
	return &session->in_flight[sequence & session->in_flight_mask];
}

static struct in_flight *slot_find(const struct fg_smpp_session *session, uint32_t sequence)
{
	struct in_flight *slot = slot_at(session, sequence);

	return slot->job && slot->sequence == sequence ? slot : NULL;
}

static struct in_flight *slot_new(struct fg_smpp_session *session, uint64_t now_ms)
{
	uint32_t sequence = session_next_sequence(session);
	struct in_flight *slot = slot_at(session, sequence);

	*slot = (struct in_flight){ .sequence = sequence,
				    .before = session->newest,
				    .depth = ++session->in_flight_count,
				    .sent_ms = now_ms };
	if (session->newest)
		slot_at(session, session->newest)->after = sequence;
	else
		session->oldest = sequence;
	session->newest = sequence;
	return slot;
}

static void slot_release(struct fg_smpp_session *session, struct in_flight *slot)
{
	*(slot->before ? &slot_at(session, slot->before)->after : &session->oldest) = slot->after;
	*(slot->after ? &slot_at(session, slot->after)->before : &session->newest) = slot->before;
	slot->job->in_flight--;
	slot->job = NULL;
	session->in_flight_count--;
}

uint64_t submit_due_ms(const struct fg_smpp_session *session)
{
	return session->oldest ? slot_at(session, session->oldest)->sent_ms +
					 (uint64_t)session->account->conf->response_timeout_ms
			       : UINT64_MAX;
}

/* ---- sending ---- */

static void part_send(struct fg_smpp_session *session, struct smpp_job *job, unsigned part,
		      uint64_t now_ms)
{
	struct in_flight *slot = slot_new(session, now_ms);

	slot->job = job;
	slot->part = (uint8_t)part;
	job->parts[part].state = PART_IN_FLIGHT;
	job->in_flight++;
	message_send(session, slot);
	fg_smpp_pace_take(&session->account->pace, now_ms);
}

/* Once all is written the text is needed again only if a part may have to go once more: without its
 * mark TLV, or after a pause. */
static void text_drop_if_done(const struct fg_smpp_session *session, struct smpp_job *job)
{
	const struct fg_smpp_account *account = session->account;

	if (job->sent < job->job.parts || job->job.parts > 1 ||
	    (account->conf->mark_tlv > 0 && !account->mark_refused && !session->no_tlvs))
		return;
	fg_job_text_free(job->job.text);
	job->job.text = NULL;
}

static bool window_is_full(const struct fg_smpp_session *session)
{
	return session->in_flight_count >= session->account->window.now;
}

static bool is_too_late(const struct smpp_job *job, uint64_t now_ms)
{
	return job->job.validity_s > 0 &&
	       now_ms >= job->taken_ms + (uint64_t)job->job.validity_s * 1000;
}

/* Parts that came too fast, of messages that have begun: they are first when the pause is over. */
static void send_again(struct fg_smpp_session *session, uint64_t now_ms)
{
	unsigned left = session->again_count; /* not looked at yet */
	struct smpp_job *next;

	if (fg_smpp_pace_paused(&session->account->pace, now_ms))
		return;
	for (struct smpp_job *job = session->first; job && left > 0; job = next) {
		next = job->next;
		left -= job->again;
		if (job->again > 0 && is_too_late(job, now_ms)) {
			job_stop(session, job);
			job_settle(session, job); /* and others with it: look anew */
			next = session->first;
			left = session->again_count;
			continue;
		}
		if (now_ms < job->again_at_ms)
			continue;
		for (unsigned i = 0; i < job->sent && job->again > 0 && !job->stopped; i++) {
			if (job->parts[i].state != PART_AGAIN)
				continue;
			if (window_is_full(session))
				return;
			job->again--;
			session->again_count--;
			part_send(session, job, i, now_ms);
		}
	}
}

/* ---- which message begins next ---- */

static void move_to_front(struct fg_smpp_session *session, struct smpp_job *job)
{
	struct smpp_job *head = session->unsent;

	job->prev->next = job->next; /* it is behind head */
	*(job->next ? &job->next->prev : &session->last) = job->prev;
	job->prev = head->prev;
	job->next = head;
	*(head->prev ? &head->prev->next : &session->first) = job;
	head->prev = job;
	session->unsent = job;
}

/* When the recipient had its turn last: the smaller, the longer it waits. */
static uint32_t age_of(const struct fg_smpp_account *account, const struct smpp_job *job)
{
	return account->begun_count - account->begun[job->bucket];
}

/* What has begun goes on. Else the recipients take turns, the one that waits longest first; of its messages the first. With a
 * recipient that had none of the last turns there is nothing to choose. */
static struct smpp_job *next_to_send(struct fg_smpp_session *session)
{
	const struct fg_smpp_account *account = session->account;
	struct smpp_job *best = session->unsent, *job;

	if (!best || best->sent > 0 || age_of(account, best) > SMPP_FAIR_LOOK)
		return best;
#ifndef FG_MUTANT_smpp_recipient_turns
	job = best->next;
	for (unsigned i = 0; job && i < SMPP_FAIR_LOOK; job = job->next, i++)
		if (age_of(account, job) > age_of(account, best))
			best = job;
#else
	(void)job;
#endif
	if (best != session->unsent)
		move_to_front(session, best);
	return best;
}

static void begin(struct fg_smpp_account *account, const struct smpp_job *job)
{
	account->begun[job->bucket] = ++account->begun_count;
}

void submit_pump(struct fg_smpp_session *session, uint64_t now_ms)
{
	struct smpp_job *job;

	if (!session_may_submit(session))
		return;
	if (session->again_count > 0)
		send_again(session, now_ms);
	while (!window_is_full(session) && (job = next_to_send(session)) && job->again == 0) {
		/* A message that has begun is not held back, and one of several parts draws all. */
		if (job->sent == 0 && !fg_smpp_pace_ready(&session->account->pace, now_ms))
			return;
		if (job->sent == 0)
			begin(session->account, job);
		while (job->sent < job->job.parts && !job->stopped) {
			if (window_is_full(session))
				return;
			part_send(session, job, job->sent++, now_ms);
		}
		session->unsent = job->next;
		text_drop_if_done(session, job);
	}
}

uint64_t submit_next_ms(const struct fg_smpp_session *session)
{
	const struct fg_smpp_pace *pace = &session->account->pace;
	unsigned left = session->again_count;
	uint64_t next = UINT64_MAX;

	if (!session_may_submit(session) || window_is_full(session))
		return UINT64_MAX;
	if (session->unsent && session->unsent->again == 0)
		next = fg_smpp_pace_ready_ms(pace);
	for (const struct smpp_job *job = session->first; job && left > 0; job = job->next) {
		uint64_t due = job->again_at_ms > pace->paused_until_ms ? job->again_at_ms
									: pace->paused_until_ms;

		if (job->again > 0 && due < next)
			next = due;
		left -= job->again;
	}
	return next;
}

void submit_take(struct fg_smpp_session *session, const struct fg_job *job, struct smpp_job *own,
		 uint64_t now_ms)
{
	own->job = *job;
	own->job.offsets = NULL;
	own->session = session;
	own->taken_ms = now_ms;
	for (unsigned i = 0; i < job->parts; i++) {
		own->parts[i].offset = job->offsets[i];
		own->parts[i].state = FG_PART_NOT_SENT;
		own->parts[i].ref[0] = '\0';
	}
	own->prev = session->last;
	*(session->last ? &session->last->next : &session->first) = own;
	session->last = own;
	if (!session->unsent)
		session->unsent = own;
	session->jobs_count++;
	account_job_add(session->account, own);
	submit_pump(session, now_ms);
}

/* ---- answers ---- */

static bool is_recipients_queue(const struct fg_smpp_account *account, const struct in_flight *slot,
				uint32_t code)
{
#ifndef FG_MUTANT_smpp_recipient_full
	return code == FG_SMPP_STATUS_RMSGQFUL && account->accepted_ms > slot->sent_ms;
#else
	(void)account, (void)slot, (void)code;
	return false;
#endif
}

/* Too fast, or too many at once? 0x14 while others were taken is the queue of one recipient: true. */
static bool learn(struct fg_smpp_session *session, const struct in_flight *slot, uint32_t code,
		  uint64_t now_ms)
{
	struct fg_smpp_account *account = session->account;
	bool throttle = account_status(account, code)->class == FG_SMPP_CLASS_THROTTLE;
	unsigned window = account->window.now;

	if (code == 0) {
		account->accepted_ms = now_ms;
		fg_smpp_window_accepted(&account->window, slot->depth, now_ms);
		return false;
	}
	if (!throttle && code != FG_SMPP_STATUS_RSUBMITFAIL)
		return false;
	if (fg_smpp_window_refused(&account->window, slot->depth, now_ms)) {
		if (account->window.now == window)
			return false;
		LOG_LINK(fg_host_name(account->host), DSMPP, LOGL_NOTICE,
			 "window is %u: deeper ones are refused code=0x%x\n", account->window.now,
			 code);
		fg_smpp_pace_forgive(&account->pace, now_ms);
		account_changed(account, NULL);
		return false;
	}
	if (!throttle || is_recipients_queue(account, slot, code))
		return throttle;
	fg_smpp_pace_slow(&account->pace, slot->sent_ms, now_ms);
	LOG_LINK(fg_host_name(account->host), DSMPP, LOGL_INFO,
		 "slower: %lld segments/s code=0x%x\n",
		 (long long)fg_smpp_pace_rate(&account->pace), code);
	return false;
}

bool is_not_taken(enum fg_smpp_status_class class)
{
	return class == FG_SMPP_CLASS_THROTTLE || class == FG_SMPP_CLASS_TEMPORARY ||
	       class == FG_SMPP_CLASS_SESSION;
}

/* Less and less often while the recipient's queue stays full; after the pause of the link when it was too fast. */
static void part_again(struct fg_smpp_session *session, struct in_flight *slot, bool full,
		       uint64_t now_ms)
{
	struct smpp_job *job = slot->job;

	job->parts[slot->part].state = PART_AGAIN;
	job->again++;
	session->again_count++;
	job->full = full;
	if (!full) {
		job->again_at_ms = 0;
		return;
	}
	if (now_ms >= job->again_at_ms) /* once for all parts that were refused together */
		job->again_pause_ms = job->again_pause_ms == 0 ? SMPP_FULL_MS
				      : job->again_pause_ms * 2 < SMPP_FULL_MAX_MS
					      ? job->again_pause_ms * 2
					      : SMPP_FULL_MAX_MS;
	job->again_at_ms = now_ms + job->again_pause_ms;
}

static void part_state_set(struct fg_smpp_session *session, struct in_flight *slot,
			   const struct fg_smpp_status *status, uint32_t code, bool full,
			   uint64_t now_ms)
{
	struct smpp_job *job = slot->job;
	struct smpp_part *part = &job->parts[slot->part];
	bool not_taken = is_not_taken(status->class);

	if (code == 0) {
		part->state = FG_PART_ACCEPTED;
		job->accepted++;
		return;
	}
	/* The next one goes without; the core decides whether there is a next one. */
	if (status->class == FG_SMPP_CLASS_TIME_FIELD && slot->with_validity)
		session->account->validity_refused = not_taken = true;
	if (status->class == FG_SMPP_CLASS_TLV_REFUSED && slot->with_mark)
		not_taken = true; /* a bind that ends could not send it again */
	part->state = not_taken ? FG_PART_NOT_SENT : FG_PART_FAILED;
	if (status->class == FG_SMPP_CLASS_THROTTLE && job->job.parts > 1 && !job->stopped)
		part_again(session, slot, full, now_ms);
	else
		job_stop(session, job);
	/* A failure says more than a delay. */
	if (job->rc == FG_OK || !not_taken) {
		job->rc = full ? FG_E_LINK_BUSY : status->rc;
		job->carrier_code = code;
	}
}

static bool resend_without_mark(struct fg_smpp_session *session, struct in_flight *slot,
				enum fg_smpp_status_class class, uint64_t now_ms)
{
	struct smpp_job *job = slot->job;
	unsigned part = slot->part;

	if (!slot->with_mark || class != FG_SMPP_CLASS_TLV_REFUSED)
		return false;
	if (!session->account->mark_refused)
		LOG_LINK(fg_host_name(session->account->host), DMARK, LOGL_NOTICE,
			 "leave out mark TLV: peer refuses it, the mark in the text stays\n");
	session->account->mark_refused = true;
	if (!session_may_submit(session))
		return false;
	slot_release(session, slot);
	part_send(session, job, part, now_ms);
	return true;
}

static void ref_take(struct fg_smpp_session *session, char ref[static FG_REF_MAX + 1],
		     const struct fg_smpp_pdu *pdu, const char *destination)
{
	struct fg_smpp_bytes id = pdu->sm_resp.message_id;

	ref[0] = '\0';
	if (pdu->command != FG_SMPP_SUBMIT_SM_RESP || id.len == 0 || id.len > FG_REF_MAX)
		return;
	memcpy(ref, id.at, id.len);
	ref[id.len] = '\0';
	fg_smpp_ids_response(session->account->ids, ref, destination);
}

static void about_job(const struct fg_smpp_account *account, const struct fg_job *job,
		      struct smpp_about *out)
{
	snprintf(out->source, sizeof(out->source), "%s", message_source(account, job));
	memcpy(out->destination, job->destination, sizeof(out->destination));
	out->reference = job->message_reference;
	out->validity_s = job->validity_s ? job->validity_s : (uint32_t)account->conf->validity_s;
}

static void accepted(struct fg_smpp_session *session, struct in_flight *slot,
		     const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	char *ref = slot->job->parts[slot->part].ref;
	const struct fg_job *job = &slot->job->job;
	struct smpp_about about;
	bool has_name;

	ref_take(session, ref, pdu, job->destination);
	has_name = fg_smpp_ids_name(session->account->ids, ref, job->message_reference,
				    job->destination);
	if (!has_name || !session->account->query.queries)
		return;
	about_job(session->account, job, &about);
	query_expect(session->account, &about, ref, now_ms);
}

/* The bind is not what it was. What is still on its way is answered too, most likely the same; until then it is not given up. */
static void session_refused(struct fg_smpp_session *session, const char *note, uint64_t now_ms)
{
#ifndef FG_MUTANT_smpp_session_refused
	if (session->in_flight_count > 0 && session->state == SESSION_BOUND) {
		session_unbind(session, now_ms);
		account_changed(session->account, note);
		return;
	}
	if (session->state == SESSION_UNBINDING && session->in_flight_count > 0)
		return;
#endif
	(void)now_ms;
	session_close(session, FG_SMPP_CLOSE_LOST, note);
}

bool submit_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms)
{
	struct in_flight *slot = slot_find(session, pdu->sequence);
	bool bare_nack = pdu->command == FG_SMPP_GENERIC_NACK && pdu->status == 0;
	uint32_t code = bare_nack ? FG_SMPP_STATUS_RUNKNOWNERR : pdu->status;
	const struct fg_smpp_status *status = account_status(session->account, code);
	struct smpp_job *job;
	bool full;

	if (!slot)
		return false;
	account_round_trip(session->account, now_ms - slot->sent_ms);
	account_own_code(session->account, code, status);
	full = learn(session, slot, code, now_ms);
	if (resend_without_mark(session, slot, status->class, now_ms))
		return true;
	job = slot->job;
	part_state_set(session, slot, status, code, full, now_ms);
	if (code == 0)
		accepted(session, slot, pdu, now_ms);
	slot_release(session, slot);
	session->account->carrier_code = code;
	job_settle(session, job);
	if (status->class == FG_SMPP_CLASS_SESSION)
		session_refused(session, status->note, now_ms);
	return true;
}

static void part_unknown(struct fg_smpp_session *session, struct in_flight *slot)
{
	struct smpp_job *job = slot->job;

	job->parts[slot->part].state = FG_PART_UNKNOWN;
	job_stop(session, job);
	slot_release(session, slot);
	job_settle(session, job);
}

/* As many as can be under way; without memory a late response is worth nothing. */
static void lost_add(struct fg_smpp_session *session, const struct in_flight *slot)
{
	struct smpp_lost *lost;

	if (!session->lost) {
		session->lost_size = session->account->window.most;
		session->lost = talloc_zero_array(session, struct smpp_lost, session->lost_size);
	}
	if (!session->lost)
		return;
	lost = &session->lost[session->lost_next++ % session->lost_size];
	lost->sequence = slot->sequence;
	about_job(session->account, &slot->job->job, &lost->about);
}

bool submit_answered_late(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
			  uint64_t now_ms)
{
	char ref[FG_REF_MAX + 1];

	for (unsigned i = 0; session->lost && i < session->lost_size; i++) {
		struct smpp_lost *lost = &session->lost[i];

		if (lost->sequence != pdu->sequence || pdu->sequence == 0)
			continue;
		lost->sequence = 0;
		ref_take(session, ref, pdu, lost->about.destination);
		query_late_response(session->account, &lost->about, pdu, ref, now_ms);
		return true;
	}
	return false;
}

bool submit_timeouts(struct fg_smpp_session *session, uint64_t now_ms)
{
	bool any = false;

	while (now_ms >= submit_due_ms(session)) {
		struct in_flight *slot = slot_at(session, session->oldest);

		LOG_MSG(&slot->job->job.message_id, DSMPP, LOGL_NOTICE,
			"no answer to submit: part=%u\n", slot->part + 1u);
		lost_add(session, slot);
		part_unknown(session, slot);
		any = true;
	}
	return any;
}

void submit_abandon(struct fg_smpp_session *session)
{
	TALLOC_FREE(session->lost);
	while (session->oldest)
		part_unknown(session, slot_at(session, session->oldest));
	while (session->first) {
		job_stop(session, session->first);
		job_settle(session, session->first);
	}
}
