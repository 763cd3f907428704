/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Jobs: each segment is one AT+CMGS, its PDU given at the prompt, its answer awaited for up to two
 * minutes. Until the PDU left nothing can have been sent; afterwards only an answer says what became
 * of it, and without one it is unknown. After a segment that was not taken the rest of the message is not
 * sent. What the answer means is lib/wire/cms.def.
 */
#include "adapters/modem/session_internal.h"

#include <string.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/udh.h"

static const char end_of_pdu[] = "\x1A";

/* ---- the end of a job ---- */

static void job_free(struct modem_job *job)
{
	fg_job_text_free(job->job.text);
	talloc_free(job);
}

static void job_unlink(struct fg_modem_session *session, struct modem_job *job)
{
	struct modem_job **at = &session->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (session->last == &job->next)
		session->last = at;
	session->jobs_count--;
}

/* The whole out of its parts, as adapter.h 4 has it. */
static void outcome_sum(const struct modem_job *job, struct fg_job_outcome *out)
{
	unsigned count[FG_PART_UNKNOWN + 1] = { 0 };

	memset(out, 0, sizeof(*out));
	out->message_id = job->job.message_id;
	out->leg = job->job.leg;
	out->parts = job->job.parts;
	out->rc = job->rc;
	out->carrier_code = job->carrier_code;
	for (unsigned i = 0; i < out->parts; i++) {
		out->part_state[i] = job->parts[i].state;
		count[out->part_state[i]]++;
		strcpy(out->ref[i], job->parts[i].ref);
	}
	if (count[FG_PART_ACCEPTED] == out->parts) {
		out->outcome = FG_OUTCOME_ACCEPTED;
		out->rc = FG_OK;
		out->carrier_code = 0;
	} else if (count[FG_PART_UNKNOWN] > 0) {
		out->outcome = FG_OUTCOME_UNKNOWN;
		out->rc = FG_E_LINK_UNKNOWN;
	} else {
		out->outcome = count[FG_PART_FAILED] > 0 ? FG_OUTCOME_FAILED : FG_OUTCOME_DEFERRED;
	}
}

static enum fg_outcome job_finish(struct fg_modem_session *session, struct modem_job *job)
{
	struct fg_job_outcome *outcome = &session->outcome;

	job_unlink(session, job);
	outcome_sum(job, outcome);
	session->carrier_code = outcome->carrier_code;
	fg_host_outcome(session->host, outcome);
	job_free(job);
	return outcome->outcome;
}

/* Later messages to the recipient of a deferred one must not overtake it. */
static void defer_followers(struct fg_modem_session *session, const char *destination,
			    enum fg_rc rc, uint32_t code)
{
	struct modem_job *next;

	for (struct modem_job *job = session->first; job; job = next) {
		next = job->next;
		if (job->begun || strcmp(job->job.destination, destination) != 0)
			continue;
		job->rc = rc;
		job->carrier_code = code;
		job_finish(session, job);
	}
}

static void job_settle(struct fg_modem_session *session, struct modem_job *job)
{
	char destination[33];
	enum fg_rc rc = job->rc;
	uint32_t code = job->carrier_code;

	if (!job->stopped && job->at < job->job.parts)
		return;
	memcpy(destination, job->job.destination, sizeof(destination));
	if (job_finish(session, job) == FG_OUTCOME_DEFERRED)
		defer_followers(session, destination, rc, code);
}

void outbound_defer_waiting(struct fg_modem_session *session, enum fg_rc rc)
{
	struct modem_job *next;

	for (struct modem_job *job = session->first; job; job = next) {
		next = job->next;
		if (job->begun)
			continue;
		job->rc = rc;
		job_finish(session, job);
	}
}

static void body_wipe(struct fg_modem_session *session)
{
	explicit_bzero(session->body, sizeof(session->body));
	session->body_len = 0;
}

/* ---- how a segment ended ---- */

static struct modem_part *part_now(const struct fg_modem_session *session)
{
	return &session->first->parts[session->first->at];
}

static void part_end(struct fg_modem_session *session, enum fg_part_state state, enum fg_rc rc,
		     uint32_t code)
{
	struct modem_job *job = session->first;

	part_now(session)->state = (uint8_t)state;
	session->busy_tries = 0;
	session->body_left = false;
	body_wipe(session);
	if (state == FG_PART_ACCEPTED) {
		job->at++;
		session->faults = 0;
		session->rest_ms = MODEM_REST_MIN_MS;
	} else {
		job->stopped = true;
		job->rc = rc;
		job->carrier_code = code;
	}
	job_settle(session, job);
}

/* The reference of the far side is one octet, so the moment makes it a name. */
static void part_accepted(struct fg_modem_session *session)
{
	struct modem_part *part = part_now(session);

	if (session->told_reference >= 0)
		snprintf(part->ref, sizeof(part->ref), "%02x-%llx",
			 (unsigned)session->told_reference, (unsigned long long)session->place_ms);
	part_end(session, FG_PART_ACCEPTED, FG_OK, 0);
}

static void part_unknown(struct fg_modem_session *session, uint32_t code, const char *why)
{
	LOG_MSG(&session->first->job.message_id, DMODEM, LOGL_NOTICE,
		"outcome unknown: %s part=%u\n", why, session->first->at + 1);
	part_end(session, FG_PART_UNKNOWN, FG_E_LINK_UNKNOWN, code);
	dialogue_fault(session, why);
}

/* Nothing of it was sent, so its report can never come. */
static void part_not_sent(struct fg_modem_session *session, enum fg_part_state state, enum fg_rc rc,
			  uint32_t code)
{
	if (session->body_left)
		fg_modem_state_sent_drop(session->state, session->place);
	part_end(session, state, rc, code);
}

static void part_fault(struct fg_modem_session *session, uint32_t code, const char *why)
{
	part_not_sent(session, FG_PART_NOT_SENT, FG_E_LINK_FAULT, code);
	dialogue_fault(session, why);
}

/* Again in place, after 1, 2 and 4 seconds. */
static void part_busy(struct fg_modem_session *session, uint32_t code)
{
	if (session->busy_tries >= MODEM_BUSY_TRIES) {
		part_not_sent(session, FG_PART_NOT_SENT, FG_E_LINK_BUSY, code);
		return;
	}
	if (session->body_left)
		fg_modem_state_sent_drop(session->state, session->place);
	session->body_left = false;
	session->busy_until_ms = session->now.mono_ms + (UINT64_C(1000) << session->busy_tries++);
}

static void part_alarm(struct fg_modem_session *session, const struct fg_cms_code *code,
		       const char *what)
{
	LOG_MSG(&session->first->job.message_id, DMODEM, LOGL_ERROR, "alarm: %s: %s code=%u\n",
		what, code->note, code->value);
}

/* The network could not bring it to this recipient: the next message to it waits a while. */
static void part_later(struct fg_modem_session *session, uint32_t code, uint64_t ms)
{
	struct modem_away *away = &session->away[0];

	for (unsigned i = 1; i < MODEM_AWAY_MAX; i++)
		if (session->away[i].until_ms < away->until_ms)
			away = &session->away[i];
	*away = (struct modem_away){ .recipient = fg_modem_hash(session->first->job.destination),
				     .code = code,
				     .until_ms = session->now.mono_ms + ms };
	part_not_sent(session, FG_PART_NOT_SENT, FG_E_LINK_BUSY, code);
}

static const struct modem_away *away_find(const struct fg_modem_session *session,
					  const char *destination)
{
	uint32_t recipient = fg_modem_hash(destination);

	for (unsigned i = 0; i < MODEM_AWAY_MAX; i++)
		if (session->away[i].recipient == recipient &&
		    session->away[i].until_ms > session->now.mono_ms)
			return &session->away[i];
	return NULL;
}

/* "Again once": whether this is the first time only a memory of the last ones tells. */
static void part_once(struct fg_modem_session *session, uint32_t code)
{
	const struct fg_id *id = &session->first->job.message_id;

	for (unsigned i = 0; i < MODEM_ONCE_MAX; i++)
		if (fg_id_cmp(&session->once[i], id) == 0) {
			part_not_sent(session, FG_PART_FAILED, FG_E_LINK_REJECTED, code);
			return;
		}
	session->once[session->once_next] = *id;
	session->once_next = (session->once_next + 1) % MODEM_ONCE_MAX;
	part_later(session, code, MODEM_AWAY_MS);
}

static void part_validity(struct fg_modem_session *session, uint32_t code)
{
	if (!session->with_validity) {
		part_not_sent(session, FG_PART_FAILED, FG_E_LINK_REJECTED, code);
		return;
	}
	LOG_MODEM(session, LOGL_NOTICE, "leave out validity: the network refuses it code=%u\n",
		  code);
	session->no_validity = true;
	fg_modem_state_sent_drop(session->state, session->place);
	session->body_left = false; /* the same segment, at once */
}

static enum fg_cms_class class_of(const struct fg_modem_session *session,
				  const struct modem_result *result)
{
	uint32_t code = dialogue_code(result);
	enum fg_cms_class class = fg_cms_find(result->family, code)->class;

	if (result->family == FG_CMS_ERROR && code != 0 && code == session->profile->busy)
		return FG_CMS_CLASS_BUSY;
	if (result->code < 0) /* ERROR and no more, or words */
		class = FG_CMS_CLASS_UNKNOWN;
	if (class == FG_CMS_CLASS_UNKNOWN && !session->body_left)
		return FG_CMS_CLASS_MODEM; /* nothing left */
	return class;
}

static void part_refused(struct fg_modem_session *session, const struct modem_result *result)
{
	uint32_t code = dialogue_code(result);
	const struct fg_cms_code *row = fg_cms_find(result->family, code);

	switch (class_of(session, result)) {
	case FG_CMS_CLASS_RECIPIENT:
		part_not_sent(session, FG_PART_FAILED, FG_E_LINK_RECIPIENT, code);
		return;
	case FG_CMS_CLASS_SUBSCRIPTION:
	case FG_CMS_CLASS_FORMAT:
	case FG_CMS_CLASS_COMMAND:
		part_alarm(session, row, "modem refuses message");
		part_not_sent(session, FG_PART_FAILED, FG_E_LINK_REJECTED, code);
		return;
	case FG_CMS_CLASS_VALIDITY:
		part_validity(session, code);
		return;
	case FG_CMS_CLASS_DUPLICATE:
		LOG_MSG(&session->first->job.message_id, DMODEM, LOGL_NOTICE,
			"accepted before: the SMSC has it already\n");
		part_end(session, FG_PART_ACCEPTED, FG_OK, 0);
		return;
	case FG_CMS_CLASS_TEMPORARY:
		part_later(session, code, MODEM_AWAY_MS);
		return;
	case FG_CMS_CLASS_LONG:
		part_later(session, code, MODEM_AWAY_LONG_MS);
		return;
	case FG_CMS_CLASS_ONCE:
		part_once(session, code);
		return;
	case FG_CMS_CLASS_STORAGE:
		session->list_due_ms = session->now.mono_ms;
		part_not_sent(session, FG_PART_NOT_SENT, FG_E_LINK_BUSY, code);
		return;
	case FG_CMS_CLASS_BUSY:
	case FG_CMS_CLASS_VENDOR:
		part_busy(session, code);
		return;
	case FG_CMS_CLASS_UNKNOWN:
		part_unknown(session, code, "modem does not say what became of a message");
		return;
	case FG_CMS_CLASS_SIM:
		part_alarm(session, row, "SIM cannot be used");
		part_fault(session, code, row->note);
		return;
	case FG_CMS_CLASS_MODEM:
		part_fault(session, code, result->code < 0 ? "modem refuses AT+CMGS" : row->note);
		return;
	}
}

/* ---- the command ---- */

static void cmgs_prompt(struct fg_modem_session *session)
{
	const struct modem_job *job = session->first;
	const struct fg_modem_sent sent = {
		.sent_ms = session->now.wall_ms,
		.recipient = fg_modem_hash(job->job.destination),
		.reference = FG_MODEM_NO_REFERENCE,
		.message_reference = job->job.message_reference,
	};

	if (session->body_left) /* a second prompt changes nothing */
		return;
	session->place_ms = sent.sent_ms;
	session->place = fg_modem_state_sent_add(session->state, &sent);
	fg_modem_state_count(session->state, session->now.wall_ms, 1);
	session->body_left = true;
	dialogue_send(session, session->body, session->body_len);
	dialogue_send(session, end_of_pdu, 1);
	body_wipe(session);
	session->command_due_ms = session->now.mono_ms + session->profile->body_s * UINT64_C(1000);
}

static void cmgs_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	if (event->kind != FG_AT_INFO || !session->body_left)
		return; /* an echo of the PDU */
	if (!fg_at_number(event->rest, 0, &session->told_reference) ||
	    session->told_reference > UINT8_MAX) {
		session->told_reference = -1;
		return;
	}
	/* Its report may be faster than the OK. */
	fg_modem_state_sent_told(session->state, session->place, (uint8_t)session->told_reference);
	session->command_due_ms =
		session->now.mono_ms + (session->no_ok ? MODEM_NO_OK_MS : MODEM_TRAIL_MS);
}

bool outbound_is_said(const struct fg_modem_session *session)
{
	return session->no_ok && session->body_left && session->told_reference >= 0;
}

static void cmgs_end(struct fg_modem_session *session, const struct modem_result *result)
{
	/* The network waits for acknowledgements of reports meanwhile, so it is learned. */
	if (session->told_reference >= 0 && result->end != END_ERROR)
		session->no_ok = result->end == END_SILENCE;
	if (session->told_reference >= 0 || (result->end == END_OK && session->body_left))
		part_accepted(session);
	else if (result->end == END_ERROR)
		part_refused(session, result);
#ifndef FG_MUTANT_modem_silence_unknown
	else if (session->body_left)
		part_unknown(session, 0, "no answer to a message");
#endif
	else
		part_fault(session, 0, result->end == END_OK ? "OK without a prompt" : "no prompt");
}

void outbound_late(struct fg_modem_session *session, const struct fg_at_event *event)
{
	const struct fg_modem_sent *sent = fg_modem_state_sent_at(session->state, session->place);
	int32_t reference;

	/* Its outcome was unknown and stays so: but its report will find it. */
	if (session->place_ms != 0 && sent->sent_ms == session->place_ms &&
	    sent->reference == FG_MODEM_NO_REFERENCE && fg_at_number(event->rest, 0, &reference) &&
	    reference <= UINT8_MAX)
		fg_modem_state_sent_told(session->state, session->place, (uint8_t)reference);
}

static void link_end(struct fg_modem_session *session, const struct modem_result *result)
{
	/* Without it every segment opens the link anew, and goes all the same. */
	if (result->end != END_OK)
		session->no_link = true;
}

/* ---- a segment as octets ---- */

static enum fg_rc part_data(const struct fg_modem_session *session, const struct fg_job *job,
			    const struct modem_part *parts, unsigned at,
			    uint8_t out[static FG_TPDU_UD_MAX], struct fg_tpdu_ud *ud)
{
	struct fg_udh_concat concat = { .reference = job->concat_ref,
					.wide = strcmp(session->conf->long_text, "udh8") != 0,
					.total = job->parts,
					.sequence = (uint8_t)(at + 1) };
	size_t end = at + 1u < job->parts ? parts[at + 1].offset : job->text->len;
	uint8_t header[FG_UDH_MAX];
	size_t header_len = 0;

	if (!concat.wide)
		concat.reference &= 0xFF;
	if (fg_udh_write(job->parts > 1 ? &concat : NULL,
			 (uint8_t)fg_alphabet_locking(job->alphabet),
			 (uint8_t)fg_alphabet_single(job->alphabet), header, &header_len) != FG_OK)
		return FG_E_ARG;
	return fg_tpdu_ud_write(header, header_len, job->alphabet,
				job->text->data + parts[at].offset, end - parts[at].offset, out,
				ud);
}

/* The SIM's own SMSC, a status report wanted, relative validity. */
static enum fg_rc part_octets(const struct fg_modem_session *session, const struct fg_job *job,
			      const struct modem_part *parts, unsigned at,
			      uint8_t out[static FG_TPDU_MAX], size_t *len)
{
	struct fg_tpdu_submit submit = {
		.status_report = true,
		.pid = job->protocol_id,
		.dcs = fg_tpdu_dcs(job->alphabet, job->flags & FG_SUBMIT_FLASH ? 0 : -1)
	};
	uint8_t data[FG_TPDU_UD_MAX];
	enum fg_rc rc = fg_tpdu_address_from(job->destination, strlen(job->destination),
					     &submit.destination);

	if (rc == FG_OK)
		rc = part_data(session, job, parts, at, data, &submit.ud);
	if (job->validity_s > 0 && !session->no_validity)
		submit.validity = fg_tpdu_validity_for(job->validity_s);
	if (rc == FG_OK)
		rc = fg_tpdu_submit_encode(&submit, out, FG_TPDU_MAX, len);
	explicit_bzero(data, sizeof(data));
	return rc;
}

static void part_begin(struct fg_modem_session *session, struct modem_job *job)
{
	static const struct modem_command command = { "CMGS",    true,        MODEM_PROMPT_MS,
						      cmgs_line, cmgs_prompt, cmgs_end };
	uint8_t octets[FG_TPDU_MAX];
	char text[24];
	size_t len = 0;

	if (part_octets(session, &job->job, job->parts, job->at, octets, &len) != FG_OK)
		FG_BUG("part %u was checked and does not encode", job->at);
	memcpy(session->body, "00", 2); /* no SMSC address: the SIM's (27.005, 4.3) */
	(void)fg_tpdu_hex(octets, len, session->body + 2, sizeof(session->body) - 2);
	session->body_len = 2 + 2 * len;
	explicit_bzero(octets, sizeof(octets));
	session->with_validity = job->job.validity_s > 0 && !session->no_validity;
	session->told_reference = -1;
	session->body_left = false;
	snprintf(text, sizeof(text), "AT+CMGS=%u", (unsigned)len);
	dialogue_command(session, &command, text);
}

/* ---- what is sent when ---- */

uint32_t outbound_cap_left(const struct fg_modem_session *session)
{
	uint32_t today = fg_modem_state_today(session->state, session->now.wall_ms);

#ifndef FG_MUTANT_modem_daily_cap
	return today < session->conf->per_day ? (uint32_t)session->conf->per_day - today : 0;
#else
	return today < UINT32_MAX ? UINT32_MAX : 0;
#endif
}

bool outbound_under_way(const struct fg_modem_session *session)
{
	return session->first && session->first->begun;
}

/* A message draws all its segments from the pace, and the next one waits for them. */
static bool job_begin(struct fg_modem_session *session, struct modem_job *job)
{
	uint64_t each_ms = 60000 / (uint64_t)session->conf->per_minute;
	const struct modem_away *away;

	if (!tell_is_up(session) || session->now.mono_ms < session->pace_due_ms)
		return false;
	away = away_find(session, job->job.destination);
	if (away || job->job.parts > outbound_cap_left(session)) {
		job->stopped = true;
		job->rc = away ? FG_E_LINK_BUSY : FG_E_LINK_CAP;
		job->carrier_code = away ? away->code : 0;
		job_settle(session, job);
		return false;
	}
	job->begun = true;
	session->pace_due_ms = session->now.mono_ms + each_ms * job->job.parts;
	return true;
}

/* The link to the SMSC stays open between the segments of one message (27.005, 3.5.6). */
static bool link_open(struct fg_modem_session *session, struct modem_job *job)
{
	static const struct modem_command command = { "CMMS", false, MODEM_COMMAND_MS,
						      NULL,   NULL,  link_end };

	if (job->job.parts == 1 || job->linked || session->no_link)
		return false;
	job->linked = true;
	dialogue_command(session, &command, "AT+CMMS=1");
	return true;
}

bool outbound_pump(struct fg_modem_session *session)
{
	struct modem_job *job = session->first;

	if (!job || session->now.mono_ms < session->busy_until_ms)
		return false;
	if (!job->begun && !job_begin(session, job))
		return session->first && session->first != job && outbound_pump(session);
	if (!link_open(session, job))
		part_begin(session, job);
	return true;
}

uint64_t outbound_next_ms(const struct fg_modem_session *session)
{
	if (!session->first || (!session->first->begun && !tell_is_up(session)))
		return UINT64_MAX;
	if (session->now.mono_ms < session->busy_until_ms)
		return session->busy_until_ms;
	return session->first->begun ? session->now.mono_ms : session->pace_due_ms;
}

void outbound_abandon(struct fg_modem_session *session, enum fg_rc rc)
{
	if (outbound_under_way(session)) {
		struct modem_job *job = session->first;

		if (session->told_reference >= 0 && session->body_left)
			part_accepted(session);
		else if (session->body_left)
			part_end(session, FG_PART_UNKNOWN, FG_E_LINK_UNKNOWN, 0);
		if (session->first == job) {
			job->stopped = true;
			job->rc = rc;
			job_settle(session, job);
		}
	}
	session->body_left = false;
	session->told_reference = -1;
	session->busy_until_ms = session->busy_tries = 0;
	body_wipe(session);
	outbound_defer_waiting(session, rc);
}

/* ---- jobs ---- */

static struct modem_job *job_new(struct fg_modem_session *session, const struct fg_job *job)
{
	struct modem_job *own = talloc_zero(session, struct modem_job);

	if (!own)
		return NULL;
	own->job = *job;
	own->job.offsets = NULL;
	own->parts = talloc_zero_array(own, struct modem_part, job->parts);
	for (unsigned i = 0; own->parts && i < job->parts; i++) {
		own->parts[i].offset = job->offsets[i];
		own->parts[i].state = FG_PART_NOT_SENT;
	}
	if (!own->parts)
		TALLOC_FREE(own);
	return own;
}

static enum fg_rc check(const struct fg_modem_session *session, const struct modem_job *job)
{
	uint8_t octets[FG_TPDU_MAX];
	enum fg_rc rc = FG_OK;
	size_t len;

	for (unsigned i = 0; i < job->job.parts && rc == FG_OK; i++)
		rc = part_octets(session, &job->job, job->parts, i, octets, &len);
	explicit_bzero(octets, sizeof(octets));
	return rc;
}

enum fg_rc outbound_take(struct fg_modem_session *session, const struct fg_job *job)
{
	struct modem_job *own = NULL;
	enum fg_rc rc = FG_OK;

	if (!tell_is_up(session) || session->draining)
		rc = FG_E_LINK_DOWN;
	else if (session->jobs_count >= session->limit_most)
		rc = FG_E_LINK_CREDIT;
	else if (!(own = job_new(session, job)))
		rc = FG_E_NO_MEMORY;
	else
		rc = check(session, own);
	if (rc != FG_OK) {
		talloc_free(own);
		fg_job_text_free(job->text);
		return rc;
	}
	*session->last = own;
	session->last = &own->next;
	session->jobs_count++;
	return FG_OK;
}

bool outbound_open_for(const struct fg_modem_session *session, uint16_t message_reference,
		       uint32_t recipient)
{
	for (const struct modem_job *job = session->first; job; job = job->next)
		if (job->job.message_reference == message_reference &&
		    fg_modem_hash(job->job.destination) == recipient)
			return true;
	return false;
}
